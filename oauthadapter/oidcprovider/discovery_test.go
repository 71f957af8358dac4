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

func TestNobodyListens(t *testing.T) {
	w := newWorld(t)
	w.server.Close()
	a := w.authenticator()
	_, err := a.Start(context.Background(), startRequest(a))
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
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

func TestMetadataIsReadAgain(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator()
	w.signedIn(a)
	w.advance(59 * time.Minute)
	w.signedIn(a)
	require.Equal(t, 1, w.idp.Calls(fakeidp.Discovery))
	w.advance(2 * time.Minute)
	w.signedIn(a) // with the old one; the new one is read behind it
	require.Eventually(t, func() bool { return w.idp.Calls(fakeidp.Discovery) == 2 }, time.Minute, time.Millisecond)
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
