package proxyauth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/proxyauth"
)

// TestRefreshAnswer: what Backstage's ProxiedSignInIdentity demands of the body, and nothing that it does not need.
func TestRefreshAnswer(t *testing.T) {
	r := newRig(t, nil)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		resp := send(r.handler, method, provider+"/refresh", script(tokenHeader, r.token("name", `"Jane <b>"`, "picture", `"https://p.example.com/1"`)))
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
		require.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
		require.Empty(t, resp.Header.Values("Set-Cookie"))
		var body map[string]any
		readJSON(t, resp, &body)
		token := body["backstageIdentity"].(map[string]any)["token"]
		require.NotEmpty(t, token)
		require.Equal(t, map[string]any{
			"profile":      map[string]any{"email": janeMail, "displayName": "Jane <b>", "picture": "https://p.example.com/1"},
			"providerInfo": map[string]any{"expiresInSeconds": 3600.0},
			"backstageIdentity": map[string]any{"token": token, "expiresInSeconds": 3600.0, "identity": map[string]any{
				"type": "user", "userEntityRef": "user:default/jane", "ownershipEntityRefs": []any{"user:default/jane", "group:default/dev"}}},
		}, body)
	}
	require.Len(t, r.issuer.Issued(), 2)
	last := r.log.Last()
	require.Equal(t, authprovider.AuditSucceeded, last.Event)
	require.Equal(t, map[string]string{"event": "succeeded", "provider": "proxy", "environment": "", "user": "user:default/jane"}, last.Attrs)
	wantNotLogged(t, r.log.Text(), r.token())
}

// TestExpiresInSeconds is what is left, whatever the proxy says.
func TestExpiresInSeconds(t *testing.T) {
	const year = 365 * 24 * 3600
	r := newRig(t, nil)
	for exp, want := range map[int64]int64{nowSeconds + 3600: 3600, nowSeconds + 1: 1, nowSeconds: 0, nowSeconds - 30: 0, nowSeconds + 2*year: year, 253402300799: year} {
		var body struct {
			ProviderInfo struct{ ExpiresInSeconds *int64 }
		}
		readJSON(t, r.refresh(script(tokenHeader, r.token("exp", fmt.Sprint(exp)))), &body)
		require.Equal(t, &want, body.ProviderInfo.ExpiresInSeconds, exp)
	}
	r.clock.Advance(50 * time.Minute)
	var body map[string]any
	readJSON(t, r.refresh(r.good()), &body)
	require.Equal(t, map[string]any{"expiresInSeconds": 600.0}, body["providerInfo"])
}

// visitor is the result of an authenticator that signs nothing and describes nothing.
type visitor struct{ Name string }

func byName(ctx context.Context, in authprovider.SignInInfo[visitor], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: "user:default/" + in.Result.Name})
}

var named = proxyauth.AuthenticatorFunc[visitor](func(_ context.Context, r *http.Request) (visitor, error) {
	name, err := proxyauth.HeaderValue(r, "X-Name")
	return visitor{name}, err
})

// custom mounts a provider of the tests' own.
func custom(t testing.TB, factory authprovider.ProviderFactory, change ...func(*authprovider.Config)) (http.Handler, *authprovidertest.AuditLog) {
	t.Helper()
	log := &authprovidertest.AuditLog{}
	c := authprovider.Config{BaseURL: base, Secrets: [][]byte{make([]byte, 32)}, Issuer: &issuer{}, Users: authprovidertest.Users(t, jane), Logger: log.Logger(),
		Providers: map[string]authprovider.ProviderFactory{"proxy": factory}}
	for _, f := range change {
		f(&c)
	}
	h, err := authprovider.New(c)
	require.NoError(t, err)
	return h, log
}

func TestWithoutDescription(t *testing.T) {
	h, _ := custom(t, proxyauth.Provider(named, proxyauth.Options[visitor]{}, byName))
	resp := send(h, http.MethodGet, provider+"/refresh", script("X-Name", "jane"))
	require.Equal(t, http.StatusOK, resp.StatusCode)
	var body map[string]json.RawMessage
	readJSON(t, resp, &body)
	require.Equal(t, "{}", string(body["profile"]))
	require.NotContains(t, body, "providerInfo")
}

