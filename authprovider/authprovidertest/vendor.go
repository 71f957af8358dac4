package authprovidertest

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/internal/fakevendor"
)

// VendorConfig configures a [Vendor]. The zero value is usable.
type VendorConfig struct {
	// People are those who can sign in. If nil, they are those of [DefaultPeople]. Their Claims are further members of the vendor's own JSON,
	// or replace some.
	People []Person
	// ClientID and ClientSecret are those of the registered application. If empty, [DefaultClientID] and [DefaultClientSecret].
	ClientID, ClientSecret string
	// RedirectURLs are registered for it, compared as text, beside [ConformanceCallback]. [Vendor.AllowRedirect] adds more.
	RedirectURLs []string
	// Clock is the vendor's. If nil, it is a new one that stands at the present time.
	Clock *Clock
}

// Vendor is a fake of a vendor under the vendor's own addresses, with its parameters, JSON and errors: [NewGitHub] and its like make one.
// The vendor's package works with it unchanged, through [Vendor.Client]. It does what the vendor documents until [Vendor.Set] makes it
// misbehave. The first of the people signs in until [Vendor.SignsIn] says otherwise. Its methods can be called concurrently.
type Vendor struct {
	// Clock is for [authprovider.Config.Now] and [Browser.Now], or for the Now of the vendor's configuration.
	Clock *Clock

	t       testing.TB
	fake    *fakevendor.Server
	origins []string
	client  *http.Client

	mu         sync.Mutex
	registered fakeidp.Client          // guarded by mu
	people     []Person                // guarded by mu
	handlers   map[string]http.Handler // guarded by mu; by address
	requests   []string                // guarded by mu
}

func newVendor(t testing.TB, v fakevendor.Vendor, c VendorConfig) *Vendor {
	t.Helper()
	if c.People == nil {
		c.People = DefaultPeople()
	}
	if c.ClientID == "" {
		c.ClientID = DefaultClientID
	}
	if c.ClientSecret == "" {
		c.ClientSecret = DefaultClientSecret
	}
	if c.Clock == nil {
		c.Clock = NewClock(time.Now())
	}
	client := fakeidp.Client{ID: c.ClientID, Secret: c.ClientSecret, RedirectURIs: append([]string{ConformanceCallback}, c.RedirectURLs...)}
	fake, err := fakevendor.New(fakevendor.Config{Vendor: v, Client: client, People: c.People, Now: c.Clock.Now})
	if err != nil {
		t.Fatalf("authprovidertest: %v", err)
	}
	out := &Vendor{
		Clock: c.Clock, t: t, fake: fake, origins: fake.Origins(), registered: client, people: slices.Clone(c.People),
		handlers: make(map[string]http.Handler),
	}
	server := httptest.NewServer(out)
	t.Cleanup(func() {
		server.CloseClientConnections() // a stalled answer waits for its client to go
		server.Close()
	})
	out.client = newClient(t)
	out.client.Transport = vendorTransport{out, server.Listener.Addr().String(), out.client.Transport}
	return out
}

// ClientID returns the application's client ID.
func (v *Vendor) ClientID() string { return v.registeredClient().ID }

// ClientSecret returns the application's client secret.
func (v *Vendor) ClientSecret() string { return v.registeredClient().Secret }

func (v *Vendor) registeredClient() fakeidp.Client {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.registered
}

// Client returns a client, for the HTTPClient of the vendor's configuration or of [authprovider.Config], for which the vendor has its own
// addresses. It has a time-out of ten seconds and follows no redirect. A request to any other host fails the test.
func (v *Vendor) Client() *http.Client { return v.client }

// Hosts makes a browser reach the vendor under its own addresses.
func (v *Vendor) Hosts(b *Browser) {
	for _, origin := range v.origins {
		b.Host(origin, v)
	}
}

// AllowRedirect registers further redirect URIs: "{base URL}/{provider ID}/handler/frame".
func (v *Vendor) AllowRedirect(urls ...string) {
	v.t.Helper()
	v.register(func(c *fakeidp.Client) { c.RedirectURIs = slices.Concat(c.RedirectURIs, urls) })
}

// AllowLogoutRedirect registers further addresses to which a browser may be sent after a sign-out.
func (v *Vendor) AllowLogoutRedirect(urls ...string) {
	v.t.Helper()
	v.register(func(c *fakeidp.Client) { c.PostLogoutRedirectURIs = slices.Concat(c.PostLogoutRedirectURIs, urls) })
}

// ReplaceSecret gives the application a new secret at the vendor. The old one is refused from now on.
func (v *Vendor) ReplaceSecret(secret string) {
	v.t.Helper()
	v.register(func(c *fakeidp.Client) { c.Secret = secret })
}

func (v *Vendor) register(change func(*fakeidp.Client)) {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	change(&v.registered)
	if err := v.fake.PutClient(v.registered); err != nil {
		v.t.Fatalf("authprovidertest: %v", err)
	}
}

// SignsIn says who signs in from now on, without being asked: the subject of one of the people. With "" there is a page to choose from,
// which [Browser.Submit] can answer.
func (v *Vendor) SignsIn(subject string) {
	v.fake.Set(func(b *Behavior) { b.AutoApprove = subject })
}

