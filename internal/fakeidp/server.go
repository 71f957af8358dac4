package fakeidp

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	defaultLifetime = time.Hour
	codeLifetime    = time.Minute // RFC 6749 §4.1.2 recommends at most ten
	maxBody         = 1 << 20
)

// Config configures a [Server].
type Config struct {
	// Issuer is the issuer identifier, an absolute http or https URL that may have a path. The endpoints lie below it. Required.
	Issuer string

	// Endpoints are the addresses of those endpoints that there are, without query. Requests then have to name the right host, too. If nil,
	// all are there, below the issuer. [Discovery] is where the issuer says.
	Endpoints map[Endpoint]string

	// Dialect is what a vendor does in its own way.
	Dialect Dialect

	// People are those who can sign in, in the order of the page. At least one is required.
	People []Person

	// Clients are the registered applications. [Server.PutClient] adds more.
	Clients []Client

	// Algorithm signs ID tokens: "ES256" or "RS256". If empty, ES256.
	Algorithm string

	// Lifetime is that of access and ID tokens. If zero, one hour.
	Lifetime time.Duration

	// Behavior is what the server does at first. The zero value follows the specifications.
	Behavior Behavior

	// Now is the clock. If nil, time.Now.
	Now func() time.Time

	// Logger receives the reason of each refusal. If nil, nothing is logged.
	Logger *slog.Logger
}

// Server is an OpenID Provider. Its methods can be called concurrently with each other and with requests.
type Server struct {
	issuer    string
	base      string // issuer without its trailing slash
	dialect   Dialect
	path      string // path of base
	algorithm string
	lifetime  time.Duration
	now       func() time.Time
	logger    *slog.Logger
	routes    map[string]route
	pages     *pages
	sameSite  *http.CrossOriginProtection

	mu       sync.Mutex // guards the fields below
	behavior Behavior
	clients  map[string]Client
	people   []Person
	keys     []signingKey // the last one signs
	foreign  *signingKey
	sessions bounded[session]
	codes    bounded[*code]
	access   bounded[*accessToken]
	refresh  bounded[*refreshToken]
	consents map[string]map[string]bool // by subject; client ID and scope
	calls    map[Endpoint]int
	last     map[Endpoint]Request
}

var _ http.Handler = (*Server)(nil)

