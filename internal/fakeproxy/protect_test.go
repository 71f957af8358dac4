package fakeproxy_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/fakeproxy"
)

// vendors are one of each kind, with the header that each vouches by, its session cookie and its sign-out.
var vendors = []struct {
	name                    string
	vendor                  fakeproxy.Vendor
	header, cookie, signOut string
}{
	{"Access", fakeproxy.Access{TeamName: "acme", Audience: "aud-tag"}, "Cf-Access-Jwt-Assertion", "CF_Authorization", "/cdn-cgi/access/logout"},
	{"IAP", fakeproxy.IAP{Audience: "/projects/1/apps/portal"}, "X-Goog-Iap-Jwt-Assertion", "GCP_IAP_UID", "/?gcp-iap-mode=CLEAR_LOGIN_COOKIE"},
	{"oauth2-proxy", fakeproxy.OAuth2Proxy{Issuer: "https://idp.example.com", ClientID: "portal"}, "X-Forwarded-User", "_oauth2_proxy", "/oauth2/sign_out"},
	{"oauth2-proxy, auth_request", fakeproxy.OAuth2Proxy{Issuer: "https://idp.example.com", ClientID: "portal", AuthRequest: true, HeadersAlone: true, SecretHeader: "X-Secret", Secret: "s"},
		"X-Auth-Request-User", "_oauth2_proxy", "/oauth2/sign_out"},
	{"ALB", fakeproxy.ALB{Region: "eu-west-1", Signer: "arn", Issuer: "https://idp.example.com", ClientID: "portal"}, "X-Amzn-Oidc-Data", "AWSELBAuthSessionCookie-0", ""},
	{"Easy Auth", fakeproxy.EasyAuth{Tenant: "tenant", ClientID: "portal"}, "X-Ms-Token-Aad-Id-Token", "AppServiceAuthSession", "/.auth/logout"},
	{"generic", fakeproxy.SignedHeader{Header: "X-Jwt", Issuer: "https://proxy.example.com", Audience: "portal"}, "X-Jwt", "_proxy", "/.proxy/sign_out"},
}

// visitor sends requests to a protected handler, and keeps its cookies.
type visitor struct {
	t       *testing.T
	handler http.Handler
	seen    http.Header // what the application got, or nil
	cookies map[string]string
}

func newVisitor(t *testing.T, edge *fakeproxy.Edge) *visitor {
	v := &visitor{t: t, cookies: make(map[string]string)}
	v.handler = edge.Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { v.seen = r.Header }))
	return v
}

func (v *visitor) do(r *http.Request) *http.Response {
	v.t.Helper()
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	v.seen = nil
	w := httptest.NewRecorder()
	v.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		v.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		}
	}
	return w.Result()
}

func (v *visitor) get(path string) *http.Response {
	v.t.Helper()
	return v.do(httptest.NewRequest(http.MethodGet, "https://portal.example.com"+path, nil))
}

func (v *visitor) choose(subject, to string, header http.Header) *http.Response {
	v.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "https://portal.example.com/.fakeproxy/sign-in?to="+url.QueryEscape(to), strings.NewReader("person="+subject))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, values := range header {
		r.Header[name] = values
	}
	return v.do(r)
}

func TestSignInAtThePage(t *testing.T) {
	for _, test := range vendors {
		t.Run(test.name, func(t *testing.T) {
			v := newVisitor(t, newEdge(t, test.vendor))
			answer := v.get("/catalog?a=b")
			require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
			require.Nil(t, v.seen)

			answer = v.choose("jane-1", "/catalog?a=b", nil)
			require.Equal(t, http.StatusSeeOther, answer.StatusCode)
			require.Equal(t, "/catalog?a=b", answer.Header.Get("Location"))
			require.Contains(t, v.cookies, test.cookie)
			require.Equal(t, http.StatusOK, v.get("/catalog?a=b").StatusCode)
			require.Len(t, v.seen[test.header], 1)

			if test.signOut == "" { // the application expires the cookie
				delete(v.cookies, test.cookie)
			} else {
				require.Equal(t, http.StatusOK, v.get(test.signOut).StatusCode)
			}
			require.Equal(t, http.StatusUnauthorized, v.get("/").StatusCode)
			require.Nil(t, v.seen)
		})
	}
}

