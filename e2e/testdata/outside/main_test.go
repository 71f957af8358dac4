package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRoutesBesideTheLibrary(t *testing.T) {
	provider := httptest.NewUnstartedServer(nil)
	providerURL := "http://" + provider.Listener.Addr().String()
	provider.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q,"jwks_uri":%q}`,
			providerURL, providerURL+"/authorize", providerURL+"/token", providerURL+"/keys")
	})
	provider.Start()
	defer provider.Close()

	host := httptest.NewUnstartedServer(nil)
	origin := "http://" + host.Listener.Addr().String()
	handler, err := newHandler(origin, providerURL)
	if err != nil {
		t.Fatal(err)
	}
	host.Config.Handler = handler
	host.Start()
	defer host.Close()

	client := host.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	tests := []struct {
		method, path string
		status       int
		body         string
		location     string
	}{
		{"GET", "/", 200, "home", ""},
		{"GET", "/api/items", 200, "items", ""},
		{"GET", "/nothing", 404, "404 page not found\n", ""},
		{"GET", "/api/me", 401, "Unauthorized\n", ""},
		{"GET", "/api/auth/corp/start?env=production", 302, "", providerURL + "/authorize?"},
		{"GET", "/api/auth/corp/refresh", 403, `"error":`, ""},
		{"GET", "/api/auth/corp/handler/frame", 200, "This sign-in did not begin here.", ""},
		{"GET", "/api/auth/corp/logout", 405, `"error":`, ""},
		{"GET", "/api/auth/nobody/start", 404, "Unknown auth provider", ""},
		{"GET", "/api/auth/.well-known/jwks.json", 200, `"keys":`, ""},
		{"GET", "/api/auth/.well-known/openid-configuration", 200, `"issuer":"` + origin + `/api/auth"`, ""},
		{"GET", "/api/auth/v1/userinfo", 401, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), tt.method, origin+tt.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != tt.status || !strings.Contains(string(body), tt.body) || !strings.HasPrefix(response.Header.Get("Location"), tt.location) {
				t.Errorf("status %d, Location %q, body %s", response.StatusCode, response.Header.Get("Location"), body)
			}
		})
	}
}
