package authprovidertest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"example.com/stagedoor/authprovider"
)

// Where conformance runs mount what they test. Vendors have to know the callback.
const (
	ConformanceBaseURL  = "https://portal.example.com/api/auth"
	ConformanceProvider = ConformanceBaseURL + "/under-test"
	ConformanceCallback = ConformanceProvider + "/handler/frame"

	conformanceID     = "under-test"
	conformanceOrigin = "https://portal.example.com"
	foreignOrigin     = "https://evil.example.net"
)

// RouteHandlersConfig is what [TestRouteHandlers] tests.
type RouteHandlersConfig struct {
	// Provider makes the provider under test. Required. It is called for each case, so that no case sees another's state.
	Provider authprovider.ProviderFactory
	// Config is the handler's configuration: its issuer, users, clock and the like. The addresses in it, Providers, Secrets and
	// Logger are the run's. If it has no Issuer, it is an [Issuer].
	Config authprovider.Config
	// Unsupported are the routes that the provider does not serve: of "start", "handler/frame", "refresh" and "logout".
	Unsupported []string
	// Scopes are asked for at sign-in.
	Scopes []string
	// Edge is put in front of the handler: what a reverse proxy does, such as to add the header by which it vouches for the
	// person. If nil, nothing.
	Edge func(http.Handler) http.Handler
	// Browser prepares each browser, such as with [Browser.Host] for a vendor that is not on loopback. If nil, it is left as it is.
	Browser func(*Browser)
	// Secrets are texts that must not show in the log and in redirects, such as the client's secret.
	Secrets []string
}

// TestRouteHandlers runs what the contract of [authprovider.RouteHandlers] says, and what its users rely on, against a
// provider. For providers that sign in, the vendor has to be one that needs no person, such as a [Provider] whose client may
// redirect to [ConformanceCallback].
func TestRouteHandlers(t testing.TB, c RouteHandlersConfig) {
	t.Helper()
	if c.Provider == nil {
		t.Fatalf("authprovidertest: RouteHandlersConfig.Provider is required")
	}
	newRig := func(t testing.TB) *routeRig { return c.newRig(t) }
	cases := append(slices.Clone(contractCases), attackCases(c.Unsupported)...)
	if c.Edge != nil && !slices.Contains(c.Unsupported, "refresh") {
		cases = append(cases, edgeCases...)
	}
	runCases(t, newRig, cases)
}

// HandlerConfig is what [TestHandler] attacks.
type HandlerConfig struct {
	// Handler is the host's own, as requests reach it from outside: with its middleware, and with the ingress if there is
	// something to it. Required.
	Handler http.Handler
	// ProviderURL is the external URL of one provider: "https://portal.example.com/api/auth/github". Required.
	ProviderURL string
	// CallbackURL is the provider's redirect URI. If empty, it is ProviderURL and "/handler/frame".
	CallbackURL string
	// AppOrigin is the origin of the app. If empty, it is that of ProviderURL.
	AppOrigin string
	// Unsupported are the routes that the provider does not serve: of "start", "handler/frame", "refresh" and "logout".
	Unsupported []string
	// Scopes are asked for at sign-in.
	Scopes []string
	// Browser prepares each browser, such as with [Browser.Host] for a vendor that is not on loopback, or with a clock. If nil,
	// it is left as it is.
	Browser func(*Browser)
	// Log is what the handler logs to. If nil, the log is not looked at.
	Log *AuditLog
	// Secrets are texts that must not show in the log and in redirects, such as the client's secret.
	Secrets []string
}

// TestHandler attacks a host's own wiring: its origins, its middleware, its resolvers, its ingress. The vendor has to be one that needs
// no person, such as a [Provider], and the person who signs in there one who may.
func TestHandler(t testing.TB, c HandlerConfig) {
	t.Helper()
	if c.Handler == nil {
		t.Fatalf("authprovidertest: HandlerConfig.Handler is required")
	}
	u, err := url.Parse(c.ProviderURL)
	if err != nil || u.Host == "" {
		t.Fatalf("authprovidertest: HandlerConfig.ProviderURL %q is not an absolute URL", c.ProviderURL)
	}
	if c.CallbackURL == "" {
		c.CallbackURL = c.ProviderURL + "/handler/frame"
	}
	if c.AppOrigin == "" {
		c.AppOrigin = originOf(u)
	}
	runCases(t, func(t testing.TB) *routeRig { return c.newRig(t) }, attackCases(c.Unsupported))
}

