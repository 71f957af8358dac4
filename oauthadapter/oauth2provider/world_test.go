package oauth2provider_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oauth2provider"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// answer is what an endpoint of the scripted provider says.
type answer struct {
	status int
	body   string
}

// world is a provider that says what a test wants, and remembers what it was asked.
type world struct {
	server *httptest.Server

	mu                  sync.Mutex // guards what follows
	token, user, revoke answer
	asked               []string
	forms               map[string]url.Values
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		token: answer{200, `{"access_token":"access-marker","refresh_token":"refresh-marker","token_type":"bearer","expires_in":60,"scope":"a b"}`},
		user:  answer{200, `{"id":7,"login":"jane","name":"Jane Doe","contact":{"email":"jane@example.com","verified":true},"avatar":"https://img.example/7"}`},
		forms: make(map[string]url.Values),
	}
	w.server = httptest.NewServer(w)
	t.Cleanup(w.server.Close)
	return w
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = r.ParseForm()
	w.asked = append(w.asked, r.URL.Path)
	w.forms[r.URL.Path] = r.PostForm
	a := map[string]answer{"/token": w.token, "/user": w.user, "/revoke": w.revoke}[r.URL.Path]
	if r.URL.Path == "/user" && r.Header.Get("Authorization") != "Bearer access-marker" {
		a = answer{401, `{}`}
	}
	if a.status == 0 {
		a.status = http.StatusNotFound
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(a.status)
	_, _ = rw.Write([]byte(a.body))
}

func (w *world) set(change func(*world)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(w)
	w.asked = nil
}

func (w *world) paths() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked
}

func (w *world) config() oauth2provider.Config {
	return oauth2provider.Config{
		AuthURL: w.server.URL + "/authorize", TokenURL: w.server.URL + "/token", UserInfoURL: w.server.URL + "/user",
		Fields:   oauth2provider.Fields{ID: "id", Username: "login", Name: "name", Email: "contact.email", EmailVerified: "contact.verified", Picture: "avatar"},
		ClientID: "portal", ClientSecret: "secret-marker", Now: func() time.Time { return now },
	}
}

func (w *world) authenticator(t *testing.T, change func(*oauth2provider.Config)) *oauth2provider.Authenticator[oauth2provider.Profile] {
	t.Helper()
	c := w.config()
	if change != nil {
		change(&c)
	}
	a, err := oauth2provider.New(c)
	require.NoError(t, err)
	return a
}

var callback = oauthadapter.CallbackRequest{Code: "code-marker", CodeVerifier: "verifier-marker", CallbackURL: "https://portal.example.com/cb"}

func claims(t *testing.T, p oauth2provider.Profile) (all map[string]json.RawMessage) {
	t.Helper()
	require.NoError(t, p.Claims(&all))
	return all
}
