package fakeidp

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// authRequest is a valid authorization request (RFC 6749 §4.1.1, OIDC Core §3.1.2.1).
type authRequest struct {
	client      Client
	redirectURI string
	state       string
	nonce       string
	challenge   string
	scopes      []string
	prompts     []string
	loginHint   string
	maxAge      time.Duration // negative means any
	offline     bool
}

func (s *Server) serveAuthorize(w http.ResponseWriter, r *http.Request, b Behavior) {
	req, e := s.parseAuthRequest(r.Form, b)
	switch {
	case req == nil:
		s.pages.problem(w, http.StatusBadRequest, e.Description)
	case e != nil:
		s.redirectError(w, r, req, b, e)
	case b.AuthorizeError != "":
		s.redirectError(w, r, req, b, &oauthError{Code: b.AuthorizeError, Description: b.AuthorizeErrorDescription})
	case r.PostForm.Has("cancel") || r.PostForm.Has("person"):
		s.takeChoice(w, r, req, b)
	default:
		s.askOrSignIn(w, r, req, b)
	}
}

// parseAuthRequest returns no request when the client or its redirect URI is not to be trusted: the browser must then not be
// sent anywhere (RFC 6749 §4.1.2.1), or the provider would be an open redirector.
func (s *Server) parseAuthRequest(form url.Values, b Behavior) (*authRequest, *oauthError) {
	if len(form["client_id"]) > 1 || len(form["redirect_uri"]) > 1 {
		return nil, &oauthError{Description: "The application gave its client ID or redirect URI twice."}
	}
	client, ok := s.client(form.Get("client_id"))
	if !ok {
		return nil, &oauthError{Description: "No application is registered under this client ID."}
	}
	req := &authRequest{
		client:      client,
		redirectURI: form.Get("redirect_uri"),
		state:       form.Get("state"),
		nonce:       form.Get("nonce"),
		challenge:   form.Get("code_challenge"),
		scopes:      scopeList(form.Get("scope")),
		prompts:     strings.Fields(form.Get("prompt")),
		loginHint:   form.Get("login_hint"),
		maxAge:      -1,
		offline:     s.dialect.Offline == nil || s.dialect.Offline(form),
	}
	if !slices.Contains(client.RedirectURIs, req.redirectURI) {
		return nil, &oauthError{Description: "The redirect URI is not registered for this application."}
	}
	invalid := func(reason string) (*authRequest, *oauthError) {
		return req, &oauthError{Code: "invalid_request", Description: reason}
	}
	for name, values := range form {
		if len(values) > 1 {
			return invalid(strconv.Quote(name) + " is given twice")
		}
	}
	if form.Has("request") {
		return req, &oauthError{Code: "request_not_supported"}
	}
	if form.Has("request_uri") {
		return req, &oauthError{Code: "request_uri_not_supported"}
	}
	if form.Get("response_type") != "code" {
		return req, &oauthError{Code: "unsupported_response_type"}
	}
	if mode := form.Get("response_mode"); mode != "" && mode != "query" {
		return invalid("response_mode is not supported")
	}
	if req.challenge == "" && (b.RequirePKCE || client.Secret == "") {
		return invalid("code_challenge is required")
	}
	// "plain" would let whoever reads the authorization request redeem the code.
	if req.challenge != "" && form.Get("code_challenge_method") != "S256" {
		return invalid("code_challenge_method has to be S256")
	}
	if slices.Contains(req.prompts, "none") && len(req.prompts) > 1 {
		return invalid("prompt none goes with no other")
	}
	if age := form.Get("max_age"); age != "" {
		seconds, err := strconv.ParseUint(age, 10, 31)
		if err != nil {
			return invalid("max_age is not a number of seconds")
		}
		req.maxAge = time.Duration(seconds) * time.Second
	}
	return req, nil
}

