package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// The client and the people of zitadel's example provider.
const (
	zitadelClientID     = "stagedoor"
	zitadelClientSecret = "not-a-secret"

	zitadelPassword   = "verysecure"
	zitadelUser       = "test-user@localhost"
	zitadelUserEmail  = "test-user@zitadel.ch"
	zitadelOtherUser  = "test-user2"
	zitadelUserName   = "Test User"
	zitadelPersonsRef = "user:default/you"
)

// zitadelProvider is the example provider of github.com/zitadel/oidc with its own storage and login page, as it comes. It notes the
// calls of its token and revocation endpoints.
type zitadelProvider struct {
	*site
	mu    sync.Mutex
	calls []tokenCall
}

// tokenCall is a call of the token or the revocation endpoint, and its answer.
type tokenCall struct {
	path   string
	form   url.Values
	status int
	answer struct {
		RefreshToken string `json:"refresh_token"`
		Scope        string `json:"scope"`
		Error        string `json:"error"`
	}
}

// newZitadelProvider reserves the provider's address.
func newZitadelProvider(t *testing.T) *zitadelProvider {
	t.Helper()
	return &zitadelProvider{site: newSite(t)}
}

// start serves the provider for one client, whose app has an origin.
func (z *zitadelProvider) start(t *testing.T, origin string) {
	t.Helper()
	client := storage.WebClient(zitadelClientID, zitadelClientSecret, origin+"/api/auth/demo/handler/frame")
	store := &zitadelStorage{
		Storage:    storage.NewStorageWithClients(storage.NewUserStore(z.origin), map[string]*storage.Client{zitadelClientID: client}),
		signOutURI: origin + "/",
	}
	z.serve(z.record(exampleop.SetupServer(z.origin, store, nil, false)))
}

// zitadelStorage adds the one thing that the example cannot be told: where the browser may return to after a sign-out.
type zitadelStorage struct {
	*storage.Storage
	signOutURI string
}

func (s *zitadelStorage) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	client, err := s.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	return &zitadelClient{Client: client, signOutURI: s.signOutURI}, nil
}

type zitadelClient struct {
	op.Client
	signOutURI string
}

func (c *zitadelClient) PostLogoutRedirectURIs() []string { return []string{c.signOutURI} }

func (z *zitadelProvider) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/oauth/token" && r.URL.Path != "/revoke" {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := &recordingWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		call := tokenCall{path: r.URL.Path, status: answer.status}
		call.form, _ = url.ParseQuery(string(body))
		_ = json.Unmarshal(answer.body.Bytes(), &call.answer)
		z.mu.Lock()
		defer z.mu.Unlock()
		z.calls = append(z.calls, call)
	})
}

type recordingWriter struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (w *recordingWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *recordingWriter) Write(p []byte) (int, error) {
	w.body.Write(p)
	return w.ResponseWriter.Write(p)
}

// tokenCalls are the calls with a grant type.
func (z *zitadelProvider) tokenCalls(grantType string) []tokenCall {
	return z.filter(func(c tokenCall) bool { return c.path == "/oauth/token" && c.form.Get("grant_type") == grantType })
}

func (z *zitadelProvider) revocations() []tokenCall {
	return z.filter(func(c tokenCall) bool { return c.path == "/revoke" })
}

func (z *zitadelProvider) filter(keep func(tokenCall) bool) []tokenCall {
	z.mu.Lock()
	defer z.mu.Unlock()
	var kept []tokenCall
	for _, c := range z.calls {
		if keep(c) {
			kept = append(kept, c)
		}
	}
	return kept
}

// replay uses a refresh token as a thief would who has the client's secret too, and returns the provider's error.
func (z *zitadelProvider) replay(t *testing.T, refreshToken string) string {
	t.Helper()
	require.NotEmpty(t, refreshToken)
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, z.origin+"/oauth/token", bytes.NewBufferString(form.Encode()))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(zitadelClientID, zitadelClientSecret)
	client := &http.Client{Timeout: patience}
	response, err := client.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	var answer struct{ Error string }
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	return answer.Error
}

// logIn fills in zitadel's login page.
func logIn(w *tab, user, password string) {
	w.t.Helper()
	w.browser.console.expect("network error", "status of 404", "/favicon.ico") // the page names none
	w.waitFor("#username")
	w.typeInto("#username", user)
	w.typeInto("#password", password)
	w.click(`button[type="submit"]`)
}
