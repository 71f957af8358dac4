package authprovidertest

import (
	"testing"

	"example.com/stagedoor/internal/fakevendor"
)

// OpenShiftVendor says which cluster a fake is: OAuthURL and APIURL ("https://oauth-openshift.apps.example.com" and "https://api.example.com:6443" if
// empty). A person's Subject makes the UID of the User object; PreferredUsername is its name, or Subject if there is none.
type OpenShiftVendor = fakevendor.OpenShift

// NewOpenShift makes a fake of an OpenShift cluster.
func NewOpenShift(t testing.TB, v OpenShiftVendor, c VendorConfig) *Vendor {
	t.Helper()
	return newVendor(t, v, c)
}
