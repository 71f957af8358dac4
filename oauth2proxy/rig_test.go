package oauth2proxy_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/oauth2proxy"
	"example.com/stagedoor/proxyauth"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

const (
	issuer = "https://sso.example.com/realms/acme"
	// marker is the person's address, which no log and no refusal may hold.
	marker = "jane.marker@example.com"
	secret = "5d0c9b7e4f2a4c1d8e6b3a7f9c2d1e0b"
)

var start = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// rig is an identity provider, a clock and a log.
type rig struct {
	t        *testing.T
	now      time.Time
	key      *ecdsa.PrivateKey
	other    *ecdsa.PrivateKey // of somebody else
	provider *identityProvider
	log      *lockedBuffer
}

func newRig(t *testing.T) *rig {
	t.Helper()
	g := &rig{t: t, now: start, log: new(lockedBuffer), provider: &identityProvider{}}
	g.key, g.other = g.newKey(), g.newKey()
	g.publish("k1", g.key)
	return g
}

func (g *rig) newKey() *ecdsa.PrivateKey {
	key, err := jose.GenerateKey(jose.ES256)
	require.NoError(g.t, err)
	return key.(*ecdsa.PrivateKey)
}

// publish makes key the only one of the issuer's.
func (g *rig) publish(kid string, key *ecdsa.PrivateKey) {
	x, y := key.X.FillBytes(make([]byte, 32)), key.Y.FillBytes(make([]byte, 32))
	g.provider.set(fmt.Sprintf(`{"keys":[{"kty":"EC","crv":"P-256","use":"sig","alg":"ES256","kid":%q,"x":%q,"y":%q}]}`, kid, b64(x), b64(y)))
}

// config verifies tokens.
func (g *rig) config() oauth2proxy.Config {
	return oauth2proxy.Config{
		Issuer:     issuer,
		Audience:   []string{"portal"},
		HTTPClient: &http.Client{Transport: g.provider},
		Now:        func() time.Time { return g.now },
		Logger:     g.logger(),
	}
}

// headersOnly believes plain headers of requests with the secret.
func (g *rig) headersOnly(style oauth2proxy.HeaderStyle) oauth2proxy.Config {
	return oauth2proxy.Config{HeaderStyle: style, Trust: trustSecret()}
}

func trustSecret() *proxyauth.TrustConfig {
	return &proxyauth.TrustConfig{SecretHeader: "X-Proxy-Secret", Secrets: []authprovider.Secret{secret}}
}

