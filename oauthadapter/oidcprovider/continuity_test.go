package oidcprovider_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

func requireOver(t *testing.T, result oidcprovider.Result, err error) {
	t.Helper()
	require.Nil(t, result)
	require.ErrorIs(t, err, oauthadapter.ErrSessionEnded)
	require.ErrorIs(t, err, authprovider.ErrAuthentication)
	require.NotErrorIs(t, err, authprovider.ErrUnavailable)
}

func requireInvalidGrant(t *testing.T, err error) {
	t.Helper()
	var p *oauthadapter.ProviderError
	require.ErrorAs(t, err, &p)
	require.Equal(t, "invalid_grant", p.Code)
	require.NotErrorIs(t, err, authprovider.ErrUnavailable)
}

func TestWrongIDTokenEndsTheSession(t *testing.T) {
	for _, tt := range []struct {
		fault fakeidp.IDTokenFault
		want  error
	}{
		{fakeidp.WrongNonce, jose.ErrClaim},
		{fakeidp.WrongAudience, jose.ErrAudience},
		{fakeidp.ExtraAudience, jose.ErrAudience},
		{fakeidp.MissingAudience, jose.ErrAudience},
		{fakeidp.WrongIssuer, jose.ErrIssuer},
		{fakeidp.WrongAzp, jose.ErrAudience},
		{fakeidp.WrongAtHash, jose.ErrClaim},
		{fakeidp.Expired, jose.ErrExpired},
		{fakeidp.MissingExpiry, jose.ErrClaim},
		{fakeidp.FutureIssuedAt, jose.ErrNotYetValid},
		{fakeidp.MissingSubject, jose.ErrClaim},
		{fakeidp.OtherSubject, oidcprovider.ErrSubject},
		{fakeidp.DuplicateClaim, jose.ErrMalformed},
		{fakeidp.CaseTwinClaim, jose.ErrMalformed},
		{fakeidp.AlgNone, jose.ErrMalformed},
		{fakeidp.BadSignature, jose.ErrSignature},
		{fakeidp.ForeignKey, jose.ErrSignature},
		{fakeidp.UnknownKeyID, jose.ErrUnknownKey},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			w := newWorld(t)
			w.set(func(b *fakeidp.Behavior) { b.RefreshIDToken = tt.fault })
			a := w.authenticator()
			session := w.signedIn(a).Session
			calls := w.idp.Calls(fakeidp.Userinfo)
			result, err := refresh(a, session)
			requireOver(t, result, err)
			require.ErrorIs(t, err, oidcprovider.ErrIDToken)
			require.ErrorIs(t, err, tt.want)
			require.Equal(t, calls, w.idp.Calls(fakeidp.Userinfo))
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
	requireOver(t, result, err)
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

func TestRefreshThatFailsHalfWay(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator()
	session := w.signedIn(a).Session
	for name, fail := range map[string]func(*fakeidp.Behavior){
		"userinfo is down": func(b *fakeidp.Behavior) { b.UserinfoAnswer = fakeidp.Unavailable },
		"userinfo is HTML": func(b *fakeidp.Behavior) { b.UserinfoAnswer = fakeidp.HTML },
	} {
		w.set(fail)
		result, err := refresh(a, session)
		require.ErrorIs(t, err, authprovider.ErrUnavailable, name)
		require.NotErrorIs(t, err, oauthadapter.ErrSessionEnded)
		require.NotNil(t, result)
		require.NotEqual(t, session.RefreshToken, result.Session.RefreshToken)
		require.Equal(t, "u-jane", result.Session.Subject)
		require.Equal(t, session.IDToken, result.Session.IDToken)
		w.set(func(b *fakeidp.Behavior) { b.UserinfoAnswer = "" })
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

func TestSessionWithIDTokenAlone(t *testing.T) {
	w := newWorld(t)
	w.set(func(b *fakeidp.Behavior) { b.NoRefreshToken, b.NoUserinfo = true, true })
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
