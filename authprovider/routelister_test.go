package authprovider_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
)

// lister has the routes that a test gives it.
type lister struct {
	authprovider.Unsupported
	routes []authprovider.Route
}

func (l lister) Routes() []authprovider.Route { return l.routes }

func serveText(text string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, _ *http.Request) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func listerConfig(routes ...authprovider.Route) authprovider.Config {
	return authprovider.Config{BaseURL: "http://localhost:7007/api/auth", Providers: map[string]authprovider.ProviderFactory{
		"corp": func(*authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
			return lister{routes: routes}, nil
		},
	}}
}

func TestFurtherRoutes(t *testing.T) {
	auth, err := authprovider.New(listerConfig(
		authprovider.Route{Path: "/metadata", Methods: []string{http.MethodGet}, Serve: serveText("metadata")},
		authprovider.Route{Path: "/handler/logout", Methods: []string{http.MethodPost}, Serve: func(http.ResponseWriter, *http.Request) error { return authprovider.ErrNotAllowed }},
	))
	require.NoError(t, err)
	tests := []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, "/api/auth/corp/metadata", http.StatusOK},
		{http.MethodPost, "/api/auth/corp/metadata", http.StatusMethodNotAllowed},
		{http.MethodGet, "/api/auth/corp/metadata/", http.StatusNotFound},
		{http.MethodGet, "/api/auth/corp/Metadata", http.StatusNotFound},
		{http.MethodPost, "/api/auth/corp/handler/logout", http.StatusForbidden},
		{http.MethodGet, "/api/auth/corp/start", http.StatusNotImplemented},
	}
	for _, tt := range tests {
		w := httptest.NewRecorder()
		auth.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path+"?secret-marker", nil))
		require.Equal(t, tt.status, w.Code, "%s %s", tt.method, tt.path)
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		if tt.path == "/api/auth/corp/handler/logout" {
			require.NotContains(t, w.Body.String(), "secret-marker")
		}
	}
}

func TestFurtherRoutesRefused(t *testing.T) {
	get := []string{http.MethodGet}
	for name, routes := range map[string][]authprovider.Route{
		"one of the four": {{Path: "/start", Methods: get, Serve: serveText("")}},
		"twice":           {{Path: "/metadata", Methods: get, Serve: serveText("")}, {Path: "/metadata", Methods: get, Serve: serveText("")}},
		"no slash":        {{Path: "metadata", Methods: get, Serve: serveText("")}},
		"empty":           {{Methods: get, Serve: serveText("")}},
		"root":            {{Path: "/", Methods: get, Serve: serveText("")}},
		"not clean":       {{Path: "/a/../b", Methods: get, Serve: serveText("")}},
		"escaped":         {{Path: "/a%2Fb", Methods: get, Serve: serveText("")}},
		"no method":       {{Path: "/metadata", Serve: serveText("")}},
		"serves nothing":  {{Path: "/metadata", Methods: get}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := authprovider.New(listerConfig(routes...))
			require.ErrorContains(t, err, `provider "corp": authprovider: the route`)
		})
	}
}
