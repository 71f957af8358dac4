package authprovidertest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
)

// OAuthHandlersConfig is what [TestOAuthHandlers] tests.
type OAuthHandlersConfig[P any] struct {
	// Handlers are those under test. Required.
	Handlers oauthadapter.OAuthHandlers[P]
	// CallbackURL is the redirect URI. If empty, [ConformanceCallback]. The vendor has to know it.
	CallbackURL string
	// Scopes are asked for. They should be such that the vendor gives whatever the handlers can use.
	Scopes []string
	// OpenIDConnect says that the vendor gives an ID token, in which the nonce comes back.
	OpenIDConnect bool
	// Secrets are texts that must not show when an error is printed, such as the client's secret.
	Secrets []string
	// Provider is the vendor, if it is a fake one: it is then made to lie and to fail, and the handlers have to notice. Its behavior is
	// reset by that. If nil, this part is left out.
	Provider *Provider
	// SignIn plays the person: it opens the authorization URL and returns the parameters of the callback. If nil, a [Browser] follows
	// the redirects of a vendor on loopback that needs no person, such as a [Provider].
	SignIn func(t testing.TB, authorizationURL string) url.Values
}

// TestOAuthHandlers runs the contract of [oauthadapter.OAuthHandlers], and of the optional interfaces that the handlers have,
// against a vendor.
func TestOAuthHandlers[P any](t testing.TB, c OAuthHandlersConfig[P]) {
	t.Helper()
	if c.Handlers == nil {
		t.Fatalf("authprovidertest: OAuthHandlersConfig.Handlers are required")
	}
	if c.CallbackURL == "" {
		c.CallbackURL = ConformanceCallback
	}
	newRig := func(testing.TB) *oauthRig[P] { return &oauthRig[P]{c} }
	cases := slices.Concat(authorizationCases[P](), exchangeCases[P]())
	if _, ok := c.Handlers.(oauthadapter.Refresher[P]); ok {
		cases = append(cases, refreshCases[P]()...)
	}
	cases = append(cases, abilityCases[P]()...)
	if c.Provider != nil {
		cases = append(cases, hostileCases[P]()...)
	}
	runCases(t, newRig, cases)
}

type oauthRig[P any] struct{ OAuthHandlersConfig[P] }

// trial is one sign-in: what the adapter would have made and kept.
type trial struct {
	start    oauthadapter.StartRequest
	response oauthadapter.StartResponse
	url      *url.URL
	verifier string
}

func (r *oauthRig[P]) begin(t testing.TB, query url.Values) trial {
	t.Helper()
	var a trial
	a.start, a.verifier = startRequest(r.Handlers, query, r.Scopes)
	a.start.CallbackURL = r.CallbackURL
	var err error
	if a.response, err = r.Handlers.Start(t.Context(), a.start); err != nil {
		t.Fatalf("Start: %v", err)
	}
	if a.url, err = url.Parse(a.response.URL); err != nil || !secureURL(a.url) {
		t.Fatalf("Start sends the browser to %q, which is neither https nor http on loopback", a.response.URL)
	}
	return a
}

// withRequired adds the scopes that handlers always want.
func withRequired[P any](h oauthadapter.OAuthHandlers[P], scopes []string) []string {
	scopes = slices.Clone(scopes)
	if s, ok := h.(oauthadapter.ScopeRequirer); ok {
		for _, scope := range s.RequiredScopes() {
			if !slices.Contains(scopes, scope) {
				scopes = append(scopes, scope)
			}
		}
	}
	return scopes
}

// callback signs in and returns what the adapter would call Authenticate with.
func (r *oauthRig[P]) callback(t testing.TB, a trial) oauthadapter.CallbackRequest {
	t.Helper()
	signIn := r.SignIn
	if signIn == nil {
		signIn = browserSignIn
	}
	params := signIn(t, a.response.URL)
	if params.Get("code") == "" {
		t.Fatalf("the vendor gave no code: error %q, %q", params.Get("error"), params.Get("error_description"))
	}
	return oauthadapter.CallbackRequest{Code: params.Get("code"), CodeVerifier: a.verifier, Nonce: a.start.Nonce, CallbackURL: r.CallbackURL, Scopes: a.start.Scopes, Params: params}
}

func browserSignIn(t testing.TB, authorizationURL string) url.Values {
	t.Helper()
	u, err := url.Parse(NewBrowser(t).begin("", authorizationURL))
	if err != nil {
		t.Fatalf("callback: %v", err)
	}
	return u.Query()
}

