package oauth2provider_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
)

func TestRefresh(t *testing.T) {
	v := newAcme(t)
	a := newAuthenticator(t, config(v))
	first, err := authprovidertest.SignInAt(t, v, a, "more")
	require.NoError(t, err)
	old := oauthadapter.Session{RefreshToken: first.Session.RefreshToken, Subject: "7"}
	result, err := a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: old, Scopes: []string{"read:me", "more"}})
	require.NoError(t, err)
	require.Equal(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {string(old.RefreshToken)}, "scope": {"read:me more"}}, v.Last(authprovidertest.Token).Form)
	require.NotEqual(t, old.RefreshToken, result.Session.RefreshToken)
	require.Equal(t, v.Clock.Now().Add(time.Hour), result.Session.ExpiresAt)
	require.Equal(t, "jane@example.com", result.Profile.Email)

	_, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: old})
	var p *oauthadapter.ProviderError
	require.ErrorAs(t, err, &p)
	require.Equal(t, "invalid_grant", p.Code)

	_, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: oauthadapter.Session{RefreshToken: "old-marker"}})
	require.ErrorContains(t, err, "Subject is required")
}

// What fails after the provider has renewed the tokens must not lose them.
func TestRefreshHalfWay(t *testing.T) {
	for name, tt := range map[string]struct {
		user  http.Handler
		ended bool
	}{
		"outage":              {says(503, ``), false},
		"token not taken yet": {says(401, `{}`), false},
		"another person":      {says(200, `{"id":8}`), true},
		"nobody":              {says(200, `{}`), true},
	} {
		t.Run(name, func(t *testing.T) {
			v := newAcme(t)
			v.Handle(tokenAddress, says(200, `{"access_token":"access-marker","refresh_token":"new-marker","id_token":"e30.e30.","expires_in":60}`))
			v.Handle(userAddress, tt.user)
			old := oauthadapter.Session{RefreshToken: "old-marker", Subject: "7"}
			result, err := newAuthenticator(t, config(v)).Refresh(t.Context(), oauthadapter.RefreshRequest{Session: old})
			require.Error(t, err)
			require.NotContains(t, err.Error(), "marker")
			require.Equal(t, tt.ended, errors.Is(err, oauthadapter.ErrSessionEnded))
			if tt.ended {
				require.Nil(t, result)
				return
			}
			require.EqualValues(t, "new-marker", result.Session.RefreshToken)
			require.Equal(t, "7", result.Session.Subject)
			require.Empty(t, result.Session.IDToken)
			require.Zero(t, result.FullProfile.ID)
		})
	}
}

// A session without refresh token is good as long as its access token is.
func TestReread(t *testing.T) {
	v := newAcme(t)
	v.Set(func(b *authprovidertest.Behavior) { b.NoRefreshToken = true })
	a := newAuthenticator(t, config(v))
	first, err := authprovidertest.SignInAt(t, v, a)
	require.NoError(t, err)
	session, before := first.Session, len(v.Requests())
	result, err := a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: session})
	require.NoError(t, err)
	require.Equal(t, []string{"GET " + userAddress}, v.Requests()[before:])
	want := session
	want.Scope = ""
	require.Equal(t, want, result.Session)
	require.Equal(t, "Jane Doe", result.Profile.DisplayName)

	result, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: session, Scopes: []string{"read:me", "more"}})
	require.Nil(t, result)
	var p *oauthadapter.ProviderError
	require.ErrorAs(t, err, &p)
	require.Equal(t, "consent_required", p.Code)
	require.NotErrorIs(t, err, oauthadapter.ErrSessionEnded)

	for name, tt := range map[string]struct {
		user  http.Handler
		ended bool
		class error
	}{
		"revoked":        {says(401, `{"message":"Bad credentials"}`), true, nil},
		"another person": {says(200, `{"id":8}`), true, authprovider.ErrAuthentication},
		"nobody":         {says(200, `{}`), true, authprovider.ErrAuthentication},
		"forbidden":      {says(403, `{}`), false, nil},
		"outage":         {says(500, ``), false, authprovider.ErrUnavailable},
		"rate limit":     {says(429, ``), false, authprovider.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			v.Handle(userAddress, tt.user)
			result, err := a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: session})
			require.Nil(t, result)
			require.Equal(t, tt.ended, errors.Is(err, oauthadapter.ErrSessionEnded))
			if tt.class != nil {
				require.ErrorIs(t, err, tt.class)
			}
			require.NotContains(t, err.Error(), string(session.AccessToken))
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
		v := newAcme(t)
		require.NoError(t, newAuthenticator(t, config(v)).Revoke(t.Context(), tt.session), "there is no revocation endpoint")
		require.Empty(t, v.Requests())
		c := config(v)
		c.RevocationURL = revokeAddress
		require.NoError(t, newAuthenticator(t, c).Revoke(t.Context(), tt.session))
		require.Equal(t, tt.want, v.Last(authprovidertest.Revoke).Form)
	}
}
