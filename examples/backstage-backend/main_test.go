package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider/authprovidertest"
)

// served is the example on loopback, as an app finds it.
type served struct {
	t      *testing.T
	origin string
	client *http.Client
	stop   func() error
}

// serve runs the example with its own files and one more, which says on which port the test listens.
func serve(t *testing.T, environment map[string]string, client *http.Client, files ...string) *served {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	origin := fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	extra := filepath.Join(t.TempDir(), "port.yaml")
	require.NoError(t, os.WriteFile(extra, []byte("backend: {baseUrl: '"+origin+"'}\n"), 0o600))

	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		defer listener.Close() // so that a test whose example did not start fails, and does not wait
		done <- run(ctx, options{files: append(files, extra), logger: slog.New(slog.DiscardHandler), client: client,
			open: func(string) (net.Listener, error) { return listener, nil },
			env:  func(name string) (string, bool) { v, ok := environment[name]; return v, ok }})
	}()
	var result error
	stopped := false
	stop := func() error {
		if !stopped {
			stopped = true
			cancel()
			result = <-done
		}
		return result
	}
	t.Cleanup(func() { require.NoError(t, stop()) })
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &served{t: t, origin: origin, stop: stop, client: &http.Client{Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (s *served) get(path string, prepare func(*http.Request)) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.origin+path, nil)
	require.NoError(s.t, err)
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	if prepare != nil {
		prepare(r)
	}
	resp, err := s.client.Do(r)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	return resp, string(body)
}

