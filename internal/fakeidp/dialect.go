package fakeidp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Dialect is what a vendor does in its own way, where it departs from the specifications or goes beyond them. The zero value is none.
// Its functions are called concurrently.
type Dialect struct {
	// PlainOAuth has no metadata, no keys and no ID tokens. What UserInfo answers is in Resources.
	PlainOAuth bool

	// Aliases are further addresses of endpoints.
	Aliases map[string]Endpoint

	// Metadata changes the answer of [Discovery].
	Metadata func(r *http.Request, members map[string]any)

	// Claims changes what ID tokens and UserInfo say about a person. Person.Claims come after it.
	Claims func(p Person, scopes []string, claims map[string]any)

	// Offline reports whether an authorization request earns a refresh token, as far as [Behavior] gives any. If nil, each does.
	Offline func(request url.Values) bool

	// Scope is how a token answer names the scopes that its access token has. If nil, they are separated by spaces.
	Scope func(scopes []string) string

	// RefreshByConsent lets a refresh ask for whatever the person has granted the client in any sign-in. The rest is refused with the code
	// consent_required.
	RefreshByConsent bool

	// TokenMembers changes the members of a token answer, before [Behavior] does.
	TokenMembers func(members map[string]any)

	// FormAnswers makes the answers of the token endpoint forms, also the refusals, unless the request accepts JSON.
	FormAnswers bool

	// Denied are further parameters of the callback of a person who said no: error_description and the like.
	Denied map[string]string

	// Refuse gives the status and members of a refusal. If nil, those of RFC 6749 §5.2.
	Refuse func(r *http.Request, why Refusal) (status int, members map[string]any)

	// RateLimit answers whoever has made too many requests, with JSON or a text, and may set headers. If nil, it is 429 with Retry-After.
	RateLimit func(h http.Header, now time.Time) (status int, body any)

	// Resources are what access tokens open, by address.
	Resources map[string]Resource

	// Problem is the JSON of what a resource answers with another status than 200. If nil, it is that of RFC 6750.
	Problem func(status int, message string) any

	// Handlers serve further addresses, to whomever asks.
	Handlers map[string]func(s *Server, w http.ResponseWriter, r *http.Request)
}

// Refusal says why a request is refused, in the words of the specifications.
type Refusal struct {
	Code        string
	Description string
	Status      int
}

// Resource answers a request with a valid access token. With status 0 the body is any JSON, or a picture if it is a []byte; with another, it
// is a message for [Dialect].Problem.
type Resource func(c Call) (status int, body any)

// Call is a request for a resource.
type Call struct {
	Request *http.Request
	// Header is the answer's.
	Header http.Header
	// Person granted the access token, and Scopes are what it is good for.
	Person Person
	Scopes []string
	Now    time.Time
}

// serveResource answers with what a resource says about whoever granted the access token.
func (s *Server) serveResource(resource Resource, w http.ResponseWriter, r *http.Request, b Behavior) {
	person, token, ok := s.bearerOf(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`) // RFC 6750 §3
		s.problem(w, r, http.StatusUnauthorized, "invalid_token")
		return
	}
	if other, known := s.person(b.UserInfoSubject); known {
		person = other
	}
	status, body := resource(Call{Request: r, Header: w.Header(), Person: person, Scopes: token.scopes, Now: s.now()})
	picture, isPicture := body.([]byte)
	switch {
	case status != 0:
		s.problem(w, r, status, fmt.Sprint(body))
	case isPicture:
		w.Header().Set("Content-Type", http.DetectContentType(picture))
		_, _ = w.Write(picture)
	default:
		s.answer(w, r, b.UserInfoAnswer, body)
	}
}

// bearerOf returns whose access token a request carries.
func (s *Server) bearerOf(r *http.Request) (Person, accessToken, bool) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token, ok := s.bearer(secret)
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return Person{}, accessToken{}, false
	}
	person, known := s.person(token.grant.subject)
	return person, token, known
}

func (s *Server) problem(w http.ResponseWriter, r *http.Request, status int, message string) {
	if s.dialect.Problem == nil {
		s.refuse(w, r, &oauthError{Code: message, status: status})
		return
	}
	s.logger.InfoContext(r.Context(), "fakeidp: request refused", "path", r.URL.Path, "status", status, "reason", message)
	WriteJSON(w, status, s.dialect.Problem(status, message))
}

// membersOf returns an answer for a dialect to change.
func membersOf(answer any) (map[string]any, error) {
	data, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("fakeidp: answer: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var members map[string]any
	if err := decoder.Decode(&members); err != nil {
		return nil, fmt.Errorf("fakeidp: answer: %w", err)
	}
	return members, nil
}

// writeForm writes members as a form, if that is what the dialect answers to the request, and reports whether it did.
func (s *Server) writeForm(w http.ResponseWriter, r *http.Request, status int, members map[string]any) bool {
	if !s.dialect.FormAnswers || strings.Contains(r.Header.Get("Accept"), "application/json") {
		return false
	}
	form := make(url.Values, len(members))
	for name, value := range members {
		form.Set(name, fmt.Sprint(value))
	}
	w.Header().Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, form.Encode())
	return true
}

// CheckedClient returns the client whose ID and secret these are, for requests that say them in a way of the dialect's own.
func (s *Server) CheckedClient(id, secret string) (Client, bool) {
	c, ok := s.client(id)
	return c, ok && equalSecrets(c.Secret, secret)
}

// AuthenticatedClient returns the client that a request of a dialect's own comes from.
func (s *Server) AuthenticatedClient(r *http.Request) (Client, bool) {
	c, e := s.authenticateClient(r)
	return c, e == nil
}

// AccessTokenScopes returns what a valid access token is good for.
func (s *Server) AccessTokenScopes(secret string) (scopes []string, ok bool) {
	t, ok := s.bearer(secret)
	return t.scopes, ok
}

// RevokeAccessToken revokes an access token of the client, and reports whether it was a valid one.
func (s *Server) RevokeAccessToken(c Client, secret string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.access.get(secret)
	if !ok || t.revoked || t.grant.revoked || t.grant.clientID != c.ID {
		return false
	}
	t.revoked = true
	return true
}

// RevokeGrant revokes the grant that an access or refresh token belongs to, and reports whether it was a valid one.
func (s *Server) RevokeGrant(secret string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	var g *grant
	if t, ok := s.access.get(secret); ok && !t.revoked {
		g = t.grant
	}
	if t, ok := s.refresh.get(secret); ok && !t.spent {
		g = t.grant
	}
	if g == nil || g.revoked {
		return false
	}
	g.revoked = true
	return true
}

// Withdraw is the person's own page at the provider: it takes scopes out of the person's access tokens, or, without any, ends whatever
// the person has granted.
func (s *Server) Withdraw(subject string, scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.access.entries {
		if t.grant.subject == subject {
			t.withdraw(scopes)
		}
	}
	if len(scopes) == 0 {
		clear(s.consents[subject])
	}
	for _, t := range s.refresh.entries {
		if t.grant.subject == subject && len(scopes) == 0 {
			t.grant.revoked = true
		}
	}
}
