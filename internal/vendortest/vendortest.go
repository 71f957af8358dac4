// Package vendortest holds what the tests of vendors that speak OpenID Connect have in common. [New] gives a fake OpenID Provider under a
// vendor's own issuer, hosts and paths; [Run] the cases that every such vendor passes.
package vendortest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/internal/fakeidp"
)

// The registered client and the subjects of the people.
const (
	ClientID     = "portal-client"
	ClientSecret = "marker-client-secret/+ "
	Jane         = authprovidertest.Jane
	Joe          = authprovidertest.Joe
)

// Config says what a vendor looks like.
type Config struct {
	// Issuer is the vendor's issuer identifier, with https.
	Issuer string
	// Endpoints are the vendor's real addresses, without query. Those that are missing are not in its metadata.
	Endpoints map[fakeidp.Endpoint]string
	// People are those who can sign in. If nil, they are those of [authprovidertest.DefaultPeople].
	People []fakeidp.Person
	// RedirectURLs are registered beside that of the conformance run.
	RedirectURLs []string
	// Before sees each request first: it may change what the vendor does next, or answer and return true. If nil, there is nothing special.
	Before func(v *Vendor, e fakeidp.Endpoint, w http.ResponseWriter, r *http.Request) bool
}

// Vendor is a fake of a vendor on loopback. Jane signs in until SignsIn says otherwise.
type Vendor struct {
	*fakeidp.Server
	Clock *authprovidertest.Clock

	config Config
	issuer *url.URL
	server *httptest.Server
	client *http.Client
}

// New starts a vendor that lives until the test ends.
func New(t testing.TB, c Config) *Vendor {
	t.Helper()
	if c.People == nil {
		c.People = authprovidertest.DefaultPeople()
	}
	issuer, err := url.Parse(c.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	v := &Vendor{Clock: authprovidertest.NewClock(time.Now()), config: c, issuer: issuer}
	v.Server, err = fakeidp.New(fakeidp.Config{
		Issuer: c.Issuer,
		People: c.People,
		Clients: []fakeidp.Client{{ID: ClientID, Secret: ClientSecret,
			RedirectURIs: append([]string{authprovidertest.ConformanceCallback}, c.RedirectURLs...)}},
		Behavior: fakeidp.Behavior{AutoApprove: Jane, RequirePKCE: true, IssuerParameterUnadvertised: true, IssuerParameter: fakeidp.Omit},
		Now:      v.Clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	v.server = httptest.NewServer(v)
	t.Cleanup(func() {
		v.server.CloseClientConnections()
		v.server.Close()
	})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	v.client = &http.Client{Transport: hosts{v.server.Listener.Addr().String(), transport}}
	return v
}

// HTTPClient returns a client for which the vendor has its real addresses, and nobody else can be reached.
func (v *Vendor) HTTPClient() *http.Client { return v.client }

// SignsIn says who signs in from now on.
func (v *Vendor) SignsIn(subject string) {
	v.Set(func(b *fakeidp.Behavior) { b.AutoApprove = subject })
}

// SignIn plays the person, as [authprovidertest.OAuthHandlersConfig] wants it.
func (v *Vendor) SignIn(t testing.TB, authorizationURL string) url.Values {
	t.Helper()
	res, err := v.client.Transport.RoundTrip(httptest.NewRequest(http.MethodGet, authorizationURL, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	location, err := res.Location()
	if err != nil {
		t.Fatalf("%s: the vendor answered %s without Location", authorizationURL, res.Status)
	}
	return location.Query()
}

// hosts sends every request to one address, with its own host name in it.
type hosts struct {
	address string
	next    http.RoundTripper
}

func (h hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host, r.RequestURI = r.URL.Host, ""
	r.URL.Scheme, r.URL.Host = "http", h.address
	return h.next.RoundTrip(r)
}

// ServeHTTP serves the vendor's addresses, for [authprovidertest.Browser.Host] too.
func (v *Vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == strings.TrimSuffix(v.issuer.Path, "/")+"/.well-known/openid-configuration" && r.Host == v.issuer.Host {
		v.serveDiscovery(w, r)
		return
	}
	for e, address := range v.config.Endpoints {
		if "https://"+r.Host+r.URL.Path != address {
			continue
		}
		if v.config.Before != nil && v.config.Before(v, e, w, r) {
			return
		}
		v.forward(w, r, e)
		return
	}
	http.NotFound(w, r)
}

func (v *Vendor) forward(w http.ResponseWriter, r *http.Request, e fakeidp.Endpoint) {
	r = r.Clone(r.Context())
	u, err := url.Parse(v.URL(e))
	if err != nil {
		panic(err)
	}
	r.URL.Path = u.Path
	v.Server.ServeHTTP(w, r)
}

// serveDiscovery puts the vendor's addresses into the metadata.
func (v *Vendor) serveDiscovery(w http.ResponseWriter, r *http.Request) {
	recorder := httptest.NewRecorder()
	v.forward(recorder, r, fakeidp.Discovery)
	var metadata map[string]any
	if err := json.Unmarshal(recorder.Body.Bytes(), &metadata); err != nil {
		w.WriteHeader(recorder.Code)
		return
	}
	for name, e := range map[string]fakeidp.Endpoint{
		"authorization_endpoint": fakeidp.Authorize, "token_endpoint": fakeidp.Token, "jwks_uri": fakeidp.JWKS,
		"userinfo_endpoint": fakeidp.UserInfo, "revocation_endpoint": fakeidp.Revoke, "end_session_endpoint": fakeidp.EndSession,
	} {
		metadata[name] = v.config.Endpoints[e]
		if metadata[name] == "" {
			delete(metadata, name)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(metadata)
}
