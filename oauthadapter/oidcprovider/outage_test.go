package oidcprovider_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/internal/jose"
)

// Fifty people arrive while the provider thinks about its metadata. All wait for one request, and for nothing longer than five seconds.
func TestSlowDiscovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t, jose.ES256)
		s.config.Now = nil // the bubble's clock
		var answers atomic.Bool
		s.discover = func(r *http.Request) (*http.Response, error) {
			if answers.Load() {
				return jsonResponse(r, s.metadata), nil
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		a := s.authenticator()
		began := time.Now()
		errs := make(chan error, 50)
		for range cap(errs) {
			go func() { _, err := a.Start(context.Background(), startRequest(a)); errs <- err }()
		}
		for range cap(errs) {
			err := <-errs
			require.ErrorIs(t, err, authprovider.ErrUnavailable)
			var public *authprovider.Error
			require.ErrorAs(t, err, &public)
			require.Positive(t, public.RetryAfter)
		}
		require.Equal(t, 5*time.Second, time.Since(began))
		require.EqualValues(t, 1, s.discoveries.Load())

		time.Sleep(time.Second) // the backoff
		began = time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := a.Start(ctx, startRequest(a))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, authprovider.ErrUnavailable)
		require.Equal(t, time.Second, time.Since(began), "a caller waits no longer than its own context")

		answers.Store(true)
		time.Sleep(20 * time.Second)
		_, err = a.Start(context.Background(), startRequest(a))
		require.NoError(t, err)
	})
}

// The host's transport is somebody else's code, and runs in a goroutine of ours.
func TestTransportPanics(t *testing.T) {
	s := newScripted(t, jose.ES256)
	s.discover = func(*http.Request) (*http.Response, error) { panic("marker") }
	a := s.authenticator()
	_, err := a.Start(context.Background(), startRequest(a))
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	s.discover = nil
	s.advance(10 * time.Second)
	_, err = a.Start(context.Background(), startRequest(a))
	require.NoError(t, err)
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

func TestSlowLogHoldsUpNobody(t *testing.T) {
	log := stuckLog{Handler: slog.DiscardHandler, entered: make(chan struct{}, 1), release: make(chan struct{})}
	defer close(log.release)
	s := newScripted(t, jose.ES256)
	s.config.Logger = slog.New(log)
	s.discover = func(*http.Request) (*http.Response, error) { return nil, errors.New("down") }
	a := s.authenticator()
	for range 2 {
		_, err := a.Start(context.Background(), startRequest(a))
		require.ErrorIs(t, err, authprovider.ErrUnavailable)
	}
	<-log.entered // it is stuck while both have their answer
}

// An issuer on https has everything there: a plain endpoint would send code and secret over the wire for all to read.
func TestPlainEndpointsOfAnHTTPSIssuer(t *testing.T) {
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "revocation_endpoint", "end_session_endpoint"} {
		for _, url := range []string{"http://id.example.com/x", "http://127.0.0.1/x", "http://localhost/x", "//id.example.com/x", "/x", "https://user:marker@id.example.com/x", "ftp://id.example.com/x", "https://id.example.com/x#y"} {
			s := newScripted(t, jose.ES256)
			s.metadata[name] = url
			a := s.authenticator()
			_, err := a.Start(context.Background(), startRequest(a))
			require.ErrorIs(t, err, authprovider.ErrUnavailable, "%s %s", name, url)
			require.ErrorContains(t, err, name)
			require.NotContains(t, err.Error(), "marker")
		}
	}
}

// Metadata with another address of the keys brings other keys.
func TestKeysMove(t *testing.T) {
	s := newScripted(t, jose.ES256)
	var mu sync.Mutex
	keys := map[string]int{}
	s.config.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		if r.URL.Path == "/jwks" || r.URL.Path == "/new-jwks" {
			keys[r.URL.Path]++
			r = r.Clone(r.Context())
			r.URL.Path = "/jwks"
		}
		return s.RoundTrip(r)
	})}
	a := s.authenticator()
	signIn := func() bool {
		s.advance(time.Hour) // the metadata is read again behind its back
		_, err := a.Authenticate(context.Background(), callback())
		require.NoError(t, err)
		mu.Lock()
		defer mu.Unlock()
		return keys["/new-jwks"] > 0
	}
	require.False(t, signIn())
	require.False(t, signIn())
	mu.Lock()
	s.metadata["jwks_uri"] = "https://id.example.com/new-jwks"
	mu.Unlock()
	for !signIn() {
		time.Sleep(time.Millisecond)
	}
}

