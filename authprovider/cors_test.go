package authprovider_test

import (
	"net/http"
	"testing"

	"example.com/stagedoor/authprovider"
	"github.com/stretchr/testify/require"
)

const (
	corsApp     = "https://app.example.com"
	corsPreview = "https://pr-1.preview.example.com"
)

func corsHandler(t *testing.T, change ...func(*authprovider.Config)) http.Handler {
	fail := func(http.ResponseWriter, *http.Request) error {
		return &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: "no_session"}
	}
	routes := testRoutes{refresh: fail, start: func(http.ResponseWriter, *http.Request) error { panic("x") }}
	return newHandler(t, routes, append([]func(*authprovider.Config){func(c *authprovider.Config) {
		c.Issuer = &publishingIssuer{testIssuer{c.BaseURL}}
		c.AppURL = corsApp
		c.AllowedOrigins = []string{"https://*.preview.example.com"}
		c.AllowedHeaders = []string{"X-Request-ID", "traceparent"}
	}}, change...)...)
}

var notOurOrigins = []string{"", "null", "*", "https://evil.example", "https://portal.example.com", "https://app.example.com.evil.example", "https://app.example.com/", "https://APP.example.com", "http://app.example.com", "https://a.b.preview.example.com", "https://preview.example.com"}

func TestPreflight(t *testing.T) {
	h := corsHandler(t)
	const base = "https://portal.example.com/api/auth"
	for path, methods := range map[string]string{
		"/demo/start": "GET", "/demo/handler/frame": "GET", "/demo/refresh": "GET, POST", "/demo/logout": "POST",
		"/v1/userinfo": "GET, HEAD", "/.well-known/jwks.json": "GET, HEAD",
	} {
		for _, origin := range []string{corsApp, corsPreview} {
			// Set by a layer in front: a doubled header would be refused by the browser.
			resp := serveWith(t, h, http.MethodOptions, base+path, http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"x-requested-with,x-evil"}},
				http.Header{"Access-Control-Allow-Origin": {"*"}, "Access-Control-Allow-Credentials": {"false"}, "Access-Control-Allow-Methods": {"X"}, "Access-Control-Allow-Headers": {"*"}, "Vary": {"Accept-Encoding, origin"}})
			require.Equal(t, http.StatusNoContent, resp.StatusCode)
			require.Empty(t, bodyOf(t, resp))
			require.Equal(t, []string{origin}, resp.Header.Values("Access-Control-Allow-Origin"))
			require.Equal(t, []string{"true"}, resp.Header.Values("Access-Control-Allow-Credentials"))
			require.Equal(t, []string{methods}, resp.Header.Values("Access-Control-Allow-Methods"))
			require.Equal(t, []string{"Authorization, Content-Type, X-Requested-With, X-Request-ID, traceparent"}, resp.Header.Values("Access-Control-Allow-Headers"))
			require.Equal(t, []string{"600"}, resp.Header.Values("Access-Control-Max-Age"))
			require.Equal(t, []string{"Accept-Encoding, origin"}, resp.Header.Values("Vary"))
			require.Empty(t, resp.Header.Values("Set-Cookie"))
		}
		for _, origin := range notOurOrigins {
			resp := serve(t, h, http.MethodOptions, base+path, http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"POST"}})
			require.Equal(t, http.StatusNoContent, resp.StatusCode)
			for name := range resp.Header {
				require.NotContains(t, name, "Access-Control", origin)
			}
			require.Equal(t, []string{"Origin"}, resp.Header.Values("Vary"))
		}
	}
	// OPTIONS that is no preflight is a method like any other.
	resp := serve(t, h, http.MethodOptions, base+"/demo/logout", http.Header{"Origin": {corsApp}})
	require.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)
	require.Equal(t, "POST", resp.Header.Get("Allow"))
	// Nor does the header make a preflight of another method.
	resp = serve(t, h, http.MethodPost, base+"/demo/logout", http.Header{"Origin": {corsApp}, "Access-Control-Request-Method": {"POST"}})
	require.Equal(t, "logout", bodyOf(t, resp))
}

func TestCORSOnAnswers(t *testing.T) {
	h := corsHandler(t)
	const base = "https://portal.example.com/api/auth"
	for _, tc := range []struct {
		method, path string
		status       int
	}{
		{http.MethodPost, "/demo/logout", 200},
		{http.MethodGet, "/demo/refresh", 401},
		{http.MethodGet, "/demo/start", 500}, // a panic
		{http.MethodPut, "/demo/refresh", 405},
		{http.MethodGet, "/other/refresh", 404},
		{http.MethodGet, "/v1/userinfo", 200},
	} {
		for _, origin := range []string{corsApp, corsPreview} {
			resp := serveWith(t, h, tc.method, base+tc.path, http.Header{"Origin": {origin}}, http.Header{"Access-Control-Allow-Origin": {origin}, "Vary": {"X-Origin"}})
			require.Equal(t, tc.status, resp.StatusCode)
			require.Equal(t, []string{origin}, resp.Header.Values("Access-Control-Allow-Origin"))
			require.Equal(t, []string{"true"}, resp.Header.Values("Access-Control-Allow-Credentials"))
			require.Equal(t, []string{"X-Origin", "Origin"}, resp.Header.Values("Vary"))
		}
		for _, origin := range notOurOrigins {
			resp := serve(t, h, tc.method, base+tc.path, http.Header{"Origin": {origin}})
			require.Equal(t, tc.status, resp.StatusCode)
			require.Empty(t, resp.Header.Values("Access-Control-Allow-Origin"), origin)
			require.Empty(t, resp.Header.Values("Access-Control-Allow-Credentials"))
			require.Equal(t, []string{"Origin"}, resp.Header.Values("Vary"))
		}
		require.Equal(t, []string{"Origin"}, serve(t, h, tc.method, base+tc.path, nil).Header.Values("Vary"), "a cache must not give an answer without the headers to an app that needs them")
	}
}

func TestDisableCORS(t *testing.T) {
	h := corsHandler(t, func(c *authprovider.Config) { c.DisableCORS = true })
	const base = "https://portal.example.com/api/auth"
	host := http.Header{"Access-Control-Allow-Origin": {"https://host.example.com"}, "Vary": {"Accept"}}
	resp := serveWith(t, h, http.MethodPost, base+"/demo/logout", http.Header{"Origin": {corsApp}}, host)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, []string{"https://host.example.com"}, resp.Header.Values("Access-Control-Allow-Origin"))
	require.Equal(t, []string{"Accept"}, resp.Header.Values("Vary"))
	require.Empty(t, resp.Header.Values("Access-Control-Allow-Credentials"))

	resp = serve(t, h, http.MethodOptions, base+"/demo/logout", http.Header{"Origin": {corsApp}, "Access-Control-Request-Method": {"POST"}})
	require.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)
	require.Empty(t, resp.Header.Values("Access-Control-Allow-Origin"))
	require.Empty(t, resp.Header.Values("Vary"))
}
