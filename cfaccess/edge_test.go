package cfaccess_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/cfaccess"
	"example.com/stagedoor/internal/jose"
)

const (
	teamHost = "acme.cloudflareaccess.com"
	issuer   = "https://" + teamHost
	audience = "32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228"
	subject  = "7335d417-61da-459d-899c-0a01c76a2f94"
	email    = "marker.jane@example.com"

	certsURL    = issuer + "/cdn-cgi/access/certs"
	identityURL = issuer + "/cdn-cgi/access/get-identity"

	header = "Cf-Access-Jwt-Assertion"
	cookie = "CF_Authorization"
)

// RSA keys take long to make; these are the team's, and two others.
var (
	teamKey  = newKey()
	nextKey  = newKey()
	otherKey = newKey()
)

func newKey() func() *rsa.PrivateKey {
	return sync.OnceValue(func() *rsa.PrivateKey {
		key, err := jose.GenerateKey(jose.RS256)
		if err != nil {
			panic(err)
		}
		return key.(*rsa.PrivateKey)
	})
}

// edge is the team acme's domain at Access: a server that publishes keys and identities, and the transport through which alone it can be
// reached, which remembers every request.
type edge struct {
	t      testing.TB
	clock  *authprovidertest.Clock
	log    *authprovidertest.AuditLog
	server *httptest.Server
	direct bool // call the handlers without a connection, as testing/synctest needs

	mu       sync.Mutex
	keys     map[string]*rsa.PrivateKey // guarded by mu; published, by kid
	certs    http.HandlerFunc           // guarded by mu
	identity http.HandlerFunc           // guarded by mu
	requests []string                   // guarded by mu
}

func newEdge(t testing.TB) *edge {
	e := &edge{t: t, clock: authprovidertest.NewClock(time.Time{}), log: &authprovidertest.AuditLog{}}
	e.keys = map[string]*rsa.PrivateKey{"key-1": teamKey()}
	e.certs = e.serveKeys
	e.identity = e.serveIdentity
	e.server = httptest.NewServer(e.handler())
	t.Cleanup(e.server.Close)
	return e
}

func (e *edge) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /cdn-cgi/access/certs", func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		h := e.certs
		e.mu.Unlock()
		h(w, r)
	})
	mux.HandleFunc("GET /cdn-cgi/access/get-identity", func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		h := e.identity
		e.mu.Unlock()
		h(w, r)
	})
	return mux
}

// RoundTrip implements [http.RoundTripper].
func (e *edge) RoundTrip(r *http.Request) (*http.Response, error) {
	e.mu.Lock()
	e.requests = append(e.requests, r.URL.String())
	e.mu.Unlock()
	if r.URL.Host != teamHost || r.URL.Scheme != "https" {
		return nil, errors.New("no such host")
	}
	if e.direct {
		w := httptest.NewRecorder()
		e.handler().ServeHTTP(w, r)
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		return w.Result(), nil
	}
	to, err := url.Parse(e.server.URL)
	if err != nil {
		return nil, err
	}
	own := r.Clone(r.Context())
	own.URL.Scheme, own.URL.Host = to.Scheme, to.Host
	return http.DefaultTransport.RoundTrip(own)
}

func (e *edge) serveKeys(w http.ResponseWriter, _ *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var set struct {
		Keys []jose.JWK `json:"keys"`
	}
	for _, kid := range slices.Sorted(maps.Keys(e.keys)) {
		jwk, err := jose.NewJWK(jose.PublicKey{KeyID: kid, Algorithm: jose.RS256, Key: &e.keys[kid].PublicKey})
		if err != nil {
			e.t.Error(err)
		}
		set.Keys = append(set.Keys, jwk)
	}
	_ = json.NewEncoder(w).Encode(set)
}

