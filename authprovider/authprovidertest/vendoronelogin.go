package authprovidertest

import (
	"testing"

	"example.com/stagedoor/internal/fakevendor"
)

// OneLoginVendor says which account a fake is: Subdomain ("acme" if empty). The method Issuer returns what the configuration needs.
type OneLoginVendor = fakevendor.OneLogin

// NewOneLogin makes a fake of OneLogin.
func NewOneLogin(t testing.TB, v OneLoginVendor, c VendorConfig) *Vendor {
	t.Helper()
	return newVendor(t, v, c)
}
