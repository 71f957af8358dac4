package fakeidp

import (
	"net/http"
)

// serveUserInfo answers with the claims that the access token's scopes allow (OIDC Core §5.3).
func (s *Server) serveUserInfo(w http.ResponseWriter, r *http.Request, b Behavior) {
	if b.NoUserInfo {
		http.NotFound(w, r)
		return
	}
	if s.failEarly(w, b.UserInfoAnswer) {
		return
	}
	person, token, ok := s.bearerOf(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Bearer realm="fakeidp", error="invalid_token"`) // RFC 6750 §3
		s.refuse(w, r, &oauthError{Code: "invalid_token", status: http.StatusUnauthorized})
		return
	}
	claims := s.claims(person, token.scopes)
	claims["sub"] = replaced(b.UserInfoSubject, person.Subject)
	if claims["sub"] == "" {
		delete(claims, "sub")
	}
	s.answer(w, r, b.UserInfoAnswer, claims)
}
