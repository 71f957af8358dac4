package fakeidp

import (
	"crypto/rand"
	"slices"
	"strings"
	"time"
)

// grant is one sign-in. Its tokens form a family that is revoked together.
type grant struct {
	clientID string
	subject  string
	scopes   []string
	authTime time.Time
	offline  bool // earns refresh tokens
	revoked  bool // guarded by Server.mu, as all fields named revoked or spent
}

// code is an authorization code.
type code struct {
	grant       *grant
	redirectURI string
	challenge   string // S256; empty without PKCE
	nonce       string
	expires     time.Time
	spent       bool
}

type accessToken struct {
	grant   *grant
	scopes  []string
	expires time.Time
	revoked bool
}

// withdraw ends the grant, or takes scopes out of the token.
func (t *accessToken) withdraw(scopes []string) {
	if len(scopes) == 0 {
		t.grant.revoked = true
		return
	}
	t.scopes = slices.DeleteFunc(slices.Clone(t.scopes), func(scope string) bool { return slices.Contains(scopes, scope) })
}

type refreshToken struct {
	grant *grant
	spent bool
}

// session is a browser in which a person is signed in at the provider.
type session struct {
	subject  string
	authTime time.Time
}

// consent remembers what a person has granted.
func (s *Server) consent(subject, clientID string, scopes []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.consents[subject] == nil {
		s.consents[subject] = make(map[string]bool)
	}
	for _, scope := range scopes {
		s.consents[subject][clientID+" "+scope] = true
	}
}

func (s *Server) newCode(c *code) string {
	secret := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes.put(secret, c)
	return secret
}

// newAccessToken returns a token for a part of the grant's scopes.
func (s *Server) newAccessToken(g *grant, scopes []string, padding int) string {
	secret := padSecret(padding)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.access.put(secret, &accessToken{grant: g, scopes: scopes, expires: s.now().Add(s.lifetime)})
	return secret
}

func (s *Server) newRefreshToken(g *grant, padding int) string {
	secret := padSecret(padding)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refresh.put(secret, &refreshToken{grant: g})
	return secret
}

// padSecret makes the padding part of the secret, so that a token which was cut short is unknown.
func padSecret(padding int) string {
	return rand.Text() + strings.Repeat("x", max(padding, 0))
}

// bearer returns the valid access token of that secret.
func (s *Server) bearer(secret string) (accessToken, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.access.get(secret)
	if !ok || t.revoked || t.grant.revoked || !s.now().Before(t.expires) {
		return accessToken{}, false
	}
	return *t, true
}
