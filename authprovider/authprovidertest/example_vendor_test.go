package authprovidertest_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter/github"
)

var opsID = authprovidertest.GitHubVendor{}.ID("ops") // at GitHub itself it is a number that the host knows

// membersOfOps is a sign-in resolver of a host: members of its organization on GitHub sign in, by the login that they have there.
func membersOfOps(ctx context.Context, in github.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	p := in.Result.FullProfile
	if !slices.ContainsFunc(p.Organizations, func(o github.Organization) bool { return o.ID == opsID }) {
		return nil, authprovider.ErrNotAllowed
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: "user:default/" + p.Username})
}

// testMembersOfOps is what the host's test calls TestMembersOfOps.
func testMembersOfOps(t *testing.T) {
	gitHub := authprovidertest.NewGitHub(t, authprovidertest.GitHubVendor{}, authprovidertest.VendorConfig{})
	a, err := github.New(github.Config{ClientID: gitHub.ClientID(), ClientSecret: gitHub.ClientSecret(), ReadOrganizations: true, HTTPClient: gitHub.Client()})
	require.NoError(t, err)
	rc := authprovidertest.ResolverContext(t, authprovider.User{Ref: "user:default/jane"}, authprovider.User{Ref: "user:default/joe"})
	for subject, want := range map[string]error{authprovidertest.Jane: nil, authprovidertest.Joe: authprovider.ErrNotAllowed} {
		gitHub.SignsIn(subject)
		result, err := authprovidertest.SignInAt(t, gitHub, a)
		require.NoError(t, err)
		_, err = membersOfOps(t.Context(), github.SignInInfo{Result: result}, rc)
		require.ErrorIs(t, err, want)
	}
}

// The unit test of a sign-in resolver for GitHub, against a fake of GitHub.
func Example_vendor() {
	_ = testMembersOfOps
}
