package oidcprovider_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

func TestSessionWithoutRefreshToken(t *testing.T) {
	w := newWorld(t)
	w.set(func(b *fakeidp.Behavior) { b.NoRefreshToken = true })
	a := w.authenticator()
	first := w.signedIn(a)
	require.Empty(t, string(first.Session.RefreshToken))
	require.NotEmpty(t, first.Session.Scope)
	calls := w.idp.Calls(fakeidp.Token)

	second, err := refresh(a, first.Session)
	require.NoError(t, err)
	require.Equal(t, "jane@example.com", second.Profile.Email)
	require.Empty(t, second.Session.Scope, "no answer named one")
	require.Equal(t, string(first.Session.AccessToken), string(second.Session.AccessToken))
	require.True(t, first.Session.ExpiresAt.Equal(second.Session.ExpiresAt))
	require.Equal(t, calls, w.idp.Calls(fakeidp.Token))

	w.set(func(b *fakeidp.Behavior) { b.UserInfoSubject = "u-joe" })
	result, err := refresh(a, first.Session)
	requireSessionEnded(t, result, err)
	require.ErrorIs(t, err, oidcprovider.ErrSubject)

	w.set(func(b *fakeidp.Behavior) { b.UserInfoSubject, b.UserInfoAnswer = "", fakeidp.ServerError })
	_, err = refresh(a, first.Session)
	require.ErrorIs(t, err, authprovider.ErrUnavailable)

	w.set(func(b *fakeidp.Behavior) { b.UserInfoAnswer = "" })
	require.NoError(t, a.Revoke(context.Background(), first.Session)) // the userinfo endpoint answers 401 from now on
	_, err = refresh(a, first.Session)
	requireInvalidGrant(t, err)

	calls = w.idp.Calls(fakeidp.UserInfo)
	_, err = refresh(a, oauthadapter.Session{Subject: "u-jane"})
	requireInvalidGrant(t, err)
	require.Equal(t, calls, w.idp.Calls(fakeidp.UserInfo), "there is nothing to show there")
	_, err = refresh(a, oauthadapter.Session{AccessToken: first.Session.AccessToken})
	require.ErrorContains(t, err, "Subject is required")
}

// Without an ID token that is still good the userinfo endpoint is all there is, whatever the configuration says.
func TestSkipUserInfoNeedsAnIDToken(t *testing.T) {
	w := newWorld(t)
	w.set(func(b *fakeidp.Behavior) { b.NoRefreshToken = true })
	w.config.SkipUserInfo = true
	a := w.authenticator()
	s := w.signedIn(a).Session
	_, err := refresh(a, s)
	require.NoError(t, err)
	require.Zero(t, w.idp.Calls(fakeidp.UserInfo))
	s.IDToken = ""
	_, err = refresh(a, s)
	require.NoError(t, err)
	require.Equal(t, 1, w.idp.Calls(fakeidp.UserInfo))
}

func TestSessionWithIDTokenAlone(t *testing.T) {
	w := newWorld(t)
	w.set(func(b *fakeidp.Behavior) { b.NoRefreshToken, b.NoUserInfo = true, true })
	a := w.authenticator()
	session := w.signedIn(a).Session
	result, err := refresh(a, session)
	require.NoError(t, err)
	require.Equal(t, "jane@example.com", result.Profile.Email)

	other := session
	other.Subject = "u-joe"
	_, err = refresh(a, other)
	requireInvalidGrant(t, err)

	w.set(func(b *fakeidp.Behavior) { b.JWKSAnswer = fakeidp.Unavailable })
	_, err = refresh(w.authenticator(), session)
	require.ErrorIs(t, err, authprovider.ErrUnavailable)

	w.advance(time.Hour + 2*time.Minute)
	_, err = refresh(a, session)
	requireInvalidGrant(t, err)
}

func TestStoredIDTokenExpired(t *testing.T) {
	s := newScripted(t, jose.ES256)
	s.claims["groups"] = []string{"admins"}
	s.answer["refresh_token"] = ""
	s.userinfo = `{"sub":"u-jane","name":"Jane"}`
	result, err := s.signIn()
	require.NoError(t, err)
	session := result.Session
	groups := func() []string {
		result, err := s.refresh(session)
		require.NoError(t, err)
		require.Equal(t, "Jane", result.Profile.DisplayName)
		var c struct {
			Groups []string `json:"groups"`
		}
		require.NoError(t, result.FullProfile.Claims(&c))
		return c.Groups
	}
	require.Equal(t, []string{"admins"}, groups())
	s.clock.Add(7200)
	require.Empty(t, groups())
}
