package cookies

import (
	"errors"
	"net/http"
	"strings"
	"time"
)

// ErrMissing means that the request has no such cookie.
var ErrMissing = errors.New("cookies: no such cookie")

// ErrTwice means that the request has two cookies of the name, or a torn one. A sibling domain can toss a second one in, and which of the
// two a server sees first is the browser's choice (RFC 6265 section 8.6), so neither is believed.
var ErrTwice = errors.New("cookies: cookie sent twice or torn")

// Scope says where cookies live. Every cookie is HttpOnly and host-only.
type Scope struct {
	// Path is the cookies' path.
	Path string
	// Secure is off only for http on loopback.
	Secure bool
}

// Name puts the strongest prefix in front that the scope allows: browsers let nobody but the host itself set "__Host-", and no insecure
// page "__Secure-" (RFC 6265bis section 4.1.3).
func (s Scope) Name(name string) string {
	switch {
	case !s.Secure:
		return name
	case s.Path == "/":
		return "__Host-" + name
	}
	return "__Secure-" + name
}

// Set sets a cookie. Name must come from [Scope.Name]; a lifetime of zero or less expires it.
func (s Scope) Set(w http.ResponseWriter, name, value string, lifetime time.Duration, sameSite http.SameSite) {
	c := &http.Cookie{Name: name, Value: value, Path: s.Path, Secure: s.Secure, HttpOnly: true, SameSite: sameSite, MaxAge: int(lifetime / time.Second)}
	if c.MaxAge <= 0 {
		c.MaxAge, c.Value = -1, ""
	}
	http.SetCookie(w, c)
}

// Expire removes a cookie.
func (s Scope) Expire(w http.ResponseWriter, name string, sameSite http.SameSite) {
	s.Set(w, name, "", 0, sameSite)
}

// Get returns the value of the one cookie of that name, or [ErrMissing] or [ErrTwice].
func Get(r *http.Request, name string) (string, error) {
	if !mentioned(r, name) {
		return "", ErrMissing
	}
	found := r.CookiesNamed(name)
	switch len(found) {
	case 0:
		return "", ErrMissing
	case 1:
		return found[0].Value, nil
	}
	return "", ErrTwice
}

// NamesWithPrefix returns the names of the request's cookies that begin with prefix.
func NamesWithPrefix(r *http.Request, prefix string) []string {
	if !mentioned(r, prefix) {
		return nil
	}
	var names []string
	for _, c := range r.Cookies() {
		if strings.HasPrefix(c.Name, prefix) {
			names = append(names, c.Name)
		}
	}
	return names
}

// mentioned spares the parsing of all cookies where the one looked for cannot be among them.
func mentioned(r *http.Request, name string) bool {
	for _, line := range r.Header["Cookie"] {
		if strings.Contains(line, name) {
			return true
		}
	}
	return false
}
