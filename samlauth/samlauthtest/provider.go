package samlauthtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/xml"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"
)

// Person is somebody who can sign in.
type Person struct {
	// NameID is the subject, and NameIDFormat its format; persistent if empty.
	NameID, NameIDFormat string
	// Email, Name and UserName become attributes by the names of LDAP's schema, and Groups the attribute eduPersonAffiliation.
	Email, Name, UserName string
	Groups                []string
	// Attributes are further attributes, by their full name.
	Attributes map[string][]string
}

// The name IDs of the default people.
const (
	Jane = "jane-1" // jane@example.com, in the group ops
	Nina = "nina-4" // no e-mail address
)

// DefaultPeople are [Jane] and [Nina].
func DefaultPeople() []Person {
	return []Person{
		{NameID: Jane, Email: "jane@example.com", Name: "Jane Doe", UserName: "jane", Groups: []string{"ops"}},
		{NameID: Nina, Name: "Nina Novak", UserName: "nina"},
	}
}

// ProviderConfig configures a [Provider]. The zero value is usable.
type ProviderConfig struct {
	// People are those who can sign in. If nil, they are those of [DefaultPeople].
	People []Person
	// Behavior is what the provider does at first.
	Behavior Behavior
	// Key signs, and Certificate is published for it. If nil, they are made.
	Key         *rsa.PrivateKey
	Certificate *x509.Certificate
	// Now is the clock. If nil, time.Now.
	Now func() time.Time
}

// Provider is a SAML identity provider on a loopback server of its own. It signs in the first of its people, without a page, until
// [Provider.SignsIn] names another. Its methods can be called concurrently.
type Provider struct {
	t      testing.TB
	server *httptest.Server
	now    func() time.Time

	mu       sync.Mutex
	keys     keyPair                           // guarded by mu
	people   []Person                          // guarded by mu
	person   string                            // guarded by mu; name ID
	behavior Behavior                          // guarded by mu
	trusted  map[string]*saml.EntityDescriptor // guarded by mu; by entity ID
	calls    map[string]int                    // guarded by mu; by path
}

type keyPair struct {
	key         *rsa.PrivateKey
	certificate *x509.Certificate
}

// NewProvider starts a provider that lives until the test ends.
func NewProvider(t testing.TB, c ProviderConfig) *Provider {
	t.Helper()
	p := &Provider{t: t, now: c.Now, people: c.People, behavior: c.Behavior, trusted: make(map[string]*saml.EntityDescriptor), calls: make(map[string]int)}
	if p.now == nil {
		p.now = time.Now
	}
	if p.people == nil {
		p.people = DefaultPeople()
	}
	if len(p.people) > 0 {
		p.person = p.people[0].NameID
	}
	p.keys = keyPair{c.Key, c.Certificate}
	if p.keys.key == nil {
		p.keys.key, p.keys.certificate = NewKeyPair(t, p.now())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metadata", p.serveMetadata)
	mux.HandleFunc("/sso", p.serveSSO)
	mux.HandleFunc("GET /slo", p.serveLogout)
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	return p
}

// NewKeyPair makes an RSA key of 2048 bits and a self-signed certificate that is good for a year from now on: for [samlauth.Config.Key] too.
func NewKeyPair(t testing.TB, now time.Time) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatalf("samlauthtest: %v", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "saml.example.com"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(365 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatalf("samlauthtest: %v", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatalf("samlauthtest: %v", err)
	}
	return key, certificate
}

// MetadataURL is where the metadata is, which is the entity ID too.
func (p *Provider) MetadataURL() string { return p.server.URL + "/metadata" }

// EntityID returns the provider's entity ID.
func (p *Provider) EntityID() string { return p.MetadataURL() }

// Metadata returns the metadata.
func (p *Provider) Metadata() []byte {
	p.t.Helper()
	data, err := xml.Marshal(p.metadata())
	if err != nil {
		p.t.Fatalf("samlauthtest: %v", err)
	}
	return data
}

// HTTPClient returns a client that reaches the provider.
func (p *Provider) HTTPClient() *http.Client { return p.server.Client() }

// TrustMetadata registers a service provider by its metadata: the provider answers no other.
func (p *Provider) TrustMetadata(metadata []byte) {
	p.t.Helper()
	var entity saml.EntityDescriptor
	if err := xml.Unmarshal(metadata, &entity); err != nil {
		p.t.Fatalf("samlauthtest: metadata of the service provider: %v", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trusted[entity.EntityID] = &entity
}

// SignsIn says who signs in from now on: a name ID of one of the people.
func (p *Provider) SignsIn(nameID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.person = nameID
}

// SetPerson adds a person, or replaces the one with the same name ID.
func (p *Provider) SetPerson(person Person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.people = append(slices.DeleteFunc(slices.Clone(p.people), func(o Person) bool { return o.NameID == person.NameID }), person)
}

// Set changes what the provider does wrong. The function must not call the provider.
func (p *Provider) Set(change func(*Behavior)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.behavior)
}

// RotateKey makes a new key, signs with it from now on, and publishes it alone.
func (p *Provider) RotateKey() {
	p.t.Helper()
	var next keyPair
	next.key, next.certificate = NewKeyPair(p.t, p.now())
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = next
}

// Calls returns how many requests have reached "/metadata", "/sso" or "/slo".
func (p *Provider) Calls(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[path]
}

func (p *Provider) called(r *http.Request) Behavior {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[r.URL.Path]++
	return p.behavior
}

// idp is crewjam/saml's identity provider, made anew for each request: its fields are ours to change.
func (p *Provider) idp() *saml.IdentityProvider {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := func(path string) url.URL {
		u, err := url.Parse(p.server.URL + path)
		if err != nil {
			panic(err) // httptest's own URL
		}
		return *u
	}
	return &saml.IdentityProvider{
		Key: p.keys.key, Signer: p.keys.key, Certificate: p.keys.certificate, Logger: log.New(io.Discard, "", 0),
		MetadataURL: at("/metadata"), SSOURL: at("/sso"), LogoutURL: at("/slo"),
		ServiceProviderProvider: p, SignatureMethod: dsig.RSASHA256SignatureMethod,
	}
}

func (p *Provider) metadata() *saml.EntityDescriptor {
	entity := p.idp().Metadata()
	entity.ValidUntil = p.now().Add(48 * time.Hour)
	entity.CacheDuration = time.Hour
	return entity
}

func (p *Provider) serveMetadata(w http.ResponseWriter, r *http.Request) {
	if p.called(r).Down {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	_, _ = w.Write(p.Metadata())
}

// GetServiceProvider implements [saml.ServiceProviderProvider].
func (p *Provider) GetServiceProvider(_ *http.Request, entityID string) (*saml.EntityDescriptor, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if entity, ok := p.trusted[entityID]; ok {
		return entity, nil
	}
	return nil, os.ErrNotExist
}
