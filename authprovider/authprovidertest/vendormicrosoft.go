package authprovidertest

import (
	"testing"

	"example.com/stagedoor/internal/fakevendor"
)

// MicrosoftVendor says which tenant of Entra ID a fake is: TenantID, Domain, AuthorityHost and GraphHost, those of a tenant of the public cloud
// if they are empty. The methods Tenant and ObjectID return the IDs of the tenant and of a person in it. It answers for its ID, its
// domain, "organizations" and "common". Whether an address is verified is the claim "xms_edov"; a claim "mail" is the address at
// Microsoft Graph alone, and a Picture that is a data URL is the photo there.
type MicrosoftVendor = fakevendor.Microsoft

// NewMicrosoft makes a fake of Microsoft Entra ID and Microsoft Graph.
func NewMicrosoft(t testing.TB, v MicrosoftVendor, c VendorConfig) *Vendor {
	t.Helper()
	return newVendor(t, v, c)
}