// userOf is whom an answer of the refresh route is about.
func userOf(t *testing.T, body string) (ref string, owns []string) {
	t.Helper()
	var answer struct {
		BackstageIdentity struct {
			Token    string
			Identity struct {
				UserEntityRef       string
				OwnershipEntityRefs []string
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(body), &answer))
	require.NotEmpty(t, answer.BackstageIdentity.Token)
	return answer.BackstageIdentity.Identity.UserEntityRef, answer.BackstageIdentity.Identity.OwnershipEntityRefs
}

func TestDevelopmentSignsInWithGoogle(t *testing.T) {
	google := authprovidertest.NewGoogle(t, authprovidertest.GoogleVendor{}, authprovidertest.VendorConfig{})
	s := serve(t, map[string]string{"AUTH_GOOGLE_CLIENT_ID": google.ClientID(), "AUTH_GOOGLE_CLIENT_SECRET": google.ClientSecret()}, google.Client(), "app-config.yaml")
	google.AllowRedirect(s.origin + "/api/auth/google/handler/frame")

	start, _ := s.get("/api/auth/google/start?env=development&origin="+url.QueryEscape("http://localhost:3000"), nil)
	require.Equal(t, http.StatusFound, start.StatusCode)
	callback := google.SignIn(t, start.Header.Get("Location"))
	frame, page := s.get("/api/auth/google/handler/frame?"+callback.Encode(), nil)
	require.Equal(t, http.StatusOK, frame.StatusCode)
	require.Contains(t, page, `"userEntityRef":"user:default/jane"`)

	refresh, body := s.get("/api/auth/google/refresh?env=development&optional", nil)
	require.Equal(t, http.StatusOK, refresh.StatusCode, body)
	user, owns := userOf(t, body)
	require.Equal(t, "user:default/jane", user)
	require.Equal(t, []string{"user:default/jane", "group:default/ops"}, owns)

	other, body := s.get("/api/auth/gcpIap/refresh", nil)
	require.Equal(t, http.StatusNotFound, other.StatusCode)
	require.Contains(t, body, "No auth provider registered for 'gcpIap'")
}

func TestProductionSignsInBehindIAP(t *testing.T) {
	const audience = "/projects/123456789/global/backendServices/987654321"
	iap := authprovidertest.NewIAPEdge(t, authprovidertest.IAPProxy{Audience: audience}, authprovidertest.EdgeConfig{})
	const catalogToken = "static-token-of-external-access"
	catalog := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+catalogToken {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		require.Contains(t, r.URL.Query()["filter"], "kind=user,spec.profile.email=jane@example.com")
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"items": [{"apiVersion": "backstage.io/v1alpha1", "kind": "User", "metadata": {"name": "jane", "namespace": "default"},
			"spec": {"profile": {"email": "jane@example.com"}}, "relations": [{"type": "memberOf", "targetRef": "group:default/ops"}]}], "totalItems": 1, "pageInfo": {}}`)
	}))
	t.Cleanup(catalog.Close)
	environment := map[string]string{
		"CATALOG_URL":         catalog.URL + "/api/catalog",
		"CATALOG_TOKEN":       catalogToken,
		"BASE_URL":            "https://portal.example.com",
		"AUTH_SESSION_SECRET": "0123456789abcdef0123456789abcdef",
		"IAP_AUDIENCE":        audience,
		"DATABASE_URL":        "file:" + filepath.ToSlash(filepath.Join(t.TempDir(), "auth.db")) + "?_pragma=busy_timeout(2000)",
	}
	files := []string{"app-config.yaml", "app-config.production.yaml"}
	s := serve(t, environment, iap.Client(), files...)

	around, _ := s.get("/api/auth/gcpIap/refresh", nil)
	require.Equal(t, http.StatusUnauthorized, around.StatusCode)
	refresh, body := s.get("/api/auth/gcpIap/refresh", func(r *http.Request) { iap.Vouch(r, authprovidertest.Jane) })
	require.Equal(t, http.StatusOK, refresh.StatusCode, body)
	user, owns := userOf(t, body)
	require.Equal(t, "user:default/jane", user)
	require.Equal(t, []string{"user:default/jane", "group:default/ops"}, owns)
	_, keys := s.get("/api/auth/.well-known/jwks.json", nil)
	require.Contains(t, keys, "kid")

	development, body := s.get("/api/auth/google/start?env=development", nil)
	require.Equal(t, http.StatusNotFound, development.StatusCode)
	require.Contains(t, body, "No auth provider registered for 'google'")

	// Another replica, or this one after a restart, serves the same keys.
	require.NoError(t, s.stop())
	again := serve(t, environment, iap.Client(), files...)
	_, after := again.get("/api/auth/.well-known/jwks.json", nil)
	require.Equal(t, keys, after)
}

func TestHealth(t *testing.T) {
	b := &backend{auth: http.NotFoundHandler()}
	h := b.handler()
	status := func(path string) int {
		w := httptest.NewRecorder()
		r, err := http.NewRequest(http.MethodGet, "http://localhost"+path, nil)
		require.NoError(t, err)
		h.ServeHTTP(w, r)
		return w.Code
	}
	require.Equal(t, http.StatusOK, status("/.backstage/health/v1/liveness"))
	require.Equal(t, http.StatusOK, status("/.backstage/health/v1/readiness"))
	b.leaving.Store(true)
	require.Equal(t, http.StatusOK, status("/.backstage/health/v1/liveness"))
	require.Equal(t, http.StatusServiceUnavailable, status("/.backstage/health/v1/readiness"))
}

func TestConfigurationThatIsIncomplete(t *testing.T) {
	const password = "correct-horse-battery"
	environment := map[string]string{"BASE_URL": "https://portal.example.com", "AUTH_SESSION_SECRET": "0123456789abcdef0123456789abcdef",
		"IAP_AUDIENCE": "/projects/1/apps/acme", "CATALOG_URL": "http://localhost:7008", "CATALOG_TOKEN": "token",
		"DATABASE_URL": "oracle://scott:" + password + "@db/portal"}
	_, err := newBackend(options{files: []string{"app-config.yaml", "app-config.production.yaml"}, logger: slog.New(slog.DiscardHandler),
		env: func(name string) (string, bool) { v, ok := environment[name]; return v, ok }})
	require.ErrorContains(t, err, "want postgres or file")
	require.NotContains(t, err.Error(), password)
}
