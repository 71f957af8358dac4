package fakevendor

import (
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/stagedoor/internal/fakeidp"
)

// Vendor is one of the types of this package.
type Vendor interface {
	// Spec returns how the vendor looks to the client.
	Spec(clientID string) Spec
}

// Spec is how a vendor looks.
type Spec struct {
	// Name is for messages.
	Name string
	// Issuer is the issuer identifier, or, of a plain OAuth 2.0 vendor, the address of its pages.
	Issuer string
	// Endpoints are the vendor's addresses, UserInfo being the one that says whose an access token is.
	Endpoints map[fakeidp.Endpoint]string
	// Lifetime is that of access and ID tokens. If zero, one hour.
	Lifetime time.Duration
	// Behavior is what the vendor does when it behaves.
	Behavior fakeidp.Behavior
	// Dialect is what it does in its own way.
	Dialect fakeidp.Dialect
	// Subject is the stable ID that the vendor knows a person by. If nil, it is Person.Subject.
	Subject func(p fakeidp.Person) string
	// Wrap stands in front of the server, if it is not nil: for what the dialect does not know.
	Wrap func(s *fakeidp.Server) http.Handler

	// SilentOnEmail says that the vendor does not tell verified addresses from others.
	SilentOnEmail bool
	// SilentOnRetry says that the answer to too many requests does not say when to come back.
	SilentOnRetry bool
	// OnDemand is a scope that no sign-in needs, and that the vendor grants when it is asked for. If empty, it has none.
	OnDemand string
}

// Server is the fake.
type Server struct {
	*fakeidp.Server
	Spec  Spec
	outer http.Handler
}

// Config configures a [Server]. Vendor and Client.ID are required.
type Config struct {
	Vendor Vendor
	Client fakeidp.Client
	People []fakeidp.Person
	// Now is the clock. If nil, time.Now.
	Now func() time.Time
}

// New makes a fake. The first of the people signs in until [fakeidp.Behavior.AutoApprove] says otherwise.
func New(c Config) (*Server, error) {
	if c.Vendor == nil {
		return nil, errors.New("fakevendor: Config.Vendor is required")
	}
	spec := c.Vendor.Spec(c.Client.ID)
	for _, address := range spec.addresses() {
		if u, err := url.Parse(address); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			return nil, fmt.Errorf("fakevendor: %s: %q is not an absolute http or https URL", spec.Name, address)
		}
	}
	if len(c.People) > 0 {
		spec.Behavior.AutoApprove = c.People[0].Subject
	}
	server, err := fakeidp.New(fakeidp.Config{
		Issuer: spec.Issuer, Endpoints: spec.Endpoints, Dialect: spec.Dialect, People: c.People, Clients: []fakeidp.Client{c.Client},
		Lifetime: spec.Lifetime, Behavior: spec.Behavior, Now: c.Now,
	})
	if err != nil {
		return nil, err
	}
	s := &Server{Server: server, Spec: spec, outer: server}
	if spec.Wrap != nil {
		s.outer = spec.Wrap(server)
	}
	return s, nil
}

// ServeHTTP serves all of the vendor's addresses.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.outer.ServeHTTP(w, r) }

func (s Spec) addresses() []string {
	all := append(slices.Collect(maps.Values(s.Endpoints)), s.Issuer)
	all = slices.AppendSeq(all, maps.Keys(s.Dialect.Resources))
	return slices.AppendSeq(all, maps.Keys(s.Dialect.Handlers))
}

// Origins returns the origins of the vendor's addresses, such as "https://github.com".
func (s *Server) Origins() []string {
	var origins []string
	for _, address := range s.Spec.addresses() {
		if u, err := url.Parse(address); err == nil {
			origins = append(origins, u.Scheme+"://"+u.Host)
		}
	}
	slices.Sort(origins)
	return slices.Compact(origins)
}

// Subject returns the stable ID that the vendor knows a person by.
func (s *Server) Subject(p fakeidp.Person) string {
	if s.Spec.Subject == nil {
		return p.Subject
	}
	return s.Spec.Subject(p)
}

// Behave makes the vendor behave again; who signs in stays.
func (s *Server) Behave() {
	s.Set(func(b *fakeidp.Behavior) {
		who := b.AutoApprove
		*b = s.Spec.Behavior
		b.AutoApprove = who
	})
}

// number is the ID of somebody or something at a vendor that counts: a name that is a number is its own ID.
func number(name string) int64 {
	if n, err := strconv.ParseInt(name, 10, 64); err == nil && n > 0 {
		return n
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return int64(h.Sum32()) + 1
}

// merged adds the further claims of a person, which replace those of the same name.
func merged(answer map[string]any, p fakeidp.Person) map[string]any {
	maps.Copy(answer, p.Claims)
	return answer
}

// orNull is a text as APIs write it that have null for what is absent.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// base returns a configured address without its last slashes, or the vendor's own.
func base(configured, own string) string {
	if configured == "" {
		return own
	}
	return strings.TrimRight(configured, "/")
}

// verified reports whether an address is known to be the person's.
func verified(p fakeidp.Person) bool { return p.EmailVerified != nil && *p.EmailVerified }

// Refusal returns how the token endpoint says that a code cannot be redeemed.
func (s Spec) Refusal(code, description string) (vendorCode, vendorDescription string) {
	if s.Dialect.Refuse == nil {
		return code, description
	}
	r := &http.Request{PostForm: url.Values{"grant_type": {"authorization_code"}}}
	_, members := s.Dialect.Refuse(r, fakeidp.Refusal{Code: code, Description: description, Status: http.StatusBadRequest})
	vendorCode, _ = members["error"].(string)
	vendorDescription, _ = members["error_description"].(string)
	return vendorCode, vendorDescription
}
