package oidcprovider_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

func refresh(a *oidcprovider.Authenticator, s oauthadapter.Session, scopes ...string) (oidcprovider.Result, error) {
	return a.Refresh(context.Background(), oauthadapter.RefreshRequest{Session: s, Scopes: scopes})
}

// requireEnded: the adapter clears a session for either form.
func requireEnded(t *testing.T, err error) {
	t.Helper()
	var p *oauthadapter.ProviderError
	if !requireAs(err, &p) || p.Code != "invalid_grant" {
		require.ErrorIs(t, err, oauthadapter.ErrSessionEnded)
	}
	require.NotErrorIs(t, err, authprovider.ErrUnavailable)
}

func TestRefresh(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator()
	first := w.signedIn(a)
	second, err := refresh(a, first.Session)
	require.NoError(t, err)
	require.NotEqual(t, string(first.Session.RefreshToken), string(second.Session.RefreshToken))
	require.NotEqual(t, string(first.Session.AccessToken), string(second.Session.AccessToken))
	require.Equal(t, "u-jane", second.Session.Subject)
	require.Equal(t, first.Profile, second.Profile)
	require.False(t, w.idp.Last(fakeidp.Token).Form.Has("scope"))

	_, err = refresh(a, first.Session) // spent
	requireEnded(t, err)
	requireNoSecrets(t, err, w)
}

func TestRefreshScopes(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator()
	first := w.signedIn(a)
	second, err := refresh(a, first.Session, "openid", "email")
	require.NoError(t, err)
	require.Equal(t, "openid email", second.Session.Scope)
	form := w.idp.Last(fakeidp.Token).Form
	require.Equal(t, []string{"openid email"}, form["scope"])
	require.Equal(t, []string{"refresh_token"}, form["grant_type"])

	_, err = refresh(a, second.Session, "openid", "groups")
	var p *oauthadapter.ProviderError
	require.ErrorAs(t, err, &p)
	require.Equal(t, "invalid_scope", p.Code)
}

func TestRefreshKeepsToken(t *testing.T) {
	w := newWorld(t)
	w.set(func(b *fakeidp.Behavior) { b.KeepRefreshToken, b.Scope = true, fakeidp.Omit })
	a := w.authenticator()
	first := w.signedIn(a)
	second, err := refresh(a, first.Session)
	require.NoError(t, err)
	require.Equal(t, string(first.Session.RefreshToken), string(second.Session.RefreshToken))
	require.Empty(t, second.Session.Scope)
}

// OpenID Connect Core section 12.2.
func TestRefreshedIDToken(t *testing.T) {
	for _, tt := range []struct {
		fault fakeidp.IDTokenFault
		want  error
	}{
		{fakeidp.OtherSubject, oidcprovider.ErrSubject},
		{fakeidp.WrongIssuer, jose.ErrIssuer},
		{fakeidp.WrongAudience, jose.ErrAudience},
		{fakeidp.WrongNonce, jose.ErrClaim},
		{fakeidp.WrongAtHash, jose.ErrClaim},
		{fakeidp.Expired, jose.ErrExpired},
		{fakeidp.BadSignature, jose.ErrSignature},
		{fakeidp.CaseTwinClaim, jose.ErrMalformed},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			w := newWorld(t)
			a := w.authenticator()
			first := w.signedIn(a)
			w.set(func(b *fakeidp.Behavior) { b.RefreshIDToken = tt.fault })
			_, err := refresh(a, first.Session)
			require.ErrorIs(t, err, oidcprovider.ErrIDToken)
			require.ErrorIs(t, err, tt.want)
			requireEnded(t, err)
			requireNoSecrets(t, err, w)
		})
	}
}

func TestRefreshWithoutIDToken(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator()
	first := w.signedIn(a)
	w.set(func(b *fakeidp.Behavior) { b.RefreshIDToken = fakeidp.NoIDToken })
	second, err := refresh(a, first.Session)
	require.NoError(t, err)
	require.Equal(t, "u-jane", second.Session.Subject)
	require.Equal(t, "jane@example.com", second.Profile.Email)
	require.Equal(t, w.config.Issuer, second.FullProfile.Issuer)
	require.Equal(t, string(first.Session.IDToken), string(second.Session.IDToken), "it is still the hint for sign-out")

	w.set(func(b *fakeidp.Behavior) { b.UserinfoSubject = "u-joe" })
	_, err = refresh(a, second.Session)
	require.ErrorIs(t, err, oidcprovider.ErrSubject)
	requireEnded(t, err)
}

// The refresh token is spent, so the new one must reach the browser although the profile could not be read.
func TestRefreshKeepsRotatedTokenOnOutage(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator()
	first := w.signedIn(a)
	w.set(func(b *fakeidp.Behavior) { b.UserinfoAnswer = fakeidp.Unavailable })
	partial, err := refresh(a, first.Session)
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.NotNil(t, partial)
	require.NotEqual(t, string(first.Session.RefreshToken), string(partial.Session.RefreshToken))
	require.Equal(t, "u-jane", partial.Session.Subject)

	w.set(func(b *fakeidp.Behavior) { b.UserinfoAnswer = "" })
	_, err = refresh(a, partial.Session)
	require.NoError(t, err)
}

func TestSessionWithoutRefreshToken(t *testing.T) {
	w := newWorld(t)
	w.set(func(b *fakeidp.Behavior) { b.NoRefreshToken = true })
	a := w.authenticator()
	first := w.signedIn(a)
	require.Empty(t, string(first.Session.RefreshToken))
	calls := w.idp.Calls(fakeidp.Token)

	second, err := refresh(a, first.Session)
	require.NoError(t, err)
	require.Equal(t, "jane@example.com", second.Profile.Email)
	require.Equal(t, string(first.Session.AccessToken), string(second.Session.AccessToken))
	require.True(t, first.Session.ExpiresAt.Equal(second.Session.ExpiresAt))
	require.Equal(t, calls, w.idp.Calls(fakeidp.Token))

	w.set(func(b *fakeidp.Behavior) { b.UserinfoSubject = "u-joe" })
	_, err = refresh(a, first.Session)
	require.ErrorIs(t, err, oidcprovider.ErrSubject)
	requireEnded(t, err)

	w.set(func(b *fakeidp.Behavior) { b.UserinfoSubject, b.UserinfoAnswer = "", fakeidp.ServerError })
	_, err = refresh(a, first.Session)
	require.ErrorIs(t, err, authprovider.ErrUnavailable)

	w.set(func(b *fakeidp.Behavior) { b.UserinfoAnswer = "" })
	require.NoError(t, a.Revoke(context.Background(), first.Session)) // the userinfo endpoint answers 401 from now on
	_, err = refresh(a, first.Session)
	requireEnded(t, err)

	_, err = refresh(a, oauthadapter.Session{Subject: "u-jane"})
	requireEnded(t, err)
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
	require.Zero(t, w.idp.Calls(fakeidp.Userinfo))
	s.IDToken = ""
	_, err = refresh(a, s)
	require.NoError(t, err)
	require.Equal(t, 1, w.idp.Calls(fakeidp.Userinfo))
}

func TestRefreshWithNothingToReadFrom(t *testing.T) {
	w := newWorld(t)
	w.set(func(b *fakeidp.Behavior) { b.NoUserinfo, b.RefreshIDToken = true, fakeidp.NoIDToken })
	a := w.authenticator()
	_, err := refresh(a, w.signedIn(a).Session)
	requireEnded(t, err)
}
