package oidcprovider_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
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

// stuckLog blocks this package's records until release is closed.
type stuckLog struct {
	slog.Handler
	entered chan struct{}
	release chan struct{}
}

func (l stuckLog) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l stuckLog) WithGroup(string) slog.Handler      { return l }

func (l stuckLog) Enabled(context.Context, slog.Level) bool { return true }

func (l stuckLog) Handle(_ context.Context, r slog.Record) error {
	if !strings.HasPrefix(r.Message, "oidcprovider: ") {
		return nil
	}
	l.entered <- struct{}{}
	<-l.release
	return nil
}
