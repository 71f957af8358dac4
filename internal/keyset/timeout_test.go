package keyset_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// An issuer that accepts connections and says nothing costs a caller 5 s, or as much
// as its own context allows, and the next caller nothing.
func TestSilentIssuer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		r, err := keyset.New(keyset.Config{
			URL: "https://issuer.example.com/keys",
			Client: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				attempts++
				<-r.Context().Done()
				return nil, r.Context().Err()
			})},
		})
		require.NoError(t, err)
		defer r.Close()

		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = r.Key(ctx, "k", jose.ES256)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, keyset.ErrUnavailable)
		require.Equal(t, time.Second, time.Since(start))

		_, err = r.Key(t.Context(), "k", jose.ES256)
		require.ErrorIs(t, err, keyset.ErrUnavailable)
		require.Equal(t, 5*time.Second, time.Since(start))
		_, err = r.Key(t.Context(), "k", jose.ES256)
		require.ErrorIs(t, err, keyset.ErrUnavailable)
		require.Equal(t, 5*time.Second, time.Since(start), "no waiting during backoff")
		require.Equal(t, 1, attempts)
	})
}

// A caller whose answer was under way before it asked must not make its kid absent:
// the answer may be older than the key.
func TestSharedAnswerIsNotRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, next := newSigner(t, "k", jose.ES256), newSigner(t, "next", jose.ES256)
		answer, release := serveKeys(t, "", k), make(chan struct{})
		r, err := keyset.New(keyset.Config{
			URL: "https://issuer.example.com/keys",
			Client: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				w := httptest.NewRecorder()
				answer(w, r)
				<-release
				return w.Result(), nil
			})},
		})
		require.NoError(t, err)
		defer r.Close()
		var leader, follower error
		go func() { leader = find(t, r, "k") }()
		synctest.Wait()
		answer = serveKeys(t, "", k, next) // published while the answer is under way
		go func() { follower = find(t, r, "next") }()
		synctest.Wait()
		close(release)
		synctest.Wait()
		require.NoError(t, leader)
		require.ErrorIs(t, follower, jose.ErrUnknownKey)

		time.Sleep(5 * time.Second)
		require.NoError(t, find(t, r, "next"))
	})
}

// Close ends a fetch at once instead of waiting out its timeout.
func TestCloseEndsAFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := keyset.New(keyset.Config{
			URL: "https://issuer.example.com/keys",
			Client: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			})},
		})
		require.NoError(t, err)
		var waiting error
		go func() { waiting = find(t, r, "k") }()
		synctest.Wait()
		start := time.Now()
		require.NoError(t, r.Close())
		require.Zero(t, time.Since(start))
		synctest.Wait()
		require.ErrorIs(t, waiting, keyset.ErrUnavailable)
	})
}

// A transport of the host's that panics is an outage: it does so in a goroutine that no server watches over.
func TestPanickingTransport(t *testing.T) {
	client := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { panic("no transport") })}
	r, err := keyset.New(keyset.Config{URL: "https://issuer.example.com/keys", Client: client})
	require.NoError(t, err)
	defer r.Close()
	p, err := keyset.NewPerKey(keyset.PerKeyConfig{URLPrefix: "https://issuer.example.com/", Algorithm: jose.ES256, Client: client})
	require.NoError(t, err)
	defer p.Close()
	for _, keys := range []jose.KeySet{r, p} {
		_, err := keys.Key(t.Context(), "01234567-89ab-4def-8123-456789abcdef", jose.ES256)
		require.ErrorIs(t, err, keyset.ErrUnavailable)
		require.ErrorContains(t, err, "no transport")
	}
}
