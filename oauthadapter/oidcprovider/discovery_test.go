package oidcprovider_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

func TestProviderDownAtStartHeals(t *testing.T) {
	for _, fault := range []fakeidp.AnswerFault{fakeidp.ServerError, fakeidp.HangUp, fakeidp.Malformed, fakeidp.HTML, fakeidp.Huge, fakeidp.GzipBomb, fakeidp.Redirect} {
		t.Run(string(fault), func(t *testing.T) {
			w := newWorld(t)
			w.set(func(b *fakeidp.Behavior) { b.DiscoveryAnswer = fault })
			a := w.authenticator()
			for range 5 {
				_, err := a.Start(context.Background(), startRequest(a))
				require.ErrorIs(t, err, authprovider.ErrUnavailable)
				require.Less(t, len(err.Error()), 500)
			}
			require.Equal(t, 1, w.idp.Calls(fakeidp.Discovery), "a backoff is waited out")
			require.Zero(t, w.idp.Calls(fakeidp.Elsewhere))

			w.set(func(b *fakeidp.Behavior) { b.DiscoveryAnswer = "" })
			w.advance(time.Second)
			w.signedIn(a)
		})
	}
}

func TestBackoffIsBounded(t *testing.T) {
	w := newWorld(t)
	w.set(func(b *fakeidp.Behavior) { b.DiscoveryAnswer = fakeidp.ServerError })
	a := w.authenticator()
	for range 20 {
		_, err := a.Start(context.Background(), startRequest(a))
		require.ErrorIs(t, err, authprovider.ErrUnavailable)
		w.advance(8 * time.Second)
	}
	require.Equal(t, 20, w.idp.Calls(fakeidp.Discovery))
	w.set(func(b *fakeidp.Behavior) { b.DiscoveryAnswer = "" })
	w.signedIn(a)
}

func TestNobodyListens(t *testing.T) {
	w := newWorld(t)
	w.server.Close()
	a := w.authenticator()
	_, err := a.Start(context.Background(), startRequest(a))
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
}

func TestMetadataIsReadAgain(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator()
	w.signedIn(a)
	w.advance(59 * time.Minute)
	w.signedIn(a)
	require.Equal(t, 1, w.idp.Calls(fakeidp.Discovery))
	w.advance(2 * time.Minute)
	w.signedIn(a) // with the old one; the new one is read behind it
	require.Eventually(t, func() bool { return w.idp.Calls(fakeidp.Discovery) == 2 }, 5*time.Second, time.Millisecond)
	w.signedIn(a)
	require.Equal(t, 2, w.idp.Calls(fakeidp.Discovery))
}

func TestLastGoodMetadataIsKeptForADay(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator()
	w.signedIn(a)
	w.set(func(b *fakeidp.Behavior) { b.DiscoveryAnswer = fakeidp.Unavailable })
	w.advance(23 * time.Hour)
	_, err := a.Start(context.Background(), startRequest(a))
	require.NoError(t, err)
	w.advance(2 * time.Hour)
	_, err = a.Start(context.Background(), startRequest(a))
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	w.set(func(b *fakeidp.Behavior) { b.DiscoveryAnswer = "" })
	w.advance(10 * time.Second)
	w.signedIn(a)
}

// One request serves all, and the one whose caller went away serves the others.
func TestDiscoveryIsShared(t *testing.T) {
	w := newWorld(t)
	release := make(chan struct{})
	entered := make(chan struct{}, 100)
	w.config.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		entered <- struct{}{}
		<-release
		return http.DefaultTransport.RoundTrip(r)
	})}
	a := w.authenticator()
	ctx, cancel := context.WithCancel(context.Background())
	first := make(chan error, 1)
	go func() { _, err := a.Start(ctx, startRequest(a)); first <- err }()
	<-entered
	cancel()
	require.ErrorIs(t, <-first, context.Canceled)

	var wg sync.WaitGroup
	errs := make(chan error, 20)
	for range 20 {
		wg.Go(func() { _, err := a.Start(context.Background(), startRequest(a)); errs <- err })
	}
	close(release)
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, 1, w.idp.Calls(fakeidp.Discovery))
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestMetadataIsChecked(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change map[string]any
		want   string
	}{
		{"other issuer", map[string]any{"issuer": "https://evil.example"}, "calls itself"},
		{"issuer with a slash more", map[string]any{"issuer": "ISSUER/"}, "calls itself"},
		{"no token endpoint", map[string]any{"token_endpoint": ""}, "token_endpoint"},
		{"no keys", map[string]any{"jwks_uri": nil}, "jwks_uri"},
		{"plain token endpoint", map[string]any{"token_endpoint": "http://idp.example/token"}, "must be https"},
		{"script", map[string]any{"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"},
		{"plain userinfo", map[string]any{"userinfo_endpoint": "http://idp.example/userinfo"}, "userinfo_endpoint"},
		{"plain sign-out page", map[string]any{"end_session_endpoint": "http://idp.example/bye"}, "end_session_endpoint"},
		{"user in a URL", map[string]any{"token_endpoint": "https://a:b@idp.example/token"}, "token_endpoint"},
		{"other case", map[string]any{"Token_Endpoint": "https://evil.example/token"}, "duplicate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var server *httptest.Server
			server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				m := map[string]any{
					"issuer": server.URL, "authorization_endpoint": "https://idp.example/auth",
					"token_endpoint": "https://idp.example/token", "jwks_uri": "https://idp.example/jwks",
				}
				for name, value := range tt.change {
					if value == "ISSUER/" {
						value = server.URL + "/"
					}
					m[name] = value
				}
				_ = json.NewEncoder(w).Encode(m)
			}))
			defer server.Close()
			a, err := oidcprovider.New(oidcprovider.Config{Issuer: server.URL, ClientID: "portal"})
			require.NoError(t, err)
			_, err = a.Start(context.Background(), startRequest(a))
			require.ErrorIs(t, err, authprovider.ErrUnavailable)
			require.ErrorContains(t, err, tt.want)
		})
	}
}
