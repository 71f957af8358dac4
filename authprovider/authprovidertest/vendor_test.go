package authprovidertest_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/github"
	"example.com/stagedoor/oauthadapter/keycloak"
	"example.com/stagedoor/resolver"
)

const gitHubUser = "https://api.github.com/user"

func gitHubConfig(v *authprovidertest.Vendor) github.Config {
	return github.Config{ClientID: v.ClientID(), ClientSecret: v.ClientSecret(), HTTPClient: v.Client(), Now: v.Clock.Now}
}

// A person chooses who to be from the vendor's page, or says no there.
func TestVendorPage(t *testing.T) {
	const base, portal = "https://portal.example.com/auth", "https://portal.example.com"
	v := authprovidertest.NewGitHub(t, authprovidertest.GitHubVendor{}, authprovidertest.VendorConfig{})
	v.AllowRedirect(base + "/github/handler/frame")
	v.SignsIn("")
	auth, err := authprovider.New(authprovider.Config{BaseURL: base, Secrets: [][]byte{[]byte("0123456789abcdef0123456789abcdef")}, HTTPClient: v.Client(), Now: v.Clock.Now,
		Providers: map[string]authprovider.ProviderFactory{"github": github.Provider(github.Config{ClientID: v.ClientID(), ClientSecret: v.ClientSecret()})}})
	require.NoError(t, err)
	browser := authprovidertest.NewBrowser(t)
	browser.Now = v.Clock.Now
	browser.Host(portal, auth)
	v.Hosts(browser)
	app := authprovidertest.App{Origin: portal, Provider: base + "/github"}
	stop := func(target string) bool { u, err := url.Parse(target); return err == nil && u.Query().Has("state") }

	page := browser.Open(portal, app.Provider+"/start?flow=popup&scope=&origin="+url.QueryEscape(portal))
	require.Equal(t, http.StatusOK, page.Status)
	hop := browser.SubmitUntil(page, url.Values{"person": {authprovidertest.Joe}}, stop)
	require.Equal(t, "Joe Bloggs", browser.FinishPopup(app, hop.Location).Response.Profile.DisplayName)

	page = browser.Open(portal, app.Provider+"/start?flow=popup&scope=&origin="+url.QueryEscape(portal))
	hop = browser.SubmitUntil(page, url.Values{"cancel": {"yes"}}, stop)
	require.Contains(t, hop.Location, "denied+your+application")
	require.Equal(t, "access_denied", browser.FinishPopup(app, hop.Location).Code())
}

