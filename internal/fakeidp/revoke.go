package fakeidp

import (
	"net/http"
)

// serveRevoke revokes an access token alone, or with a refresh token its whole family (RFC 7009 §2.1).
func (s *Server) serveRevoke(w http.ResponseWriter, r *http.Request, b Behavior) {
	if b.NoRevoke {
		http.NotFound(w, r)
		return
	}
	if s.failEarly(w, b.RevokeAnswer) {
		return
	}
	client, e := s.authenticateClient(r)
	if e == nil {
		e = s.revoke(client, r.PostForm.Get("token"))
	}
	if e != nil {
		s.refuse(w, r, e)
		return
	}
	s.answer(w, r, b.RevokeAnswer, struct{}{})
}

func (s *Server) revoke(client Client, secret string) *oauthError {
	if secret == "" {
		return &oauthError{Code: "invalid_request", Description: "token is missing"}
	}
	foreign := &oauthError{Code: "invalid_grant", Description: "the token is for another client"}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, ok := s.refresh.get(secret); ok {
		if t.grant.clientID != client.ID {
			return foreign
		}
		t.grant.revoked = true
	}
	if t, ok := s.access.get(secret); ok {
		if t.grant.clientID != client.ID {
			return foreign
		}
		t.revoked = true
	}
	return nil // an unknown token is no error, §2.2
}
