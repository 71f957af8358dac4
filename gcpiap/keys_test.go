package gcpiap_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/gcpiap"
	"example.com/stagedoor/internal/jose"
)

// While Google's keys cannot be had, nobody is told that they are not signed in.
func TestKeysUnavailable(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"down":    func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "down", http.StatusBadGateway) },
		"HTML":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>maintenance</html>")) },
		"empty":   func(http.ResponseWriter, *http.Request) {},
		"no keys": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys":[]}`)) },
		"endless": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(strings.Repeat(" ", 8<<20))) },
		"redirected": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example.com/keys", http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t)
			g.serve(answer)
			g.turnedAway(g.refresh(g.assertion(nil)), authprovider.ErrUnavailable, "keys_unavailable", http.StatusServiceUnavailable, unavailable)
			require.NotEmpty(t, g.asked())
		})
	}
}

type stalled struct{}

func (stalled) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// A key server that does not answer holds nobody for long, and nobody longer than their own request.
func TestKeysSlow(t *testing.T) {
	g := newRig(t)
	assertion := g.assertion(nil)
	synctest.Test(t, func(t *testing.T) {
		a, err := gcpiap.New(gcpiap.Config{Audience: []string{audience}, HTTPClient: &http.Client{Transport: stalled{}}, Now: g.clock.Now})
		require.NoError(t, err)
		start := time.Now()
		_, err = a.Authenticate(t.Context(), g.refresh(assertion))
		require.ErrorIs(t, err, authprovider.ErrUnavailable)
		require.LessOrEqual(t, time.Since(start), 10*time.Second)
	})
	synctest.Test(t, func(t *testing.T) {
		a, err := gcpiap.New(gcpiap.Config{Audience: []string{audience}, HTTPClient: &http.Client{Transport: stalled{}}, Now: g.clock.Now})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err = a.Authenticate(ctx, g.refresh(assertion))
		require.ErrorIs(t, err, authprovider.ErrUnavailable)
		require.False(t, errors.Is(err, authprovider.ErrAuthentication))
		require.Equal(t, time.Second, time.Since(start))
		time.Sleep(10 * time.Second) // the fetch ends by itself
	})
}

// A key that Google withdrew signs nobody in any more, and one that it added does.
func TestKeyRotated(t *testing.T) {
	g := newRig(t)
	require.Equal(t, http.StatusOK, g.do(g.refresh(g.assertion(nil))).Code)
	old := g.key
	g.key = newKey(t)
	g.serve(g.jwks("k2", &g.key.PublicKey))
	g.clock.Advance(25 * time.Hour) // no key is used for longer than a day without a look at the set

	rotated := g.sign(g.header(object{"kid": "k2"}), g.claims(nil))
	_, err := g.authenticator.Authenticate(t.Context(), g.refresh(rotated))
	require.NoError(t, err)
	withdrawn := signWith(t, old, b64(g.header(nil))+"."+b64(g.claims(nil)))
	_, err = g.authenticator.Authenticate(t.Context(), g.refresh(withdrawn))
	require.ErrorIs(t, err, authprovider.ErrAuthentication)
}

// Another customer's IAP signs with the same key; only the audience tells it from ours.
func TestForeignTenant(t *testing.T) {
	g := newRig(t)
	r := g.refresh(g.assertion(object{"aud": "/projects/666666666666/global/backendServices/1", "azp": audience}))
	g.refused(r, invalid)
}

// Keys are fetched once for many requests.
func TestKeysAreFetchedOnce(t *testing.T) {
	g := newRig(t)
	require.Empty(t, g.asked(), "construction needs no network")
	for range 10 {
		_, err := g.authenticator.Authenticate(t.Context(), g.refresh(g.assertion(nil)))
		require.NoError(t, err)
		_, err = g.authenticator.Authenticate(t.Context(), g.refresh(signWith(t, newKey(t), b64(g.header(nil))+"."+b64(g.claims(nil)))))
		require.ErrorIs(t, err, authprovider.ErrAuthentication)
	}
	require.Equal(t, []string{keysURL}, g.asked())
}

// IAP signs with ES256. A key of another kind in the set, put there for something else, signs nobody in.
func TestOtherAlgorithmInTheKeySet(t *testing.T) {
	g := newRig(t)
	key, err := jose.GenerateKey(jose.RS256)
	require.NoError(t, err)
	signer, err := jose.NewSigner(key, jose.RS256, "k1")
	require.NoError(t, err)
	j, err := jose.NewJWK(signer.PublicKey())
	require.NoError(t, err)
	body, err := json.Marshal(map[string]any{"keys": []jose.JWK{j}})
	require.NoError(t, err)
	g.serve(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	now := g.clock.Now().Unix()
	token, err := signer.SignJWT("JWT",
		jose.Claim{Name: "iss", Value: "https://cloud.google.com/iap"}, jose.Claim{Name: "aud", Value: audience},
		jose.Claim{Name: "iat", Value: now}, jose.Claim{Name: "exp", Value: now + 600}, jose.Claim{Name: "sub", Value: "accounts.google.com:" + janeID})
	require.NoError(t, err)
	g.refused(g.refresh(token), invalid)
	require.Empty(t, g.asked())
}
