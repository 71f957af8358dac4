package authprovidertest

import (
	"testing"

	"example.com/stagedoor/internal/fakevendor"
)

// GiteaVendor says which Gitea or Forgejo a fake is: BaseURL ("https://git.example.com" if empty) and Issuer, what it calls itself (BaseURL if
// empty). A person's Subject is the account's number at a real one; PreferredUsername is the user name; EmailVerified says whether the
// account is active.
type GiteaVendor = fakevendor.Gitea

// NewGitea makes a fake of Gitea.
func NewGitea(t testing.TB, v GiteaVendor, c VendorConfig) *Vendor {
	t.Helper()
	return newVendor(t, v, c)
}
