package samlauth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"example.com/stagedoor/authprovider"
)

// maxForm is a response of maxMessage bytes in base64, percent-encoded, and room for what else comes along.
const maxForm = maxMessage*4/3 + maxMessage/4

// again marks the form that was posted once more from our own origin. It is no proof of anything: it only ends the loop.
const again = "again"

// routes are the adapter's, with what SAML does differently around them: answers are posted, and there are two more routes.
type routes struct {
	pc       *authprovider.ProviderContext
	auth     *authenticator
	inner    authprovider.RouteHandlers
	metadata []byte
	restart  string // where an unsolicited response leads; empty if nowhere
}

var (
	_ authprovider.RouteHandlers    = (*routes)(nil)
	_ authprovider.FormPostHandlers = (*routes)(nil)
	_ authprovider.RouteLister      = (*routes)(nil)
)

func newRoutes(pc *authprovider.ProviderContext, a *authenticator, inner authprovider.RouteHandlers) (*routes, error) {
	rt := &routes{pc: pc, auth: a, inner: inner}
	var err error
	if rt.metadata, err = a.ownMetadata(); err != nil {
		return nil, err
	}
	if raw := a.config.UnsolicitedRedirectURL; raw != "" {
		if rt.restart, err = restartURL(pc, raw); err != nil {
			return nil, fmt.Errorf("samlauth: Config.UnsolicitedRedirectURL: %w", err)
		}
	}
	return rt, nil
}

// restartURL is the start of a redirect sign-in that ends on raw.
func restartURL(pc *authprovider.ProviderContext, raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", err
	}
	origin, err := pc.Origins.Parse(u.Scheme + "://" + u.Host)
	if err != nil {
		return "", err
	}
	if raw, err = pc.Origins.ParseRedirectURL(raw, origin); err != nil {
		return "", err
	}
	q := url.Values{"flow": {"redirect"}, "origin": {origin}, "redirectUrl": {raw}}
	if pc.Environment != "" {
		q.Set("env", pc.Environment)
	}
	return pc.URL + "/start?" + q.Encode(), nil
}

// Start implements [authprovider.RouteHandlers].
func (rt *routes) Start(w http.ResponseWriter, r *http.Request) error {
	form := &postForm{}
	return rt.inner.Start(&formWriter{ResponseWriter: w, form: form}, r.WithContext(withForm(r.Context(), form)))
}

// formWriter turns the adapter's redirect to the identity provider into a form, if there is one.
type formWriter struct {
	http.ResponseWriter
	form *postForm
}

