package authprovider_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/stagedoor/authprovider"
	"github.com/stretchr/testify/require"
)

// testRoutes answers each route with its name, unless it has a function for it.
type testRoutes struct {
	start, frame, refresh, logout func(http.ResponseWriter, *http.Request) error
	formPost                      bool
}

func (r testRoutes) do(w http.ResponseWriter, req *http.Request, name string, f func(http.ResponseWriter, *http.Request) error) error {
	if f != nil {
		return f(w, req)
	}
	_, err := io.WriteString(w, name)
	return err
}

func (r testRoutes) Start(w http.ResponseWriter, req *http.Request) error {
	return r.do(w, req, "start", r.start)
}
func (r testRoutes) FrameHandler(w http.ResponseWriter, req *http.Request) error {
	return r.do(w, req, "frame", r.frame)
}
func (r testRoutes) Refresh(w http.ResponseWriter, req *http.Request) error {
	return r.do(w, req, "refresh", r.refresh)
}
func (r testRoutes) Logout(w http.ResponseWriter, req *http.Request) error {
	return r.do(w, req, "logout", r.logout)
}
func (r testRoutes) AcceptsFormPost() bool { return r.formPost }

// publishingIssuer serves all documents.
type publishingIssuer struct{ testIssuer }

func (i *publishingIssuer) ServeJWKS(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Cache-Control", "max-age=300")
	_, err := io.WriteString(w, "jwks")
	return err
}
func (i *publishingIssuer) ServeDiscovery(w http.ResponseWriter, _ *http.Request) error {
	_, err := io.WriteString(w, "discovery")
	return err
}
func (i *publishingIssuer) ServeUserInfo(w http.ResponseWriter, _ *http.Request) error {
	_, err := io.WriteString(w, "userinfo")
	return err
}

// serve answers a request on the handler of a configuration.
func serve(t *testing.T, h http.Handler, method, target string, header http.Header) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func bodyOf(t *testing.T, resp *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(data)
}

// errorBody is the JSON of an error, read with nothing unknown in it.
type errorBody struct {
	Error    struct{ Name, Message, Code string }
	Request  struct{ Method, URL string }
	Response struct{ StatusCode int }
}

func readError(t *testing.T, resp *http.Response) errorBody {
	t.Helper()
	require.Equal(t, "application/json", resp.Header.Get("Content-Type"))
	d := json.NewDecoder(strings.NewReader(bodyOf(t, resp)))
	d.DisallowUnknownFields()
	var body errorBody
	require.NoError(t, d.Decode(&body))
	require.Equal(t, resp.StatusCode, body.Response.StatusCode)
	require.NotEmpty(t, body.Error.Message)
	require.NotEmpty(t, body.Error.Code)
	return body
}

// newHandler builds a handler with one provider, demo.
func newHandler(t *testing.T, routes authprovider.RouteHandlers, change ...func(*authprovider.Config)) *authprovider.Handler {
	t.Helper()
	c := testConfig()
	c.Providers = map[string]authprovider.ProviderFactory{"demo": provide(routes)}
	for _, f := range change {
		f(&c)
	}
	h, err := authprovider.New(c)
	require.NoError(t, err)
	return h
}

func TestMethods(t *testing.T) {
	called := ""
	note := func(name string) func(http.ResponseWriter, *http.Request) error {
		return func(w http.ResponseWriter, _ *http.Request) error {
			called = name
			http.SetCookie(w, &http.Cookie{Name: "set", Value: "1"})
			return nil
		}
	}
	routes := testRoutes{start: note("start"), frame: note("frame"), refresh: note("refresh"), logout: note("logout")}
	formPost := routes
	formPost.formPost = true
	all := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "PROPFIND"}
	for _, tc := range []struct {
		name, path string
		routes     testRoutes
		allow      string
	}{
		{"start", "/start", routes, "GET"},
		{"frame", "/handler/frame", routes, "GET"},
		{"frame with form_post", "/handler/frame", formPost, "GET, POST"},
		{"refresh", "/refresh", routes, "GET, POST"},
		{"logout", "/logout", routes, "POST"},
	} {
		h := newHandler(t, tc.routes)
		for _, method := range all {
			t.Run(tc.name+" "+method, func(t *testing.T) {
				called = ""
				resp := serve(t, h, method, "https://portal.example.com/api/auth/demo"+tc.path, nil)
				require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
				require.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
				if strings.Contains(", "+tc.allow+",", ", "+method+",") {
					require.Equal(t, http.StatusOK, resp.StatusCode)
					require.NotEmpty(t, called)
					require.Empty(t, resp.Header.Get("Allow"))
					return
				}
				require.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)
				require.Equal(t, []string{tc.allow}, resp.Header.Values("Allow"))
				require.Empty(t, called)
				require.Empty(t, resp.Header.Values("Set-Cookie"))
				body := readError(t, resp)
				require.Equal(t, "MethodNotAllowedError", body.Error.Name)
				require.Equal(t, "method_not_allowed", body.Error.Code)
				require.Equal(t, method, body.Request.Method)
			})
		}
	}
}

