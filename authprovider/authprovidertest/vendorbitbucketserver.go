package authprovidertest

import (
	"testing"

	"example.com/stagedoor/internal/fakevendor"
)

// BitbucketServerVendor says which Bitbucket Data Center a fake is: BaseURL is its address ("https://bitbucket.example.com" if empty). A
// person's Subject is the number of the account, or makes one; PreferredUsername is the user name, or Subject if there is none; a claim
// "active" can be false. It does not say whether an address is verified.
type BitbucketServerVendor = fakevendor.BitbucketServer

// NewBitbucketServer makes a fake of a Bitbucket Data Center.
func NewBitbucketServer(t testing.TB, v BitbucketServerVendor, c VendorConfig) *Vendor {
	t.Helper()
	return newVendor(t, v, c)
}