func (r *oauthRig[P]) signIn(t testing.TB) *oauthadapter.Result[P] {
	t.Helper()
	result, err := r.Handlers.Authenticate(t.Context(), r.callback(t, r.begin(t, nil)))
	if err != nil || result == nil {
		t.Fatalf("Authenticate: %v, %v", result, err)
	}
	return result
}

func authorizationCases[P any]() []conformanceCase[*oauthRig[P]] {
	return []conformanceCase[*oauthRig[P]]{
		{"authorization request", "Start passes on state, nonce, the S256 challenge, the callback and the scopes as they are, each once.", func(t testing.TB, r *oauthRig[P]) {
			a := r.begin(t, nil)
			want := map[string]string{"state": a.start.State, "code_challenge": a.start.CodeChallenge, "code_challenge_method": "S256",
				"redirect_uri": a.start.CallbackURL, "response_type": "code"}
			if r.OpenIDConnect {
				want["nonce"] = a.start.Nonce
			}
			q := a.url.Query()
			for name, value := range want {
				if len(q[name]) != 1 || q.Get(name) != value {
					t.Errorf("%s is %q, want %q", name, q[name], value)
				}
			}
			asked := strings.FieldsFunc(q.Get("scope"), func(c rune) bool { return c == ' ' || c == ',' })
			for _, scope := range a.start.Scopes {
				if !slices.Contains(asked, scope) {
					t.Errorf("the scope %q is not asked for: %q", scope, q["scope"])
				}
			}
			if q.Get("client_id") == "" {
				t.Errorf("there is no client_id")
			}
			for _, secret := range append(slices.Clone(r.Secrets), a.verifier) {
				if strings.Contains(a.response.URL, secret) {
					t.Errorf("the authorization request holds a secret")
				}
			}
		}},
		{"parameters of the caller", "A vendor may pick a parameter of the caller that it knows by name; protocol parameters must not come from there.", func(t testing.TB, r *oauthRig[P]) {
			evil := make(url.Values)
			for _, name := range protocolParameters {
				evil.Set(name, "evil-"+name)
			}
			evil.Set("unknown_parameter", "evil-unknown")
			if a := r.begin(t, evil); strings.Contains(a.response.URL, "evil-") {
				t.Errorf("the caller's parameters reached the vendor: %s", a.response.URL)
			}
		}},
	}
}

