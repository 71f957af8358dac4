package oauthadapter

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"example.com/stagedoor/authprovider"
)

// Start sends the browser to the provider, and remembers the attempt in a cookie of its own.
func (a *adapter[P]) Start(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cross-Origin-Opener-Policy", "unsafe-none") // a host's "same-origin" would cut the popup off
	q, err := parseQuery(r)
	if err != nil {
		return err
	}
	if err := checkNavigation(r); err != nil {
		return err
	}
	f, err := a.parseFlow(q)
	if err != nil {
		return err
	}
	asked, err := parseScope(q.Get("scope"))
	if err != nil {
		return inputError("scope_invalid", "The requested scope is not valid.", err)
	}
	// Asking again for what was granted keeps a new token from losing it (incremental scopes).
	var granted []string
	if s, err := a.sessions.load(r); err == nil {
		granted = s.granted
	}

	now := a.pc.Now()
	s := a.states.create(now)
	at := attempt{flow: f, scopes: unique(asked, granted, a.requiredScopes), nonce: randomText(16), verifier: randomText(32)}
	sum := sha256.Sum256([]byte(at.verifier))
	challenge := base64Text(sum[:])
	var resp StartResponse
	err = authprovider.Contain(func() (err error) {
		resp, err = a.handlers.Start(r.Context(), StartRequest{
			State:         s.text,
			Nonce:         at.nonce,
			CodeChallenge: challenge,
			CallbackURL:   a.callbackURL,
			Scopes:        at.scopes,
			Query:         vendorQuery(q),
		})
		return err
	})
	if err != nil {
		// The origin has been checked, so its window may learn why there is no sign-in. There is no attempt yet, so nothing redirects.
		return flow{origin: f.origin}.fail(providerFailure(err))
	}
	at.issuer, at.issuerRequired = resp.Issuer, resp.IssuerRequired

	sameSite := a.sameSite(f.origin)
	browser, setBrowser := a.browser.value(r, sameSite)
	name, value, err := a.attempts.seal(at, s, browser)
	if err != nil {
		return inputError("request_too_large", "The requested scope or redirect URL is too long.", err)
	}
	if setBrowser {
		a.browser.set(w, browser, sameSite)
	}
	a.attempts.makeRoom(w, r, sameSite)
	a.attempts.set(w, name, value, sameSite)
	a.pc.Audit(r.Context(), authprovider.AuditStarted, slog.String("flow", f.name()), slog.String("origin", f.origin))
	redirect(w, resp.URL)
	return nil
}

// checkNavigation refuses starts that no person made: an image or a script on a foreign page could otherwise begin attempts until those
// that are alive are pushed out. Requests without Fetch Metadata pass.
func checkNavigation(r *http.Request) error {
	mode, dest := r.Header.Get("Sec-Fetch-Mode"), r.Header.Get("Sec-Fetch-Dest")
	if mode != "" && mode != "navigate" || dest != "" && dest != "document" {
		return &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "navigation_required", Message: "A sign-in must be opened in a window.",
			Err: fmt.Errorf("oauthadapter: Sec-Fetch-Mode %.32q, Sec-Fetch-Dest %.32q", mode, dest)}
	}
	return nil
}

// parseFlow reads where the result is to go. All of it is checked before anything is set.
func (a *adapter[P]) parseFlow(q url.Values) (flow, error) {
	f := flow{origin: a.pc.Origins.AppOrigin()}
	if origin := q.Get("origin"); origin != "" {
		allowed, err := a.pc.Origins.Parse(origin)
		if err != nil {
			return flow{}, err
		}
		f.origin = allowed
	}
	redirectURL := ""
	if raw := q.Get("redirectUrl"); raw != "" {
		allowed, err := a.pc.Origins.ParseRedirectURL(raw, f.origin)
		if err != nil {
			return flow{}, err
		}
		redirectURL = allowed
	}
	switch q.Get("flow") {
	case "", "popup":
		return f, nil // a popup's redirectUrl has no meaning, and is not kept
	case "redirect":
		if redirectURL == "" {
			return flow{}, inputError("redirect_url_missing", "The redirect flow needs a redirectUrl.", errors.New("oauthadapter: no redirectUrl"))
		}
		if a.refresher == nil {
			return flow{}, inputError("redirect_flow_unsupported", "This provider cannot be used with the redirect flow.", errors.New("oauthadapter: provider has no refresh"))
		}
		f.redirectURL = redirectURL
		return f, nil
	}
	return flow{}, inputError("flow_unknown", "The flow must be popup or redirect.", errors.New("oauthadapter: unknown flow"))
}