func TestRoutesThatAProxyDoesNotHave(t *testing.T) {
	r := newRig(t, nil)
	for route, method := range map[string]string{"/start": http.MethodGet, "/handler/frame": http.MethodGet, "/logout": http.MethodPost} {
		wantRefusal(t, send(r.handler, method, provider+route, r.good()), http.StatusNotImplemented, "NotImplementedError")
	}
	for _, method := range []string{http.MethodHead, http.MethodPut, http.MethodDelete} {
		require.Equal(t, http.StatusMethodNotAllowed, send(r.handler, method, provider+"/refresh", r.good()).StatusCode)
	}
	require.Empty(t, r.issuer.Issued())
	require.Empty(t, r.net.requests())
}

// TestRequestGuard: the proxy's cookie comes along with whatever a foreign page asks for, so the credential alone is not enough.
func TestRequestGuard(t *testing.T) {
	r := newRig(t, nil)
	a := &signsOut{SignOutAnswer: proxyauth.SignOut{URL: portal + "/out", Cookies: []*http.Cookie{{Name: "proxy", MaxAge: -1, Secure: true, HttpOnly: true}}}}
	out, _ := custom(t, proxyauth.Provider(a, proxyauth.Options[visitor]{}, byName))
	for name, header := range map[string]http.Header{
		"no X-Requested-With":          {},
		"another X-Requested-With":     {"X-Requested-With": {"xmlhttprequest"}},
		"X-Requested-With twice":       {"X-Requested-With": {"XMLHttpRequest", "XMLHttpRequest"}},
		"foreign origin":               {"X-Requested-With": {"XMLHttpRequest"}, "Origin": {"https://evil.example.net"}},
		"foreign origin, same site":    {"X-Requested-With": {"XMLHttpRequest"}, "Origin": {"https://evil.example.com"}, "Sec-Fetch-Site": {"same-site"}},
		"null origin":                  {"X-Requested-With": {"XMLHttpRequest"}, "Origin": {"null"}, "Sec-Fetch-Site": {"same-origin"}},
		"cross-site without an origin": {"X-Requested-With": {"XMLHttpRequest"}, "Sec-Fetch-Site": {"cross-site"}},
		"navigation":                   {"X-Requested-With": {"XMLHttpRequest"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Site": {"same-origin"}},
	} {
		t.Run(name, func(t *testing.T) {
			header.Set(tokenHeader, r.token())
			header.Set("X-Name", "jane")
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				wantRefusal(t, send(r.handler, method, provider+"/refresh", header), http.StatusForbidden, "NotAllowedError")
			}
			wantRefusal(t, send(out, http.MethodPost, provider+"/logout", header), http.StatusForbidden, "NotAllowedError")
		})
	}
	require.Empty(t, r.net.requests())
	require.Empty(t, r.issuer.Issued())
	for name, header := range map[string]http.Header{
		"page of the app":        {"X-Requested-With": {"XMLHttpRequest"}, "Origin": {portal}, "Sec-Fetch-Site": {"same-origin"}},
		"without Fetch-Metadata": {"X-Requested-With": {"XMLHttpRequest"}},
	} {
		t.Run(name, func(t *testing.T) {
			header.Set(tokenHeader, r.token())
			require.Equal(t, http.StatusOK, r.refresh(header).StatusCode)
		})
	}
}

// signsOut is an authenticator that has everything.
type signsOut struct {
	SignOutAnswer proxyauth.SignOut
	origins       []string
}

func (a *signsOut) Authenticate(ctx context.Context, r *http.Request) (visitor, error) {
	return named.Authenticate(ctx, r)
}

func (a *signsOut) SignOut(origin string) proxyauth.SignOut {
	a.origins = append(a.origins, origin)
	return a.SignOutAnswer
}

func (a *signsOut) CredentialHeaders() []string { return []string{"x-name", "X-Access-Token"} }

func TestLogout(t *testing.T) {
	cookie := &http.Cookie{Name: "AWSELBAuthSessionCookie-0", Value: "x", Path: "/", MaxAge: -1, Secure: true, HttpOnly: true}
	for name, row := range map[string]struct {
		answer  proxyauth.SignOut
		body    string
		cookies int
	}{
		"URL":             {proxyauth.SignOut{URL: portal + "/cdn-cgi/access/logout?a=1&b=2"}, portal + "/cdn-cgi/access/logout?a=1&b=2", 0},
		"cookies":         {proxyauth.SignOut{Cookies: []*http.Cookie{cookie}}, "", 1},
		"URL and cookies": {proxyauth.SignOut{URL: portal + "/out", Cookies: []*http.Cookie{cookie}}, portal + "/out", 1},
	} {
		t.Run(name, func(t *testing.T) {
			a := &signsOut{SignOutAnswer: row.answer}
			h, log := custom(t, proxyauth.Provider(a, proxyauth.Options[visitor]{}, byName))
			for range 2 {
				resp := send(h, http.MethodPost, provider+"/logout", script()) // the proxy may have ended the session already
				require.Equal(t, http.StatusOK, resp.StatusCode)
				require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
				require.Len(t, resp.Cookies(), row.cookies)
				require.Equal(t, authprovider.AuditLoggedOut, log.Last().Event)
				if row.body == "" {
					require.Empty(t, resp.Header.Get("Content-Type"))
					continue
				}
				var body map[string]string
				readJSON(t, resp, &body)
				require.Equal(t, map[string]string{"logoutUrl": row.body}, body)
			}
			require.Equal(t, []string{portal}, a.origins, "asked once, for the origin alone")
			require.Equal(t, http.StatusMethodNotAllowed, send(h, http.MethodGet, provider+"/logout", script()).StatusCode)
		})
	}
	h, _ := custom(t, proxyauth.Provider(&signsOut{}, proxyauth.Options[visitor]{}, byName))
	wantRefusal(t, send(h, http.MethodPost, provider+"/logout", script()), http.StatusNotImplemented, "NotImplementedError")
}

func TestProviderRefuses(t *testing.T) {
	type options = proxyauth.Options[visitor]
	out := func(answer proxyauth.SignOut) authprovider.ProviderFactory {
		return proxyauth.Provider(&signsOut{SignOutAnswer: answer}, options{}, byName)
	}
	for _, row := range []struct {
		want    string
		factory authprovider.ProviderFactory
		issuer  authprovider.TokenIssuer
	}{
		{"an Authenticator is required", proxyauth.Provider[visitor](nil, options{}, byName), &issuer{}},
		{"an Authenticator is required", proxyauth.Provider[visitor]((*signsOut)(nil), options{}, byName), &issuer{}},
		{"an Authenticator is required", proxyauth.Provider[visitor](proxyauth.AuthenticatorFunc[visitor](nil), options{}, byName), &issuer{}},
		{"an Authenticator is required", proxyauth.Provider[result]((*proxyauth.JWTAuthenticator)(nil), proxyauth.Options[result]{}, bySubject), &issuer{}},
		{"a sign-in resolver is required", proxyauth.Provider(named, options{}), &issuer{}},
		{"a sign-in resolver is nil", proxyauth.Provider(named, options{}, byName, nil), &issuer{}},
		{"Config.Issuer is required", proxyauth.Provider(named, options{}, byName), nil},
		{`SignOut.URL "/out" is not an absolute URL`, out(proxyauth.SignOut{URL: "/out"}), &issuer{}},
		{`SignOut.URL "javascript:alert(1)" is not`, out(proxyauth.SignOut{URL: "javascript:alert(1)"}), &issuer{}},
		{`SignOut.URL "//evil.example.net" is not`, out(proxyauth.SignOut{URL: "//evil.example.net"}), &issuer{}},
		{`SignOut.URL "https://portal@evil.example.net/" is not`, out(proxyauth.SignOut{URL: "https://portal@evil.example.net/"}), &issuer{}},
		{"SignOut.Cookies: http: invalid Cookie.Name", out(proxyauth.SignOut{Cookies: []*http.Cookie{{Name: "a b"}}}), &issuer{}},
		{"SignOut.Cookies: http: nil Cookie", out(proxyauth.SignOut{Cookies: []*http.Cookie{nil}}), &issuer{}},
	} {
		t.Run(row.want, func(t *testing.T) {
			_, err := authprovider.New(authprovider.Config{BaseURL: base, Secrets: [][]byte{make([]byte, 32)}, Issuer: row.issuer, Providers: map[string]authprovider.ProviderFactory{"proxy": row.factory}})
			require.ErrorContains(t, err, `authprovider: provider "proxy": proxyauth: `+row.want)
		})
	}
}

// TestSignInHeader: the app's own headers reach the resolver, and credentials do not.
func TestSignInHeader(t *testing.T) {
	var got http.Header
	h, _ := custom(t, proxyauth.Provider(&signsOut{}, proxyauth.Options[visitor]{},
		func(ctx ctx, in authprovider.SignInInfo[visitor], rc *rc) (*authprovider.Identity, error) {
			got = in.Header
			in.Header.Set("X-Team", "changed")
			return byName(ctx, in, rc)
		}))
	sent := script("X-Name", "jane", "X-Access-Token", "at", "Authorization", "Bearer x", "Cookie", "a=b", "Proxy-Authorization", "Basic x", "X-Team", "a", "X-Team", "b")
	r := httptest.NewRequest(http.MethodGet, provider+"/refresh", nil)
	r.Header = sent.Clone()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, []string{"changed"}, got["X-Team"])
	for _, name := range []string{"X-Name", "X-Access-Token", "Authorization", "Cookie", "Proxy-Authorization"} {
		require.NotContains(t, got, name)
	}
	require.Equal(t, sent, r.Header, "the request itself is left alone")
}

