package authprovider_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"unicode/utf8"

	"example.com/stagedoor/authprovider"
	"github.com/stretchr/testify/require"
)

// FuzzHandler: a request reaches a provider only by the exact path of a route and an allowed method; everything else is a well-formed
// JSON error that nobody may cache.
func FuzzHandler(f *testing.F) {
	f.Add("GET", "/api/auth/demo/start", "a=1")
	f.Add("POST", "/api/auth/demo/logout", "")
	f.Add("GET", "/api/auth/demo%2fstart", "")
	f.Add("GET", "/api/auth/demo2/start", "%zz")
	f.Add("HEAD", "/api/auth//demo/handler/frame", "code=x")
	f.Add("OPTIONS", "*", "")
	c := testConfig()
	c.Providers = map[string]authprovider.ProviderFactory{"demo": provide(testRoutes{})}
	h, err := authprovider.New(c)
	require.NoError(f, err)
	routes := map[string]bool{
		"GET /api/auth/demo/start": true, "GET /api/auth/demo/handler/frame": true, "GET /api/auth/demo/refresh": true, "POST /api/auth/demo/refresh": true, "POST /api/auth/demo/logout": true,
	}
	f.Fuzz(func(t *testing.T, method, path, query string) {
		target := path
		if query != "" {
			target += "?" + query
		}
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return // a server refuses it before us
		}
		r := &http.Request{Method: method, URL: u, Header: http.Header{}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		if routes[method+" "+path] {
			require.Equal(t, http.StatusOK, w.Code)
			return
		}
		require.Contains(t, []int{http.StatusNotFound, http.StatusMethodNotAllowed}, w.Code)
		require.Equal(t, w.Code == http.StatusMethodNotAllowed, w.Header().Get("Allow") != "")
		require.True(t, utf8.Valid(w.Body.Bytes()))
		var body errorBody
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
		require.Equal(t, w.Code, body.Response.StatusCode)
		require.NotContains(t, w.Body.String(), "<")
	})
}