func TestRoutesAndNearMisses(t *testing.T) {
	c := testConfig()
	c.Issuer = &publishingIssuer{testIssuer{c.BaseURL}}
	c.Providers = map[string]authprovider.ProviderFactory{"demo": provide(testRoutes{}), "v1": provide(testRoutes{})}
	h, err := authprovider.New(c)
	require.NoError(t, err)

	for path, want := range map[string]string{
		"/api/auth/demo/start": "start", "/api/auth/demo/handler/frame": "frame", "/api/auth/demo/refresh": "refresh", "/api/auth/demo/start?a=1;b": "start",
		"/api/auth/v1/start": "start", "/api/auth/v1/userinfo": "userinfo",
		"/api/auth/.well-known/jwks.json": "jwks", "/api/auth/.well-known/openid-configuration": "discovery",
	} {
		resp := serve(t, h, http.MethodGet, path, nil)
		require.Equal(t, http.StatusOK, resp.StatusCode, path)
		require.Equal(t, want, bodyOf(t, resp), path)
	}

	const plain = "Not found."
	for path, want := range map[string]string{
		"/":                                 plain,
		"/api/auth":                         plain,
		"/api/auth/":                        plain,
		"/api/auth//":                       plain,
		"/api/auth//demo/start":             plain,
		"//api/auth/demo/start":             plain,
		"/api//auth/demo/start":             plain,
		"/api/auth/./demo/start":            plain,
		"/api/auth/../auth/demo/start":      plain,
		"/api/authdemo/start":               plain,
		"/api/auth.demo/start":              plain,
		"/api/authother/start":              plain,
		"/API/auth/demo/start":              plain,
		"/demo/start":                       plain,
		"/api/auth/demo":                    plain,
		"/api/auth/demo/":                   plain,
		"/api/auth/demo/start/":             plain,
		"/api/auth/demo//start":             plain,
		"/api/auth/demo/./start":            plain,
		"/api/auth/demo/x/../start":         plain,
		"/api/auth/demo/Start":              plain,
		"/api/auth/demo/startx":             plain,
		"/api/auth/demo/start;x=1":          plain,
		"/api/auth/demo/handler":            plain,
		"/api/auth/demo/handler/":           plain,
		"/api/auth/demo/handler/frame/":     plain,
		"/api/auth/demo/handler//frame":     plain,
		"/api/auth/demo/handler%2fframe":    plain,
		"/api/auth/demo/handler%2Fframe":    plain,
		"/api/auth/demo%2fstart":            plain,
		"/api/auth%2fdemo/start":            plain,
		"/api%2Fauth/demo/start":            plain,
		"/api/auth/demo/st%61rt":            plain,
		"/api/auth/%64emo/start":            plain,
		"/api/auth/demo/start%00":           plain,
		"/api/auth/demo/start%20":           plain,
		"/api/auth/demo/start%3fx":          plain,
		"/api/auth/demo/unknown":            plain,
		"/api/auth/.well-known/":            plain,
		"/api/auth/.well-known/jwks.json/":  plain,
		"/api/auth/.well-known/jwks%2ejson": plain,
		"/api/auth/.well-known/x":           plain,
		"/api/auth/v1/userinfo/":            plain,
		"/.well-known/jwks.json":            plain,
		"/api/auth/demo2/start":             "Unknown auth provider 'demo2'",
		"/api/auth/demo2":                   "Unknown auth provider 'demo2'",
		"/api/auth/dem/start":               "Unknown auth provider 'dem'",
		"/api/auth/d.e-m_O/start":           "Unknown auth provider 'd.e-m_O'",
		"/api/auth/start":                   "Unknown auth provider 'start'",
		// What could not be an ID is not echoed.
		"/api/auth/Demo/start":                               plain,
		"/api/auth/%3Cscript%3E/start":                       plain,
		"/api/auth/de%20mo/start":                            plain,
		"/api/auth/demo'/start":                              plain,
		"/api/auth/__proto__/start":                          plain,
		"/api/auth/" + strings.Repeat("a", 65) + "/start":    plain,
		"/api/auth/%C3%A4/start":                             plain,
		"/api/auth/demo%0d%0aSet-Cookie:x/start":             plain,
		"/api/auth/" + strings.Repeat("a/", 2000):            "Unknown auth provider 'a'",
		"/api/auth/demo/" + strings.Repeat("%2e%2e%2f", 100): plain,
	} {
		t.Run(path, func(t *testing.T) {
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
				resp := serve(t, h, method, "https://portal.example.com"+path, nil)
				require.Equal(t, http.StatusNotFound, resp.StatusCode)
				require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
				require.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
				body := readError(t, resp)
				require.Equal(t, "NotFoundError", body.Error.Name)
				require.Equal(t, want, body.Error.Message)
				require.LessOrEqual(t, len(body.Request.URL), 1024)
			}
		})
	}

	// "*" is a request target too.
	r := httptest.NewRequest(http.MethodOptions, "/", nil)
	r.URL.Path = "*"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusNotFound, w.Code)
}

