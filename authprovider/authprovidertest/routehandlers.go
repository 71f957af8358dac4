package authprovidertest

import (
	"net/http"
	"net/http/httptest"
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
	// Config is the handler's configuration beyond BaseURL, Providers, Secrets and Logger. If it has no Issuer, it is an [Issuer].
	Config authprovider.Config
	// Unsupported are the routes that the provider does not serve: of "start", "handler/frame", "refresh" and "logout".
	Unsupported []string
	// Scopes are asked for at sign-in.
	Scopes []string
	// Edge is put in front of the handler: what a reverse proxy does, such as to add the header by which it vouches for the person. If nil, nothing.
	Edge func(http.Handler) http.Handler
	// Browser prepares each browser, such as with [Browser.Host] for a vendor that is not on loopback. If nil, it is left as it is.
	Browser func(*Browser)
	// Secrets are texts that must not show in the log and in redirects, such as the client's secret.
	Secrets []string
}

// TestRouteHandlers runs what the contract of [authprovider.RouteHandlers] says, and what its users rely on, against a provider.
// For providers that sign in, the vendor has to be one that needs no person, such as a [Provider] whose client may redirect to [ConformanceCallback].
func TestRouteHandlers(t testing.TB, c RouteHandlersConfig) {
	t.Helper()
	if c.Provider == nil {
		t.Fatalf("authprovidertest: RouteHandlersConfig.Provider is required")
	}
	newRig := func(t testing.TB) *routeRig { return newRouteRig(t, c) }
	cases := slices.Clone(contractCases)
	if c.supports("start") && c.supports("handler/frame") {
		cases = append(cases, startCases...)
		cases = append(cases, callbackCases...)
		if c.supports("refresh") {
			cases = append(cases, sessionCases...)
		}
	}
	runCases(t, newRig, cases)
}

var allRoutes = [...]string{"start", "handler/frame", "refresh", "logout"}

func (c RouteHandlersConfig) supports(route string) bool {
	return !slices.Contains(c.Unsupported, route)
}

// routeRig is the provider under test in a handler, and a browser with its app.
type routeRig struct {
	RouteHandlersConfig
	routes  authprovider.RouteHandlers // without the edge of authprovider, to see what they return
	browser *Browser
	app     App
	log     *AuditLog
}

func newRouteRig(t testing.TB, c RouteHandlersConfig) *routeRig {
	t.Helper()
	r := &routeRig{
		RouteHandlersConfig: c,
		browser:             NewBrowser(t),
		app:                 App{Origin: conformanceOrigin, Provider: ConformanceProvider},
		log:                 &AuditLog{},
	}
	config := c.Config
	config.BaseURL, config.Secrets, config.Logger = ConformanceBaseURL, [][]byte{[]byte("conformance secret: 32 bytes long")}, r.log.Logger()
	if config.Issuer == nil {
		config.Issuer = &Issuer{Now: config.Now}
	}
	config.Providers = map[string]authprovider.ProviderFactory{conformanceID: func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
		routes, err := c.Provider(pc)
		r.routes = routes
		return routes, err
	}}
	handler, err := authprovider.New(config)
	if err != nil {
		t.Fatalf("the provider cannot be built: %v", err)
	}
	edge := http.Handler(handler)
	if c.Edge != nil {
		edge = c.Edge(edge)
	}
	r.browser.Host(conformanceOrigin, edge)
	r.browser.Now = config.Now
	if c.Browser != nil {
		c.Browser(r.browser)
	}
	return r
}

// method is one that the route takes.
func method(route string) string {
	if route == "logout" {
		return http.MethodPost
	}
	return http.MethodGet
}

// send sends a request without Origin and Sec-Fetch headers but those given, with the browser's cookies.
func (r *routeRig) send(method, route, query string, header http.Header) *Hop {
	target := ConformanceProvider + "/" + route
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
	r.browser.servers[conformanceOrigin].ServeHTTP(recorder, req)
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

// contractCases hold for every provider.
var contractCases = []conformanceCase[*routeRig]{
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
	{"either an error or an answer", "A returned error means that nothing was written, so that it can be rendered; no error means that an answer was.", func(t testing.TB, r *routeRig) {
		serve := map[string]func(http.ResponseWriter, *http.Request) error{
			"start": r.routes.Start, "handler/frame": r.routes.FrameHandler, "refresh": r.routes.Refresh, "logout": r.routes.Logout,
		}
		for _, route := range allRoutes {
			for _, query := range hostileQueries {
				for _, header := range []http.Header{{}, scriptHeader(), {"Origin": {foreignOrigin}}} {
					req := httptest.NewRequest(method(route), ConformanceProvider+"/"+route, nil)
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
	{"requests of scripts", "Refresh and logout act on what the browser or the proxy adds by itself, so they refuse whatever the app's own script cannot have sent; call OriginPolicy.CheckRequest first.", func(t testing.TB, r *routeRig) {
		for _, route := range []string{"refresh", "logout"} {
			if !r.supports(route) {
				continue
			}
			for what, header := range foreignRequests {
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

// hostileQueries are what anybody can send to any route.
var hostileQueries = []string{
	"", "env=nowhere", "env=__proto__", "scope=a&scope=b", "a=%zz", "a;b", "state=x&code=y", "state=" + strings.Repeat("x", 4096), "flow=redirect&redirectUrl=https://evil.example.net/",
	"origin=https://evil.example.net", "error=access_denied&error_description=%3Cscript%3E&state=x", "scope=%00", "state=.%2e&code=", "code=x",
}

// foreignRequests are the requests that pages other than the app's can cause.
var foreignRequests = map[string]http.Header{
	"without X-Requested-With":     {"Origin": {conformanceOrigin}},
	"with another value":           {"Origin": {conformanceOrigin}, "X-Requested-With": {"fetch"}},
	"from another origin":          {"Origin": {foreignOrigin}, "X-Requested-With": {"XMLHttpRequest"}},
	"from a sandboxed page":        {"Origin": {"null"}, "X-Requested-With": {"XMLHttpRequest"}},
	"from two origins":             {"Origin": {conformanceOrigin, foreignOrigin}, "X-Requested-With": {"XMLHttpRequest"}},
	"by navigation":                {"Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Site": {"same-origin"}, "X-Requested-With": {"XMLHttpRequest"}},
	"cross-site without an Origin": {"Sec-Fetch-Mode": {"no-cors"}, "Sec-Fetch-Site": {"cross-site"}, "X-Requested-With": {"XMLHttpRequest"}},
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
