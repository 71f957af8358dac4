package fakeidp

import (
	"net/http"
	"strings"
)

// serveUserinfo answers with the claims that the access token's scopes allow (OIDC Core §5.3).
func (s *Server) serveUserinfo(w http.ResponseWriter, r *http.Request, b Behavior) {
	if b.NoUserinfo {
		http.NotFound(w, r)
		return
	}
	if s.failEarly(w, b.UserinfoAnswer) {
		return
	}
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token, ok := s.bearer(secret)
	person, known := Person{}, false
	if ok {
		person, known = s.person(token.grant.subject)
	}
	if !strings.EqualFold(scheme, "Bearer") || !known {
		w.Header().Set("WWW-Authenticate", `Bearer realm="fakeidp", error="invalid_token"`) // RFC 6750 §3
		s.refuse(w, r, &oauthError{Code: "invalid_token", status: http.StatusUnauthorized})
		return
	}
	claims := person.claims(token.scopes)
	claims["sub"] = replaced(b.UserinfoSubject, person.Subject)
	if claims["sub"] == "" {
		delete(claims, "sub")
	}
	s.answer(w, r, b.UserinfoAnswer, claims)
}
