package oauthadapter_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
)

// further is a provider with a route of its own, and a callback that takes a POST.
type further struct {
	authprovider.Unsupported
	name   string
	routes []string
}

func (f further) AcceptsFormPost() bool { return true }

func (f further) FrameHandler(w http.ResponseWriter, r *http.Request) error {
	_, err := io.WriteString(w, f.name+" "+r.Method)
	return err
}

func (f further) Routes() []authprovider.Route {
	var routes []authprovider.Route
	for _, path := range f.routes {
		routes = append(routes, authprovider.Route{Path: path, Methods: []string{http.MethodGet}, Serve: f.FrameHandler})
	}
	return routes
}

func TestFurtherRoutesOfEnvironments(t *testing.T) {
	factory := oauthadapter.MapConfig(map[string]further{
		"development": {name: "development", routes: []string{"/metadata", "/debug"}},
		"production":  {name: "production", routes: []string{"/metadata"}},
	}, func(_ string, f further) authprovider.ProviderFactory {
		return func(*authprovider.ProviderContext) (authprovider.RouteHandlers, error) { return f, nil }
	})
	auth, err := authprovider.New(authprovider.Config{BaseURL: "http://localhost:7007/api/auth", Environment: "development",
		Providers: map[string]authprovider.ProviderFactory{"corp": factory}})
	require.NoError(t, err)
	for _, tt := range []struct {
		method, path string
		status       int
		body         string
	}{
		{http.MethodGet, "/metadata?env=production", http.StatusOK, "production GET"},
		{http.MethodGet, "/metadata", http.StatusOK, "development GET"},
		{http.MethodGet, "/debug", http.StatusOK, "development GET"},
		{http.MethodGet, "/debug?env=production", http.StatusNotFound, "environment_unknown"},
		{http.MethodGet, "/metadata?env=staging", http.StatusNotFound, "environment_unknown"},
		{http.MethodGet, "/metadata?env=production&env=development", http.StatusBadRequest, ""},
		{http.MethodPost, "/metadata", http.StatusMethodNotAllowed, ""},
		{http.MethodPost, "/handler/frame?env=production", http.StatusOK, "production POST"},
	} {
		w := httptest.NewRecorder()
		auth.ServeHTTP(w, httptest.NewRequest(tt.method, "/api/auth/corp"+tt.path, nil))
		require.Equal(t, tt.status, w.Code, "%s %s", tt.method, tt.path)
		require.Contains(t, w.Body.String(), tt.body)
	}
}
