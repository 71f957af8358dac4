package github_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/github"
)

func TestConformance(t *testing.T) {
	for name, app := range map[string]bool{"OAuth App": false, "GitHub App": true} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.app = app
			authprovidertest.TestOAuthHandlers(t, authprovidertest.OAuthHandlersConfig[github.Profile]{
				Handlers: f.authenticator(nil), Scopes: []string{"repo", "user:email"}, Secrets: []string{clientSecret},
			})
		})
	}
}

func TestSignIn(t *testing.T) {
	f := newFake(t)
	result := f.signIn(f.authenticator(nil), "read:user", "user:email")
	require.Equal(t, "583231", result.Session.Subject)
	require.Equal(t, "read:user user:email", result.Session.Scope)
	require.Zero(t, result.Session.ExpiresAt)
	require.Empty(t, result.Session.RefreshToken)
	require.Equal(t, authprovider.Profile{DisplayName: "The Octocat", Picture: "https://avatars.githubusercontent.com/u/583231?v=4",
		Email: "octocat@github.example", EmailVerification: authprovider.EmailVerified}, result.Profile)
	p := result.FullProfile
	require.Equal(t, []string{"583231", "MDQ6VXNlcjU4MzIzMQ==", "octocat", "https://github.com/octocat"}, []string{p.ID, p.NodeID, p.Username, p.ProfileURL})
	var claims struct {
		Company string `json:"company"`
	}
	require.NoError(t, p.Claims(&claims))
	require.Equal(t, "@github", claims.Company)

	f.set(func(f *fake) { f.app = true })
	result = f.signIn(f.authenticator(nil), "read:user")
	require.Equal(t, now.Add(8*time.Hour), result.Session.ExpiresAt)
	require.NotEmpty(t, result.Session.RefreshToken)
	require.Empty(t, result.Session.Scope, "an app has permissions, not scopes")
	require.Equal(t, authprovider.EmailVerified, result.Profile.EmailVerification)
}

// An address is verified if GitHub's list says so, and never because of anything else.
func TestEmail(t *testing.T) {
	const public = "public@example.com"
	for name, tt := range map[string]struct {
		scope   string
		emails  string
		want    string
		state   authprovider.EmailVerification
		profile string
		asked   bool
	}{
		"scope":              {"user:email", "", "octocat@github.example", authprovider.EmailVerified, "octocat@github.example", true},
		"wider scope":        {"user", "", "octocat@github.example", authprovider.EmailVerified, "octocat@github.example", true},
		"no scope":           {"repo", "", public, authprovider.EmailVerificationUnknown, public, false},
		"primary unverified": {"user:email", `[{"email":"boss@example.com","primary":true,"verified":false},{"email":"o@x.example","primary":false,"verified":true}]`, "boss@example.com", authprovider.EmailUnverified, "", true},
		"no primary":         {"user:email", `[{"email":"o@x.example","primary":false,"verified":true}]`, public, authprovider.EmailVerificationUnknown, public, true},
		"empty list":         {"user:email", `[]`, public, authprovider.EmailVerificationUnknown, public, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			if tt.emails != "" {
				f.emails = tt.emails
			}
			result := f.signIn(f.authenticator(nil), "read:user", tt.scope)
			require.Equal(t, tt.want, result.FullProfile.Email)
			require.Equal(t, tt.state, result.FullProfile.EmailVerified)
			require.Equal(t, tt.profile, result.Profile.Email)
			if tt.asked {
				require.Contains(t, f.asked(), "GET /user/emails")
			} else {
				require.NotContains(t, f.asked(), "GET /user/emails")
			}
		})
	}
	for status, fails := range map[int]bool{403: false, 404: false, 401: true, 500: true, 429: true} {
		f := newFake(t)
		f.answers["/user/emails"] = func(w http.ResponseWriter) {
			message(w, status, "Resource not accessible by integration")
		}
		result, err := f.authenticator(nil).Authenticate(t.Context(), f.request("read:user", "user:email"))
		if fails {
			require.Error(t, err, status)
			require.Nil(t, result)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, public, result.Profile.Email)
		require.Equal(t, authprovider.EmailVerificationUnknown, result.Profile.EmailVerification)
	}
}

