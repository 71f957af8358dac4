package authprovidertest

import (
	"testing"

	"example.com/stagedoor/internal/fakevendor"
)

// NewAtlassian makes a fake of Atlassian Cloud. A person's Subject is the account ID, and PreferredUsername is the nickname; it does not say whether
// an address is verified.
func NewAtlassian(t testing.TB, c VendorConfig) *Vendor {
	t.Helper()
	return newVendor(t, fakevendor.Atlassian{}, c)
}