var allRoutes = [...]string{"start", "handler/frame", "refresh", "logout"}

// attackCases are those that need nothing but HTTP.
func attackCases(unsupported []string) []conformanceCase[*routeRig] {
	cases := slices.Clone(requestCases)
	supports := func(route string) bool { return !slices.Contains(unsupported, route) }
	if !supports("start") || !supports("handler/frame") {
		return cases
	}
	cases = slices.Concat(cases, startCases, callbackCases)
	if supports("refresh") {
		cases = append(cases, sessionCases...)
	}
	return cases
}

// routeRig is a mounted provider, and a browser with its app.
type routeRig struct {
	HandlerConfig
	browser *Browser
	app     App

	// For TestRouteHandlers alone:
	routes  authprovider.RouteHandlers // without the edge of authprovider, to see what they return
	noProxy http.Handler               // without RouteHandlersConfig.Edge
}

func (c HandlerConfig) newRig(t testing.TB) *routeRig {
	t.Helper()
	r := &routeRig{HandlerConfig: c, browser: NewBrowser(t), app: App{Origin: c.AppOrigin, Provider: c.ProviderURL}}
	r.browser.Host(originOf(r.browser.parse(c.ProviderURL)), c.Handler)
	if c.Browser != nil {
		c.Browser(r.browser)
	}
	return r
}

func (c RouteHandlersConfig) newRig(t testing.TB) *routeRig {
	t.Helper()
	log := &AuditLog{}
	config := c.Config
	config.AppURL, config.MountPath = "", ""
	config.BaseURL, config.Secrets, config.Logger = ConformanceBaseURL, [][]byte{[]byte("conformance secret: 32 bytes long")}, log.Logger()
	if config.Issuer == nil {
		config.Issuer = &Issuer{Now: config.Now}
	}
	var routes authprovider.RouteHandlers
	config.Providers = map[string]authprovider.ProviderFactory{conformanceID: func(pc *authprovider.ProviderContext) (_ authprovider.RouteHandlers, err error) {
		routes, err = c.Provider(pc)
		return routes, err
	}}
	handler, err := authprovider.New(config)
	if err != nil {
		t.Fatalf("the provider cannot be built: %v", err)
	}
	edge := http.Handler(handler)
	if c.Edge != nil {
		edge = c.Edge(handler)
	}
	r := HandlerConfig{
		Handler: edge, ProviderURL: ConformanceProvider, CallbackURL: ConformanceCallback, AppOrigin: conformanceOrigin,
		Unsupported: c.Unsupported, Scopes: c.Scopes, Log: log, Secrets: c.Secrets,
		Browser: func(b *Browser) {
			b.Now = config.Now
			if c.Browser != nil {
				c.Browser(b)
			}
		},
	}.newRig(t)
	r.routes, r.noProxy = routes, handler
	return r
}

func (r *routeRig) supports(route string) bool { return !slices.Contains(r.Unsupported, route) }

// method is one that the route takes.
func method(route string) string {
	if route == "logout" {
		return http.MethodPost
	}
	return http.MethodGet
}

// send sends a request without Origin and Sec-Fetch headers but those given, with the browser's cookies.
func (r *routeRig) send(method, route, query string, header http.Header) *Hop {
	return r.sendTo(r.Handler, method, route, query, header)
}

func (r *routeRig) sendTo(h http.Handler, method, route, query string, header http.Header) *Hop {
	target := r.ProviderURL + "/" + route
	if query != "" {
		target += "?" + query
	}
	req := httptest.NewRequest(method, target, nil)
	for name, values := range header {
		req.Header[name] = values
	}
	for _, c := range r.browser.Cookies(target) {
		req.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, req)
	hop := &Hop{Method: method, URL: target, Sent: req.Header}
	hop.take(recorder.Result())
	return hop
}

