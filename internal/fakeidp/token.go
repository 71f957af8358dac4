package fakeidp

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// tokenAnswer is the answer of RFC 6749 §5.1. Members are raw where a behavior may replace them.
type tokenAnswer struct {
	AccessToken  string          `json:"access_token"`
	TokenType    string          `json:"token_type,omitempty"`
	ExpiresIn    json.RawMessage `json:"expires_in,omitempty"`
	RefreshToken string          `json:"refresh_token,omitempty"`
	Scope        string          `json:"scope,omitempty"`
	IDToken      string          `json:"id_token,omitempty"`
}

// issue is what a token request has earned.
type issue struct {
	grant     *grant
	scopes    []string
	nonce     string
	refreshed bool
}

func (s *Server) serveToken(w http.ResponseWriter, r *http.Request, b Behavior) {
	if !wait(r.Context(), b.TokenDelay) {
		return
	}
	if f, due := s.takeTokenFailure(); due {
		s.writeFailure(w, r, f)
		return
	}
	if s.failEarly(w, b.TokenAnswer) {
		return
	}
	client, e := s.authenticateClient(r)
	if e != nil {
		if e.status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="fakeidp"`) // RFC 6749 §5.2
		}
		s.refuse(w, r, e)
		return
	}
	var earned issue
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		earned, e = s.redeemCode(client, r.PostForm)
	case "refresh_token":
		earned, e = s.redeemRefreshToken(client, r.PostForm, b)
	case "":
		e = &oauthError{Code: "invalid_request", Description: "grant_type is missing"}
	default:
		e = &oauthError{Code: "unsupported_grant_type"}
	}
	if e != nil {
		s.refuse(w, r, e)
		return
	}
	person, ok := s.person(earned.grant.subject)
	if !ok {
		s.refuse(w, r, &oauthError{Code: "invalid_grant", Description: "the person is gone"})
		return
	}
	answer, err := s.issueTokens(b, earned, person)
	if err != nil {
		s.logger.ErrorContext(r.Context(), "fakeidp: tokens were not issued", "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	s.answerToken(w, r, b, answer)
}

// answerToken writes a token answer in the dialect.
func (s *Server) answerToken(w http.ResponseWriter, r *http.Request, b Behavior, a tokenAnswer) {
	if s.dialect.TokenMembers == nil && !s.dialect.FormAnswers {
		s.answer(w, r, b.TokenAnswer, a)
		return
	}
	members, err := membersOf(a)
	if err != nil { // a Behavior.ExpiresIn that is no JSON
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	if s.dialect.TokenMembers != nil {
		s.dialect.TokenMembers(members)
	}
	if b.TokenAnswer != "" || !s.writeForm(w, r, http.StatusOK, members) {
		s.answer(w, r, b.TokenAnswer, members)
	}
}

func (s *Server) writeFailure(w http.ResponseWriter, r *http.Request, f Failure) {
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	status := f.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	if f.Code == "" {
		w.WriteHeader(status)
		return
	}
	s.refuse(w, r, &oauthError{Code: f.Code, Description: "this failure was asked for", status: status})
}

// authenticateClient takes client_secret_basic, client_secret_post, and client_id alone from a public client (RFC 6749 §2.3.1, §3.2.1).
func (s *Server) authenticateClient(r *http.Request) (Client, *oauthError) {
	for name, values := range r.PostForm {
		if len(values) > 1 { // RFC 6749 §3.2
			return Client{}, &oauthError{Code: "invalid_request", Description: strconv.Quote(name) + " is given twice"}
		}
	}
	refused := &oauthError{Code: "invalid_client", Description: "the client is unknown or its secret is wrong", status: http.StatusUnauthorized}
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if r.Header.Get("Authorization") != "" {
		user, password, ok := r.BasicAuth()
		basicID, err1 := url.QueryUnescape(user) // both are form-encoded first
		basicSecret, err2 := url.QueryUnescape(password)
		if !ok || err1 != nil || err2 != nil {
			return Client{}, refused
		}
		if secret != "" || (id != "" && id != basicID) {
			return Client{}, &oauthError{Code: "invalid_request", Description: "the client authenticates in two ways"}
		}
		id, secret = basicID, basicSecret
	}
	client, ok := s.client(id)
	if !ok || !equalSecrets(client.Secret, secret) {
		return Client{}, refused
	}
	return client, nil
}

func equalSecrets(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// redeemCode spends an authorization code (RFC 6749 §4.1.3).
func (s *Server) redeemCode(client Client, form url.Values) (issue, *oauthError) {
	refuse := func(reason string) (issue, *oauthError) {
		return issue{}, &oauthError{Code: "invalid_grant", Description: reason}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.codes.get(form.Get("code"))
	if !ok {
		return refuse("the code is unknown")
	}
	if c.grant.clientID != client.ID {
		return refuse("the code is for another client")
	}
	if c.spent {
		c.grant.revoked = true // §4.1.2: one of the two who had the code stole it
		return refuse("the code was used before")
	}
	c.spent = true
	verifier := form.Get("code_verifier")
	switch {
	case !s.now().Before(c.expires):
		return refuse("the code has expired")
	case form.Get("redirect_uri") != c.redirectURI:
		return refuse("redirect_uri is not that of the authorization request")
	case c.challenge == "" && verifier != "":
		return refuse("there is a code_verifier, but there was no code_challenge") // a stripped challenge, RFC 9700 §4.8.2
	case c.challenge != "" && !equalSecrets(s256(verifier), c.challenge):
		return refuse("code_verifier does not match code_challenge")
	}
	return issue{grant: c.grant, scopes: c.grant.scopes, nonce: c.nonce}, nil
}

func s256(verifier string) string {
	digest := sha256.Sum256([]byte(verifier))
	return b64(digest[:])
}

// redeemRefreshToken uses a refresh token (RFC 6749 §6). Unless tokens are kept it spends it, and the return of a spent one
// revokes the family, since either the thief or the rightful client holds the newer one (RFC 9700 §4.14.2).
func (s *Server) redeemRefreshToken(client Client, form url.Values, b Behavior) (issue, *oauthError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.refresh.get(form.Get("refresh_token"))
	if !ok || t.grant.clientID != client.ID || t.grant.revoked {
		return issue{}, &oauthError{Code: "invalid_grant", Description: "the refresh token is unknown or revoked"}
	}
	if t.spent {
		t.grant.revoked = !b.TolerateReuse
		return issue{}, &oauthError{Code: "invalid_grant", Description: "the refresh token was used before"}
	}
	scopes := t.grant.scopes
	if asked := scopeList(form.Get("scope")); len(asked) > 0 {
		for _, scope := range asked {
			switch {
			case slices.Contains(t.grant.scopes, scope):
			case s.dialect.RefreshByConsent && s.consents[t.grant.subject][client.ID+" "+scope]:
			case s.dialect.RefreshByConsent:
				return issue{}, &oauthError{Code: "consent_required", Description: "the person has not granted " + scope}
			default:
				return issue{}, &oauthError{Code: "invalid_scope", Description: "more is asked for than was granted"}
			}
		}
		scopes = asked
	}
	t.spent = !b.KeepRefreshToken && !b.NoRefreshToken
	return issue{grant: t.grant, scopes: scopes, refreshed: true}, nil
}

func (s *Server) issueTokens(b Behavior, i issue, p Person) (tokenAnswer, error) {
	a := tokenAnswer{
		AccessToken: s.newAccessToken(i.grant, i.scopes, b.AccessTokenPadding),
		TokenType:   replaced(b.TokenType, "Bearer"),
		ExpiresIn:   json.RawMessage(replaced(b.ExpiresIn, strconv.FormatInt(int64(s.lifetime.Seconds()), 10))),
		Scope:       replaced(b.Scope, s.scopeText(i.scopes)),
	}
	offline := i.grant.offline && (!b.RefreshNeedsOfflineAccess || slices.Contains(i.grant.scopes, "offline_access"))
	if !b.NoRefreshToken && offline && (!i.refreshed || !b.KeepRefreshToken) {
		a.RefreshToken = s.newRefreshToken(i.grant, b.RefreshTokenPadding)
	}
	fault := b.IDToken
	if i.refreshed && b.RefreshIDToken != "" {
		fault = b.RefreshIDToken
	}
	if fault == NoIDToken || s.dialect.PlainOAuth || !slices.Contains(i.scopes, "openid") {
		return a, nil
	}
	var err error
	a.IDToken, err = s.idToken(b, fault, i.grant, p, i.scopes, a.AccessToken, i.nonce)
	return a, err
}

func (s *Server) scopeText(scopes []string) string {
	if s.dialect.Scope != nil {
		return s.dialect.Scope(scopes)
	}
	return strings.Join(scopes, " ")
}

// replaced applies a text field of [Behavior] to the true value.
func replaced(by, value string) string {
	switch by {
	case "":
		return value
	case Omit:
		return ""
	}
	return by
}

// scopeList splits a scope parameter and drops repetitions.
func scopeList(scope string) []string {
	var list []string
	for s := range strings.FieldsSeq(scope) {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}