// A key that the provider withdrew is refused once the keys have been read again, and a new one is taken without a restart.
func TestWithdrawnKey(t *testing.T) {
	s := newScripted(t, jose.ES256)
	a := s.authenticator()
	_, err := a.Authenticate(context.Background(), callback())
	require.NoError(t, err)

	stolen := s.idToken()
	key, err := jose.GenerateKey(jose.ES256)
	require.NoError(t, err)
	s.signer, err = jose.NewSigner(key, jose.ES256, "k2")
	require.NoError(t, err)
	s.advance(10 * time.Second)
	_, err = a.Authenticate(context.Background(), callback())
	require.NoError(t, err, "the new key")
	s.rawToken = stolen
	s.advance(10 * time.Second)
	result, err := a.Authenticate(context.Background(), callback())
	requireRefused(t, result, err, jose.ErrUnknownKey)
}

// A caller that gives up while the keys are fetched was not refused.
func TestCancelledWhileKeysAreFetched(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator()
	w.signedIn(a)
	require.NoError(t, w.idp.RotateKey())
	w.set(func(b *fakeidp.Behavior) { b.JWKSAnswer = fakeidp.Stall })
	w.advance(10 * time.Second)
	req := w.authorize(a)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for w.idp.Calls(fakeidp.JWKS) < 2 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	result, err := a.Authenticate(ctx, req)
	require.Nil(t, result)
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, authprovider.ErrAuthentication)
}

// Keys are known on when the metadata has been read again: the provider may be unable to give them just then.
func TestKeysOutliveMetadata(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator()
	w.signedIn(a)
	w.set(func(b *fakeidp.Behavior) { b.JWKSAnswer = fakeidp.Unavailable })
	w.advance(time.Hour)
	w.signedIn(a) // reads the metadata again behind its back
	require.Eventually(t, func() bool { return w.idp.Calls(fakeidp.Discovery) == 2 }, 5*time.Second, time.Millisecond)
	for range 20 { // the answer has been given, but may not have been read
		w.signedIn(a)
		time.Sleep(time.Millisecond)
	}
}

// A backoff that seems to last for hours is that of a clock which was wrong.
func TestClockSetBack(t *testing.T) {
	w := newWorld(t)
	w.set(func(b *fakeidp.Behavior) { b.DiscoveryAnswer = fakeidp.Unavailable })
	w.advance(24 * time.Hour)
	a := w.authenticator()
	_, err := a.Start(context.Background(), startRequest(a))
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	w.set(func(b *fakeidp.Behavior) { b.DiscoveryAnswer = "" })
	w.advance(-24 * time.Hour)
	w.signedIn(a)
}

// Outages of last week do not make today's first attempt wait.
func TestBackoffStartsAgain(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator()
	w.set(func(b *fakeidp.Behavior) { b.DiscoveryAnswer = fakeidp.Unavailable })
	retryAfter := func() time.Duration {
		_, err := a.Start(context.Background(), startRequest(a))
		var public *authprovider.Error
		require.ErrorAs(t, err, &public)
		require.Positive(t, public.RetryAfter)
		return public.RetryAfter
	}
	for range 5 {
		w.advance(10 * time.Second)
		retryAfter()
	}
	w.advance(10 * time.Second)
	require.GreaterOrEqual(t, retryAfter(), 4*time.Second)
	w.set(func(b *fakeidp.Behavior) { b.DiscoveryAnswer = "" })
	w.advance(10 * time.Second)
	w.signedIn(a)
	w.set(func(b *fakeidp.Behavior) { b.DiscoveryAnswer = fakeidp.Unavailable })
	w.advance(25 * time.Hour)
	require.LessOrEqual(t, retryAfter(), time.Second)
}

// The page of a broken gateway does not fill the log.
func TestDiscoveryErrorsAreShort(t *testing.T) {
	s := newScripted(t, jose.ES256)
	s.discover = func(r *http.Request) (*http.Response, error) {
		return response(r, http.StatusBadGateway, "text/html", strings.Repeat("<p>", 100_000)), nil
	}
	a := s.authenticator()
	_, err := a.Start(context.Background(), startRequest(a))
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.Less(t, len(err.Error()), 500)
}