type catalog func() ([]authprovider.User, error)

func (c catalog) FindUsers(context.Context, authprovider.UserQuery) ([]authprovider.User, error) {
	return c()
}

// TestOutcomes: who is refused is told one sentence, and what fails is told apart.
func TestOutcomes(t *testing.T) {
	const marker = "marker-of-the-cause"
	cause := errors.New(marker)
	type options = proxyauth.Options[visitor]
	type resolve = authprovider.SignInResolver[visitor]
	fails := func(err error) resolve {
		return func(ctx, authprovider.SignInInfo[visitor], *rc) (*authprovider.Identity, error) { return nil, err }
	}
	authenticates := func(err error) proxyauth.AuthenticatorFunc[visitor] {
		return func(ctx, *http.Request) (visitor, error) { return visitor{}, err }
	}
	transforms := func(err error) options {
		return options{ProfileTransform: func(ctx, visitor, *rc) (authprovider.Profile, error) { return authprovider.Profile{}, err }}
	}
	down := func(c *authprovider.Config) {
		c.Users = catalog(func() ([]authprovider.User, error) { return nil, cause })
	}
	both := func(c *authprovider.Config) {
		c.Users = catalog(func() ([]authprovider.User, error) { return []authprovider.User{jane, jane}, nil })
	}
	unreachable := func(c *authprovider.Config) {
		c.Users = catalog(func() ([]authprovider.User, error) {
			return nil, fmt.Errorf("%w: "+marker, authprovider.ErrUnavailable)
		})
	}
	noIssue := func(c *authprovider.Config) { c.Issuer = &issuer{Err: cause} }
	never := resolve(func(ctx, authprovider.SignInInfo[visitor], *rc) (*authprovider.Identity, error) {
		panic("this resolver must not be reached")
	})
	for _, row := range []struct {
		name    string
		factory authprovider.ProviderFactory
		change  func(*authprovider.Config)
		status  int
		wire    string
		code    string
		event   authprovider.AuditEvent
	}{
		{"no match", proxyauth.Provider(named, options{}, fails(authprovider.ErrNoMatch), fails(authprovider.ErrUserNotFound)), nil, 403, "NotAllowedError", "sign_in_refused", authprovider.AuditRefused},
		{"refusal", proxyauth.Provider(named, options{}, fails(fmt.Errorf("%w: "+marker, authprovider.ErrNotAllowed)), never), nil, 403, "NotAllowedError", "sign_in_refused", authprovider.AuditRefused},
		{"catalog down", proxyauth.Provider(named, options{}, byName, never), down, 500, "Error", "internal_error", authprovider.AuditFailed},
		{"catalog unavailable", proxyauth.Provider(named, options{}, byName, never), unreachable, 503, "ServiceUnavailableError", "unavailable", authprovider.AuditFailed},
		{"two users", proxyauth.Provider(named, options{}, byName, never), both, 409, "ConflictError", "conflict", authprovider.AuditRefused},
		{"resolver panics", proxyauth.Provider(named, options{}, never), nil, 500, "Error", "internal_error", authprovider.AuditFailed},
		{"resolver says nothing", proxyauth.Provider(named, options{}, fails(nil), never), nil, 500, "Error", "internal_error", authprovider.AuditFailed},
		{"authenticator refuses", proxyauth.Provider(authenticates(proxyauth.Refuse("token_unknown", cause)), options{}, never), nil, 401, "AuthenticationError", "token_unknown", authprovider.AuditRefused},
		{"authenticator fails", proxyauth.Provider(authenticates(cause), options{}, never), nil, 500, "Error", "internal_error", authprovider.AuditFailed},
		{"authenticator panics", proxyauth.Provider(proxyauth.AuthenticatorFunc[visitor](func(ctx, *http.Request) (visitor, error) { panic(cause) }), options{}, never), nil, 500, "Error", "internal_error", authprovider.AuditFailed},
		{"transform refuses", proxyauth.Provider(named, transforms(fmt.Errorf("%w: "+marker, authprovider.ErrNotAllowed)), never), nil, 403, "NotAllowedError", "sign_in_refused", authprovider.AuditRefused},
		{"transform fails", proxyauth.Provider(named, transforms(cause), never), nil, 500, "Error", "internal_error", authprovider.AuditFailed},
		{"transform panics", proxyauth.Provider(named, options{ProfileTransform: func(ctx, visitor, *rc) (authprovider.Profile, error) { panic(cause) }}, never), nil, 500, "Error", "internal_error", authprovider.AuditFailed},
		{"description panics", proxyauth.Provider(panics{named}, options{}, never), nil, 500, "Error", "internal_error", authprovider.AuditFailed},
		{"issuer fails", proxyauth.Provider(named, options{}, byName), noIssue, 500, "Error", "internal_error", authprovider.AuditFailed},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.change == nil {
				row.change = func(*authprovider.Config) {}
			}
			h, log := custom(t, row.factory, row.change)
			resp := send(h, http.MethodGet, provider+"/refresh", script("X-Name", "jane"))
			require.Equal(t, row.code, wantRefusal(t, resp, row.status, row.wire))
			require.Len(t, log.Events(), 1)
			require.Equal(t, row.event, log.Last().Event)
			require.Equal(t, row.code, log.Last().Attrs["reason"])
		})
	}
}

