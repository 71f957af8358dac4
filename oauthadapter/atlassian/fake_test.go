package atlassian_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/atlassian"
)

const clientSecret = "secret-marker"

// fake is the vendor under its own addresses: it is the transport of the client under test.
type fake struct {
	mu        sync.Mutex // guards what follows
	answers   map[string]func(w http.ResponseWriter)
	codes     map[string][2]string // to challenge and redirect URI
	refreshes map[string]bool
	access    map[string]bool
	asked     []string
}

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	w := httptest.NewRecorder()
	f.serve(w, r)
	res := w.Result()
	res.Request = r
	return res, nil
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	address := r.Method + " " + r.URL.Scheme + "://" + r.URL.Host + r.URL.EscapedPath()
	f.asked = append(f.asked, address)
	_ = r.ParseForm()
	answer, known := f.answers[address]
	switch {
	case address == tokenAddress && !known:
		f.token(w, r)
	case !known:
		w.WriteHeader(http.StatusNotFound)
	case address != tokenAddress && !f.access[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]:
		w.WriteHeader(http.StatusUnauthorized)
	default:
		answer(w)
	}
}

func (f *fake) token(w http.ResponseWriter, r *http.Request) {
	form := r.PostForm
	if !authenticated(r) {
		status(401, `{"error":"invalid_client","error_description":"Client authentication failed"}`)(w)
		return
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		sum := sha256.Sum256([]byte(form.Get("code_verifier")))
		c, ok := f.codes[form.Get("code")]
		delete(f.codes, form.Get("code"))
		if !ok || c[0] != base64.RawURLEncoding.EncodeToString(sum[:]) || c[1] != form.Get("redirect_uri") {
			status(400, `{"error":"invalid_grant","error_description":"The specified code is not valid."}`)(w)
			return
		}
	default:
		if !f.refreshes[form.Get("refresh_token")] {
			status(403, `{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}`)(w)
			return
		}
		delete(f.refreshes, form.Get("refresh_token"))
	}
	access, refresh := "access-"+rand.Text(), "refresh-"+rand.Text()
	f.access[access], f.refreshes[refresh] = true, true
	status(200, `{"access_token":"`+access+`","refresh_token":"`+refresh+`","expires_in":3600,"scope":"offline_access read:me","token_type":"Bearer"}`)(w)
}

func status(code int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

func newFake() *fake {
	return &fake{answers: answers(), codes: make(map[string][2]string), refreshes: make(map[string]bool), access: make(map[string]bool)}
}

func (f *fake) set(address string, answer func(http.ResponseWriter)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[address] = answer
}

// agree is the person's part: it takes an authorization URL to the callback's parameters.
func (f *fake) agree(t testing.TB, raw string) url.Values {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	require.Equal(t, authorizeAddress, u.Scheme+"://"+u.Host+u.Path)
	q, code := u.Query(), rand.Text()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.codes[code] = [2]string{q.Get("code_challenge"), q.Get("redirect_uri")}
	return url.Values{"code": {code}, "state": {q.Get("state")}}
}

func (f *fake) authenticator(t *testing.T) *atlassian.Authenticator {
	t.Helper()
	c := config
	c.HTTPClient = &http.Client{Transport: f}
	a, err := atlassian.New(c)
	require.NoError(t, err)
	return a
}

func (f *fake) signIn(t *testing.T) (atlassian.Result, error) {
	t.Helper()
	a, verifier := f.authenticator(t), rand.Text()+rand.Text()
	sum := sha256.Sum256([]byte(verifier))
	start, err := a.Start(t.Context(), oauthadapter.StartRequest{State: "s", CodeChallenge: base64.RawURLEncoding.EncodeToString(sum[:]),
		CallbackURL: authprovidertest.ConformanceCallback, Scopes: a.RequiredScopes()})
	require.NoError(t, err)
	code := f.agree(t, start.URL).Get("code")
	return a.Authenticate(t.Context(), oauthadapter.CallbackRequest{Code: code, CodeVerifier: verifier, CallbackURL: authprovidertest.ConformanceCallback})
}

func TestConformance(t *testing.T) {
	f := newFake()
	authprovidertest.TestOAuthHandlers(t, authprovidertest.OAuthHandlersConfig[atlassian.Profile]{
		Handlers: f.authenticator(t), Secrets: []string{clientSecret}, SignIn: f.agree,
	})
}
