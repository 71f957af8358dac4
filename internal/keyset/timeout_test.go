package keyset_test

import (
	"context"
	"net/http"
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