func (w *formWriter) WriteHeader(status int) {
	if status != http.StatusFound || w.form.action == "" {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.Header().Del("Location")
	w.Header().Del("Content-Length")
	w.form.write(w.ResponseWriter)
}

// Unwrap is for http.ResponseController.
func (w *formWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// FrameHandler implements [authprovider.RouteHandlers]: it is the assertion consumer service. The identity provider's POST is a cross-site
// one, which comes without our SameSite=Lax cookies. So its answer is a page of ours that posts the same form once more: that POST is
// same-site, and has them. Making the cookies SameSite=None instead would send them with every foreign page's requests, and not work at all
// where browsers block third-party cookies or the base URL is http on loopback.
func (rt *routes) FrameHandler(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost { // the adapter would take a response from the query, where logs would keep it
		return rt.fail(formError(errors.New("samlauth: not a POST")))
	}
	form, err := readForm(w, r)
	if err != nil {
		return rt.fail(err)
	}
	if !form.again {
		return rt.postAgain(w, form)
	}
	q := url.Values{"state": {stateOf(rt.pc.Environment, form.relayState)}, "code": {form.response}}
	callback := r.Clone(r.Context())
	callback.Method, callback.Body, callback.ContentLength = http.MethodGet, http.NoBody, 0
	callback.Form, callback.PostForm = nil, nil
	callback.URL.RawQuery = q.Encode()
	callback.Header.Del("Content-Type")
	callback.Header.Del("Content-Length")
	return rt.inner.FrameHandler(w, callback)
}

// postAgain answers the identity provider's POST. Nothing of it is believed here: what no reader would take is refused at once, and what
// nobody asked for begins a sign-in of its own, if it may.
func (rt *routes) postAgain(w http.ResponseWriter, form responseForm) error {
	response, err := parseDocument(form.decoded, maxMessage, false)
	if err != nil {
		return rt.fail(refuse(documentCode(err), err))
	}
	if request, _ := attr(response, "InResponseTo"); request == "" {
		if rt.restart == "" {
			return rt.fail(refuse(CodeUnsolicited, errors.New("samlauth: a response to no request")))
		}
		w.Header().Set("Location", rt.restart)
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}
	if !validRelayState(form.relayState) {
		return rt.fail(formError(errors.New("samlauth: a RelayState that is none of ours")))
	}
	postForm{fields: []field{{"SAMLResponse", form.response}, {"RelayState", form.relayState}, {again, "1"}}}.write(w)
	return nil
}

// responseForm is the form of the POST binding (SAML bindings section 3.5.4).
type responseForm struct {
	response   string // base64
	decoded    []byte
	relayState string
	again      bool
}

func readForm(w http.ResponseWriter, r *http.Request) (responseForm, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return responseForm{}, refuse(CodeResponseTooLarge, err)
		}
		return responseForm{}, formError(errors.New("samlauth: the form is malformed"))
	}
	for _, name := range [...]string{"SAMLResponse", "RelayState", again} {
		if n := len(r.PostForm[name]); n > 1 || n == 0 && name == "SAMLResponse" {
			return responseForm{}, formError(fmt.Errorf("samlauth: %d fields %s", n, name))
		}
	}
	form := responseForm{response: r.PostForm.Get("SAMLResponse"), relayState: r.PostForm.Get("RelayState"), again: r.PostForm.Has(again)}
	var err error
	if form.decoded, err = base64.StdEncoding.DecodeString(form.response); err != nil || len(form.decoded) == 0 {
		return responseForm{}, formError(errors.New("samlauth: the response is not base64"))
	}
	return form, nil
}

func validRelayState(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return s != "" && len(s) <= maxRelayState
}

func formError(err error) error {
	return &authprovider.Error{Kind: authprovider.ErrInput, Code: CodeFormMalformed, Message: "The identity provider's answer is malformed.", Err: err}
}

// fail shows an error on a page for the app's own origin: whose sign-in it was is not known.
func (rt *routes) fail(err error) error {
	return &frameError{origin: rt.pc.Origins.AppOrigin(), err: err}
}

type frameError struct {
	origin string
	err    error
}

var _ authprovider.Responder = (*frameError)(nil)

func (e *frameError) Error() string { return e.err.Error() }
func (e *frameError) Unwrap() error { return e.err }

// Respond implements [authprovider.Responder].
func (e *frameError) Respond(w http.ResponseWriter, _ *http.Request, p authprovider.PublicError) {
	// The message is a string, so it cannot fail to encode.
	_ = authprovider.WriteWebMessage(w, e.origin, authprovider.WebMessage{
		Error: &authprovider.WebMessageError{Name: p.Name, Message: p.Message, Code: p.Code},
	})
}

// Refresh implements [authprovider.RouteHandlers].
func (rt *routes) Refresh(w http.ResponseWriter, r *http.Request) error {
	return rt.inner.Refresh(w, r)
}

// Logout implements [authprovider.RouteHandlers].
func (rt *routes) Logout(w http.ResponseWriter, r *http.Request) error { return rt.inner.Logout(w, r) }

// AcceptsFormPost implements [authprovider.FormPostHandlers].
func (rt *routes) AcceptsFormPost() bool { return true }

// Routes implements [authprovider.RouteLister].
func (rt *routes) Routes() []authprovider.Route {
	get := []string{http.MethodGet}
	list := []authprovider.Route{{Path: "/metadata", Methods: get, Serve: serveMetadata(rt.metadata)}}
	if rt.auth.signer != nil {
		list = append(list, authprovider.Route{Path: "/slo", Methods: []string{http.MethodGet, http.MethodPost}, Serve: rt.serveLogout})
	}
	return list
}