// New returns a Server with one signing key.
func New(c Config) (*Server, error) {
	if c.Issuer == "" {
		return nil, errors.New("fakeidp: Config.Issuer is required")
	}
	issuer, err := url.Parse(c.Issuer)
	if err != nil {
		return nil, fmt.Errorf("fakeidp: Config.Issuer: %w", err)
	}
	if (issuer.Scheme != "http" && issuer.Scheme != "https") || issuer.Host == "" || issuer.User != nil || strings.ContainsAny(c.Issuer, "?#") {
		return nil, fmt.Errorf("fakeidp: Config.Issuer %q is not an http or https URL without query and fragment", c.Issuer)
	}
	if len(c.People) == 0 {
		return nil, errors.New("fakeidp: Config.People is required")
	}
	s := &Server{
		issuer:    c.Issuer,
		base:      strings.TrimSuffix(c.Issuer, "/"),
		dialect:   c.Dialect,
		path:      strings.TrimSuffix(issuer.Path, "/"),
		algorithm: c.Algorithm,
		lifetime:  c.Lifetime,
		now:       c.Now,
		logger:    c.Logger,
		sameSite:  http.NewCrossOriginProtection(),
		behavior:  c.Behavior.clone(),
		clients:   map[string]Client{},
		consents:  map[string]map[string]bool{},
		calls:     map[Endpoint]int{},
		last:      map[Endpoint]Request{},
	}
	if s.algorithm == "" {
		s.algorithm = algES256
	}
	if s.lifetime == 0 {
		s.lifetime = defaultLifetime
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	for _, p := range c.People {
		if err := s.PutPerson(p); err != nil {
			return nil, err
		}
	}
	for _, client := range c.Clients {
		if err := s.PutClient(client); err != nil {
			return nil, err
		}
	}
	if s.pages, err = newPages(); err != nil {
		return nil, err
	}
	if err := s.RotateKey(); err != nil {
		return nil, err
	}
	if s.routes, err = s.newRoutes(c.Endpoints); err != nil {
		return nil, err
	}
	return s, nil
}

// Issuer returns the issuer identifier.
func (s *Server) Issuer() string { return s.issuer }

// URL returns the address of an endpoint, or "" if there is none.
func (s *Server) URL(e Endpoint) string {
	for _, route := range s.routes {
		if route.endpoint == e && !route.alias {
			return route.address
		}
	}
	return ""
}

// Set changes the behavior. The function must not call the server. Requests under way keep the behavior that they began with.
func (s *Server) Set(change func(*Behavior)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.behavior.clone()
	change(&b)
	s.behavior = b.clone()
}

func (s *Server) currentBehavior() Behavior {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.behavior
}

// Endpoint names an endpoint of the provider. Those of a dialect's own are named by their address.
type Endpoint string

// The endpoints. Elsewhere is where the [Redirect] fault points: a careful client never calls it.
const (
	Discovery  Endpoint = "discovery"
	JWKS       Endpoint = "jwks"
	Authorize  Endpoint = "authorize"
	Token      Endpoint = "token"
	UserInfo   Endpoint = "userinfo"
	Revoke     Endpoint = "revoke"
	EndSession Endpoint = "end_session"
	Elsewhere  Endpoint = "elsewhere"
)

type route struct {
	endpoint Endpoint
	methods  []string // any, if nil
	handle   func(http.ResponseWriter, *http.Request, Behavior)
	address  string
	alias    bool
}

// newRoutes returns the routes by what a request has to name: the path below the issuer, or with endpoints the host and the whole path.
func (s *Server) newRoutes(endpoints map[Endpoint]string) (map[string]route, error) {
	get, post := []string{http.MethodGet}, []string{http.MethodPost}
	both := []string{http.MethodGet, http.MethodPost}
	routes := map[string]route{
		"/.well-known/openid-configuration": {endpoint: Discovery, methods: get, handle: s.serveDiscovery},
		"/jwks":                             {endpoint: JWKS, methods: get, handle: s.serveJWKS},
		"/authorize":                        {endpoint: Authorize, methods: both, handle: s.serveAuthorize}, // OIDC Core §3.1.2.1 asks for both
		"/token":                            {endpoint: Token, methods: post, handle: s.serveToken},
		"/userinfo":                         {endpoint: UserInfo, methods: both, handle: s.serveUserInfo},
		"/revoke":                           {endpoint: Revoke, methods: post, handle: s.serveRevoke},
		"/end_session":                      {endpoint: EndSession, methods: both, handle: s.serveEndSession},
		"/elsewhere":                        {endpoint: Elsewhere, methods: both, handle: s.serveElsewhere},
	}
	if endpoints == nil {
		for path, route := range routes {
			route.address = s.base + path
			routes[path] = route
		}
		return routes, nil
	}
	placed := make(map[string]route)
	put := func(address string, route route) error {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.RawQuery != "" {
			return fmt.Errorf("fakeidp: the address %q is not an absolute URL without query", address)
		}
		route.address = address
		placed[u.Host+u.Path] = route
		return nil
	}
	for path, route := range routes {
		address := endpoints[route.endpoint]
		if route.endpoint == Elsewhere || route.endpoint == Discovery && !s.dialect.PlainOAuth {
			address = s.base + path
		}
		if address == "" {
			continue
		}
		if err := put(address, route); err != nil {
			return nil, err
		}
	}
	for address, endpoint := range s.dialect.Aliases {
		for _, route := range routes {
			if route.endpoint != endpoint {
				continue
			}
			route.alias = true
			if err := put(address, route); err != nil {
				return nil, err
			}
		}
	}
	for address, resource := range s.dialect.Resources {
		route := route{endpoint: Endpoint(address), handle: func(w http.ResponseWriter, r *http.Request, b Behavior) {
			if address != endpoints[UserInfo] {
				b.UserInfoAnswer = ""
			} else if s.failEarly(w, b.UserInfoAnswer) {
				return
			}
			s.serveResource(resource, w, r, b)
		}}
		if address == endpoints[UserInfo] {
			route.endpoint = UserInfo
		}
		if err := put(address, route); err != nil {
			return nil, err
		}
	}
	for address, handle := range s.dialect.Handlers {
		route := route{endpoint: Endpoint(address), handle: func(w http.ResponseWriter, r *http.Request, _ Behavior) { handle(s, w, r) }}
		if address == endpoints[Revoke] {
			route = s.ownRevocation(handle)
		}
		if err := put(address, route); err != nil {
			return nil, err
		}
	}
	return placed, nil
}

// ownRevocation is a revocation endpoint that a dialect serves.
func (s *Server) ownRevocation(handle func(*Server, http.ResponseWriter, *http.Request)) route {
	return route{endpoint: Revoke, handle: func(w http.ResponseWriter, r *http.Request, b Behavior) {
		if !s.failEarly(w, b.RevokeAnswer) {
			handle(s, w, r)
		}
	}}
}

func (s *Server) route(r *http.Request) (route, bool) {
	if route, ok := s.routes[r.Host+r.URL.Path]; ok {
		return route, true
	}
	rest, below := strings.CutPrefix(r.URL.Path, s.path)
	route, ok := s.routes[rest]
	return route, below && ok
}

// ServeHTTP serves the endpoints.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	route, found := s.route(r)
	if !found {
		http.NotFound(w, r)
		return
	}
	if route.methods != nil && !slices.Contains(route.methods, r.Method) {
		header.Set("Allow", strings.Join(route.methods, ", "))
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		s.record(route.endpoint, r)
		s.refuse(w, r, &oauthError{Code: "invalid_request", Description: "the request could not be parsed"})
		return
	}
	s.record(route.endpoint, r)
	route.handle(w, r, s.currentBehavior())
}

func (s *Server) serveElsewhere(w http.ResponseWriter, r *http.Request, _ Behavior) {
	s.refuse(w, r, &oauthError{Code: "invalid_request", Description: "a redirected request arrived"})
}