func TestClientsHeadersAreStripped(t *testing.T) {
	for _, test := range vendors {
		t.Run(test.name, func(t *testing.T) {
			edge := newEdge(t, test.vendor)
			edge.Set(func(b *fakeproxy.Behavior) { b.SignsIn = "jane-1" })
			v := newVisitor(t, edge)
			twin := strings.ReplaceAll(test.header, "-", "_")
			request := func() *http.Request {
				r := httptest.NewRequest(http.MethodGet, "https://portal.example.com/", nil)
				r.Header = http.Header{test.header: {"forged"}, twin: {"forged"}, "Connection": {"close, " + strings.ToLower(test.header)}, "X-Other": {"kept"}}
				return r
			}
			v.do(request())
			require.Len(t, v.seen[test.header], 1)
			require.NotEqual(t, "forged", v.seen.Get(test.header))
			require.NotContains(t, v.seen, twin)
			require.Equal(t, []string{"close"}, v.seen["Connection"])
			require.Equal(t, []string{"kept"}, v.seen["X-Other"])

			edge.Set(func(b *fakeproxy.Behavior) { b.Careless = true })
			v.do(request())
			require.Len(t, v.seen[test.header], 2)
			require.Contains(t, v.seen, twin)
			require.Equal(t, "forged", v.seen.Get(test.header))
		})
	}
}

func TestSignInCannotBeForged(t *testing.T) {
	edge := newEdge(t, vendors[0].vendor)
	v := newVisitor(t, edge)
	require.Equal(t, http.StatusForbidden, v.choose("jane-1", "/", http.Header{"Sec-Fetch-Site": {"cross-site"}}).StatusCode)
	require.Equal(t, http.StatusForbidden, v.get("/.fakeproxy/sign-in?to=/").StatusCode)
	require.Equal(t, http.StatusBadRequest, v.choose("nobody", "/", nil).StatusCode)
	require.Empty(t, v.cookies)
	for _, to := range []string{"https://evil.example.net/", "//evil.example.net/", "///evil.example.net/", `/\evil.example.net/`, "javascript:alert(1)", "", "evil", "/\tx\n"} {
		require.Equal(t, "/", v.choose("jane-1", to, nil).Header.Get("Location"), to)
	}

	session := v.cookies["CF_Authorization"]
	_, mac, _ := strings.Cut(session, ".")
	for _, forged := range []string{"", "x", "am9lLTI." + mac, session + "x", "." + mac} {
		v.cookies["CF_Authorization"] = forged
		require.Equal(t, http.StatusUnauthorized, v.get("/").StatusCode, forged)
	}
	v.cookies["CF_Authorization"] = session
	require.Equal(t, http.StatusOK, v.get("/").StatusCode)

	another := newVisitor(t, newEdge(t, vendors[0].vendor))
	another.cookies["CF_Authorization"] = session
	require.Equal(t, http.StatusUnauthorized, another.get("/").StatusCode)
}

func TestScriptsAreNotShownThePage(t *testing.T) {
	v := newVisitor(t, newEdge(t, vendors[0].vendor))
	r := httptest.NewRequest(http.MethodGet, "https://portal.example.com/api/auth/cfaccess/refresh", nil)
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	answer := v.do(r)
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	require.Contains(t, answer.Header.Get("Content-Type"), "text/plain")
}

func TestPageEscapes(t *testing.T) {
	edge, err := fakeproxy.New(fakeproxy.Config{Vendor: vendors[0].vendor, People: []fakeproxy.Person{{Subject: `"><script>`, Name: "<script>"}}})
	require.NoError(t, err)
	w := httptest.NewRecorder()
	edge.Protect(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, `https://portal.example.com/?"><script>`, nil))
	require.NotContains(t, w.Body.String(), "<script>")
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
}
