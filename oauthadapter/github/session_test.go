package github_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
)

// An OAuth App notices at a refresh which scopes the person has taken back.
func TestRefreshOfOAuthApp(t *testing.T) {
	v := newGitHub(t, false)
	a := newAuthenticator(t, config(v))
	first, err := authprovidertest.SignInAt(t, v, a, "user:email", "repo")
	require.NoError(t, err)
	calls := v.Calls(authprovidertest.Token)

	v.Withdraw(octocat.Subject, "repo")
	result, err := a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: first.Session})
	require.NoError(t, err)
	require.Equal(t, "user:email read:user", result.Session.Scope)
	require.Equal(t, first.Session.AccessToken, result.Session.AccessToken)
	require.Equal(t, first.Profile, result.Profile)
	require.Equal(t, calls, v.Calls(authprovidertest.Token))

	_, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: first.Session, Scopes: []string{"repo"}})
	var p *oauthadapter.ProviderError
	require.ErrorAs(t, err, &p)
	require.Equal(t, "consent_required", p.Code)
}

func TestRefreshOfGitHubApp(t *testing.T) {
	v := newGitHub(t, true)
	a := newAuthenticator(t, config(v))
	first, err := authprovidertest.SignInAt(t, v, a)
	require.NoError(t, err)
	result, err := a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: first.Session})
	require.NoError(t, err)
	require.NotEqual(t, first.Session.RefreshToken, result.Session.RefreshToken)
	require.NotEqual(t, first.Session.AccessToken, result.Session.AccessToken)

	_, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: first.Session}) // with a token that has been spent
	var p *oauthadapter.ProviderError
	require.ErrorAs(t, err, &p)
	require.Equal(t, "invalid_grant", p.Code)
	require.Contains(t, p.Description, "bad_refresh_token")
}

func TestRevocationRefused(t *testing.T) {
	v := newGitHub(t, false)
	a := newAuthenticator(t, config(v))
	result, err := authprovidertest.SignInAt(t, v, a)
	require.NoError(t, err)
	v.Handle("https://api.github.com/applications/"+v.ClientID()+"/token", says(http.StatusUnprocessableEntity, `{"message":"Validation Failed"}`))
	var p *oauthadapter.ProviderError
	require.ErrorAs(t, a.Revoke(t.Context(), result.Session), &p)
	require.Equal(t, http.StatusUnprocessableEntity, p.Status)
	require.Equal(t, "revocation", p.Endpoint)
}

func TestImpliedScopes(t *testing.T) {
	a := newAuthenticator(t, config(newGitHub(t, false)))
	for granted, want := range map[string][]string{
		"repo":      {"repo", "repo:status", "repo_deployment", "public_repo", "repo:invite", "security_events"},
		"user":      {"user", "read:user", "user:email", "user:follow"},
		"admin:org": {"admin:org", "write:org", "read:org"},
		"write:org": {"write:org", "read:org"},
		"read:org":  {"read:org"},
		"gist":      {"gist"},
	} {
		require.Equal(t, want, a.ImpliedScopes([]string{granted}))
	}
	require.Empty(t, a.ImpliedScopes(nil))
	require.Subset(t, a.ImpliedScopes([]string{"user", "repo"}), []string{"read:user", "public_repo"})
}
