package authprovidertest

import (
	"testing"

	"example.com/stagedoor/internal/fakevendor"
)

// GoogleVendor has no settings: there is one Google. The hosted domain of a person is the claim "hd".
type GoogleVendor = fakevendor.Google

// NewGoogle makes a fake of Google's OpenID Connect.
func NewGoogle(t testing.TB, v GoogleVendor, c VendorConfig) *Vendor {
	t.Helper()
	return newVendor(t, v, c)
}
