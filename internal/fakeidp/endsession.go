package fakeidp

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// serveEndSession is OpenID Connect RP-Initiated Logout 1.0. It asks before it signs anybody out without an ID token as a hint, because
// any site can send a browser here.
func (s *Server) serveEndSession(w http.ResponseWriter, r *http.Request, b Behavior) {
	if b.NoEndSession {
		http.NotFound(w, r)
		return
	}
	hint, hasHint := s.hintClaims(r.Form.Get("id_token_hint"))
	if r.Form.Get("id_token_hint") != "" && !hasHint {
		s.pages.problem(w, http.StatusBadRequest, "The ID token given as a hint is not one of this provider.")
		return
	}
	clientID := r.Form.Get("client_id")
	if hasHint && clientID != "" && clientID != hint.Audience {
		s.pages.problem(w, http.StatusBadRequest, "The ID token given as a hint is for another application.")
		return
	}
	if clientID == "" {
		clientID = hint.Audience
	}
	client, known := s.client(clientID)
	back := r.Form.Get("post_logout_redirect_uri")
	if back != "" && (!known || !slices.Contains(client.PostLogoutRedirectURIs, back)) {
		s.pages.problem(w, http.StatusBadRequest, "The address to return to is not registered for this application.")
		return
	}
	current, signedIn := s.session(r)
	confirmed := r.PostForm.Has("confirm") && s.sameSite.Check(r) == nil
	if signedIn && !confirmed && (!hasHint || hint.Subject != current.subject) {
		person, _ := s.person(current.subject)
		s.pages.signOut(w, s.URL(EndSession)+"?"+r.Form.Encode(), person)
		return
	}
	s.endSession(w, r)
	if back == "" {
		s.pages.signedOut(w)
		return
	}
	if state := r.Form.Get("state"); state != "" {
		separator := "?"
		if strings.Contains(back, "?") {
			separator = "&"
		}
		back += separator + url.Values{"state": {state}}.Encode()
	}
	w.Header().Set("Location", back)
	w.WriteHeader(http.StatusSeeOther)
}

// tokenHint is what a logout needs of an ID token.
type tokenHint struct {
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
}

// hintClaims reads an ID token that this provider signed with a key that is still published. It may have expired: people log out late.
func (s *Server) hintClaims(token string) (tokenHint, bool) {
	s.mu.Lock()
	keys := s.keys
	s.mu.Unlock()
	input, signature, ok := cutLast(token, ".")
	if !ok || !slices.ContainsFunc(keys, func(k signingKey) bool { return k.verifies(input, signature) }) {
		return tokenHint{}, false
	}
	_, body, _ := strings.Cut(input, ".")
	payload, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return tokenHint{}, false
	}
	var hint tokenHint
	if err := json.Unmarshal(payload, &hint); err != nil {
		return tokenHint{}, false
	}
	return hint, true
}

func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}