func exchangeCases[P any]() []conformanceCase[*oauthRig[P]] {
	return []conformanceCase[*oauthRig[P]]{
		{"sign-in", "A result has the person's stable ID and an access token; whatever is said about the token's end lies in the future.", func(t testing.TB, r *oauthRig[P]) {
			result := r.signIn(t)
			if result.Session.Subject == "" {
				t.Errorf("Session.Subject is empty: a refresh could turn into another person's")
			}
			if result.Session.AccessToken == "" {
				t.Errorf("Session.AccessToken is empty")
			}
			if r.OpenIDConnect && result.Session.IDToken == "" {
				t.Errorf("Session.IDToken is empty")
			}
			if again := r.signIn(t); again.Session.Subject != result.Session.Subject {
				t.Errorf("the same person has the subjects %q and %q", result.Session.Subject, again.Session.Subject)
			}
		}},
		{"what must fail", "An answer that does not belong to this attempt is an error without a result; what the vendor refuses is a *ProviderError, or wraps a class of package authprovider.", func(t testing.TB, r *oauthRig[P]) {
			refused := map[string]func(*oauthadapter.CallbackRequest){ // by the vendor
				"a wrong code":         func(c *oauthadapter.CallbackRequest) { c.Code = "wrong-code" },
				"a wrong verifier":     func(c *oauthadapter.CallbackRequest) { c.CodeVerifier = rand.Text() + rand.Text() },
				"no verifier":          func(c *oauthadapter.CallbackRequest) { c.CodeVerifier = "" },
				"another redirect URI": func(c *oauthadapter.CallbackRequest) { c.CallbackURL += "/other" },
			}
			for what, change := range refused {
				req := r.callback(t, r.begin(t, nil))
				code := req.Code
				change(&req)
				result, err := r.Handlers.Authenticate(t.Context(), req)
				r.wantFailure(t, what, result, err, code, req.CodeVerifier)
				wantClass(t, what, err)
			}
			if r.OpenIDConnect {
				for what, nonce := range map[string]string{"a wrong nonce": rand.Text(), "no nonce": ""} {
					req := r.callback(t, r.begin(t, nil))
					req.Nonce = nonce
					result, err := r.Handlers.Authenticate(t.Context(), req)
					r.wantFailure(t, what, result, err, req.Code, req.CodeVerifier)
				}
			}
			req := r.callback(t, r.begin(t, nil))
			if _, err := r.Handlers.Authenticate(t.Context(), req); err != nil {
				t.Fatalf("Authenticate: %v", err)
			}
			result, err := r.Handlers.Authenticate(t.Context(), req)
			r.wantFailure(t, "a code used twice", result, err, req.Code, req.CodeVerifier)
			wantClass(t, "a code used twice", err)
		}},
		{"context", "A call whose context has ended fails.", func(t testing.TB, r *oauthRig[P]) {
			req := r.callback(t, r.begin(t, nil))
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if result, err := r.Handlers.Authenticate(ctx, req); err == nil || result != nil {
				t.Errorf("Authenticate returned %v, %v", result, err)
			}
		}},
		{"printing", "A result that is printed, logged or marshalled shows no token; keep tokens in authprovider.Secret, and out of FullProfile.", func(t testing.TB, r *oauthRig[P]) {
			result := r.signIn(t)
			var log bytes.Buffer
			slog.New(slog.NewTextHandler(&log, nil)).Info("result", "result", result, "session", result.Session)
			data, err := json.Marshal(result)
			if err != nil {
				t.Errorf("a result cannot be marshalled: %v", err)
			}
			s := result.Session
			for form, text := range map[string]string{"%v": fmt.Sprintf("%v", *result), "%+v": fmt.Sprintf("%+v", *result), "%#v": fmt.Sprintf("%#v", *result),
				"slog": log.String(), "JSON": string(data), "%+v of FullProfile": fmt.Sprintf("%+v", result.FullProfile)} {
				for _, token := range []authprovider.Secret{s.AccessToken, s.RefreshToken, s.IDToken} {
					if token != "" && strings.Contains(text, string(token)) {
						t.Errorf("%s shows a token", form)
					}
				}
			}
		}},
		{"concurrent calls", "The methods are called concurrently; run the test with -race.", func(t testing.TB, r *oauthRig[P]) {
			var calls sync.WaitGroup
			for range 4 {
				a := r.begin(t, nil)
				req := r.callback(t, a)
				calls.Go(func() {
					if _, err := r.Handlers.Authenticate(t.Context(), req); err != nil {
						t.Errorf("Authenticate: %v", err)
					}
					if _, err := r.Handlers.Start(t.Context(), a.start); err != nil {
						t.Errorf("Start: %v", err)
					}
				})
			}
			calls.Wait()
		}},
	}
}

// wantClass checks that an error is one that the adapter can tell from a failure of ours.
func wantClass(t testing.TB, what string, err error) {
	t.Helper()
	var p *oauthadapter.ProviderError
	classes := []error{authprovider.ErrAuthentication, authprovider.ErrNotAllowed, authprovider.ErrUnavailable, authprovider.ErrInput}
	if err != nil && !errors.As(err, &p) && !slices.ContainsFunc(classes, func(class error) bool { return errors.Is(err, class) }) {
		t.Errorf("%s: the error is neither a *ProviderError nor of a class: %v", what, err)
	}
}

// wantOutage checks that the adapter can tell an outage from a refusal.
func wantOutage(t testing.TB, what string, err error) {
	t.Helper()
	var p *oauthadapter.ProviderError
	if errors.Is(err, authprovider.ErrUnavailable) || errors.As(err, &p) && (p.Status >= http.StatusInternalServerError || p.Status == http.StatusTooManyRequests) {
		return
	}
	t.Errorf("%s: the error is none of an outage: %v", what, err)
}

// wantFailure checks that there is an error and no result, and that the error shows no secret.
func (r *oauthRig[P]) wantFailure(t testing.TB, what string, result *oauthadapter.Result[P], err error, secrets ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	if result != nil {
		t.Errorf("%s: there is a result beside the error", what)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("failed", "error", err)
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), log.String()} {
		for _, secret := range append(slices.Clone(r.Secrets), secrets...) {
			if secret != "" && strings.Contains(text, secret) {
				t.Errorf("%s: the error shows a secret", what)
			}
		}
	}
}

// secureURL reports whether a browser may be sent there.
func secureURL(u *url.URL) bool {
	if u.Host == "" || u.User != nil {
		return false
	}
	if u.Scheme == "https" {
		return true
	}
	return u.Scheme == "http" && isLoopback(u.Hostname())
}
