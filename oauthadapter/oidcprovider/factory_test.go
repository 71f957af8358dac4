package oidcprovider_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// What the configuration leaves out is the host's.
func TestProviderTakesTheHostsParts(t *testing.T) {
	s := newScripted(t, jose.ES256)
	c := s.config
	c.HTTPClient, c.Now = nil, nil
	log := stuckLog{Handler: slog.DiscardHandler, entered: make(chan struct{}, 10), release: make(chan struct{})}
	close(log.release)
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: "https://portal.example.com/api/auth", AppURL: "https://portal.example.com", Secrets: [][]byte{make([]byte, 32)},
		HTTPClient: s.config.HTTPClient, Now: s.now, Logger: slog.New(log),
		Providers: map[string]authprovider.ProviderFactory{"sso": oidcprovider.Provider(c)},
	})
	require.NoError(t, err)
	start := func() *http.Response {
		w := httptest.NewRecorder()
		auth.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://portal.example.com/api/auth/sso/start?scope=openid&origin="+url.QueryEscape("https://portal.example.com"), nil))
		return w.Result()
	}
	s.discover = func(*http.Request) (*http.Response, error) { return nil, errors.New("down") }
	require.Empty(t, start().Header.Get("Location"))
	<-log.entered
	s.discover = nil
	s.advance(10 * time.Second) // the backoff, by the host's clock
	location, err := start().Location()
	require.NoError(t, err)
	require.Equal(t, "id.example.com", location.Host)
}

func TestProviderFailsAtConstruction(t *testing.T) {
	_, err := authprovider.New(authprovider.Config{BaseURL: "http://localhost:7007/api/auth",
		Providers: map[string]authprovider.ProviderFactory{"sso": oidcprovider.Provider(oidcprovider.Config{})}})
	require.ErrorContains(t, err, "sso")
	require.ErrorContains(t, err, "oidcprovider: Config.Issuer is required")
	require.ErrorContains(t, err, "oidcprovider: Config.ClientID is required")
}

// The code tells a provider that is not set up for OpenID Connect from a forgery.
func TestMissingIDTokenHasItsCode(t *testing.T) {
	s := newScripted(t, jose.ES256)
	for raw, code := range map[string]string{"-": "id_token_missing", "x": "id_token_invalid"} {
		s.rawToken = raw
		_, err := s.signIn()
		var public *authprovider.Error
		require.ErrorAs(t, err, &public)
		require.Equal(t, code, public.Code)
	}
}

func TestReread(t *testing.T) {
	w := newWorld(t)
	w.set(func(b *fakeidp.Behavior) { b.NoRefreshToken = true })
	a := w.authenticator()
	session := w.signedIn(a).Session
	require.NotEmpty(t, session.Scope)
	result, err := refresh(a, session)
	require.NoError(t, err)
	require.Empty(t, result.Session.Scope, "no answer named one")

	calls := w.idp.Calls(fakeidp.Userinfo)
	_, err = refresh(a, oauthadapter.Session{Subject: "u-jane"})
	requireInvalidGrant(t, err)
	require.Equal(t, calls, w.idp.Calls(fakeidp.Userinfo), "there is nothing to show there")
}

// An authenticator is immutable, whatever becomes of what it was made of.
func TestConfigIsCopied(t *testing.T) {
	w := newWorld(t)
	w.config.AuthParams = map[string]string{"domain_hint": "example.com"}
	w.config.Scopes = []string{"openid", "email"}
	a := w.authenticator()
	w.config.AuthParams["domain_hint"] = "evil.example"
	w.config.Scopes[1] = "evil"
	a.RequiredScopes()[0] = "evil"
	require.Equal(t, []string{"openid", "email"}, a.RequiredScopes())
	start, err := a.Start(context.Background(), startRequest(a))
	require.NoError(t, err)
	require.NotContains(t, start.URL, "evil")
}
