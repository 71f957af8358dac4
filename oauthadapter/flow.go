package oauthadapter

import (
	"net/http"
	"net/url"
	"strings"

	"example.com/stagedoor/authprovider"
)

// flow says where the result of a sign-in goes: to the window that opened the popup, or, if there is a redirect URL, back to
// it. Both fields have been checked against the origin policy.
type flow struct {
	origin      string
	redirectURL string
}

func (f flow) name() string {
	if f.redirectURL != "" {
		return "redirect"
	}
	return "popup"
}

// succeed shows a result. In the redirect flow the app gets it by a refresh, from the session.
func (f flow) succeed(w http.ResponseWriter, resp *authprovider.ClientAuthResponse) error {
	if f.redirectURL == "" {
		return authprovider.WriteWebMessage(w, f.origin, authprovider.WebMessage{Response: resp})
	}
	redirect(w, f.redirectURL)
	return nil
}

// fail wraps an error so that it is shown in the flow rather than as JSON on a dead page.
func (f flow) fail(err error) error { return &flowError{flow: f, err: err} }

type flowError struct {
	flow flow
	err  error
}

var _ authprovider.Responder = (*flowError)(nil)

func (e *flowError) Error() string { return e.err.Error() }
func (e *flowError) Unwrap() error { return e.err }

// Respond implements [authprovider.Responder]: only our words and our codes leave, never the provider's text.
func (e *flowError) Respond(w http.ResponseWriter, _ *http.Request, p authprovider.PublicError) {
	if e.flow.redirectURL != "" {
		redirect(w, withError(e.flow.redirectURL, p))
		return
	}
	// The message is a string, so it cannot fail to encode.
	_ = authprovider.WriteWebMessage(w, e.flow.origin, authprovider.WebMessage{
		Error: &authprovider.WebMessageError{Name: p.Name, Message: p.Message, Code: p.Code},
	})
}

func withError(redirectURL string, p authprovider.PublicError) string {
	rest, fragment, hasFragment := strings.Cut(redirectURL, "#")
	separator := "?"
	if strings.Contains(rest, "?") {
		separator = "&"
	}
	rest += separator + url.Values{"error": {p.Message}, "error_code": {p.Code}}.Encode()
	if hasFragment {
		rest += "#" + fragment
	}
	return rest
}

// redirect writes the header itself: http.Redirect would rewrite a path it finds unclean, and the URL has been checked as it is.
func redirect(w http.ResponseWriter, target string) {
	h := w.Header()
	h.Set("Location", target)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Length", "0")
	w.WriteHeader(http.StatusFound)
}
