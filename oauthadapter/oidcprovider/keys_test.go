package oidcprovider_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

func TestAlgorithms(t *testing.T) {
	w := newWorld(t)
	w.config.Algorithms = []string{"RS256"}
	_, err := w.signIn(w.authenticator()) // the provider signs with ES256
	require.ErrorIs(t, err, jose.ErrAlgorithm)
	require.ErrorIs(t, err, oidcprovider.ErrIDToken)
	w.config.Algorithms = []string{"ES256"}
	w.signedIn(w.authenticator())
}

func TestKeyRotation(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator()
	w.signedIn(a)
	require.NoError(t, w.idp.RotateKey())
	w.idp.DropOldKeys()
	w.advance(10 * time.Second)
	w.signedIn(a)
	require.Equal(t, 2, w.idp.Calls(fakeidp.JWKS))
	require.Equal(t, 1, w.idp.Calls(fakeidp.Discovery))
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

// Keys that cannot be had say nothing about the person.
func TestKeysUnavailable(t *testing.T) {
	w := newWorld(t)
	w.set(func(b *fakeidp.Behavior) { b.JWKSAnswer = fakeidp.Unavailable })
	a := w.authenticator()
	_, err := w.signIn(a)
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.NotErrorIs(t, err, authprovider.ErrAuthentication)
	w.set(func(b *fakeidp.Behavior) { b.JWKSAnswer = "" })
	w.advance(10 * time.Second)
	w.signedIn(a)
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
		for w.idp.Calls(fakeidp.JWKS) < 2 { // until the fetch is under way
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
	require.Eventually(t, func() bool { return w.idp.Calls(fakeidp.Discovery) == 2 }, time.Minute, time.Millisecond)
	for range 20 { // the answer has been given, but may not have been read
		w.signedIn(a)
		time.Sleep(time.Millisecond)
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
	for !signIn() { // the reading goes on behind the sign-in's back
		time.Sleep(time.Millisecond)
	}
}
