package authprovidertest

import (
	"testing"

	"example.com/stagedoor/internal/fakevendor"
)

// GitLabVendor says which GitLab a fake is: BaseURL, the address of one of one's own (gitlab.com if empty). A person's PreferredUsername is the
// user name.
type GitLabVendor = fakevendor.GitLab

// NewGitLab makes a fake of GitLab.
func NewGitLab(t testing.TB, v GitLabVendor, c VendorConfig) *Vendor {
	t.Helper()
	return newVendor(t, v, c)
}
