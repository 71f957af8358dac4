package fakeproxy

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Vendor is one of [Access], [IAP], [OAuth2Proxy], [ALB], [EasyAuth] and [SignedHeader].
type Vendor interface {
	check() error
	wire() wire
	// claims are the payload of a person's token.
	claims(p Person, t times) map[string]any
	// decorate puts a token into a request, and what the vendor sends unsigned beside it.
	decorate(h http.Header, p Person, token string) error
	// owns reports whether the proxy removes a header from what clients send. name is in canonical form.
	owns(name string) bool
	// signsOut reports whether a request asks for the end of the proxy's session.
	signsOut(r *http.Request) bool
}

// wire is how a vendor's tokens and endpoints look.
type wire struct {
	algorithm string
	lifetime  time.Duration
	padded    bool                         // base64url with "="
	header    func(t times) map[string]any // further members of the token's header; may be nil
	session   string                       // name of the proxy's own cookie
	endpoints map[Endpoint]string          // their addresses
}

// times are those of a token.
type times struct{ issued, expires time.Time }

// Config configures an [Edge]. Vendor is required.
type Config struct {
	Vendor Vendor
	// People are those who can sign in at [Edge.Protect].
	People []Person
	// Lifetime is that of tokens. If zero, the vendor's.
	Lifetime time.Duration
	// Behavior is what the proxy does at first.
	Behavior Behavior
	// Now is the clock. If nil, time.Now.
	Now func() time.Time
}

// Edge is a vendor's proxy with its endpoints. Its methods can be called concurrently.
type Edge struct {
	vendor     Vendor
	wire       wire
	people     []Person
	lifetime   time.Duration
	now        func() time.Time
	sessionKey []byte

	mu       sync.Mutex
	keys     []signingKey     // guarded by mu; the last one signs; never modified in place
	behavior Behavior         // guarded by mu
	calls    map[Endpoint]int // guarded by mu
}

// New makes a proxy with a new key. It needs no network.
func New(c Config) (*Edge, error) {
	if c.Vendor == nil {
		return nil, errors.New("fakeproxy: Config.Vendor is required")
	}
	if err := c.Vendor.check(); err != nil {
		return nil, err
	}
	for _, p := range c.People {
		if p.Subject == "" {
			return nil, errors.New("fakeproxy: Person.Subject is required")
		}
	}
	e := &Edge{
		vendor: c.Vendor, wire: c.Vendor.wire(), people: slices.Clone(c.People), lifetime: c.Lifetime, now: c.Now,
		sessionKey: []byte(rand.Text()), behavior: c.Behavior, calls: make(map[Endpoint]int),
	}
	if e.lifetime == 0 {
		e.lifetime = e.wire.lifetime
	}
	if e.now == nil {
		e.now = time.Now
	}
	if err := e.RotateKey(); err != nil {
		return nil, err
	}
	return e, nil
}

// Person returns the one of the people who has this subject.
func (e *Edge) Person(subject string) (Person, bool) {
	for _, p := range e.people {
		if p.Subject == subject {
			return p, true
		}
	}
	return Person{}, false
}

// Decorate puts into a request what the proxy sends for a person, in place of what is there under the same names.
func (e *Edge) Decorate(r *http.Request, p Person) error {
	token, err := e.Token(p)
	if err != nil {
		return err
	}
	if err := e.vendor.decorate(r.Header, p, token); err != nil {
		return fmt.Errorf("fakeproxy: %w", err)
	}
	return nil
}

// setCookie replaces a cookie of a request, or adds it.
func setCookie(h http.Header, name, value string) {
	r := http.Request{Header: h}
	kept := slices.DeleteFunc(r.Cookies(), func(c *http.Cookie) bool { return c.Name == name })
	h.Del("Cookie")
	for _, c := range append(kept, &http.Cookie{Name: name, Value: value}) {
		r.AddCookie(c)
	}
}

// setText sets a header, or removes it if there is nothing to say.
func setText(h http.Header, name, value string) {
	if value == "" {
		h.Del(name)
		return
	}
	h.Set(name, value)
}

// Now returns the time by the edge's clock.
func (e *Edge) Now() time.Time { return e.now() }
