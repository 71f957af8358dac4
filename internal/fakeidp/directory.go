package fakeidp

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Person is somebody who can sign in.
type Person struct {
	// Subject is the sub claim. Required, unique.
	Subject string

	Name              string
	PreferredUsername string
	Picture           string

	Email string

	// EmailVerified is the email_verified claim. If nil, the claim is left out.
	EmailVerified *bool

	// Groups is the groups claim, given for the scope "groups".
	Groups []string

	// Claims are further claims, given for the scope "profile". They replace those above, but no protocol claim such as sub or aud.
	Claims map[string]any
}

// Client is a registered application.
type Client struct {
	// ID is the client_id. Required.
	ID string

	// Secret is the client secret. If empty, the client is public and has to use PKCE.
	Secret string

	// RedirectURIs are compared as text, loopback ones too.
	RedirectURIs []string

	// PostLogoutRedirectURIs are where the browser may be sent after a logout, compared as text.
	PostLogoutRedirectURIs []string
}

// PutPerson adds a person, or replaces the one with the same subject. Later tokens show the new claims.
func (s *Server) PutPerson(p Person) error {
	if p.Subject == "" {
		return errors.New("fakeidp: Person.Subject is required")
	}
	p.Groups = slices.Clone(p.Groups)
	p.Claims = maps.Clone(p.Claims)
	if p.EmailVerified != nil {
		p.EmailVerified = new(*p.EmailVerified) // the caller keeps its own
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	people := slices.Clone(s.people) // requests under way hold the old slice
	if i := slices.IndexFunc(people, func(q Person) bool { return q.Subject == p.Subject }); i >= 0 {
		people[i] = p
	} else {
		people = append(people, p)
	}
	s.people = people
	return nil
}

// RemovePerson removes a person. The grants of that person are refused from now on.
func (s *Server) RemovePerson(subject string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people = slices.DeleteFunc(slices.Clone(s.people), func(p Person) bool { return p.Subject == subject })
}

// PutClient adds a client, or replaces the one with the same ID.
func (s *Server) PutClient(c Client) error {
	if c.ID == "" {
		return errors.New("fakeidp: Client.ID is required")
	}
	for _, uri := range slices.Concat(c.RedirectURIs, c.PostLogoutRedirectURIs) {
		// RFC 6749 §3.1.2: absolute, without a fragment.
		if u, err := url.Parse(uri); err != nil || !u.IsAbs() || u.Host == "" || strings.Contains(uri, "#") {
			return fmt.Errorf("fakeidp: client %q: redirect URI %q is not an absolute URL without a fragment", c.ID, uri)
		}
	}
	c.RedirectURIs = slices.Clone(c.RedirectURIs)
	c.PostLogoutRedirectURIs = slices.Clone(c.PostLogoutRedirectURIs)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients[c.ID] = c
	return nil
}

func (s *Server) client(id string) (Client, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.clients[id]
	return c, ok
}

func (s *Server) everybody() []Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.people
}

func (s *Server) person(subject string) (Person, bool) {
	for _, p := range s.everybody() {
		if p.Subject == subject {
			return p, true
		}
	}
	return Person{}, false
}

// hinted finds the person whom a login_hint means.
func (s *Server) hinted(hint string) (Person, bool) {
	for _, p := range s.everybody() {
		if hint != "" && (hint == p.Subject || hint == p.Email || hint == p.PreferredUsername) {
			return p, true
		}
	}
	return Person{}, false
}

// claims are those of the person, in the dialect.
func (s *Server) claims(p Person, scopes []string) map[string]any {
	claims := p.claims(scopes)
	if s.dialect.Claims != nil {
		s.dialect.Claims(p, scopes, claims)
	}
	if slices.Contains(scopes, "profile") {
		maps.Copy(claims, p.Claims)
	}
	return claims
}

// claims are what the scopes let a client know about the person (OIDC Core §5.4).
func (p Person) claims(scopes []string) map[string]any {
	claims := map[string]any{}
	set := func(name, value string) {
		if value != "" {
			claims[name] = value
		}
	}
	if slices.Contains(scopes, "profile") {
		set("name", p.Name)
		set("preferred_username", p.PreferredUsername)
		set("picture", p.Picture)
	}
	if slices.Contains(scopes, "email") {
		set("email", p.Email)
		if p.EmailVerified != nil {
			claims["email_verified"] = *p.EmailVerified
		}
	}
	if slices.Contains(scopes, "groups") && len(p.Groups) > 0 {
		claims["groups"] = p.Groups
	}
	return claims
}
