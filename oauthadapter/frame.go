package oauthadapter

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/cookies"
)

// FrameHandler is the callback. Nothing of the request is acted on before its state, its cookie and its issuer have been checked, in
// that order; until then the answer is a page for the app's own origin, and never a redirect.
func (a *adapter[P]) FrameHandler(w http.ResponseWriter, r *http.Request) error {
	unverified := flow{origin: a.pc.Origins.AppOrigin()}
	if r.Method == http.MethodPost {
		return unverified.redirectFormPost(w, r)
	}
	q, err := parseQuery(r)
	if err != nil {
		return unverified.fail(err)
	}
	s, err := a.checkState(q)
	if err != nil {
		return unverified.fail(err)
	}
	at, err := a.takeAttempt(w, r, s)
	if err != nil {
		return unverified.fail(err)
	}
	// From here on the attempt is this browser's own, and its flow may be believed, if the policy has not changed since.
	if !a.pc.Origins.Allowed(at.flow.origin) {
		return unverified.fail(&authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "origin_not_allowed", Message: "This app origin is not allowed.",
			Err: fmt.Errorf("oauthadapter: origin %q is not allowed any more", at.flow.origin)})
	}
	var resp *authprovider.ClientAuthResponse
	err = authprovider.Contain(func() (err error) {
		resp, err = a.complete(w, r, at, q)
		return err
	})
	if err != nil {
		return at.flow.fail(err)
	}
	return at.flow.succeed(w, resp)
}

// AcceptsFormPost implements [authprovider.FormPostHandlers].
func (a *adapter[P]) AcceptsFormPost() bool { return a.formPost }

// checkState tells who made the state, and for which environment.
func (a *adapter[P]) checkState(q url.Values) (state, error) {
	s, err := a.states.parse(q.Get("state"), a.pc.Now())
	switch {
	case errors.Is(err, errStateExpired):
		return state{}, &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "state_expired", Err: err,
			Message: "This sign-in took too long. Please go back to the app and try again."}
	case err != nil:
		return state{}, stateInvalid(err)
	}
	if env := q.Get("env"); env != "" && env != a.pc.Environment {
		return state{}, &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "environment_mismatch", Message: "This sign-in belongs to another environment.",
			Err: errors.New("oauthadapter: env parameter differs from the state's environment")}
	}
	return s, nil
}

// takeAttempt opens the attempt of a genuine state and uses it up: its cookie is expired on every answer, and a second use in
// this process refused.
func (a *adapter[P]) takeAttempt(w http.ResponseWriter, r *http.Request, s state) (attempt, error) {
	a.attempts.expire(w, s, a.sameSite(a.pc.Origins.AppOrigin()))
	refuse := func(code, message string, cause error) (attempt, error) {
		return attempt{}, &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: code, Message: message, Err: cause}
	}
	const lost = "Your browser did not send the cookie of this sign-in. Please go back to the app and try again. " +
		"If it happens again, cookies may be blocked, or the app may be open under another host name than it is configured with."

	browser, err := a.browser.get(r)
	if err != nil {
		return refuse("cookie_missing", lost, fmt.Errorf("oauthadapter: browser cookie: %w", err))
	}
	at, err := a.attempts.open(r, s, browser)
	switch {
	case errors.Is(err, cookies.ErrMissing):
		return refuse("cookie_missing", lost, fmt.Errorf("oauthadapter: attempt cookie: %w", err))
	case err != nil:
		return refuse("cookie_invalid", "The cookie of this sign-in is not valid. Please go back to the app and try again.",
			fmt.Errorf("oauthadapter: attempt cookie: %w", err))
	case !a.used.use(s, a.pc.Now()):
		return refuse("state_used", "This sign-in was already completed. Please go back to the app.", errors.New("oauthadapter: state used twice"))
	}
	return at, nil
}

// complete turns a verified callback into an answer. Cookies are set last: somebody who is refused leaves with none.
func (a *adapter[P]) complete(w http.ResponseWriter, r *http.Request, at attempt, q url.Values) (*authprovider.ClientAuthResponse, error) {
	if err := checkIssuer(at, q); err != nil {
		return nil, err
	}
	if code := q.Get("error"); code != "" {
		return nil, authorizationFailure(code, q.Get("error_description"))
	}
	if q.Get("code") == "" {
		return nil, inputError("code_missing", "The provider's answer holds no code.", errors.New("oauthadapter: callback without code"))
	}
	ctx := r.Context()
	result, err := a.handlers.Authenticate(ctx, CallbackRequest{
		Code: q.Get("code"), CodeVerifier: at.verifier, Nonce: at.nonce, CallbackURL: a.callbackURL, Scopes: at.scopes, Params: q,
	})
	if err := checkResult(result, err); err != nil {
		return nil, providerFailure(err)
	}
	// RFC 6749 section 5.1: an answer without scope granted what was asked.
	granted := at.scopes
	if result.Session.Scope != "" {
		granted = splitScope(result.Session.Scope)
	}
	resp, userRef, err := a.respond(ctx, r, result, granted)
	if err != nil {
		return nil, err
	}
	if a.refresher != nil {
		stored := &storedSession{id: newSessionID(), created: a.pc.Now(), granted: granted, session: a.kept(result.Session)}
		if err := a.sessions.save(w, r, stored, a.sameSite(at.flow.origin)); err != nil {
			return nil, err
		}
		// The answer to a refresh of the session before this one must not put it back.
		if replaced, err := a.sessions.load(r); err == nil {
			a.flights.end(replaced)
		}
	}
	a.pc.Audit(ctx, authprovider.AuditSucceeded, slog.String("flow", at.flow.name()), slog.String("origin", at.flow.origin), slog.String("user", userRef))
	return resp, nil
}

// checkIssuer defends against mix-up: a code of one authorization server must not be sent to another (RFC 9207 section 2.4). It
// comes before the error and the code, since an attacker's server may have sent either.
func checkIssuer(at attempt, q url.Values) error {
	iss, sent := q.Get("iss"), q.Has("iss")
	if at.issuer == "" || !sent && !at.issuerRequired || sent && iss == at.issuer {
		return nil
	}
	return &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "issuer_mismatch", Message: "The answer came from another provider than this sign-in was sent to.",
		Err: fmt.Errorf("oauthadapter: iss parameter %.200q, expected %q", iss, at.issuer)}
}

// authorizationFailure is the provider's own refusal. Its description is logged, bounded, and not shown.
func authorizationFailure(code, description string) error {
	p := &ProviderError{Endpoint: "authorization", Code: code, Description: description}
	if err := providerFailure(p); err != error(p) {
		return err
	}
	switch code {
	case "invalid_request", "unauthorized_client", "unsupported_response_type", "request_not_supported", "request_uri_not_supported", "registration_not_supported":
		return p // a defect of the set-up
	}
	return &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: "provider_error", Message: "The provider ended the sign-in with an error.", Err: p}
}

// checkResult keeps an OAuthHandlers that returns neither a result nor an error from ending the process, and one that says of nobody
// whose session it is from passing every refresh as the same person's.
func checkResult[P any](result *Result[P], err error) error {
	if err == nil && result == nil {
		return errors.New("oauthadapter: OAuthHandlers returned neither a result nor an error")
	}
	if err == nil && result.Session.Subject == "" {
		return errors.New("oauthadapter: OAuthHandlers returned a Session without Subject")
	}
	return err
}