// SignIn opens an authorization URL as a browser does, and returns the parameters of the callback, for the unit test of handlers.
func (v *Vendor) SignIn(t testing.TB, authorizationURL string) url.Values {
	t.Helper()
	res, err := v.client.Get(authorizationURL)
	if err != nil {
		t.Fatalf("authprovidertest: %v", err)
	}
	defer res.Body.Close()
	location, err := res.Location()
	if err != nil {
		t.Fatalf("authprovidertest: the vendor answered the authorization request with %s and no redirect", res.Status)
	}
	return location.Query()
}

// Way returns the way through a provider that is a client of v: a popup, with these scopes. The configuration is as for [Provider.Way].
func (v *Vendor) Way(name string, c authprovider.Config, provider authprovider.ProviderFactory, scopes ...string) Way {
	return Way{name, func(t testing.TB, subject string) *Session {
		t.Helper()
		v.SignsIn(subject)
		c.HTTPClient = v.Client()
		browser := NewBrowser(t)
		browser.Now = c.Now
		browser.Host(conformanceOrigin, newHandler(t, c, provider))
		v.Hosts(browser)
		m := browser.SignInPopup(App{Origin: conformanceOrigin, Provider: ConformanceProvider}, scopes...)
		if m.Response == nil {
			t.Fatalf("%s: nobody was signed in: %s%s", name, m.Undelivered, m.Code())
		}
		return m.Response
	}}
}

// SetPerson adds a person, or replaces the one with the same subject: later answers show the new claims.
func (v *Vendor) SetPerson(person Person) {
	v.t.Helper()
	if err := v.fake.PutPerson(person); err != nil {
		v.t.Fatalf("authprovidertest: %v", err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if i := slices.IndexFunc(v.people, func(p Person) bool { return p.Subject == person.Subject }); i >= 0 {
		v.people[i] = person
		return
	}
	v.people = append(v.people, person)
}

// RemovePerson removes a person, whose tokens and sessions are of no use from then on.
func (v *Vendor) RemovePerson(subject string) { v.fake.RemovePerson(subject) }

// Subject returns the stable ID that the vendor knows one of the people by: that of a result's session.
func (v *Vendor) Subject(subject string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, p := range v.people {
		if p.Subject == subject {
			return v.fake.Subject(p)
		}
	}
	return ""
}

// Withdraw is what a person does on the vendor's own pages: it takes scopes out of the access tokens that the application has, or, without
// any, ends whatever the person has granted.
func (v *Vendor) Withdraw(subject string, scopes ...string) { v.fake.Withdraw(subject, scopes...) }

// Set changes what the vendor does: the fields of [Behavior] apply as far as the vendor has what they are about, and errors are said
// in its own form. The function must not call the vendor. Requests under way keep the behavior that they began with.
func (v *Vendor) Set(change func(*Behavior)) { v.fake.Set(change) }

// Behave makes the vendor do again what it documents; who signs in stays, and so do the handlers of [Vendor.Handle].
func (v *Vendor) Behave() { v.fake.Behave() }

// Handle has a handler answer at one of the vendor's addresses, such as "https://api.github.com/user", in place of the fake. If h is
// nil, the fake answers there again.
func (v *Vendor) Handle(address string, h http.Handler) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.handlers[address] = h
}

// Calls returns how many requests have reached an endpoint. The vendor's further addresses are endpoints too, without query.
func (v *Vendor) Calls(e Endpoint) int { return v.fake.Calls(e) }

// Last returns the last request that has reached an endpoint, with the secrets in it. It is the zero value when none has.
func (v *Vendor) Last(e Endpoint) ProviderRequest { return v.fake.Last(e) }

// Requests returns method and address of all requests, in order: "GET https://api.github.com/user".
func (v *Vendor) Requests() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.requests)
}

// ServeHTTP serves the vendor's addresses, to requests that name the right host.
func (v *Vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	address := "https://" + r.Host + r.URL.Path
	if plain := "http://" + r.Host; slices.Contains(v.origins, plain) { // one of one's own on loopback
		address = plain + r.URL.Path
	}
	v.mu.Lock()
	v.requests = append(v.requests, r.Method+" "+address)
	h := v.handlers[address]
	v.mu.Unlock()
	if h == nil {
		h = v.fake
	}
	h.ServeHTTP(w, r)
}

// vendorTransport sends requests for the vendor's hosts to one address, with their own host name in it.
type vendorTransport struct {
	vendor  *Vendor
	address string
	next    http.RoundTripper
}

func (t vendorTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !slices.Contains(t.vendor.origins, r.URL.Scheme+"://"+r.URL.Host) {
		t.vendor.t.Errorf("authprovidertest: request to %q, which is none of the vendor's hosts", r.URL.Host)
		return nil, errors.New("authprovidertest: no such host")
	}
	sent := r.Clone(r.Context())
	sent.Host, sent.URL.Scheme, sent.URL.Host = r.URL.Host, "http", t.address
	return t.next.RoundTrip(sent)
}
