package authprovidertest

import (
	"testing"

	"example.com/stagedoor/internal/fakevendor"
)

// Auth0Vendor says which tenant a fake is: Domain ("acme.eu.auth0.com" if empty). The organization of a person is the claims "org_id" and
// "org_name".
type Auth0Vendor = fakevendor.Auth0

// NewAuth0 makes a fake of Auth0.
func NewAuth0(t testing.TB, v Auth0Vendor, c VendorConfig) *Vendor {
	t.Helper()
	return newVendor(t, v, c)
}