func TestOrganizationsAndTeams(t *testing.T) {
	f := newFake(t)
	for i := range 201 {
		f.orgs = append(f.orgs, fmt.Sprintf(`{"login":"org%d","id":%d,"node_id":"x","description":null}`, i, i+1))
	}
	f.teams = []string{`{"id":1,"node_id":"x","name":"Justice League","slug":"justice-league","parent":null,"organization":{"login":"github","id":9919}}`}
	a := f.authenticator(func(c *github.Config) { c.ReadOrganizations, c.ReadTeams = true, true })
	require.Equal(t, []string{"read:user", "read:org"}, a.RequiredScopes())
	p := f.signIn(a, "read:user", "read:org").FullProfile
	require.Len(t, p.Organizations, 201)
	require.Equal(t, github.Organization{ID: "201", Login: "org200"}, p.Organizations[200])
	require.Equal(t, []github.Team{{ID: "1", Slug: "justice-league", Organization: github.Organization{ID: "9919", Login: "github"}}}, p.Teams)

	plain := f.authenticator(nil)
	require.Equal(t, []string{"read:user"}, plain.RequiredScopes())
	require.Empty(t, f.signIn(plain, "read:user", "read:org").FullProfile.Organizations)
	require.NotContains(t, f.asked(), "GET /user/orgs")

	// Without the scope there is no knowing where the person belongs: it must not look like nowhere.
	result, err := a.Authenticate(t.Context(), f.request("read:user"))
	require.Nil(t, result)
	var p2 *oauthadapter.ProviderError
	require.ErrorAs(t, err, &p2)
	require.Equal(t, "consent_required", p2.Code)

	// Nor must a part look like the whole.
	for i := range 1000 {
		f.orgs = append(f.orgs, fmt.Sprintf(`{"login":"more%d","id":%d}`, i, i+1000))
	}
	result, err = a.Authenticate(t.Context(), f.request("read:user", "read:org"))
	require.Nil(t, result)
	require.ErrorContains(t, err, "more than 1000")
}

func TestFailures(t *testing.T) {
	reset := strconv.FormatInt(now.Add(10*time.Minute).Unix(), 10)
	for name, tt := range map[string]struct {
		path   string
		answer func(w http.ResponseWriter)
		class  error
		code   string
		retry  time.Duration
	}{
		"primary rate limit": {"/user", func(w http.ResponseWriter) {
			w.Header().Set("X-RateLimit-Remaining", "0")
			w.Header().Set("X-RateLimit-Reset", reset)
			message(w, 403, "API rate limit exceeded for user ID 1.")
		}, authprovider.ErrUnavailable, "", 10 * time.Minute},
		"secondary rate limit": {"/user", func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "60")
			message(w, 403, "You have exceeded a secondary rate limit.")
		}, authprovider.ErrUnavailable, "", time.Minute},
		"outage":       {"/user", func(w http.ResponseWriter) { message(w, 503, "Unicorn!") }, authprovider.ErrUnavailable, "", 0},
		"other outage": {"/login/oauth/access_token", func(w http.ResponseWriter) { w.WriteHeader(502) }, authprovider.ErrUnavailable, "", 0},
		"suspended":    {"/user", func(w http.ResponseWriter) { message(w, 403, "Sorry. Your account was suspended.") }, nil, "", 0},
		"nobody":       {"/user", func(w http.ResponseWriter) { answerJSON(w, `{"login":"octocat"}`) }, authprovider.ErrAuthentication, "", 0},
		"no number":    {"/user", func(w http.ResponseWriter) { answerJSON(w, `{"id":"583231"}`) }, authprovider.ErrUnavailable, "", 0},
		"negative":     {"/user", func(w http.ResponseWriter) { answerJSON(w, `{"id":-1}`) }, authprovider.ErrAuthentication, "", 0},
		"twins":        {"/user", func(w http.ResponseWriter) { answerJSON(w, `{"id":1,"ID":2}`) }, authprovider.ErrUnavailable, "", 0},
		"no verified address at all": {"/login/oauth/access_token", func(w http.ResponseWriter) {
			answerJSON(w, `{"error":"unverified_user_email","error_description":"The user must have a verified primary email."}`)
		}, nil, "access_denied", 0},
		"a form": {"/login/oauth/access_token", func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
			_, _ = w.Write([]byte("error=bad_verification_code&error_description=The+code+passed+is+incorrect+or+expired."))
		}, nil, "invalid_grant", 0},
		"wrong secret": {"/login/oauth/access_token", func(w http.ResponseWriter) {
			answerJSON(w, `{"error":"incorrect_client_credentials","error_description":"The client_id and/or client_secret passed are incorrect."}`)
		}, nil, "invalid_client", 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			a := f.authenticator(nil)
			req := f.request("read:user")
			f.set(func(f *fake) { f.answers[tt.path] = tt.answer })
			result, err := a.Authenticate(t.Context(), req)
			require.Nil(t, result)
			require.Error(t, err)
			if tt.class != nil {
				require.ErrorIs(t, err, tt.class)
			}
			var p *oauthadapter.ProviderError
			if tt.code != "" {
				require.ErrorAs(t, err, &p)
				require.Equal(t, tt.code, p.Code)
			}
			if tt.retry != 0 {
				require.ErrorAs(t, err, &p)
				require.Equal(t, tt.retry, p.RetryAfter)
			}
			require.NotContains(t, err.Error(), clientSecret)
		})
	}
}

func answerJSON(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write([]byte(body))
}

// At a rate limit nobody knows whether an address is verified, which is no reason to go on without.
func TestRateLimitOfEmails(t *testing.T) {
	f := newFake(t)
	f.answers["/user/emails"] = func(w http.ResponseWriter) {
		w.Header().Set("X-RateLimit-Remaining", "0")
		message(w, 403, "API rate limit exceeded for user ID 1.")
	}
	result, err := f.authenticator(nil).Authenticate(t.Context(), f.request("read:user", "user:email"))
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.Nil(t, result)
}

