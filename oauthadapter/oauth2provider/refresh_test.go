package oauth2provider_test

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oauth2provider"
)

func TestRefresh(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator(t, nil)
	old := oauthadapter.Session{RefreshToken: "old-marker", Subject: "7"}
	w.set(func(w *world) {
		w.token.body = `{"access_token":"access-marker","refresh_token":"new-marker","id_token":"e30.e30.","expires_in":60}`
	})
	result, err := a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: old, Scopes: []string{"a", "b"}})
	require.NoError(t, err)
	require.Equal(t, oauthadapter.Session{AccessToken: "access-marker", RefreshToken: "new-marker", TokenType: "Bearer", Subject: "7", ExpiresAt: now.Add(time.Minute)}, result.Session)
	require.Equal(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"old-marker"}, "scope": {"a b"}}, w.forms["/token"])
	require.Equal(t, "jane@example.com", result.Profile.Email)

	for name, tt := range map[string]struct {
		user  answer
		ended bool
	}{
		"outage":              {answer{503, ``}, false},
		"token not taken yet": {answer{401, `{}`}, false},
		"another person":      {answer{200, `{"id":8}`}, true},
		"nobody":              {answer{200, `{}`}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w.set(func(w *world) { w.user = tt.user })
			result, err := a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: old})
			require.Error(t, err)
			require.Equal(t, tt.ended, errors.Is(err, oauthadapter.ErrSessionEnded))
			if tt.ended {
				require.Nil(t, result)
				return
			}
			// The old token is spent, so the new one must not get lost.
			require.EqualValues(t, "new-marker", result.Session.RefreshToken)
			require.Equal(t, "7", result.Session.Subject)
			require.Empty(t, result.Session.IDToken)
			require.Zero(t, result.FullProfile.ID)
		})
	}
	w.set(func(w *world) { w.token = answer{400, `{"error":"invalid_grant"}`} })
	result, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: old})
	require.Nil(t, result)
	var p *oauthadapter.ProviderError
	require.ErrorAs(t, err, &p)
	require.Equal(t, "invalid_grant", p.Code)

	_, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: oauthadapter.Session{RefreshToken: "old-marker"}})
	require.ErrorContains(t, err, "Subject is required")
}

// A session without refresh token is good as long as its access token is.
func TestReread(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator(t, nil)
	session := oauthadapter.Session{AccessToken: "access-marker", Subject: "7", TokenType: "Bearer", Scope: "a", ExpiresAt: now.Add(time.Hour)}
	result, err := a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: session})
	require.NoError(t, err)
	require.Equal(t, []string{"/user"}, w.paths())
	want := session
	want.Scope = ""
	require.Equal(t, want, result.Session)
	require.Equal(t, "Jane Doe", result.Profile.DisplayName)

	result, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: session, Scopes: []string{"a", "more"}})
	require.Nil(t, result)
	var p *oauthadapter.ProviderError
	require.ErrorAs(t, err, &p)
	require.Equal(t, "consent_required", p.Code)
	require.NotErrorIs(t, err, oauthadapter.ErrSessionEnded)

	for name, tt := range map[string]struct {
		user  answer
		ended bool
		class error
	}{
		"revoked":        {answer{401, `{"message":"Bad credentials"}`}, true, nil},
		"another person": {answer{200, `{"id":8}`}, true, authprovider.ErrAuthentication},
		"nobody":         {answer{200, `{}`}, true, authprovider.ErrAuthentication},
		"forbidden":      {answer{403, `{}`}, false, nil},
		"outage":         {answer{500, ``}, false, authprovider.ErrUnavailable},
		"rate limit":     {answer{429, ``}, false, authprovider.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			w.set(func(w *world) { w.user = tt.user })
			result, err := a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: session})
			require.Nil(t, result)
			require.Equal(t, tt.ended, errors.Is(err, oauthadapter.ErrSessionEnded))
			if tt.class != nil {
				require.ErrorIs(t, err, tt.class)
			}
			require.NotContains(t, err.Error(), "marker")
		})
	}
	_, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: oauthadapter.Session{Subject: "7"}})
	require.ErrorIs(t, err, oauthadapter.ErrSessionEnded)
}

func TestRevoke(t *testing.T) {
	for _, tt := range []struct {
		session oauthadapter.Session
		want    url.Values
	}{
		{oauthadapter.Session{AccessToken: "a", RefreshToken: "r"}, url.Values{"token": {"r"}, "token_type_hint": {"refresh_token"}}},
		{oauthadapter.Session{AccessToken: "a"}, url.Values{"token": {"a"}, "token_type_hint": {"access_token"}}},
		{oauthadapter.Session{}, nil},
	} {
		w := newWorld(t)
		w.set(func(w *world) { w.revoke.status = 200 })
		require.NoError(t, w.authenticator(t, nil).Revoke(t.Context(), tt.session), "there is no revocation endpoint")
		require.Empty(t, w.paths())
		a := w.authenticator(t, func(c *oauth2provider.Config) { c.RevocationURL = w.server.URL + "/revoke" })
		require.NoError(t, a.Revoke(t.Context(), tt.session))
		require.Equal(t, tt.want, w.forms["/revoke"])
	}
}