type panics struct {
	proxyauth.Authenticator[visitor]
}

func (panics) Describe(visitor) proxyauth.Description { panic("no description") }

func TestResolversInOrder(t *testing.T) {
	pass := func(context.Context, authprovider.SignInInfo[visitor], *rc) (*authprovider.Identity, error) {
		return nil, authprovider.ErrNoMatch
	}
	h, _ := custom(t, proxyauth.Provider(named, proxyauth.Options[visitor]{ProfileTransform: func(_ ctx, v visitor, _ *rc) (authprovider.Profile, error) {
		return authprovider.Profile{DisplayName: "Ms " + v.Name}, nil
	}}, pass, byName))
	var body authprovider.ClientAuthResponse
	readJSON(t, send(h, http.MethodGet, provider+"/refresh", script("X-Name", "jane")), &body)
	require.Equal(t, "Ms jane", body.Profile.DisplayName)
	require.Equal(t, "user:default/jane", body.BackstageIdentity.Identity.UserEntityRef)
}

// TestEnvironments: ProxiedSignInPage names no environment, and gets Config.Environment.
func TestEnvironments(t *testing.T) {
	environment := func(name string) authprovider.ProviderFactory {
		return proxyauth.Provider(named, proxyauth.Options[visitor]{ProfileTransform: func(ctx, visitor, *rc) (authprovider.Profile, error) {
			return authprovider.Profile{DisplayName: name}, nil
		}}, byName)
	}
	factory := oauthadapter.EnvironmentHandler(map[string]authprovider.ProviderFactory{"development": environment("development"), "production": environment("production")})
	h, log := custom(t, factory, func(c *authprovider.Config) { c.Environment = "production" })
	for query, want := range map[string]string{"": "production", "?env=": "production", "?env=development": "development", "?env=production": "production"} {
		resp := send(h, http.MethodGet, provider+"/refresh"+query, script("X-Name", "jane"))
		var body authprovider.ClientAuthResponse
		readJSON(t, resp, &body)
		require.Equal(t, want, body.Profile.DisplayName, query)
		require.Equal(t, want, log.Last().Attrs["environment"])
	}
	wantRefusal(t, send(h, http.MethodGet, provider+"/refresh?env=x", script("X-Name", "jane")), http.StatusNotFound, "NotFoundError")

	h, _ = custom(t, factory)
	wantRefusal(t, send(h, http.MethodGet, provider+"/refresh", script("X-Name", "jane")), http.StatusBadRequest, "InputError")

	// A provider without environments does not look at the parameter, whatever a page sends.
	h, _ = custom(t, environment("alone"))
	require.Equal(t, http.StatusOK, send(h, http.MethodGet, provider+"/refresh?env=x&env=y&optional", script("X-Name", "jane")).StatusCode)
}

