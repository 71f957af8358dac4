package proxyauth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/proxyauth"
)

const (
	base     = "https://portal.example.com/api/auth"
	provider = base + "/proxy"
	portal   = "https://portal.example.com"

	tokenHeader = "X-Proxy-Jwt"
	issuerURL   = "https://proxy.example.com"
	keysURL     = "https://proxy.example.com/keys"
	nowSeconds  = 1_900_000_000

	janeMail = "jane.marker@example.com"
)

type (
	result     = proxyauth.JWTResult
	signInInfo = authprovider.SignInInfo[result]
)

var jane = authprovider.User{Ref: "user:default/jane", Email: janeMail, MemberOf: []string{"group:default/dev"}}

// bySubject signs in user:default/<sub>.
func bySubject(ctx context.Context, in signInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	ref, err := authprovider.UserRef(in.Result.Subject)
	if err != nil {
		return nil, authprovider.ErrNoMatch
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: ref})
}

// script is the header of a request by the app's own script.
func script(more ...string) http.Header {
	h := http.Header{"X-Requested-With": {"XMLHttpRequest"}, "Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Mode": {"cors"}}
	for i := 0; i < len(more); i += 2 {
		h[more[i]] = append(h[more[i]], more[i+1])
	}
	return h
}

func send(h http.Handler, method, target string, header http.Header) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	r.Header = header.Clone()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

type errorBody struct {
	Error    struct{ Name, Message, Code string }
	Response struct{ StatusCode int }
}

func readJSON(t testing.TB, resp *http.Response, v any) {
	t.Helper()
	require.Equal(t, "application/json", resp.Header.Get("Content-Type"))
	d := json.NewDecoder(resp.Body)
	require.NoError(t, d.Decode(v))
}

// wantRefusal reads an answer that must be an error and nothing else, and returns its code.
func wantRefusal(t testing.TB, resp *http.Response, status int, name string) string {
	t.Helper()
	require.Equal(t, status, resp.StatusCode)
	require.Empty(t, resp.Header.Values("Set-Cookie"))
	require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
	var all map[string]any
	readJSON(t, resp, &all)
	require.NotContains(t, all, "backstageIdentity")
	require.NotContains(t, all, "profile")
	text, err := json.Marshal(all)
	require.NoError(t, err)
	var body errorBody
	require.NoError(t, json.Unmarshal(text, &body))
	require.Equal(t, name, body.Error.Name)
	if status == http.StatusUnauthorized {
		require.Equal(t, "Sign-in failed. Please sign in again.", body.Error.Message)
	}
	return body.Error.Code
}

// network is a transport without a network. It answers for the hosts that it has handlers for and remembers all that is asked.
type network struct {
	mu    sync.Mutex
	hosts map[string]http.HandlerFunc
	asked []string
}

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	n.asked = append(n.asked, r.URL.String())
	handle := n.hosts[r.URL.Host]
	n.mu.Unlock()
	if handle == nil {
		return nil, errors.New("no such host")
	}
	w := httptest.NewRecorder()
	handle(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

func (n *network) set(host string, handle http.HandlerFunc) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[host] = handle
}

func (n *network) requests() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.asked...)
}

// rig is a portal behind a proxy that forwards a signed token.
type rig struct {
	handler http.Handler
	net     *network
	clock   *authprovidertest.Clock
	log     *authprovidertest.AuditLog
	issuer  *authprovidertest.Issuer
	key     crypto.Signer // "k1"; there is "k2" beside it
	config  proxyauth.JWTConfig
}

