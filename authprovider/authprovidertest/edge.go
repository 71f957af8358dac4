package authprovidertest

import (
	"crypto"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"example.com/stagedoor/internal/fakeproxy"
)

// EdgeConfig configures an [Edge]. The zero value is usable.
type EdgeConfig struct {
	// People are those whom the proxy knows. If nil, they are those of [DefaultPeople].
	People []Person
	// Lifetime is that of tokens. If zero, it is what the vendor's tokens have.
	Lifetime time.Duration
	// Now is the clock. If nil, time.Now.
	Now func() time.Time
}

// EdgeBehavior is how an [Edge] departs from what the vendor's proxy does. The zero value does right.
type EdgeBehavior struct {
	// Token is what is wrong with the tokens: one of the faults of ID tokens that a proxy's tokens can have, or [WrongSigner], [NotYetValid],
	// [HMACWithPublicKey], [EmbeddedKey], [TruncatedSignature].
	Token IDTokenFault
	// KeysAnswer, DiscoveryAnswer and IdentityAnswer spoil the answers of the vendor's endpoints: of the keys, of OpenID Connect
	// discovery, and of Cloudflare's get-identity. All but [GzipBombAnswer].
	KeysAnswer, DiscoveryAnswer, IdentityAnswer AnswerFault
	// Careless makes [Edge.Protect] pass on what clients send in the proxy's own headers, beside what it adds itself: a proxy
	// that was set up wrong, or a version with a hole.
	Careless bool
}

// The faults that only tokens of proxies have; see [EdgeBehavior].
const (
	WrongSigner        = IDTokenFault(fakeproxy.WrongSigner) // of another AWS load balancer
	NotYetValid        = IDTokenFault(fakeproxy.NotYetValid)
	HMACWithPublicKey  = IDTokenFault(fakeproxy.HMACWithPublicKey) // alg HS256, keyed with what everybody knows
	EmbeddedKey        = IDTokenFault(fakeproxy.EmbeddedKey)       // a foreign key that stands in the token's header
	TruncatedSignature = IDTokenFault(fakeproxy.TruncatedSignature)
)

// Edge is a fake of an identity-aware proxy: it makes the requests that the vendor's proxy sends to the application for a signed-in person,
// signed with a key that the fake publishes under the vendor's addresses, to its own [Edge.Client] alone. [AccessEdge], [IAPEdge],
// [OAuth2ProxyEdge], [ALBEdge], [EasyAuthEdge] and [SignedHeaderEdge] are made of one. Its methods can be called concurrently.
type Edge struct {
	t     testing.TB
	proxy *fakeproxy.Edge
	first string // subject of the first person

	mu     sync.Mutex
	strays []string // guarded by mu; hosts that are not the vendor's
}

func newEdge(t testing.TB, v fakeproxy.Vendor, c EdgeConfig) *Edge {
	t.Helper()
	if c.People == nil {
		c.People = DefaultPeople()
	}
	e := &Edge{t: t}
	people := make([]fakeproxy.Person, len(c.People))
	for i, p := range c.People {
		people[i] = fakeproxy.Person(p)
	}
	if len(people) > 0 {
		e.first = people[0].Subject
	}
	proxy, err := fakeproxy.New(fakeproxy.Config{Vendor: v, People: people, Lifetime: c.Lifetime, Now: c.Now})
	if err != nil {
		t.Fatalf("authprovidertest: %v", err)
	}
	e.proxy = proxy
	return e
}

// Client returns a client, for the HTTPClient of the authenticator under test, that finds the vendor's keys at the fake. A request to any
// other host fails the test.
func (e *Edge) Client() *http.Client {
	return &http.Client{Transport: e.proxy.Transport(strayTransport{e}), Timeout: 10 * time.Second}
}

// strayTransport goes nowhere.
type strayTransport struct{ edge *Edge }

func (s strayTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	s.edge.mu.Lock()
	s.edge.strays = append(s.edge.strays, r.URL.Host)
	s.edge.mu.Unlock()
	s.edge.t.Errorf("authprovidertest: request to %q, which is none of the vendor's hosts", r.URL.Host)
	return nil, errors.New("authprovidertest: no such host")
}

// strayed returns how many requests went astray.
func (e *Edge) strayed() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.strays)
}

// Request returns a GET request to the application as the proxy sends it for one of the people.
func (e *Edge) Request(subject string) *http.Request {
	e.t.Helper()
	r := httptest.NewRequest(http.MethodGet, conformanceOrigin+"/", nil)
	e.Vouch(r, subject)
	return r
}

