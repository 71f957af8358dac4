package cfaccess_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/cfaccess"
)

// directEdge is an edge without connections, for bubbles of testing/synctest.
func directEdge(t *testing.T) *edge {
	e := newEdge(t)
	e.direct = true
	return e
}

// synctest.Test with an edge whose server runs outside of the bubble.
func bubble(t *testing.T, f func(t *testing.T, e *edge)) {
	e := directEdge(t)
	teamKey()
	synctest.Test(t, func(t *testing.T) { f(t, e) })
}

func TestConcurrentRequestsShareAFetch(t *testing.T) {
	bubble(t, func(t *testing.T, e *edge) {
		release := make(chan struct{})
		e.serve(func(w http.ResponseWriter, r *http.Request) {
			<-release
			e.serveIdentity(w, r)
		})
		a := e.authenticator()
		token, other := e.token(e.person(nil)), e.token(e.person(claims{"country": "DE"}))
		_, err := a.Authenticate(t.Context(), request()) // no token, no fetch
		require.Error(t, err)

		results := make(chan error, 101)
		for i := range 101 {
			go func() {
				r := request(header, token)
				if i == 100 {
					r = request(header, other)
				}
				_, err := a.Authenticate(context.Background(), r)
				results <- err
			}()
		}
		synctest.Wait()
		require.Equal(t, 2, e.calls(identityURL), "one for each token")
		close(release)
		for range 101 {
			require.NoError(t, <-results)
		}
		require.Equal(t, 2, e.calls(identityURL))
	})
}

// Who leaves takes the fetch away from nobody, and waits no longer than they want to.
func TestALeavingCallerHarmsNoOther(t *testing.T) {
	bubble(t, func(t *testing.T, e *edge) {
		release := make(chan struct{})
		e.serve(func(w http.ResponseWriter, r *http.Request) {
			<-release
			e.serveIdentity(w, r)
		})
		a := e.authenticator()
		token := e.token(e.person(nil))
		first, leave := context.WithCancel(t.Context())
		left, stayed := make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := a.Authenticate(first, request(header, token))
			left <- err
		}()
		synctest.Wait()
		go func() {
			_, err := a.Authenticate(context.Background(), request(header, token))
			stayed <- err
		}()
		synctest.Wait()
		leave()
		err := <-left
		require.ErrorIs(t, err, authprovider.ErrUnavailable)
		require.NotErrorIs(t, err, authprovider.ErrAuthentication)
		close(release)
		require.NoError(t, <-stayed)
		require.Equal(t, 1, e.calls(identityURL))
	})
}

// An endpoint that hangs costs five seconds, also a caller without any limit of their own, and the host's client with none.
func TestGetIdentityThatHangs(t *testing.T) {
	bubble(t, func(t *testing.T, e *edge) {
		e.serve(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		a := e.authenticator()
		started := time.Now()
		_, err := a.Authenticate(context.Background(), request(header, e.token(e.person(nil))))
		require.ErrorIs(t, err, authprovider.ErrUnavailable)
		require.NotErrorIs(t, err, authprovider.ErrAuthentication)
		require.Equal(t, 5*time.Second, time.Since(started))
	})
}

// A cache that hangs costs a second each way, and nobody their sign-in.
func TestACacheThatHangs(t *testing.T) {
	bubble(t, func(t *testing.T, e *edge) {
		var hung atomic.Int32
		wait := func(ctx context.Context) error {
			hung.Add(1)
			<-ctx.Done()
			return ctx.Err()
		}
		cache := &sharedCache{set: wait, get: func(ctx context.Context, _ []byte) ([]byte, error) { return nil, wait(ctx) }}
		a := e.authenticator(func(c *cfaccess.Config) { c.Cache = cache })
		started := time.Now()
		_, err := a.Authenticate(context.Background(), request(header, e.token(e.person(nil))))
		require.NoError(t, err)
		require.Equal(t, 2*time.Second, time.Since(started))
		require.EqualValues(t, 2, hung.Load())
	})
}