func wantStatus(t testing.TB, what string, hop *Hop, status ...int) {
	t.Helper()
	if !slices.Contains(status, hop.Status) {
		t.Errorf("%s: status %d, want one of %d; body %.200q", what, hop.Status, status, hop.Body)
	}
}

func wantNoCookie(t testing.TB, what string, hop *Hop) {
	t.Helper()
	for _, line := range hop.Header.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		if err != nil || c.MaxAge >= 0 {
			name, _, _ := strings.Cut(line, "=")
			t.Errorf("%s: the answer sets the cookie %q", what, name)
		}
	}
}

func wantUncached(t testing.TB, what string, hop *Hop) {
	t.Helper()
	if !strings.Contains(hop.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("%s: Cache-Control is %q, want no-store", what, hop.Header.Get("Cache-Control"))
	}
	if hop.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: X-Content-Type-Options is %q, want nosniff", what, hop.Header.Get("X-Content-Type-Options"))
	}
}

// requestCases hold for every provider, and show in HTTP alone.
var requestCases = []conformanceCase[*routeRig]{
	{"unsupported routes", "A route that the provider does not serve answers 501; embed authprovider.Unsupported.", func(t testing.TB, r *routeRig) {
		for _, route := range allRoutes {
			hop := r.send(method(route), route, "", scriptHeader())
			if r.supports(route) {
				if hop.Status == http.StatusNotImplemented {
					t.Errorf("%s: status 501, but RouteHandlersConfig.Unsupported does not list it", route)
				}
				continue
			}
			wantStatus(t, route, hop, http.StatusNotImplemented)
			wantNoCookie(t, route, hop)
		}
	}},
	{"methods", "A wrong method answers 405 with Allow and changes nothing; HEAD is one of them, since link checkers send it.", func(t testing.TB, r *routeRig) {
		wrong := map[string][]string{
			"start": {http.MethodHead, http.MethodPost, http.MethodPut}, "handler/frame": {http.MethodHead, http.MethodPut, http.MethodDelete},
			"refresh": {http.MethodHead, http.MethodPut, http.MethodDelete}, "logout": {http.MethodGet, http.MethodHead, http.MethodDelete},
		}
		for _, route := range allRoutes {
			for _, m := range wrong[route] {
				hop := r.send(m, route, "", scriptHeader())
				wantStatus(t, m+" "+route, hop, http.StatusMethodNotAllowed)
				wantNoCookie(t, m+" "+route, hop)
				if hop.Header.Get("Allow") == "" {
					t.Errorf("%s %s: no Allow header (RFC 9110 section 15.5.6)", m, route)
				}
			}
		}
	}},
	{"requests of scripts", "Refresh and logout act on what the browser or the proxy adds by itself, so they refuse whatever the app's own script cannot have sent; call OriginPolicy.CheckRequest first.", func(t testing.TB, r *routeRig) {
		for _, route := range []string{"refresh", "logout"} {
			if !r.supports(route) {
				continue
			}
			for what, header := range r.foreignRequests() {
				hop := r.send(method(route), route, "", header)
				wantStatus(t, route+" "+what, hop, http.StatusForbidden)
				if len(hop.Header.Values("Set-Cookie")) > 0 {
					t.Errorf("%s %s: the answer sets or ends cookies", route, what)
				}
			}
		}
	}},
	{"answers are not stored", "Answers with tokens must not stay in a cache, nor be read as another type (RFC 6749 section 5.1).", func(t testing.TB, r *routeRig) {
		for _, route := range allRoutes {
			wantUncached(t, route, r.send(method(route), route, "", scriptHeader()))
		}
	}},
	{"repeated parameters", "A parameter that stands in a request twice is refused with 400 and nothing set: a proxy and the handler may read different ones.", func(t testing.TB, r *routeRig) {
		for _, query := range []string{"env=a&env=b", "scope=a&scope=b"} {
			for _, route := range []string{"start", "refresh"} {
				if !r.supports(route) || !r.supports("start") {
					continue
				}
				hop := r.send(method(route), route, query, scriptHeader())
				wantStatus(t, route+"?"+query, hop, http.StatusBadRequest)
				wantNoCookie(t, route+"?"+query, hop)
			}
		}
	}},
}