func TestConformance(t *testing.T) {
	r := newRig(t, nil)
	token := r.token()
	authprovidertest.TestRouteHandlers(t, authprovidertest.RouteHandlersConfig{
		Provider: func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
			return proxyauth.JWTProvider(r.config, bySubject)(pc)
		},
		Config:      authprovider.Config{Users: authprovidertest.Users(t, jane), HTTPClient: &http.Client{Transport: r.net}, Now: r.clock.Now},
		Unsupported: []string{"start", "handler/frame", "logout"},
		Edge: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				req.Header.Set(tokenHeader, token)
				next.ServeHTTP(w, req)
			})
		},
		Secrets: []string{token},
	})
	authprovidertest.TestHandler(t, authprovidertest.HandlerConfig{Handler: r.handler, ProviderURL: provider, Log: r.log,
		Unsupported: []string{"start", "handler/frame", "logout"}, Secrets: []string{token}})
	h, log := custom(t, proxyauth.Provider(&signsOut{SignOutAnswer: proxyauth.SignOut{URL: portal + "/out"}}, proxyauth.Options[visitor]{}, byName))
	authprovidertest.TestHandler(t, authprovidertest.HandlerConfig{Handler: h, ProviderURL: provider, Log: log, Unsupported: []string{"start", "handler/frame"}})
}

// TestClientGone: who closes the page is no failure of ours.
func TestClientGone(t *testing.T) {
	r := newRig(t, nil)
	r.net.set("proxy.example.com", func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() })
	ctx, cancel := contextWithCancel(t)
	cancel()
	req := httptest.NewRequestWithContext(ctx, http.MethodGet, provider+"/refresh", nil)
	req.Header = r.good()
	r.handler.ServeHTTP(httptest.NewRecorder(), req)
	require.Equal(t, "client_gone", r.log.Last().Attrs["reason"])
	require.Equal(t, authprovider.AuditRefused, r.log.Last().Event)
}