// askOrSignIn signs a person in without a page where it may, and shows the page otherwise.
func (s *Server) askOrSignIn(w http.ResponseWriter, r *http.Request, req *authRequest, b Behavior) {
	if b.AutoApprove != "" {
		if person, ok := s.person(b.AutoApprove); ok {
			s.signIn(w, r, req, b, person)
			return
		}
		s.redirectError(w, r, req, b, &oauthError{Code: "server_error", Description: "the person to approve for is unknown"})
		return
	}
	hinted, isHinted := s.hinted(req.loginHint)
	if slices.Contains(req.prompts, "none") {
		current, ok := s.session(r)
		person, known := s.person(current.subject)
		fresh := req.maxAge < 0 || s.now().Sub(current.authTime) <= req.maxAge
		other := req.loginHint != "" && hinted.Subject != current.subject
		if !ok || !known || !fresh || other {
			s.redirectError(w, r, req, b, &oauthError{Code: "login_required"})
			return
		}
		s.grantCode(w, r, req, b, person, current.authTime)
		return
	}
	if isHinted && len(req.prompts) == 0 {
		s.signIn(w, r, req, b, hinted)
		return
	}
	s.pages.chooser(w, s.URL(Authorize)+"?"+r.Form.Encode(), req, s.everybody(), hinted.Subject)
}

// takeChoice carries out what was chosen on the page. A page of another site must not choose for the person (login CSRF).
func (s *Server) takeChoice(w http.ResponseWriter, r *http.Request, req *authRequest, b Behavior) {
	if err := s.sameSite.Check(r); err != nil {
		s.pages.problem(w, http.StatusForbidden, "The choice was sent from another site.")
		return
	}
	if r.PostForm.Has("cancel") {
		refusal := &oauthError{Code: "access_denied", Description: "the person cancelled"}
		if s.dialect.Denied != nil {
			refusal.Description = "" // the vendor's own, or none
		}
		s.redirectError(w, r, req, b, refusal)
		return
	}
	person, ok := s.person(r.PostForm.Get("person"))
	if !ok {
		s.pages.problem(w, http.StatusBadRequest, "There is no such person here.")
		return
	}
	s.signIn(w, r, req, b, person)
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request, req *authRequest, b Behavior, p Person) {
	now := s.now()
	s.startSession(w, session{subject: p.Subject, authTime: now})
	s.grantCode(w, r, req, b, p, now)
}

func (s *Server) grantCode(w http.ResponseWriter, r *http.Request, req *authRequest, b Behavior, p Person, authTime time.Time) {
	granted := slices.DeleteFunc(slices.Clone(req.scopes), func(scope string) bool { return slices.Contains(b.ScopesDenied, scope) })
	s.consent(p.Subject, req.client.ID, granted)
	secret := s.newCode(&code{
		grant:       &grant{clientID: req.client.ID, subject: p.Subject, scopes: granted, authTime: authTime, offline: req.offline},
		redirectURI: req.redirectURI,
		challenge:   req.challenge,
		nonce:       req.nonce,
		expires:     s.now().Add(codeLifetime),
	})
	s.redirect(w, req, b, url.Values{"code": {secret}})
}

func (s *Server) redirectError(w http.ResponseWriter, r *http.Request, req *authRequest, b Behavior, e *oauthError) {
	s.logger.InfoContext(r.Context(), "fakeidp: authorization refused", "client", req.client.ID, "error", e.Code, "reason", e.Description)
	answer := url.Values{"error": {e.Code}}
	if e.Code == "access_denied" {
		for name, value := range s.dialect.Denied {
			answer.Set(name, value)
		}
	}
	if e.Description != "" {
		answer.Set("error_description", e.Description)
	}
	s.redirect(w, req, b, answer)
}

// redirect sends the browser back to the client.
func (s *Server) redirect(w http.ResponseWriter, req *authRequest, b Behavior, answer url.Values) {
	if req.state != "" {
		answer.Set("state", req.state)
	}
	if iss := replaced(b.IssuerParameter, s.issuer); iss != "" {
		answer.Set("iss", iss) // RFC 9207: errors carry it too
	}
	separator := "?"
	if strings.Contains(req.redirectURI, "?") {
		separator = "&" // RFC 6749 §3.1.2: a query of the redirect URI is kept
	}
	header := w.Header()
	header.Set("Location", req.redirectURI+separator+answer.Encode())
	header.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther) // 307 would hand the form to the client, RFC 9700 §4.12
}
