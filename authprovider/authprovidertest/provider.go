package authprovidertest

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/stagedoor/internal/fakeidp"
)

// The default client and the subjects of the default people of a [Provider].
const (
	DefaultClientID     = "stagedoor"
	DefaultClientSecret = "client-secret-marker"

	Jane = "jane-1" // jane@example.com, verified; user name jane; group ops
	Joe  = "joe-2"  // joe@example.com, which nobody verified; user name joe
	Max  = "max-3"  // max@example.com, of which the provider does not say whether it is verified; user name max
	Nina = "nina-4" // no e-mail address; user name nina
)

// ProviderConfig configures a [Provider]. The zero value is usable.
type ProviderConfig struct {
	// People are those who can sign in. If nil, they are those of [DefaultPeople].
	People []Person
	// ClientID and ClientSecret are those of the registered client. If empty, [DefaultClientID] and [DefaultClientSecret].
	ClientID, ClientSecret string
	// RedirectURLs are registered for the client, compared as text. [Provider.AllowRedirect] adds more.
	RedirectURLs []string
	// Algorithm signs ID tokens: "ES256" or "RS256". If empty, ES256.
	Algorithm string
	// Lifetime is that of access and ID tokens. If zero, one hour.
	Lifetime time.Duration
	// Behavior is what the provider does at first. If its AutoApprove is empty, the first of the people signs in without a page.
	Behavior Behavior
	// Now is the clock. If nil, time.Now.
	Now func() time.Time
	// Logger receives the reason of each refusal. If nil, nothing is logged.
	Logger *slog.Logger
}

// Provider is an OpenID Provider on a loopback server of its own: discovery, keys, authorization code flow with PKCE, refresh
// with rotation, revocation, userinfo and sign-out. It follows the specifications until [Provider.Set] makes it break one in a
// chosen way. Its methods can be called concurrently.
type Provider struct {
	t      testing.TB
	idp    *fakeidp.Server
	client *http.Client

	mu         sync.Mutex
	registered fakeidp.Client // guarded by mu
}

// NewProvider starts a provider that lives until the test ends.
func NewProvider(t testing.TB, c ProviderConfig) *Provider {
	t.Helper()
	if c.People == nil {
		c.People = DefaultPeople()
	}
	if c.Behavior.AutoApprove == "" && len(c.People) > 0 {
		c.Behavior.AutoApprove = c.People[0].Subject
	}
	p := &Provider{t: t, registered: fakeidp.Client{ID: c.ClientID, Secret: c.ClientSecret, RedirectURIs: c.RedirectURLs}}
	if p.registered.ID == "" {
		p.registered.ID = DefaultClientID
	}
	if p.registered.Secret == "" {
		p.registered.Secret = DefaultClientSecret
	}
	server := httptest.NewUnstartedServer(nil)
	idp, err := fakeidp.New(fakeidp.Config{
		Issuer:    "http://" + server.Listener.Addr().String(),
		People:    c.People,
		Clients:   []fakeidp.Client{p.registered},
		Algorithm: c.Algorithm,
		Lifetime:  c.Lifetime,
		Behavior:  c.Behavior,
		Now:       c.Now,
		Logger:    c.Logger,
	})
	if err != nil {
		server.Close()
		t.Fatalf("authprovidertest: %v", err)
	}
	p.idp = idp
	server.Config.Handler = idp
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections() // a stalled answer waits for its client to go
		server.Close()
	})
	p.client = newClient(t)
	return p
}

// newClient is what a careful host uses: with a time-out, and following no redirect.
func newClient(t testing.TB) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// DefaultPeople are [Jane], [Joe], [Max] and [Nina]: somebody for every state that an e-mail address can be in.
func DefaultPeople() []Person {
	return []Person{
		{Subject: Jane, Name: "Jane Doe", PreferredUsername: "jane", Picture: "https://img.example.com/jane.png",
			Email: "jane@example.com", EmailVerified: new(true), Groups: []string{"ops"}},
		{Subject: Joe, Name: "Joe Bloggs", PreferredUsername: "joe", Email: "joe@example.com", EmailVerified: new(false)},
		{Subject: Max, Name: "Max Mustermann", PreferredUsername: "max", Email: "max@example.com"},
		{Subject: Nina, Name: "Nina Novak", PreferredUsername: "nina"},
	}
}