// Vouch puts into a request what the proxy sends for one of the people: headers and cookies.
func (e *Edge) Vouch(r *http.Request, subject string) {
	e.t.Helper()
	if err := e.proxy.Decorate(r, e.person(subject)); err != nil {
		e.t.Fatalf("authprovidertest: %v", err)
	}
}

func (e *Edge) person(subject string) fakeproxy.Person {
	e.t.Helper()
	p, ok := e.proxy.Person(subject)
	if !ok {
		e.t.Fatalf("authprovidertest: %q is none of EdgeConfig.People", subject)
	}
	return p
}

// Protect stands in front of a handler as the proxy does: it removes what clients send in its headers, signs in the person that
// [Edge.SignsIn] names, adds the headers for that person, and serves the vendor's own sign-out.
func (e *Edge) Protect(next http.Handler) http.Handler { return e.proxy.Protect(next) }

// SignsIn says who is signed in at [Edge.Protect] from now on, without being asked: the subject of one of the people. With "", nobody is, and
// a page asks.
func (e *Edge) SignsIn(subject string) {
	e.proxy.Set(func(b *fakeproxy.Behavior) { b.SignsIn = subject })
}

// Set changes what the proxy does wrong. A fault that the vendor's tokens cannot have fails the test once a token is made.
func (e *Edge) Set(change func(*EdgeBehavior)) {
	e.proxy.Set(func(b *fakeproxy.Behavior) {
		own := EdgeBehavior{
			Token: IDTokenFault(b.Token), KeysAnswer: AnswerFault(b.KeysAnswer), DiscoveryAnswer: AnswerFault(b.DiscoveryAnswer),
			IdentityAnswer: AnswerFault(b.IdentityAnswer), Careless: b.Careless,
		}
		change(&own)
		*b = fakeproxy.Behavior{
			SignsIn: b.SignsIn, Token: fakeproxy.TokenFault(own.Token), KeysAnswer: fakeproxy.AnswerFault(own.KeysAnswer),
			DiscoveryAnswer: fakeproxy.AnswerFault(own.DiscoveryAnswer), IdentityAnswer: fakeproxy.AnswerFault(own.IdentityAnswer), Careless: own.Careless,
		}
	})
}

// Behave makes the proxy do right again; who signs in stays.
func (e *Edge) Behave() { e.Set(func(b *EdgeBehavior) { *b = EdgeBehavior{} }) }

// RotateKey makes a new key and signs with it from now on. The older ones stay published until [Edge.DropOldKeys].
func (e *Edge) RotateKey() {
	e.t.Helper()
	if err := e.proxy.RotateKey(); err != nil {
		e.t.Fatalf("authprovidertest: %v", err)
	}
}

// DropOldKeys withdraws all keys but the one that signs.
func (e *Edge) DropOldKeys() { e.proxy.DropOldKeys() }

// KeyFetches returns how often keys were fetched.
func (e *Edge) KeyFetches() int {
	n := 0
	for _, endpoint := range []fakeproxy.Endpoint{fakeproxy.JWKS, fakeproxy.PEMMap, fakeproxy.PEMByID} {
		n += e.proxy.Calls(endpoint)
	}
	return n
}

// IdentityFetches returns how often Cloudflare's get-identity was asked.
func (e *Edge) IdentityFetches() int { return e.proxy.Calls(fakeproxy.Identity) }

// Claims returns the payload of the token that a person would get now, to be changed and signed with [Edge.SignClaims].
func (e *Edge) Claims(subject string) map[string]any {
	e.t.Helper()
	return e.proxy.Claims(e.person(subject))
}

// SignClaims returns a token with any payload under the vendor's usual header.
func (e *Edge) SignClaims(claims map[string]any) string {
	e.t.Helper()
	header, err := json.Marshal(e.proxy.Header())
	if err != nil {
		e.t.Fatalf("authprovidertest: token header: %v", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		e.t.Fatalf("authprovidertest: claims: %v", err)
	}
	return e.Sign(header, payload)
}

// Sign returns a token with any texts as header and payload. It is signed with the key that the header's kid names, a withdrawn one
// too, or else with the present one, whatever alg says.
func (e *Edge) Sign(header, payload []byte) string {
	e.t.Helper()
	token, err := e.proxy.Sign(header, payload)
	if err != nil {
		e.t.Fatalf("authprovidertest: %v", err)
	}
	return token
}

// PublicKey returns the key that verifies what is signed now.
func (e *Edge) PublicKey() crypto.PublicKey { return e.proxy.PublicKey() }
