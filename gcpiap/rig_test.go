package gcpiap_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/gcpiap"
	"example.com/stagedoor/internal/jose"
)

const (
	audience = "/projects/123456789012/global/backendServices/9876543210987654321"
	keysURL  = "https://www.gstatic.com/iap/verify/public_key-jwk"
	janeID   = "118133858486581853996"
	marker   = "jane.marker@example.com" // must never be in a log or in the answer to a refused request
	base     = "https://portal.example.com/api/auth"
)

// rig is IAP, its keys and an application behind it.
type rig struct {
	t     testing.TB
	clock *authprovidertest.Clock
	key   *ecdsa.PrivateKey
	log   lockedBuffer

	authenticator *gcpiap.Authenticator
	app           http.Handler
	issuer        *authprovidertest.Issuer

	mu      sync.Mutex
	keys    http.HandlerFunc // guarded by mu; what Google's key URL answers
	fetched []string         // guarded by mu
	server  *httptest.Server
	wire    http.Transport // no connection outlives its request: closing the server would wait for it
}

func newRig(t testing.TB, edit ...func(*gcpiap.Config)) *rig {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	g := &rig{t: t, clock: authprovidertest.NewClock(time.Time{}), key: key}
	g.serve(g.jwks("k1", &key.PublicKey))
	g.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		answer := g.keys
		g.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(g.server.Close)
	g.wire.DisableKeepAlives = true

	c := gcpiap.Config{Audience: []string{audience}}
	for _, f := range edit {
		f(&c)
	}
	logger := slog.New(slog.NewJSONHandler(&g.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client := &http.Client{Transport: g}
	g.issuer = &authprovidertest.Issuer{Now: g.clock.Now}
	app, err := authprovider.New(authprovider.Config{
		BaseURL: base,
		Secrets: [][]byte{bytes.Repeat([]byte("s"), 32)},
		Issuer:  g.issuer,
		Users: authprovidertest.Users(t, authprovider.User{Ref: "user:default/jane", Email: marker,
			Annotations: map[string]string{"google.com/user-id": janeID, "google.com/email": marker}}),
		Providers:  map[string]authprovider.ProviderFactory{"iap": gcpiap.Provider(c, gcpiap.IDMatchingUserEntityAnnotation, gcpiap.EmailMatchingUserEntityAnnotation)},
		HTTPClient: client, Now: g.clock.Now, Logger: logger,
	})
	require.NoError(t, err)
	g.app = app
	c.HTTPClient, c.Now, c.Logger = client, g.clock.Now, logger
	g.authenticator, err = gcpiap.New(c)
	require.NoError(t, err)
	return g
}

// RoundTrip notes where a request would go and sends it to the rig's server.
func (g *rig) RoundTrip(r *http.Request) (*http.Response, error) {
	g.mu.Lock()
	g.fetched = append(g.fetched, r.URL.String())
	g.mu.Unlock()
	to, err := url.Parse(g.server.URL)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = to.Scheme, to.Host, to.Host
	return g.wire.RoundTrip(r)
}

// asked are the URLs that were requested, in order.
func (g *rig) asked() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.fetched)
}

func (g *rig) serve(h http.HandlerFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keys = h
}

func (g *rig) jwks(kid string, key *ecdsa.PublicKey) http.HandlerFunc {
	j, err := jose.NewJWK(jose.PublicKey{KeyID: kid, Algorithm: jose.ES256, Key: key})
	require.NoError(g.t, err)
	body, err := json.Marshal(map[string]any{"keys": []jose.JWK{j}})
	require.NoError(g.t, err)
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }
}

type object = map[string]any

// header is a good header with these changes; nil removes a member.
func (g *rig) header(changes object) string {
	return edited(g.t, object{"alg": "ES256", "kid": "k1", "typ": "JWT"}, changes)
}

// claims are good claims of a Google account with these changes; nil removes one.
func (g *rig) claims(changes object) string {
	now := g.clock.Now().Unix()
	return edited(g.t, object{
		"iss": "https://cloud.google.com/iap", "aud": audience, "azp": audience, "iat": now - 5, "exp": now + 595,
		"sub": "accounts.google.com:" + janeID, "email": marker, "hd": "example.com", "identity_source": "GOOGLE",
	}, changes)
}

func edited(t testing.TB, good, changes object) string {
	maps.Copy(good, changes)
	maps.DeleteFunc(good, func(_ string, v any) bool { return v == nil })
	text, err := json.Marshal(good)
	require.NoError(t, err)
	return string(text)
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// sign makes an assertion of two texts, whatever they say.
func (g *rig) sign(header, payload string) string {
	return signWith(g.t, g.key, b64(header)+"."+b64(payload))
}

func signWith(t testing.TB, key *ecdsa.PrivateKey, signed string) string {
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	require.NoError(t, err)
	raw := make([]byte, 64)
	r.FillBytes(raw[:32])
	s.FillBytes(raw[32:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(raw)
}

// assertion is a good one with these changes of its claims.
func (g *rig) assertion(changes object) string { return g.sign(g.header(nil), g.claims(changes)) }

// refresh is the app's poll with an assertion.
func (g *rig) refresh(assertion string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, base+"/iap/refresh", nil)
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	if assertion != "" {
		r.Header.Set(gcpiap.DefaultHeader, assertion)
	}
	return r
}

func (g *rig) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	g.app.ServeHTTP(w, r)
	return w
}

// turnedAway asserts that a request is answered with class and code by the authenticator and with status by the route; that nobody
// but Google's key URL was asked; and that nothing of the request shows.
func (g *rig) turnedAway(r *http.Request, class error, code string, status int, public string) {
	t := g.t
	_, err := g.authenticator.Authenticate(context.Background(), r)
	require.ErrorIs(t, err, class)
	for _, other := range []error{authprovider.ErrAuthentication, authprovider.ErrNotAllowed, authprovider.ErrUnavailable, authprovider.ErrInput} {
		require.Equal(t, other == class, errors.Is(err, other), "%v: %v", other, err)
	}
	var e *authprovider.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, code, e.Code, "%v", err)
	require.Empty(t, e.Message, "the class's public message is the only one")

	w := g.do(r)
	require.Equal(t, status, w.Code, w.Body)
	require.Empty(t, w.Header().Values("Set-Cookie"))
	var body struct {
		Error struct{ Name, Message string }
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	require.Equal(t, public, body.Error.Name+": "+body.Error.Message)
	require.NotContains(t, w.Body.String(), "backstageIdentity")
	require.Empty(t, g.issuer.Issued())

	for _, u := range g.asked() {
		require.Equal(t, keysURL, u)
	}
	seen := g.log.String() + w.Body.String() + err.Error()
	require.NotContains(t, seen, marker)
	for _, values := range r.Header {
		for _, v := range values {
			for part := range strings.SplitSeq(v, ".") {
				if len(part) > 16 && part != "XMLHttpRequest" {
					require.NotContains(t, seen, part)
				}
			}
		}
	}
}

const (
	unauthenticated = "AuthenticationError: Sign-in failed. Please sign in again."
	unavailable     = "ServiceUnavailableError: The sign-in service cannot be reached right now. Please try again in a moment."
	notAllowed      = "NotAllowedError: Sign-in was refused. If you should have access, please ask your administrator."
)

func (g *rig) refused(r *http.Request, code string) {
	g.turnedAway(r, authprovider.ErrAuthentication, code, http.StatusUnauthorized, unauthenticated)
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
