package authprovidertest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/proxyauth"
)

// AuthenticatorConfig is what [TestAuthenticator] tests.
type AuthenticatorConfig[R any] struct {
	// New makes the authenticator under test. Required. It is called for each case, so that no case sees another's keys.
	New func(t testing.TB) proxyauth.Authenticator[R]
	// Header is the header by which the proxy vouches for the person. Required.
	Header string
	// Cookie is the cookie that the authenticator looks for if the header is absent. If empty, there is none.
	Cookie string
	// Also are further headers that are believed, such as that of the person's e-mail address.
	Also []string
	// Edge is the proxy. With it and Clock the run makes it sign wrong tokens, rotate its keys and fail. It behaves in between.
	Edge *Edge
	// Clock is the one that the authenticator and Edge were given. Required with Edge.
	Clock *Clock
	// Vouch puts into a request what the proxy sends for a person. If nil, it is [Edge.Vouch] for the first person; required without Edge.
	Vouch func(r *http.Request)
	// Secrets are texts that must not show in errors, such as the proxy's shared secret. The token is one in any case.
	Secrets []string
}

// TestAuthenticator attacks an authenticator as clients can that reach it past the proxy, or through a proxy that was set up
// carelessly; and, if the proxy signs, with the tokens that whoever lacks its key can make, with those that it made for others,
// and with keys that are rotated, withdrawn and not to be had.
func TestAuthenticator[R any](t testing.TB, c AuthenticatorConfig[R]) {
	t.Helper()
	switch {
	case c.New == nil:
		t.Fatalf("authprovidertest: AuthenticatorConfig.New is required")
	case c.Header == "":
		t.Fatalf("authprovidertest: AuthenticatorConfig.Header is required")
	case c.Edge == nil && c.Vouch == nil:
		t.Fatalf("authprovidertest: AuthenticatorConfig.Edge or Vouch is required")
	case c.Edge != nil && c.Clock == nil:
		t.Fatalf("authprovidertest: AuthenticatorConfig.Clock is required with Edge")
	}
	c.Header = http.CanonicalHeaderKey(c.Header)
	if c.Vouch == nil {
		c.Vouch = func(r *http.Request) { c.Edge.Vouch(r, c.Edge.first) }
	}
	cases := authenticatorCases[R]()
	if c.isSigned() {
		cases = append(cases, forgeryCases[R]()...)
		if c.Edge != nil {
			cases = slices.Concat(cases, misissueCases[R](), keyCases[R]())
		}
	}
	runCases(t, c.newRig, cases)
}

// isSigned reports whether what the proxy sends is a token.
func (c AuthenticatorConfig[R]) isSigned() bool {
	r := httptest.NewRequest(http.MethodGet, conformanceOrigin+"/", nil)
	c.Vouch(r)
	_, ok := parseToken(r.Header.Get(c.Header))
	return ok
}

// authenticatorRig is an authenticator that has seen nothing yet.
type authenticatorRig[R any] struct {
	AuthenticatorConfig[R]
	authenticator proxyauth.Authenticator[R]
	signed        bool
}

func (c AuthenticatorConfig[R]) newRig(t testing.TB) *authenticatorRig[R] {
	t.Helper()
	if c.Edge != nil {
		c.Edge.Behave()
	}
	return &authenticatorRig[R]{AuthenticatorConfig: c, authenticator: c.New(t), signed: c.isSigned()}
}

// request returns what the proxy sends, made anew.
func (r *authenticatorRig[R]) request() *http.Request {
	req := httptest.NewRequest(http.MethodGet, conformanceOrigin+"/", nil)
	r.Vouch(req)
	return req
}

// with returns a good request in which the header has these values; without any, there is no such header.
func (r *authenticatorRig[R]) with(values ...string) *http.Request {
	req := r.request()
	delete(req.Header, r.Header)
	if len(values) > 0 {
		req.Header[r.Header] = values
	}
	return req
}

// good returns the header's value in a good request.
func (r *authenticatorRig[R]) good() string { return r.request().Header.Get(r.Header) }

func (r *authenticatorRig[R]) authenticate(ctx context.Context, req *http.Request) (result R, err error) {
	defer func() {
		if recovered := recover(); recovered != nil {
			err = panicError{fmt.Sprint(recovered)}
		}
	}()
	return r.authenticator.Authenticate(ctx, req)
}

type panicError struct{ text string }

func (e panicError) Error() string { return "panic: " + e.text }

func (r *authenticatorRig[R]) accept(t testing.TB, what string, req *http.Request) {
	t.Helper()
	result, err := r.authenticate(t.Context(), req)
	if err != nil {
		t.Errorf("%s: refused: %v", what, err)
		return
	}
	if reflect.ValueOf(&result).Elem().IsZero() {
		t.Errorf("%s: neither a result nor an error", what)
	}
}

// refuse expects that the request is nobody's.
func (r *authenticatorRig[R]) refuse(t testing.TB, what string, req *http.Request) {
	t.Helper()
	err := r.fail(t, what, req)
	if err == nil {
		return
	}
	if !errors.Is(err, authprovider.ErrAuthentication) || errors.Is(err, authprovider.ErrUnavailable) || errors.Is(err, authprovider.ErrNoMatch) {
		t.Errorf("%s: the error %q is not of class authprovider.ErrAuthentication; see proxyauth.Refuse", what, err)
	}
	if e := new(authprovider.Error); errors.As(err, &e) && e.Message != "" {
		t.Errorf("%s: the person is told %q: which check failed is for the log alone", what, e.Message)
	}
}

// fail expects an error without a result, which holds nothing of the credential, and returns it.
func (r *authenticatorRig[R]) fail(t testing.TB, what string, req *http.Request) error {
	t.Helper()
	secrets := slices.Concat(r.Secrets, pieces(req, r.Header, r.Cookie))
	before := r.strayed()
	result, err := r.authenticate(t.Context(), req)
	if err == nil {
		t.Errorf("%s: accepted", what)
		return nil
	}
	if e := (panicError{}); errors.As(err, &e) {
		t.Errorf("%s: %v", what, e)
		return nil
	}
	if !reflect.ValueOf(&result).Elem().IsZero() {
		t.Errorf("%s: a result beside the error", what)
	}
	for _, secret := range secrets {
		if strings.Contains(fmt.Sprintf("%v %+v %q", err, err, err), secret) {
			t.Errorf("%s: the error repeats a part of the credential", what)
			break
		}
	}
	if r.strayed() != before {
		t.Errorf("%s: a request went to another host than the proxy's", what)
	}
	return err
}

func (r *authenticatorRig[R]) strayed() int {
	if r.Edge == nil {
		return 0
	}
	return r.Edge.strayed()
}

// pass lets time pass in which keys may be asked for again.
func (r *authenticatorRig[R]) pass(d time.Duration) {
	if r.Clock != nil {
		r.Clock.Advance(d)
	}
}

// pieces are the parts of a credential that are long enough to be recognized.
func pieces(req *http.Request, header, cookie string) []string {
	const recognizable = 20
	texts := slices.Clone(req.Header[header])
	for _, c := range req.CookiesNamed(cookie) {
		texts = append(texts, c.Value)
	}
	var found []string
	for _, text := range texts {
		for _, piece := range strings.FieldsFunc(text, func(c rune) bool { return c == '.' || c == ' ' || c == ',' }) {
			if len(piece) >= recognizable {
				found = append(found, piece)
			}
		}
	}
	return found
}
