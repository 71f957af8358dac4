package github_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/github"
)

const (
	clientID     = "Iv1.8a61f9b3a7aba766"
	clientSecret = "secret-marker"
	callbackURL  = "https://portal.example.com/api/auth/github/handler/frame"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const octocat = `{"login":"octocat","id":583231,"node_id":"MDQ6VXNlcjU4MzIzMQ==","avatar_url":"https://avatars.githubusercontent.com/u/583231?v=4","gravatar_id":"",
"url":"https://api.github.com/users/octocat","html_url":"https://github.com/octocat","type":"User","site_admin":false,"name":"The Octocat","company":"@github",
"email":"public@example.com","hireable":null,"public_repos":8,"created_at":"2011-01-25T18:44:36Z","plan":{"name":"free","space":400}}`

// code is an authorization that has not been redeemed.
type code struct{ challenge, redirect, scope string }

// fake is a GitHub: its paths, parameters and answers are those of its documentation.
type fake struct {
	t      *testing.T
	server *httptest.Server
	prefix string // of the REST API

	mu        sync.Mutex // guards what follows
	app       bool       // a GitHub App with expiring tokens, rather than an OAuth App
	user      string
	emails    string
	orgs      []string
	teams     []string
	answers   map[string]func(w http.ResponseWriter) // instead of those of a path
	codes     map[string]code
	tokens    map[string]string // access token to its scopes
	refreshes map[string]bool
	requests  []string
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, prefix: "/api/v3", user: octocat,
		emails: `[{"email":"other@example.com","primary":false,"verified":true,"visibility":null},{"email":"octocat@github.example","primary":true,"verified":true,"visibility":"private"}]`,
		codes:  make(map[string]code), tokens: make(map[string]string), refreshes: make(map[string]bool), answers: make(map[string]func(http.ResponseWriter))}
	f.server = httptest.NewServer(f)
	t.Cleanup(f.server.Close)
	return f
}

func (f *fake) set(change func(*fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
	f.requests = nil
}

func (f *fake) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, f.prefix)
	f.requests = append(f.requests, r.Method+" "+path)
	if answer, ok := f.answers[path]; ok {
		answer(w)
		return
	}
	switch path {
	case "/login/oauth/authorize":
		f.authorize(w, r)
	case "/login/oauth/access_token":
		f.token(w, r)
	case "/applications/" + clientID + "/token":
		f.revoke(w, r)
	default:
		f.rest(w, r, path)
	}
}

func (f *fake) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	id := rand.Text()
	f.codes[id] = code{q.Get("code_challenge"), q.Get("redirect_uri"), q.Get("scope")}
	if q.Get("client_id") != clientID || q.Get("code_challenge_method") != "S256" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {id}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
}

// refuse answers with a status of success, as GitHub does.
func refuse(w http.ResponseWriter, r *http.Request, code, description string) {
	write(w, r, map[string]string{"error": code, "error_description": description, "error_uri": "/apps/managing-oauth-apps/troubleshooting"})
}

// write answers in JSON if asked to, and in a form otherwise.
func write(w http.ResponseWriter, r *http.Request, members map[string]string) {
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_ = json.NewEncoder(w).Encode(members)
		return
	}
	form := make(url.Values)
	for name, value := range members {
		form.Set(name, value)
	}
	w.Header().Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	_, _ = w.Write([]byte(form.Encode()))
}

func (f *fake) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	form := r.PostForm
	if form.Get("client_id") != clientID || form.Get("client_secret") != clientSecret {
		refuse(w, r, "incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect.")
		return
	}
	scope := ""
	switch form.Get("grant_type") {
	case "refresh_token":
		if !f.refreshes[form.Get("refresh_token")] {
			refuse(w, r, "bad_refresh_token", "The refresh token passed is incorrect or expired.")
			return
		}
		delete(f.refreshes, form.Get("refresh_token"))
		clear(f.tokens)
	default:
		c, ok := f.codes[form.Get("code")]
		sum := sha256.Sum256([]byte(form.Get("code_verifier")))
		if !ok || c.challenge != base64.RawURLEncoding.EncodeToString(sum[:]) {
			refuse(w, r, "bad_verification_code", "The code passed is incorrect or expired.")
			return
		}
		if c.redirect != form.Get("redirect_uri") {
			refuse(w, r, "redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL for this application.")
			return
		}
		delete(f.codes, form.Get("code"))
		scope = strings.ReplaceAll(c.scope, " ", ",")
	}
	answer := map[string]string{"access_token": "gho_" + rand.Text(), "token_type": "bearer", "scope": scope}
	if f.app {
		answer = map[string]string{"access_token": "ghu_" + rand.Text(), "token_type": "bearer", "scope": "", "expires_in": "28800",
			"refresh_token": "ghr_" + rand.Text(), "refresh_token_expires_in": "15897600"}
		f.refreshes[answer["refresh_token"]] = true
		scope = ""
	}
	f.tokens[answer["access_token"]] = scope
	write(w, r, answer)
}

