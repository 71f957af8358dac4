package authprovidertest

import (
	"testing"

	"example.com/stagedoor/internal/fakevendor"
)

// VMwareCloudVendor says what a fake of VMware Cloud services has: OrganizationID, the organization that everybody chooses, but for people with a
// claim "context_name". Names are "given_name" and "family_name", the parts of Person.Name; it does not say whether an address is verified.
type VMwareCloudVendor = fakevendor.VMwareCloud

// NewVMwareCloud makes a fake of VMware Cloud services.
func NewVMwareCloud(t testing.TB, v VMwareCloudVendor, c VendorConfig) *Vendor {
	t.Helper()
	return newVendor(t, v, c)
}
