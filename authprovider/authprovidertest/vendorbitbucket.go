package authprovidertest

import (
	"testing"

	"example.com/stagedoor/internal/fakevendor"
)

// NewBitbucket makes a fake of Bitbucket Cloud. A person's Subject makes the UUID, or is it, braces included; PreferredUsername is the user name;
// Email is the primary address, for the scope email.
func NewBitbucket(t testing.TB, c VendorConfig) *Vendor {
	t.Helper()
	return newVendor(t, fakevendor.Bitbucket{}, c)
}