func (f *fake) revoke(w http.ResponseWriter, r *http.Request) {
	var body struct {
		AccessToken string `json:"access_token"`
	}
	id, secret, _ := r.BasicAuth()
	if r.Method != http.MethodDelete || id != clientID || secret != clientSecret || json.NewDecoder(r.Body).Decode(&body) != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if _, ok := f.tokens[body.AccessToken]; !ok {
		message(w, http.StatusNotFound, "Not Found")
		return
	}
	delete(f.tokens, body.AccessToken)
	w.WriteHeader(http.StatusNoContent)
}

func message(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"message":%q,"documentation_url":"https://docs.github.com/rest","status":"%d"}`, text, status)
}

func (f *fake) rest(w http.ResponseWriter, r *http.Request, path string) {
	scope, ok := f.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	if !ok {
		message(w, http.StatusUnauthorized, "Bad credentials")
		return
	}
	scopes := strings.FieldsFunc(scope, func(c rune) bool { return c == ',' })
	w.Header().Set("X-OAuth-Scopes", strings.Join(scopes, ", "))
	has := func(any ...string) bool {
		return f.app || slices.ContainsFunc(any, func(s string) bool { return slices.Contains(scopes, s) })
	}
	switch {
	case path == "/user":
		f.list(w, f.user)
	case path == "/user/emails" && has("user:email", "user"):
		f.list(w, f.emails)
	case path == "/user/emails":
		message(w, http.StatusNotFound, "Not Found")
	case path == "/user/orgs" && has("read:org", "user"):
		f.page(w, r, f.orgs)
	case path == "/user/teams" && has("read:org"):
		f.page(w, r, f.teams)
	default:
		message(w, http.StatusForbidden, "You need at least read:org scope or user scope to list your organizations.")
	}
}

func (f *fake) list(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write([]byte(body))
}

func (f *fake) page(w http.ResponseWriter, r *http.Request, all []string) {
	size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	from := min((page-1)*size, len(all))
	to := min(from+size, len(all))
	if to < len(all) {
		w.Header().Set("Link", fmt.Sprintf(`<https://elsewhere.example/steal?page=%d>; rel="next", <https://elsewhere.example/steal?page=9>; rel="last"`, page+1))
	}
	f.list(w, "["+strings.Join(all[from:to], ",")+"]")
}

func (f *fake) authenticator(change func(*github.Config)) *github.Authenticator {
	f.t.Helper()
	c := github.Config{EnterpriseURL: f.server.URL + "/", ClientID: clientID, ClientSecret: clientSecret, Now: func() time.Time { return now }}
	if change != nil {
		change(&c)
	}
	a, err := github.New(c)
	require.NoError(f.t, err)
	return a
}

// request returns the callback of a person who has agreed to these scopes.
func (f *fake) request(scopes ...string) oauthadapter.CallbackRequest {
	verifier := rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(verifier))
	id := rand.Text()
	f.set(func(f *fake) {
		f.codes[id] = code{base64.RawURLEncoding.EncodeToString(sum[:]), callbackURL, strings.Join(scopes, " ")}
	})
	return oauthadapter.CallbackRequest{Code: id, CodeVerifier: verifier, CallbackURL: callbackURL, Scopes: scopes}
}

func (f *fake) signIn(a *github.Authenticator, scopes ...string) github.Result {
	f.t.Helper()
	result, err := a.Authenticate(f.t.Context(), f.request(scopes...))
	require.NoError(f.t, err)
	return result
}

// kept is what the adapter keeps of a session.
func kept(s oauthadapter.Session) oauthadapter.Session {
	if s.RefreshToken != "" {
		s.AccessToken = authprovider.Secret("")
	}
	s.Scope = ""
	return s
}