// Two people get two identities, and one who changes the name keeps the first.
func TestTwoPeople(t *testing.T) {
	f := newFake(t)
	a := f.authenticator(nil)
	first := f.signIn(a, "read:user")
	f.set(func(f *fake) { f.user = `{"login":"octocat","id":583232,"node_id":"MDQ6VXNlcjU4MzIzMg=="}` })
	second := f.signIn(a, "read:user")
	require.NotEqual(t, first.Session.Subject, second.Session.Subject)
	f.set(func(f *fake) { f.user = `{"login":"renamed","id":583231,"node_id":"MDQ6VXNlcjU4MzIzMQ=="}` })
	require.Equal(t, first.Session.Subject, f.signIn(a, "read:user").Session.Subject)
}

// hosts sends every request to one server and remembers for whom it was.
type hosts struct {
	server *url.URL
	seen   map[string]bool
}

func (h hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	h.seen[r.Method+" "+r.URL.Scheme+"://"+r.URL.Host+r.URL.Path] = true
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = h.server.Scheme, h.server.Host
	return http.DefaultTransport.RoundTrip(r)
}

func TestHosts(t *testing.T) {
	for enterprise, want := range map[string]struct{ web, api string }{
		"":                             {"https://github.com", "https://api.github.com"},
		"https://github.com/":          {"https://github.com", "https://api.github.com"},
		"https://ghe.example.com/":     {"https://ghe.example.com", "https://ghe.example.com/api/v3"},
		"https://ghe.example.com:8443": {"https://ghe.example.com:8443", "https://ghe.example.com:8443/api/v3"},
		"https://octocorp.ghe.com":     {"https://octocorp.ghe.com", "https://api.octocorp.ghe.com"},
		"https://evilghe.com":          {"https://evilghe.com", "https://evilghe.com/api/v3"},
		"https://github.com.evil.test": {"https://github.com.evil.test", "https://github.com.evil.test/api/v3"},
	} {
		f := newFake(t)
		server, err := url.Parse(f.server.URL)
		require.NoError(t, err)
		h := hosts{server, make(map[string]bool)}
		a := f.authenticator(func(c *github.Config) {
			c.EnterpriseURL = enterprise
			c.HTTPClient = &http.Client{Transport: h}
		})
		start, err := a.Start(t.Context(), oauthadapter.StartRequest{State: "s", CodeChallenge: "c", CallbackURL: callbackURL, Scopes: []string{"read:user"}})
		require.NoError(t, err)
		u, err := url.Parse(start.URL)
		require.NoError(t, err)
		require.Equal(t, want.web+"/login/oauth/authorize", u.Scheme+"://"+u.Host+u.Path)
		result := f.signIn(a, "read:user", "user:email")
		require.NoError(t, a.Revoke(t.Context(), result.Session))
		require.Equal(t, map[string]bool{"POST " + want.web + "/login/oauth/access_token": true, "GET " + want.api + "/user": true,
			"GET " + want.api + "/user/emails": true, "DELETE " + want.api + "/applications/" + clientID + "/token": true}, h.seen)
	}
}

// Two instances stand side by side: neither names, cookies nor addresses are shared.
func TestTwoInstances(t *testing.T) {
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: "https://portal.example.com/api/auth",
		Secrets: [][]byte{[]byte("32 bytes from a random generator")},
		Providers: map[string]authprovider.ProviderFactory{
			"github": github.Provider(github.Config{ClientID: "a", ClientSecret: "x"}),
			"ghe":    github.Provider(github.Config{ClientID: "b", ClientSecret: "y", EnterpriseURL: "https://ghe.example.com"}),
		},
	})
	require.NoError(t, err)
	cookies := make(map[string]bool)
	for id, want := range map[string]string{"github": "https://github.com/login/oauth/authorize a", "ghe": "https://ghe.example.com/login/oauth/authorize b"} {
		w := httptest.NewRecorder()
		auth.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://portal.example.com/api/auth/"+id+"/start?scope=repo", nil))
		require.Equal(t, http.StatusFound, w.Code, w.Body)
		u, err := url.Parse(w.Header().Get("Location"))
		require.NoError(t, err)
		q := u.Query()
		require.Equal(t, want, u.Scheme+"://"+u.Host+u.Path+" "+q.Get("client_id"))
		require.Equal(t, "https://portal.example.com/api/auth/"+id+"/handler/frame", q.Get("redirect_uri"))
		require.ElementsMatch(t, []string{"read:user", "repo"}, strings.Fields(q.Get("scope")))
		for _, c := range w.Result().Cookies() {
			if c.Path != "/" {
				require.Equal(t, "/api/auth/"+id, c.Path)
				cookies[c.Name] = true
			}
		}
	}
	require.Len(t, cookies, 2)
}