func TestIssuerRoutes(t *testing.T) {
	const base = "https://portal.example.com/api/auth"
	published := newHandler(t, testRoutes{}, func(c *authprovider.Config) { c.Issuer = &publishingIssuer{testIssuer{base}} })
	for path, cache := range map[string]string{"/.well-known/jwks.json": "max-age=300", "/.well-known/openid-configuration": "", "/v1/userinfo": "no-store"} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			resp := serve(t, published, method, base+path, nil)
			require.Equal(t, http.StatusOK, resp.StatusCode)
			require.Equal(t, cache, resp.Header.Get("Cache-Control"), path)
			require.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
		}
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
			resp := serve(t, published, method, base+path, nil)
			require.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)
			require.Equal(t, "GET, HEAD", resp.Header.Get("Allow"))
			require.Equal(t, "no-store", resp.Header.Get("Cache-Control"), "an error is nothing to keep")
		}
	}
	// An issuer that publishes nothing, and none.
	for _, h := range []http.Handler{newHandler(t, testRoutes{}, func(c *authprovider.Config) { c.Issuer = &testIssuer{base} }), newHandler(t, testRoutes{})} {
		for _, path := range []string{"/.well-known/jwks.json", "/.well-known/openid-configuration", "/v1/userinfo"} {
			require.Equal(t, http.StatusNotFound, serve(t, h, http.MethodGet, base+path, nil).StatusCode)
		}
	}
}

func TestMountPath(t *testing.T) {
	for _, tc := range []struct {
		base, mount string
		served      string
		missed      []string
	}{
		{"https://portal.example.com/api/auth", "", "/api/auth/demo/start", []string{"/demo/start", "/auth/demo/start"}},
		{"https://portal.example.com/api/auth/", "", "/api/auth/demo/start", []string{"/demo/start", "/api/auth//demo/start"}},
		{"https://portal.example.com/api/auth", "/", "/demo/start", []string{"/api/auth/demo/start", "//demo/start"}},
		{"https://portal.example.com/api/auth", "/auth", "/auth/demo/start", []string{"/api/auth/demo/start", "/demo/start", "/authdemo/start"}},
		{"https://portal.example.com/api/auth", "/auth/", "/auth/demo/start", []string{"/auth//demo/start"}},
		{"https://portal.example.com", "/behind/ingress", "/behind/ingress/demo/start", []string{"/demo/start"}},
		{"https://portal.example.com", "", "/demo/start", []string{"//demo/start", "/api/auth/demo/start"}},
		{"http://[::1]:7007/api/auth", "", "/api/auth/demo/start", []string{"/demo/start"}},
		{"https://portal.example.com/a.b-c_d~e$f&g+h,i=j:k@l", "", "/a.b-c_d~e$f&g+h,i=j:k@l/demo/start", []string{"/a.b-c_d%7Ee$f&g+h,i=j:k@l/demo/start"}},
		{"http://[::1]:7007", "", "/demo/start", []string{"//demo/start"}},
	} {
		t.Run(tc.base+" at "+tc.mount, func(t *testing.T) {
			h := newHandler(t, testRoutes{}, func(c *authprovider.Config) { c.BaseURL, c.MountPath = tc.base, tc.mount })
			resp := serve(t, h, http.MethodGet, tc.served, nil)
			require.Equal(t, http.StatusOK, resp.StatusCode)
			require.Equal(t, "start", bodyOf(t, resp))
			for _, path := range tc.missed {
				require.Equal(t, http.StatusNotFound, serve(t, h, http.MethodGet, "http://x"+path, nil).StatusCode, path)
			}
		})
	}
}