func (g *rig) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(g.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (g *rig) authenticator(c oauth2proxy.Config) *oauth2proxy.Authenticator {
	g.t.Helper()
	a, err := oauth2proxy.New(c)
	require.NoError(g.t, err)
	return a
}

// handler is a whole host with the one provider.
func (g *rig) handler(c oauth2proxy.Config, signIn ...authprovider.SignInResolver[oauth2proxy.Result]) http.Handler {
	g.t.Helper()
	const base = "https://portal.example.com/api/auth"
	now := func() time.Time { return g.now }
	tokens, err := tokenissuer.New(tokenissuer.Config{Issuer: base, Now: now})
	require.NoError(g.t, err)
	if signIn == nil {
		signIn = append(signIn, oauth2proxy.ForwardedPreferredUsernameMatchingUserEntityName)
	}
	h, err := authprovider.New(authprovider.Config{
		BaseURL:    base,
		Secrets:    [][]byte{[]byte("0123456789abcdef0123456789abcdef")},
		Issuer:     tokens,
		Users:      memcatalog.New(authprovider.User{Ref: "user:default/jane", MemberOf: []string{"group:default/staff"}}),
		Providers:  map[string]authprovider.ProviderFactory{"oauth2Proxy": oauth2proxy.Provider(c, signIn...)},
		HTTPClient: &http.Client{Transport: g.provider},
		Now:        now,
		Logger:     g.logger(),
	})
	require.NoError(g.t, err)
	return h
}

// request is what the app sends, with the headers that the proxy adds.
func request(headers map[string]string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://portal.example.com/api/auth/oauth2Proxy/refresh", nil)
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	return r
}

func bearing(token string) *http.Request {
	return request(map[string]string{"X-OAUTH2-PROXY-ID-TOKEN": token})
}

// claims are those of a good ID token, with changes; nil takes one away.
func (g *rig) claims(changes map[string]any) map[string]any {
	claims := map[string]any{
		"iss": issuer, "aud": "portal", "sub": "5f1c9c5e", "iat": g.now.Unix(), "exp": g.now.Add(5 * time.Minute).Unix(),
		"azp": "portal", "typ": "ID", "nonce": "n", "preferred_username": "jane", "name": "Jane Doe", "picture": "https://img.example.com/jane",
		"email": marker, "email_verified": true, "groups": []string{"staff", "platform"},
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

const goodHeader = `{"alg":"ES256","kid":"k1","typ":"JWT"}`

// token signs claims with the issuer's key.
func (g *rig) token(changes map[string]any) string {
	return g.forge(g.key, goodHeader, g.payload(changes))
}

func (g *rig) payload(changes map[string]any) string {
	payload, err := json.Marshal(g.claims(changes))
	require.NoError(g.t, err)
	return string(payload)
}

// forge signs any two texts as they are.
func (g *rig) forge(key *ecdsa.PrivateKey, header, payload string) string {
	signed := b64([]byte(header)) + "." + b64([]byte(payload))
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	require.NoError(g.t, err)
	return signed + "." + b64(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// identityProvider answers discovery and keys in place of the network and remembers who was asked.
type identityProvider struct {
	mu     sync.Mutex
	keys   string
	asked  []string
	answer func(r *http.Request) (*http.Response, error) // in place of the good ones
}

func (p *identityProvider) set(keys string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = keys
}

func (p *identityProvider) hosts() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

func (p *identityProvider) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	p.asked = append(p.asked, r.URL.Host)
	keys, answer := p.keys, p.answer
	p.mu.Unlock()
	if answer != nil {
		return answer(r)
	}
	switch r.URL.String() {
	case issuer + "/.well-known/openid-configuration":
		return reply(r, http.StatusOK, fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, issuer, issuer+"/certs")), nil
	case issuer + "/certs":
		return reply(r, http.StatusOK, keys), nil
	}
	return reply(r, http.StatusNotFound, ""), nil
}

func reply(r *http.Request, status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
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

// requireRefused asserts what every refused request has in common. credential is what it bore.
func (g *rig) requireRefused(c oauth2proxy.Config, r *http.Request, credential string, want error, code string) {
	g.t.Helper()
	_, err := g.authenticator(c).Authenticate(context.Background(), r.Clone(context.Background()))
	require.ErrorIs(g.t, err, authprovider.ErrAuthentication)
	if want != nil {
		require.ErrorIs(g.t, err, want)
	}
	for _, class := range []error{authprovider.ErrInput, authprovider.ErrNotAllowed, authprovider.ErrNotFound, authprovider.ErrConflict,
		authprovider.ErrNotSupported, authprovider.ErrUnavailable, authprovider.ErrNoMatch, authprovider.ErrMethodNotAllowed} {
		require.NotErrorIs(g.t, err, class)
	}
	var own *authprovider.Error
	require.ErrorAs(g.t, err, &own)
	require.Empty(g.t, own.Message)
	require.Equal(g.t, code, own.Code, err)

	w := httptest.NewRecorder()
	g.handler(c).ServeHTTP(w, r)
	require.Equal(g.t, http.StatusUnauthorized, w.Code, w.Body)
	require.Empty(g.t, w.Header().Values("Set-Cookie"))
	var body struct {
		Error             struct{ Name, Message string }
		BackstageIdentity any
		Profile           any
	}
	require.NoError(g.t, json.Unmarshal(w.Body.Bytes(), &body))
	require.Equal(g.t, "AuthenticationError", body.Error.Name)
	require.Equal(g.t, "Sign-in failed. Please sign in again.", body.Error.Message)
	require.Nil(g.t, body.BackstageIdentity)
	require.Nil(g.t, body.Profile)

	for _, host := range g.provider.hosts() {
		require.Equal(g.t, "sso.example.com", host)
	}
	require.Contains(g.t, g.log.String(), code, "the log says why")
	told := err.Error() + g.log.String() + w.Body.String()
	for _, piece := range append(strings.Split(credential, "."), credential, marker, secret) {
		if len(piece) > 8 {
			require.NotContains(g.t, told, piece)
		}
	}
}
