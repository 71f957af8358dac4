package github_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/github"
)

const (
	userURL   = "https://api.github.com/user"
	emailsURL = "https://api.github.com/user/emails"
	tokenURL  = "https://github.com/login/oauth/access_token"
)

var octocat = authprovidertest.Person{
	Subject: "583231", PreferredUsername: "octocat", Name: "The Octocat", Picture: "https://avatars.githubusercontent.com/u/583231?v=4",
	Email: "octocat@github.example", EmailVerified: new(true), Claims: map[string]any{"company": "@github", "email": "public@example.com"},
}

func newGitHub(t testing.TB, app bool, people ...authprovidertest.Person) *authprovidertest.Vendor {
	if people == nil {
		people = []authprovidertest.Person{octocat}
	}
	return authprovidertest.NewGitHub(t, authprovidertest.GitHubVendor{App: app}, authprovidertest.VendorConfig{People: people})
}

// says is an answer of GitHub's.
func says(status int, body string, header ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

func TestSignIn(t *testing.T) {
	v := newGitHub(t, false)
	result, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, config(v)), "user:email")
	require.NoError(t, err)
	require.Equal(t, "user:email read:user", result.Session.Scope)
	require.Zero(t, result.Session.ExpiresAt)
	require.Empty(t, result.Session.RefreshToken)
	require.Equal(t, authprovider.Profile{DisplayName: "The Octocat", Picture: octocat.Picture, Email: octocat.Email, EmailVerification: authprovider.EmailVerified}, result.Profile)
	p := result.FullProfile
	require.Equal(t, []string{"583231", "U_583231", "octocat", "https://github.com/octocat"}, []string{p.ID, p.NodeID, p.Username, p.ProfileURL})
	var claims struct {
		Company string `json:"company"`
	}
	require.NoError(t, p.Claims(&claims))
	require.Equal(t, "@github", claims.Company)

	v = newGitHub(t, true)
	result, err = authprovidertest.SignInAt(t, v, newAuthenticator(t, config(v)))
	require.NoError(t, err)
	require.Equal(t, v.Clock.Now().Add(8*time.Hour), result.Session.ExpiresAt)
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
			v := newGitHub(t, false)
			if tt.emails != "" {
				v.Handle(emailsURL, says(http.StatusOK, tt.emails))
			}
			result, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, config(v)), tt.scope)
			require.NoError(t, err)
			require.Equal(t, tt.want, result.FullProfile.Email)
			require.Equal(t, tt.state, result.FullProfile.EmailVerified)
			require.Equal(t, tt.profile, result.Profile.Email)
			if tt.asked {
				require.Contains(t, v.Requests(), "GET "+emailsURL)
			} else {
				require.NotContains(t, v.Requests(), "GET "+emailsURL)
			}
		})
	}
	for status, fails := range map[int]bool{403: false, 404: false, 401: true, 500: true, 429: true} {
		v := newGitHub(t, false)
		v.Handle(emailsURL, says(status, `{"message":"Resource not accessible by integration"}`))
		result, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, config(v)), "user:email")
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
	member := octocat
	for i := range 200 {
		member.Groups = append(member.Groups, fmt.Sprint("org", i))
	}
	member.Groups = append(member.Groups, "github/justice-league")
	v := newGitHub(t, false, member)
	c := config(v)
	c.ReadOrganizations, c.ReadTeams = true, true
	a := newAuthenticator(t, c)
	require.Equal(t, []string{"read:user", "read:org"}, a.RequiredScopes())
	result, err := authprovidertest.SignInAt(t, v, a)
	require.NoError(t, err)
	ids := authprovidertest.GitHubVendor{}
	organization := github.Organization{ID: ids.ID("github"), Login: "github"}
	require.Len(t, result.FullProfile.Organizations, 201)
	require.Equal(t, organization, result.FullProfile.Organizations[200])
	require.Equal(t, []github.Team{{ID: ids.ID("github/justice-league"), Slug: "justice-league", Organization: organization}}, result.FullProfile.Teams)

	plain := newAuthenticator(t, config(v))
	require.Equal(t, []string{"read:user"}, plain.RequiredScopes())
	before := v.Calls("https://api.github.com/user/orgs")
	result, err = authprovidertest.SignInAt(t, v, plain, "read:org")
	require.NoError(t, err)
	require.Empty(t, result.FullProfile.Organizations)
	require.Equal(t, before, v.Calls("https://api.github.com/user/orgs"))

	// Without the scope there is no knowing where the person belongs: it must not look like nowhere.
	v.Set(func(b *authprovidertest.Behavior) { b.ScopesDenied = []string{"read:org"} })
	result, err = authprovidertest.SignInAt(t, v, a)
	require.Nil(t, result)
	var p *oauthadapter.ProviderError
	require.ErrorAs(t, err, &p)
	require.Equal(t, "consent_required", p.Code)
	v.Behave()

	// Nor must a part look like the whole.
	for i := range 1000 {
		member.Groups = append(member.Groups, fmt.Sprint("more", i))
	}
	v.SetPerson(member)
	result, err = authprovidertest.SignInAt(t, v, a)
	require.Nil(t, result)
	require.ErrorContains(t, err, "more than 1000")
}

