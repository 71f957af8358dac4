package fakeidp

import (
	"crypto/rand"
	"net/http"
	"strings"
)

const sessionCookie = "fakeidp_session"

func (s *Server) session(r *http.Request) (session, bool) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return session{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions.get(cookie.Value)
}

func (s *Server) startSession(w http.ResponseWriter, of session) {
	secret := rand.Text()
	s.mu.Lock()
	s.sessions.put(secret, of)
	s.mu.Unlock()
	http.SetCookie(w, s.cookie(secret))
}

func (s *Server) endSession(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		s.mu.Lock()
		s.sessions.remove(cookie.Value)
		s.mu.Unlock()
	}
	expired := s.cookie("")
	expired.MaxAge = -1
	http.SetCookie(w, expired)
}

func (s *Server) cookie(value string) *http.Cookie {
	return &http.Cookie{
		Name:     sessionCookie,
		Value:    value,
		Path:     s.path + "/",
		HttpOnly: true,
		Secure:   strings.HasPrefix(s.issuer, "https:"),
		SameSite: http.SameSiteLaxMode,
	}
}