func TestVendorObservation(t *testing.T) {
	v := authprovidertest.NewGitHub(t, authprovidertest.GitHubVendor{}, authprovidertest.VendorConfig{})
	a, err := github.New(gitHubConfig(v))
	require.NoError(t, err)
	_, err = authprovidertest.SignInAt(t, v, a)
	require.NoError(t, err)
	require.Equal(t, []string{"GET https://github.com/login/oauth/authorize", "POST https://github.com/login/oauth/access_token", "GET " + gitHubUser}, v.Requests())
	require.Equal(t, 1, v.Calls(authprovidertest.UserInfo))
	require.Equal(t, authprovidertest.DefaultClientID, v.Last(authprovidertest.Token).Form.Get("client_id"))
	require.Equal(t, "3622476027", v.Subject(authprovidertest.Joe))
	require.Empty(t, v.Subject("nobody"))

	v.Handle(gitHubUser, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	_, err = authprovidertest.SignInAt(t, v, a)
	require.ErrorContains(t, err, "418")
	v.Handle(gitHubUser, nil)
	v.SetPerson(authprovidertest.Person{Subject: authprovidertest.Jane, Name: "Jane Roe"})
	v.SetPerson(authprovidertest.Person{Subject: "7", Name: "Seven"})
	result, err := authprovidertest.SignInAt(t, v, a)
	require.NoError(t, err)
	require.Equal(t, "Jane Roe", result.Profile.DisplayName)
	v.SignsIn("7")
	result, err = authprovidertest.SignInAt(t, v, a)
	require.NoError(t, err)
	require.Equal(t, "7", result.Session.Subject)
	v.Clock.Advance(24 * time.Hour)
	require.True(t, v.Clock.Now().After(time.Now().Add(23*time.Hour)))
}

func TestVendorMisuseIsSaid(t *testing.T) {
	for want, run := range map[string]func(testing.TB){
		"is not an absolute http or https URL": func(t testing.TB) {
			authprovidertest.NewGitLab(t, authprovidertest.GitLabVendor{BaseURL: "gitlab.example.com"}, authprovidertest.VendorConfig{})
		},
		"none of the vendor's hosts": func(tb testing.TB) {
			v := authprovidertest.NewGitHub(tb, authprovidertest.GitHubVendor{}, authprovidertest.VendorConfig{})
			_, err := v.Client().Get("https://gitlab.com/")
			require.Error(t, err)
		},
		"no redirect": func(t testing.TB) {
			v := authprovidertest.NewGitHub(t, authprovidertest.GitHubVendor{}, authprovidertest.VendorConfig{})
			v.SignIn(t, "https://github.com/login/oauth/authorize?client_id=nobody")
		},
		"redirect URI": func(t testing.TB) {
			authprovidertest.NewGitHub(t, authprovidertest.GitHubVendor{}, authprovidertest.VendorConfig{}).AllowRedirect("/relative")
		},
		"Person.Subject": func(t testing.TB) {
			authprovidertest.NewGitHub(t, authprovidertest.GitHubVendor{}, authprovidertest.VendorConfig{}).SetPerson(authprovidertest.Person{})
		},
		"VendorTest.Vendor is required": func(t testing.TB) {
			authprovidertest.TestVendor(t, authprovidertest.VendorTest[github.Profile]{})
		},
		"VendorTest.Handlers and Provider": func(t testing.TB) {
			authprovidertest.TestVendor(t, authprovidertest.VendorTest[github.Profile]{
				Vendor: authprovidertest.NewGitHub(t, authprovidertest.GitHubVendor{}, authprovidertest.VendorConfig{})})
		},
		"needs two people": func(tb testing.TB) {
			v := authprovidertest.NewGitHub(tb, authprovidertest.GitHubVendor{}, authprovidertest.VendorConfig{People: []authprovidertest.Person{{Subject: "1"}}})
			a, err := github.New(gitHubConfig(v))
			require.NoError(t, err)
			authprovidertest.TestVendor(tb, authprovidertest.VendorTest[github.Profile]{Vendor: v, Handlers: a,
				Provider: func(signIn ...authprovider.SignInResolver[github.Result]) authprovider.ProviderFactory {
					return github.Provider(gitHubConfig(v), signIn...)
				}})
		},
	} {
		r := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			run(r)
		}()
		<-done
		require.Len(t, r.failures, 1, want)
		require.Contains(t, r.failures[0], want)
	}
}

// Who moves from an OpenID provider to GitHub stays who they are, and a sign-out comes back from the vendor's own page.
func TestVendorWayAndSignOut(t *testing.T) {
	c := janesConfig(t)
	v := authprovidertest.NewGitHub(t, authprovidertest.GitHubVendor{}, authprovidertest.VendorConfig{})
	c.Now = v.Clock.Now
	idp := authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{Now: c.Now})
	identity := authprovidertest.SameIdentity(t, authprovidertest.Jane, oidcWay(c, idp),
		v.Way("github", c, github.Provider(github.Config{ClientID: v.ClientID(), ClientSecret: v.ClientSecret()},
			resolver.EmailMatchingUserEntityProfileEmail), "user:email"))
	require.Equal(t, "user:default/jane", identity.UserEntityRef)

	k := authprovidertest.NewKeycloak(t, authprovidertest.KeycloakVendor{}, authprovidertest.VendorConfig{})
	k.AllowLogoutRedirect("https://portal.example.com/")
	a, err := keycloak.New(keycloak.Config{RealmURL: "https://sso.example.com/realms/acme", ClientID: k.ClientID(), ClientSecret: k.ClientSecret(),
		EndSession: true, PostLogoutRedirect: true, HTTPClient: k.Client(), Now: k.Clock.Now})
	require.NoError(t, err)
	result, err := authprovidertest.SignInAt(t, k, a)
	require.NoError(t, err)
	page, err := a.EndSessionURL(t.Context(), oauthadapter.LogoutRequest{Session: result.Session, ReturnURL: "https://portal.example.com/"})
	require.NoError(t, err)
	browser := authprovidertest.NewBrowser(t)
	k.Hosts(browser)
	require.Equal(t, "https://portal.example.com/", browser.Navigate(page).URL)
}