// GitHub's Link headers are not followed: the token could go anywhere.
func TestLinkIsNotFollowed(t *testing.T) {
	v := newGitHub(t, false)
	pages := 0
	v.Handle("https://api.github.com/user/orgs", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := []string{"Link", `<https://elsewhere.example/steal>; rel="next"`}
		if pages++; r.URL.Query().Get("page") == "2" {
			header = nil
		}
		says(http.StatusOK, `[{"id":1,"login":"acme"}]`, header...).ServeHTTP(w, r)
	}))
	c := config(v)
	c.ReadOrganizations = true
	_, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, c)) // the client of the fake fails the test elsewhere
	require.NoError(t, err)
	require.Equal(t, 2, pages)
}

func TestFailures(t *testing.T) {
	for name, tt := range map[string]struct {
		address string
		answer  http.Handler
		class   error
		code    string
		retry   time.Duration
	}{
		"secondary rate limit": {userURL, says(403, `{"message":"You have exceeded a secondary rate limit."}`, "Retry-After", "60"), authprovider.ErrUnavailable, "", time.Minute},
		// Nobody knows then whether an address is verified, which is no reason to go on without.
		"rate limit of addresses": {emailsURL, says(403, `{"message":"API rate limit exceeded for user ID 1."}`, "X-RateLimit-Remaining", "0"), authprovider.ErrUnavailable, "", 0},
		"suspended":               {userURL, says(403, `{"message":"Sorry. Your account was suspended."}`), nil, "", 0},
		"nobody":                  {userURL, says(200, `{"login":"octocat"}`), authprovider.ErrAuthentication, "", 0},
		"no number":               {userURL, says(200, `{"id":"583231"}`), authprovider.ErrUnavailable, "", 0},
		"negative":                {userURL, says(200, `{"id":-1}`), authprovider.ErrAuthentication, "", 0},
		"twins":                   {userURL, says(200, `{"id":1,"ID":2}`), authprovider.ErrUnavailable, "", 0},
		"no verified address at all": {tokenURL, says(200, `{"error":"unverified_user_email","error_description":"The user must have a verified primary email."}`),
			nil, "access_denied", 0},
	} {
		t.Run(name, func(t *testing.T) {
			v := newGitHub(t, false)
			v.Handle(tt.address, tt.answer)
			result, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, config(v)), "user:email")
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
		})
	}
}

// Every request goes to the GitHub that is configured: the client of the fake fails the test elsewhere.
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
		v := authprovidertest.NewGitHub(t, authprovidertest.GitHubVendor{EnterpriseURL: enterprise}, authprovidertest.VendorConfig{})
		c := config(v)
		c.EnterpriseURL = enterprise
		a := newAuthenticator(t, c)
		result, err := authprovidertest.SignInAt(t, v, a, "user:email")
		require.NoError(t, err)
		require.NoError(t, a.Revoke(t.Context(), result.Session))
		require.Equal(t, []string{"GET " + want.web + "/login/oauth/authorize", "POST " + want.web + "/login/oauth/access_token", "GET " + want.api + "/user",
			"GET " + want.api + "/user/emails", "DELETE " + want.api + "/applications/" + v.ClientID() + "/token"}, v.Requests())
	}
}

// Two GitHubs stand side by side: neither names, cookies nor addresses are shared.
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
