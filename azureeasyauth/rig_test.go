package azureeasyauth_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
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
	"example.com/stagedoor/azureeasyauth"
	"example.com/stagedoor/proxyauth"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

const (
	tenant   = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
	client   = "00001111-aaaa-2222-bbbb-3333cccc4444"
	objectID = "11112222-bbbb-3333-cccc-4444dddd5555"
	issuer   = "https://login.microsoftonline.com/" + tenant + "/v2.0"
	keysURL  = "https://login.microsoftonline.com/" + tenant + "/discovery/v2.0/keys"
	// marker is the person's address, which no log and no refusal may hold.
	marker = "jane.marker@example.com"
	secret = "5d0c9b7e4f2a4c1d8e6b3a7f9c2d1e0b"
)

var start = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// RSA keys take long to make: Entra's, its next one, and somebody else's.
var keyPairs = [...]func() *rsa.PrivateKey{sync.OnceValue(newKey), sync.OnceValue(newKey), sync.OnceValue(newKey)}

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// rig is Entra, a clock and a log.
type rig struct {
	t        *testing.T
	now      time.Time
	key      *rsa.PrivateKey
	next     *rsa.PrivateKey
	other    *rsa.PrivateKey // of somebody else
	provider *identityProvider
	log      *lockedBuffer
}

func newRig(t *testing.T) *rig {
	t.Helper()
	g := &rig{t: t, now: start, log: new(lockedBuffer), provider: &identityProvider{}}
	g.key, g.next, g.other = keyPairs[0](), keyPairs[1](), keyPairs[2]()
	g.publish("k1", g.key)
	return g
}

// publish makes key the only one of Entra's.
func (g *rig) publish(kid string, key *rsa.PrivateKey) {
	g.provider.set(fmt.Sprintf(`{"keys":[{"kty":"RSA","use":"sig","kid":%q,"n":%q,"e":"AQAB"}]}`, kid, b64(key.N.Bytes())))
}

// config verifies tokens.
func (g *rig) config() azureeasyauth.Config {
	return azureeasyauth.Config{
		TenantID:   tenant,
		ClientID:   client,
		HTTPClient: &http.Client{Transport: g.provider},
		Now:        func() time.Time { return g.now },
		Logger:     g.logger(),
	}
}

// principalOnly believes the client principal of requests with the secret.
func (g *rig) principalOnly() azureeasyauth.Config {
	return azureeasyauth.Config{TenantID: tenant, ClientPrincipal: true, Trust: trustSecret()}
}

func trustSecret() *proxyauth.TrustConfig {
	return &proxyauth.TrustConfig{SecretHeader: "X-Proxy-Secret", Secrets: []authprovider.Secret{secret}}
}

func (g *rig) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(g.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (g *rig) authenticator(c azureeasyauth.Config) *azureeasyauth.Authenticator {
	g.t.Helper()
	a, err := azureeasyauth.New(c)
	require.NoError(g.t, err)
	return a
}

// handler is a whole host with the one provider.
func (g *rig) handler(c azureeasyauth.Config, signIn ...authprovider.SignInResolver[azureeasyauth.Result]) http.Handler {
	g.t.Helper()
	const base = "https://portal.example.com/api/auth"
	now := func() time.Time { return g.now }
	tokens, err := tokenissuer.New(tokenissuer.Config{Issuer: base, Now: now})
	require.NoError(g.t, err)
	if signIn == nil {
		signIn = append(signIn, azureeasyauth.IDMatchingUserEntityAnnotation)
	}
	h, err := authprovider.New(authprovider.Config{
		BaseURL:    base,
		Secrets:    [][]byte{[]byte("0123456789abcdef0123456789abcdef")},
		Issuer:     tokens,
		Users:      memcatalog.New(authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"graph.microsoft.com/user-id": objectID}}),
		Providers:  map[string]authprovider.ProviderFactory{"azureEasyAuth": azureeasyauth.Provider(c, signIn...)},
		HTTPClient: &http.Client{Transport: g.provider},
		Now:        now,
		Logger:     g.logger(),
	})
	require.NoError(g.t, err)
	return h
}

// request is what the app sends, with the headers that the platform adds.
func request(headers map[string]string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://portal.example.com/api/auth/azureEasyAuth/refresh", nil)
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	return r
}

func bearing(token string) *http.Request {
	return request(map[string]string{"X-MS-TOKEN-AAD-ID-TOKEN": token})
}

// claims are those of a good ID token, with changes; nil takes one away.
func (g *rig) claims(changes map[string]any) map[string]any {
	claims := map[string]any{
		"iss": issuer, "aud": client, "sub": "pairwise", "oid": objectID, "tid": tenant, "ver": "2.0",
		"iat": g.now.Unix(), "nbf": g.now.Unix(), "exp": g.now.Add(time.Hour).Unix(), "nonce": "n", "uti": "u", "rh": "0.A",
		"preferred_username": "jane@acme.example.com", "name": "Jane Doe", "email": marker, "xms_edov": true,
		"groups": []string{"22223333-cccc-4444-dddd-5555eeee6666"}, "roles": []string{"Portal.Admin"},
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

const goodHeader = `{"typ":"JWT","alg":"RS256","kid":"k1"}`

// token signs claims with Entra's key.
func (g *rig) token(changes map[string]any) string {
	return g.forge(g.key, goodHeader, g.payload(changes))
}

func (g *rig) payload(changes map[string]any) string {
	payload, err := json.Marshal(g.claims(changes))
	require.NoError(g.t, err)
	return string(payload)
}

// forge signs any two texts as they are.
func (g *rig) forge(key *rsa.PrivateKey, header, payload string) string {
	signed := b64([]byte(header)) + "." + b64([]byte(payload))
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	require.NoError(g.t, err)
	return signed + "." + b64(signature)
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// identityProvider answers for the keys in place of the network and remembers who was asked.
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
	if strings.HasSuffix(r.URL.Path, "/"+tenant+"/discovery/v2.0/keys") {
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
func (g *rig) requireRefused(c azureeasyauth.Config, r *http.Request, credential string, want error, code string) {
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
		require.Equal(g.t, "login.microsoftonline.com", host)
	}
	require.Contains(g.t, g.log.String(), code, "the log says why")
	told := err.Error() + g.log.String() + w.Body.String()
	for _, piece := range append(strings.Split(credential, "."), credential, marker, secret) {
		if len(piece) > 8 {
			require.NotContains(g.t, told, piece)
		}
	}
}