// contractCases look at what the handlers return.
var contractCases = []conformanceCase[*routeRig]{
	{"either an error or an answer", "A returned error means that nothing was written, so that it can be rendered; no error means that an answer was.", func(t testing.TB, r *routeRig) {
		serve := map[string]func(http.ResponseWriter, *http.Request) error{
			"start": r.routes.Start, "handler/frame": r.routes.FrameHandler, "refresh": r.routes.Refresh, "logout": r.routes.Logout,
		}
		for _, route := range allRoutes {
			for _, query := range hostileQueries {
				for _, header := range []http.Header{{}, scriptHeader(), {"Origin": {foreignOrigin}}} {
					req := httptest.NewRequest(method(route), r.ProviderURL+"/"+route, nil)
					req.URL.RawQuery, req.Header = query, header.Clone()
					w := &watchedWriter{ResponseRecorder: httptest.NewRecorder()}
					err := serve[route](w, req)
					if err != nil && w.written {
						t.Errorf("%s?%s: an error was returned after an answer was written: %v", route, query, err)
					}
					if err == nil && !w.written {
						t.Errorf("%s?%s: neither an answer nor an error", route, query)
					}
				}
			}
		}
	}},
}

// edgeCases are for providers behind a proxy that vouches for the person.
var edgeCases = []conformanceCase[*routeRig]{
	{"behind the proxy", "A refresh that comes through the proxy gives a session; one that does not is 401, and neither sets a cookie.", func(t testing.TB, r *routeRig) {
		hop := r.send(http.MethodGet, "refresh", "", scriptHeader())
		wantStatus(t, "through the proxy", hop, http.StatusOK)
		wantUncached(t, "through the proxy", hop)
		wantNoCookie(t, "through the proxy", hop)
		hop = r.sendTo(r.noProxy, http.MethodGet, "refresh", "", scriptHeader())
		wantStatus(t, "past the proxy", hop, http.StatusUnauthorized)
		wantNoCookie(t, "past the proxy", hop)
	}},
}

// hostileQueries are what anybody can send to any route.
var hostileQueries = []string{
	"", "env=nowhere", "env=__proto__", "scope=a&scope=b", "a=%zz", "a;b", "state=x&code=y", "state=" + strings.Repeat("x", 4096), "flow=redirect&redirectUrl=https://evil.example.net/",
	"origin=https://evil.example.net", "error=access_denied&error_description=%3Cscript%3E&state=x", "scope=%00", "state=.%2e&code=", "code=x",
}

// foreignRequests are the requests that pages other than the app's can cause.
func (r *routeRig) foreignRequests() map[string]http.Header {
	return map[string]http.Header{
		"without X-Requested-With":     {"Origin": {r.AppOrigin}},
		"with another value":           {"Origin": {r.AppOrigin}, "X-Requested-With": {"fetch"}},
		"from another origin":          {"Origin": {foreignOrigin}, "X-Requested-With": {"XMLHttpRequest"}},
		"from a sandboxed page":        {"Origin": {"null"}, "X-Requested-With": {"XMLHttpRequest"}},
		"from two origins":             {"Origin": {r.AppOrigin, foreignOrigin}, "X-Requested-With": {"XMLHttpRequest"}},
		"by navigation":                {"Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Site": {"same-origin"}, "X-Requested-With": {"XMLHttpRequest"}},
		"cross-site without an Origin": {"Sec-Fetch-Mode": {"no-cors"}, "Sec-Fetch-Site": {"cross-site"}, "X-Requested-With": {"XMLHttpRequest"}},
	}
}

type watchedWriter struct {
	*httptest.ResponseRecorder
	written bool
}

func (w *watchedWriter) WriteHeader(status int) {
	w.written = true
	w.ResponseRecorder.WriteHeader(status)
}

func (w *watchedWriter) Write(p []byte) (int, error) {
	w.written = true
	return w.ResponseRecorder.Write(p)
}

func (w *watchedWriter) WriteString(s string) (int, error) {
	w.written = true
	return w.ResponseRecorder.WriteString(s)
}
