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

func refresh(a *oidcprovider.Authenticator, s oauthadapter.Session, scopes ...string) (oidcprovider.Result, error) {
	return a.Refresh(context.Background(), oauthadapter.RefreshRequest{Session: s, Scopes: scopes})
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
	requireInvalidGrant(t, err)
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
func TestWrongIDTokenEndsTheSession(t *testing.T) {
	for _, tt := range append([]idTokenFault{{fakeidp.OtherSubject, oidcprovider.ErrSubject}}, idTokenFaults...) {
		t.Run(string(tt.fault), func(t *testing.T) {
			w := newWorld(t)
			w.set(func(b *fakeidp.Behavior) { b.RefreshIDToken = tt.fault })
			a := w.authenticator()
			session := w.signedIn(a).Session
			calls := w.idp.Calls(fakeidp.UserInfo)
			result, err := refresh(a, session)
			requireSessionEnded(t, result, err)
			require.ErrorIs(t, err, oidcprovider.ErrIDToken)
			require.ErrorIs(t, err, tt.want)
			require.Equal(t, calls, w.idp.Calls(fakeidp.UserInfo))
			requireNoSecrets(t, err, w)
		})
	}
}

func TestRefreshedNonce(t *testing.T) {
	s := newScripted(t, jose.ES256)
	first, err := s.signIn()
	require.NoError(t, err)
	_, err = s.refresh(first.Session)
	require.NoError(t, err)

	delete(s.claims, "nonce")
	second, err := s.refresh(first.Session)
	require.NoError(t, err)

	s.claims["nonce"] = "another"
	result, err := s.refresh(first.Session)
	requireSessionEnded(t, result, err)
	require.ErrorIs(t, err, jose.ErrClaim)
	_, err = s.refresh(second.Session) // which does not know the first nonce any more
	require.NoError(t, err)
	first.Session.IDToken = "" // the adapter may drop it
	_, err = s.refresh(first.Session)
	require.NoError(t, err)
}

func TestRefreshedAuthTime(t *testing.T) {
	s := newScripted(t, jose.ES256)
	s.claims["auth_time"] = 1_700_000_000
	first, err := s.signIn()
	require.NoError(t, err)
	s.claims["auth_time"] = 1_700_009_999
	_, err = s.refresh(first.Session)
	require.NoError(t, err)
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

	w.set(func(b *fakeidp.Behavior) { b.UserInfoSubject = "u-joe" })
	result, err := refresh(a, second.Session)
	requireSessionEnded(t, result, err)
	require.ErrorIs(t, err, oidcprovider.ErrSubject)
}

// The refresh token is spent, so the new one must reach the browser although the rest could not be read.
func TestRefreshThatFailsHalfWay(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator()
	session := w.signedIn(a).Session
	for name, fail := range map[string]func(*fakeidp.Behavior){
		"userinfo is down": func(b *fakeidp.Behavior) { b.UserInfoAnswer = fakeidp.Unavailable },
		"userinfo is HTML": func(b *fakeidp.Behavior) { b.UserInfoAnswer = fakeidp.HTML },
	} {
		w.set(fail)
		result, err := refresh(a, session)
		require.ErrorIs(t, err, authprovider.ErrUnavailable, name)
		require.NotErrorIs(t, err, oauthadapter.ErrSessionEnded)
		require.NotNil(t, result)
		require.NotEqual(t, session.RefreshToken, result.Session.RefreshToken)
		require.Equal(t, "u-jane", result.Session.Subject)
		require.Equal(t, session.IDToken, result.Session.IDToken)
		w.set(func(b *fakeidp.Behavior) { b.UserInfoAnswer = "" })
		result, err = refresh(a, result.Session)
		require.NoError(t, err, name)
		session = result.Session
	}

	// The keys are away just when the provider signs with a new one: the ID token stays unverified, and is not kept.
	require.NoError(t, w.idp.RotateKey())
	w.set(func(b *fakeidp.Behavior) { b.JWKSAnswer = fakeidp.ServerError })
	w.advance(10 * time.Second)
	result, err := refresh(a, session)
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.NotErrorIs(t, err, authprovider.ErrAuthentication)
	require.Equal(t, session.IDToken, result.Session.IDToken)
	require.NotEqual(t, session.RefreshToken, result.Session.RefreshToken)
}

func TestRefreshWithNothingToReadFrom(t *testing.T) {
	w := newWorld(t)
	w.set(func(b *fakeidp.Behavior) { b.NoUserInfo, b.RefreshIDToken = true, fakeidp.NoIDToken })
	a := w.authenticator()
	_, err := refresh(a, w.signedIn(a).Session)
	requireInvalidGrant(t, err)
}