// janesIdentity is an answer as Access writes it for an identity provider that tells groups as objects.
const janesIdentity = `{
	"id": "00u1a2b3", "name": "Jane Doe", "email": "` + email + `", "user_uuid": "` + subject + `", "account_id": "699d98642c564d2e",
	"idp": {"id": "f174e90a-fafe-4643-bbbc-4a0ed4fc8415", "type": "azureAD"}, "geo": {"country": "US"}, "amr": ["pwd", "mfa"], "iat": 1893495600, "ip": "198.51.100.7",
	"groups": [{"id": "g-1", "name": "Finance-Team", "email": "finance@example.com"}, {"id": 42, "name": "Staff"}],
	"devicePosture": {"check": {"success": true}}, "is_warp": false, "is_gateway": false, "service_token_status": false, "version": 2}`

// serveIdentity answers about Jane to whoever has a cookie, as Access does.
func (e *edge) serveIdentity(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(cookie); err != nil || c.Value == "" || len(r.Cookies()) != 1 {
		http.Error(w, `{"err":"no app token set"}`, http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(janesIdentity))
}

// answer makes the edge answer get-identity with status and body.
func (e *edge) answer(status int, body string) {
	e.serve(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

func (e *edge) serve(h http.HandlerFunc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.identity = h
}

func (e *edge) serveCerts(h http.HandlerFunc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.certs = h
}

func (e *edge) publish(keys map[string]*rsa.PrivateKey) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.keys = keys
}

// calls returns how often a URL was asked for.
func (e *edge) calls(target string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, r := range e.requests {
		if r == target {
			n++
		}
	}
	return n
}

// foreignCalls returns the requests to anything but the team's two endpoints.
func (e *edge) foreignCalls() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(e.requests), func(r string) bool { return r == certsURL || r == identityURL })
}

// config is a configuration for the edge's application.
func (e *edge) config() cfaccess.Config {
	return cfaccess.Config{
		TeamName:   "acme",
		Audience:   []string{audience},
		HTTPClient: &http.Client{Transport: e},
		Now:        e.clock.Now,
		Logger:     e.log.Logger(),
	}
}

func (e *edge) authenticator(change ...func(*cfaccess.Config)) *cfaccess.Authenticator {
	e.t.Helper()
	c := e.config()
	for _, f := range change {
		f(&c)
	}
	a, err := cfaccess.New(c)
	require.NoError(e.t, err)
	return a
}

type claims = map[string]any

// person returns the claims of a person's token, changed; nil takes a claim away.
func (e *edge) person(change claims) claims {
	now := e.clock.Now().Unix()
	return with(claims{
		"aud": []string{audience}, "email": email, "exp": now + 3600, "iat": now, "nbf": now, "iss": issuer, "type": "app",
		"identity_nonce": "6ei69kawdKzMIAPF", "sub": subject, "country": "US", "custom": map[string]any{"department": "finance"},
	}, change)
}

const clientID = "e367826f93b8d71185e03fe518aff3b4.access"

// service returns the claims of a service token's token.
func (e *edge) service(change claims) claims {
	now := e.clock.Now().Unix()
	return with(claims{"type": "app", "aud": []string{audience}, "exp": now + 3600, "iss": issuer, "common_name": clientID, "iat": now, "sub": ""}, change)
}

func with(base, change claims) claims {
	maps.Copy(base, change)
	maps.DeleteFunc(base, func(_ string, v any) bool { return v == nil })
	return base
}

// token signs claims as Access does.
func (e *edge) token(c claims) string {
	return sign(e.t, teamKey(), `{"alg":"RS256","kid":"key-1","typ":"JWT"}`, marshal(e.t, c))
}

func marshal(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

// sign signs any two texts with RS256, whatever the header says.
func sign(t testing.TB, key *rsa.PrivateKey, header, payload string) string {
	t.Helper()
	signed := b64(header) + "." + b64(payload)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	require.NoError(t, err)
	return signed + "." + b64(string(signature))
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// request returns a request with these headers, in pairs.
func request(headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://portal.example.com/api/auth/cfaccess/refresh", nil)
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	for i := 0; i < len(headers); i += 2 {
		r.Header[headers[i]] = append(r.Header[headers[i]], headers[i+1])
	}
	return r
}
