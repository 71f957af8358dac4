package github_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
)

// The session of an OAuth App lives as long as its token does.
func TestRefreshOfOAuthApp(t *testing.T) {
	f := newFake(t)
	a := f.authenticator(nil)
	first := f.signIn(a, "read:user", "user:email", "repo")
	session := kept(first.Session)

	f.set(func(f *fake) { f.tokens[string(session.AccessToken)] = "read:user,user:email" }) // the person took repo back
	result, err := a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: session})
	require.NoError(t, err)
	require.Equal(t, "read:user user:email", result.Session.Scope)
	require.Equal(t, session.AccessToken, result.Session.AccessToken)
	require.Equal(t, first.Profile, result.Profile)
	require.NotContains(t, f.asked(), "POST /login/oauth/access_token")

	_, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: session, Scopes: []string{"repo"}})
	var p *oauthadapter.ProviderError
	require.ErrorAs(t, err, &p)
	require.Equal(t, "consent_required", p.Code)

	f.set(func(f *fake) {
		f.answers["/user"] = func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) }
	})
	_, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: session})
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.NotErrorIs(t, err, oauthadapter.ErrSessionEnded)

	f.set(func(f *fake) { clear(f.answers); f.user = `{"login":"octocat","id":1}` })
	_, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: session})
	require.ErrorIs(t, err, oauthadapter.ErrSessionEnded, "another person's")

	f.set(func(f *fake) { clear(f.tokens); f.user = octocat })
	result, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: session})
	require.ErrorIs(t, err, oauthadapter.ErrSessionEnded, "revoked")
	require.Nil(t, result)
}

func TestRefreshOfGitHubApp(t *testing.T) {
	f := newFake(t)
	f.app = true
	a := f.authenticator(nil)
	first := f.signIn(a, "read:user")
	session := kept(first.Session)
	result, err := a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: session})
	require.NoError(t, err)
	require.NotEqual(t, session.RefreshToken, result.Session.RefreshToken)
	require.NotEqual(t, first.Session.AccessToken, result.Session.AccessToken)
	require.Equal(t, first.Session.Subject, result.Session.Subject)

	_, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: session}) // with a token that has been spent
	var p *oauthadapter.ProviderError
	require.ErrorAs(t, err, &p)
	require.Equal(t, "invalid_grant", p.Code)
	require.Contains(t, p.Description, "bad_refresh_token")
}

func TestRevoke(t *testing.T) {
	for name, app := range map[string]bool{"OAuth App": false, "GitHub App": true} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.app = app
			a := f.authenticator(nil)
			session := kept(f.signIn(a, "read:user").Session)
			other := kept(f.signIn(a, "read:user").Session)
			require.NoError(t, a.Revoke(t.Context(), session))
			if !app { // the fake's person has one pair of an app's tokens at a time
				_, err := a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: other})
				require.NoError(t, err, "other sessions go on")
			}
			_, err := a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: session})
			require.Error(t, err)
			require.NotContains(t, f.tokens, string(session.AccessToken))
			require.NoError(t, a.Revoke(t.Context(), session), "it has ended already")
			require.NoError(t, a.Revoke(t.Context(), oauthadapter.Session{}))

			f.set(func(f *fake) {
				f.answers["/applications/"+clientID+"/token"] = func(w http.ResponseWriter) {
					message(w, http.StatusUnprocessableEntity, "Validation Failed")
				}
			})
			var p *oauthadapter.ProviderError
			require.ErrorAs(t, a.Revoke(t.Context(), other), &p)
			require.Equal(t, http.StatusUnprocessableEntity, p.Status)
			require.Equal(t, "revocation", p.Endpoint)
		})
	}
}

func TestImpliedScopes(t *testing.T) {
	a := newFake(t).authenticator(nil)
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