// TestHostMuxes mounts the handler as hosts do.
func TestHostMuxes(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", newHandler(t, testRoutes{}))
	mux.Handle("/stripped/", http.StripPrefix("/stripped", newHandler(t, testRoutes{}, func(c *authprovider.Config) { c.MountPath = "/" })))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "host") })
	server := httptest.NewServer(mux)
	defer server.Close()
	for path, want := range map[string]string{"/api/auth/demo/start": "start", "/stripped/demo/start": "start", "/": "host", "/api/authx": "host"} {
		resp, err := server.Client().Get(server.URL + path)
		require.NoError(t, err)
		require.Equal(t, want, bodyOf(t, resp), path)
		require.NoError(t, resp.Body.Close())
	}
}

func TestOneProviderAlone(t *testing.T) {
	c := testConfig()
	c.Providers = nil
	pc, err := authprovider.NewProviderContext(c, "demo")
	require.NoError(t, err)
	h := pc.Handler(testRoutes{})
	for path, want := range map[string]string{"/api/auth/demo/start": "start", "/api/auth/demo/handler/frame": "frame", "/api/auth/demo/refresh": "refresh"} {
		resp := serve(t, h, http.MethodGet, path, nil)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.Equal(t, want, bodyOf(t, resp))
	}
	require.Equal(t, "logout", bodyOf(t, serve(t, h, http.MethodPost, "/api/auth/demo/logout", nil)))
	for _, path := range []string{"/", "/demo/start", "/api/auth/demo", "/api/auth/demo2/start", "/api/auth/other/start", "/api/auth/demo%2Fstart", "/api/auth/.well-known/jwks.json"} {
		resp := serve(t, h, http.MethodGet, path, nil)
		require.Equal(t, http.StatusNotFound, resp.StatusCode, path)
		require.Equal(t, "Not found.", readError(t, resp).Error.Message)
	}
}

func TestUnsupported(t *testing.T) {
	h := newHandler(t, authprovider.Unsupported{})
	for method, paths := range map[string][]string{http.MethodGet: {"/start", "/handler/frame", "/refresh"}, http.MethodPost: {"/refresh", "/logout"}} {
		for _, path := range paths {
			resp := serve(t, h, method, "/api/auth/demo"+path, nil)
			require.Equal(t, http.StatusNotImplemented, resp.StatusCode)
			require.Equal(t, "NotImplementedError", readError(t, resp).Error.Name)
		}
	}
}

// TestRequestMovesNothing: what the handler is built from comes from the configuration, whatever a request says (S7).
func TestRequestMovesNothing(t *testing.T) {
	var pc *authprovider.ProviderContext
	c := testConfig()
	c.Providers = map[string]authprovider.ProviderFactory{"demo": func(got *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
		pc = got
		return testRoutes{start: func(w http.ResponseWriter, _ *http.Request) error {
			_, err := io.WriteString(w, pc.URL+" "+pc.Origins.AppOrigin())
			return err
		}}, nil
	}}
	h, err := authprovider.New(c)
	require.NoError(t, err)
	header := http.Header{"X-Forwarded-Host": {"evil.example"}, "X-Forwarded-Proto": {"http"}, "X-Forwarded-Port": {"80"}, "X-Forwarded-Prefix": {"/evil"}, "Forwarded": {"host=evil.example;proto=http"}, "X-Original-Url": {"/evil"}, "X-Rewrite-Url": {"/evil"}, "X-Host": {"evil.example"}}
	resp := serve(t, h, http.MethodGet, "http://evil.example/api/auth/demo/start", header)
	require.Equal(t, "https://portal.example.com/api/auth/demo https://portal.example.com", bodyOf(t, resp))
}

// serveWith is serve behind a layer that has already set answer headers.
func serveWith(t *testing.T, h http.Handler, method, target string, header, already http.Header) *http.Response {
	t.Helper()
	return serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range already {
			w.Header()[name] = append([]string(nil), values...)
		}
		h.ServeHTTP(w, r)
	}), method, target, header)
}