// newRig builds the portal. change may set fields of the provider's configuration and of the handler's.
func newRig(t testing.TB, change func(*proxyauth.JWTConfig, *authprovider.Config), signIn ...authprovider.SignInResolver[result]) *rig {
	t.Helper()
	clock := authprovidertest.NewClock(time.Unix(nowSeconds, 0))
	r := &rig{clock: clock, log: &authprovidertest.AuditLog{}, issuer: &authprovidertest.Issuer{Now: clock.Now}, key: newKey(t, jose.ES256),
		net: &network{hosts: make(map[string]http.HandlerFunc)}}
	r.net.set("proxy.example.com", serveKeys(t, jose.PublicKey{KeyID: "k1", Key: r.key.Public()}, jose.PublicKey{KeyID: "k2", Key: newKey(t, jose.ES256).Public()}))
	r.config = proxyauth.JWTConfig{Header: tokenHeader, Issuer: issuerURL, JWKSURL: keysURL, Audiences: []string{"portal"}}
	host := authprovider.Config{
		BaseURL: base, Secrets: [][]byte{make([]byte, 32)}, Issuer: r.issuer, Users: authprovidertest.Users(t, jane),
		HTTPClient: &http.Client{Transport: r.net}, Now: clock.Now, Logger: r.log.Logger(),
	}
	if change != nil {
		change(&r.config, &host)
	}
	if len(signIn) == 0 {
		signIn = append(signIn, bySubject)
	}
	host.Providers = map[string]authprovider.ProviderFactory{"proxy": proxyauth.JWTProvider(r.config, signIn...)}
	h, err := authprovider.New(host)
	require.NoError(t, err)
	r.handler = h
	return r
}

func (r *rig) refresh(header http.Header) *http.Response {
	return send(r.handler, http.MethodGet, provider+"/refresh", header)
}

// good returns a request with a token of Jane's.
func (r *rig) good() http.Header { return script(tokenHeader, r.token()) }

// token returns a good token, with changes to its claims; see claims.
func (r *rig) token(changes ...string) string { return forge(r.key, goodHeader, claims(changes...)) }

func newKey(t testing.TB, alg jose.Algorithm) crypto.Signer {
	t.Helper()
	key, err := jose.GenerateKey(alg)
	require.NoError(t, err)
	return key
}

func serveKeys(t testing.TB, keys ...jose.PublicKey) http.HandlerFunc {
	t.Helper()
	var set struct {
		Keys []jose.JWK `json:"keys"`
	}
	for _, k := range keys {
		jwk, err := jose.NewJWK(k)
		require.NoError(t, err)
		set.Keys = append(set.Keys, jwk)
	}
	body, err := json.Marshal(set)
	require.NoError(t, err)
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }
}

const goodHeader = `{"alg":"ES256","kid":"k1","typ":"JWT"}`

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// forge signs any two texts with ES256, as they are.
func forge(key crypto.Signer, header, payload string) string {
	signed := encode(header) + "." + encode(payload)
	return signed + "." + base64.RawURLEncoding.EncodeToString(rawSignature(key, signed))
}

func rawSignature(key crypto.Signer, signed string) []byte {
	sum := sha256.Sum256([]byte(signed))
	private, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		signature, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
		if err != nil {
			panic(err)
		}
		return signature
	}
	a, b, err := ecdsa.Sign(rand.Reader, private, sum[:])
	if err != nil {
		panic(err)
	}
	raw := make([]byte, 64)
	a.FillBytes(raw[:32])
	b.FillBytes(raw[32:])
	return raw
}

// claims returns a good payload with changes: a name to its JSON value, or to "" to leave it out.
func claims(changes ...string) string {
	names := []string{"iss", "aud", "sub", "iat", "exp", "email"}
	values := map[string]string{"iss": `"` + issuerURL + `"`, "aud": `"portal"`, "sub": `"jane"`, "email": `"` + janeMail + `"`,
		"iat": fmt.Sprint(nowSeconds), "exp": fmt.Sprint(nowSeconds + 3600)}
	for i := 0; i < len(changes); i += 2 {
		if _, there := values[changes[i]]; !there {
			names = append(names, changes[i])
		}
		values[changes[i]] = changes[i+1]
	}
	var members []string
	for _, name := range names {
		if values[name] != "" {
			members = append(members, `"`+name+`":`+values[name])
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

type (
	ctx    = context.Context
	rc     = authprovider.ResolverContext
	issuer = authprovidertest.Issuer
)

const time10s = 10 * time.Second

func contextWithCancel(t testing.TB) (ctx, context.CancelFunc) {
	return context.WithCancel(t.Context())
}
