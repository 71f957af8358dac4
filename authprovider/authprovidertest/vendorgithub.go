package authprovidertest

import (
	"testing"

	"example.com/stagedoor/internal/fakevendor"
)

// GitHubVendor says which GitHub a fake is: EnterpriseURL, the address of one of one's own (github.com if empty), and App, a GitHub App
// rather than an OAuth App. A person's Subject is the number of the account, or makes one; PreferredUsername is the login; Email is
// the private, primary address, and a claim "email" the public one. Groups are organizations, and, with a slash in them, teams: "acme",
// "acme/ops"; the method ID returns their numbers.
type GitHubVendor = fakevendor.GitHub

// NewGitHub makes a fake of GitHub.
func NewGitHub(t testing.TB, v GitHubVendor, c VendorConfig) *Vendor {
	t.Helper()
	return newVendor(t, v, c)
}