// Issuer returns the issuer identifier, which is the URL of the provider too: http://127.0.0.1 and a port.
func (p *Provider) Issuer() string { return p.idp.Issuer() }

// URL returns the address of an endpoint.
func (p *Provider) URL(e Endpoint) string { return p.idp.URL(e) }

// ClientID returns the client ID.
func (p *Provider) ClientID() string { return p.registeredClient().ID }

// ClientSecret returns the client secret.
func (p *Provider) ClientSecret() string { return p.registeredClient().Secret }

func (p *Provider) registeredClient() fakeidp.Client {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.registered
}

// HTTPClient returns a client that reaches the provider, has a time-out of ten seconds and follows no redirect.
func (p *Provider) HTTPClient() *http.Client { return p.client }

// AllowRedirect registers further redirect URIs: "{base URL}/{provider ID}/handler/frame".
func (p *Provider) AllowRedirect(urls ...string) {
	p.t.Helper()
	p.register(func(c *fakeidp.Client) { c.RedirectURIs = slices.Concat(c.RedirectURIs, urls) })
}

// AllowLogoutRedirect registers further addresses to which a browser may be sent after a sign-out.
func (p *Provider) AllowLogoutRedirect(urls ...string) {
	p.t.Helper()
	p.register(func(c *fakeidp.Client) { c.PostLogoutRedirectURIs = slices.Concat(c.PostLogoutRedirectURIs, urls) })
}

func (p *Provider) register(change func(*fakeidp.Client)) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.registered)
	if err := p.idp.PutClient(p.registered); err != nil {
		p.t.Fatalf("authprovidertest: %v", err)
	}
}

// SetPerson adds a person, or replaces the one with the same subject: later tokens show the new claims.
func (p *Provider) SetPerson(person Person) {
	p.t.Helper()
	if err := p.idp.PutPerson(person); err != nil {
		p.t.Fatalf("authprovidertest: %v", err)
	}
}

// RemovePerson removes a person, whose tokens and sessions are of no use from then on.
func (p *Provider) RemovePerson(subject string) { p.idp.RemovePerson(subject) }

// SignsIn says who signs in from now on, without being asked: the subject of one of the people. With "" there is a page to choose
// from, which [Browser.Submit] can answer.
func (p *Provider) SignsIn(subject string) {
	p.idp.Set(func(b *Behavior) { b.AutoApprove = subject })
}

// Set changes what the provider does wrong. The function must not call the provider. Requests under way keep the behavior that
// they began with.
func (p *Provider) Set(change func(*Behavior)) { p.idp.Set(change) }

// Behave makes the provider follow the specifications again; who signs in stays.
func (p *Provider) Behave() {
	p.idp.Set(func(b *Behavior) { *b = Behavior{AutoApprove: b.AutoApprove} })
}

// RotateKey makes a new key and signs with it from now on. The older ones stay published until [Provider.DropOldKeys].
func (p *Provider) RotateKey() {
	p.t.Helper()
	if err := p.idp.RotateKey(); err != nil {
		p.t.Fatalf("authprovidertest: %v", err)
	}
}

// DropOldKeys withdraws all keys but the one that signs.
func (p *Provider) DropOldKeys() { p.idp.DropOldKeys() }

// Calls returns how many requests have reached an endpoint.
func (p *Provider) Calls(e Endpoint) int { return p.idp.Calls(e) }

// Last returns the last request that has reached an endpoint, with the secrets in it. It is the zero value when none has.
func (p *Provider) Last(e Endpoint) ProviderRequest { return p.idp.Last(e) }
