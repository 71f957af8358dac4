package proxyauth

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"example.com/stagedoor/authprovider"
)

// signOut is the answer to a logout.
type signOut struct {
	body    []byte // nil if there is no URL
	cookies []*http.Cookie
}

// newSignOut asks a once, so that a sign-out that no app could follow fails the construction and not a person.
func newSignOut(pc *authprovider.ProviderContext, a any) (*signOut, error) {
	s, ok := a.(SignOuter)
	if !ok {
		return nil, nil
	}
	base, err := url.Parse(pc.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("proxyauth: base URL: %w", err)
	}
	out := s.SignOut(base.Scheme + "://" + base.Host)
	if out.URL == "" && len(out.Cookies) == 0 {
		return nil, nil
	}
	answer := &signOut{cookies: out.Cookies}
	for _, c := range out.Cookies {
		if err := c.Valid(); err != nil {
			return nil, fmt.Errorf("proxyauth: SignOut.Cookies: %w", err)
		}
	}
	if out.URL == "" {
		return answer, nil
	}
	// Apps navigate there, so it must be no script.
	u, err := url.Parse(out.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return nil, fmt.Errorf("proxyauth: SignOut.URL %q is not an absolute URL of https or http", out.URL)
	}
	answer.body, err = json.Marshal(struct {
		LogoutURL string `json:"logoutUrl"`
	}{out.URL})
	return answer, err
}

// Logout tells the app where the proxy's own session ends. We hold no session to end.
func (p *provider[R]) Logout(w http.ResponseWriter, r *http.Request) error {
	if p.signOut == nil {
		return authprovider.ErrNotSupported
	}
	if err := p.pc.Origins.CheckRequest(r); err != nil {
		return err
	}
	for _, c := range p.signOut.cookies {
		http.SetCookie(w, c)
	}
	p.pc.Audit(r.Context(), authprovider.AuditLoggedOut)
	if p.signOut.body == nil {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(p.signOut.body) // the app may be gone; nobody is left to tell
	return nil
}
