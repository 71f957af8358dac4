package authprovidertest

import (
	"testing"

	"example.com/stagedoor/internal/fakevendor"
)

// OktaVendor says which authorization server a fake is: OrgURL, the organization ("https://acme.okta.com" if empty), and AuthServerID, a
// custom one (the organization's own if empty).
type OktaVendor = fakevendor.Okta

// NewOkta makes a fake of Okta.
func NewOkta(t testing.TB, v OktaVendor, c VendorConfig) *Vendor {
	t.Helper()
	return newVendor(t, v, c)
}
