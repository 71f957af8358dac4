package acme_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/examples/custom-provider/acme"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/resolver/memcatalog"
)

const portal = "https://portal.example.com"

var users = memcatalog.New(authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"acme.example/user-id": authprovidertest.Jane}})

// newAcme starts a fake of the vendor. authprovidertest.NewProvider has Acme's paths; a vendor with others gets an httptest.Server of your own.
func newAcme(t *testing.T) (*authprovidertest.Provider, acme.Config) {
	idp := authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{RedirectURLs: []string{authprovidertest.ConformanceCallback}})
	return idp, acme.Config{URL: idp.Issuer(), ClientID: idp.ClientID(), ClientSecret: authprovider.Secret(idp.ClientSecret()), HTTPClient: idp.HTTPClient()}
}

func TestConformance(t *testing.T) {
	idp, config := newAcme(t)
	a, err := acme.New(config)
	require.NoError(t, err)
	authprovidertest.TestOAuthHandlers(t, authprovidertest.OAuthHandlersConfig[acme.Profile]{
		Handlers: a, Scopes: []string{"openid"}, Secrets: []string{idp.ClientSecret()}, Provider: idp,
	})
}

func TestRoutes(t *testing.T) {
	idp, config := newAcme(t)
	authprovidertest.TestRouteHandlers(t, authprovidertest.RouteHandlersConfig{
		Provider: acme.Provider(config, acme.UserIDMatchingAnnotation),
		Config:   authprovider.Config{Users: users, HTTPClient: idp.HTTPClient()},
		Secrets:  []string{idp.ClientSecret()},
	})
}

// TestSignIn is a whole sign-in: app, popup, vendor, callback, refresh and sign-out.
func TestSignIn(t *testing.T) {
	_, config := newAcme(t)
	config.Options.ProfileTransform = acme.NameWithLogin
	handler, err := authprovider.New(authprovider.Config{
		BaseURL: authprovidertest.ConformanceBaseURL, InsecureEphemeralSecret: true, Issuer: &authprovidertest.Issuer{}, Users: users,
		Providers: map[string]authprovider.ProviderFactory{"under-test": acme.Provider(config, acme.UserIDMatchingAnnotation)},
	})
	require.NoError(t, err)
	browser := authprovidertest.NewBrowser(t)
	browser.Host(portal, handler)
	app := authprovidertest.App{Origin: portal, Provider: authprovidertest.ConformanceProvider, Query: url.Values{"login_hint": {"jane@example.com"}}}

	message := browser.SignInPopup(app)
	require.Equal(t, "user:default/jane", message.Response.UserRef())
	require.Equal(t, "Jane Doe (jane)", message.Response.Profile.DisplayName)
	require.Contains(t, browser.Hops()[0].Location, "&login_hint=jane%40example.com")
	require.True(t, browser.Refresh(app).OK())
	require.Contains(t, string(browser.Logout(app).Body), config.URL+"/end_session?")
	require.Equal(t, "session_missing", browser.Refresh(app).Code())
}

// TestResolvers: the test of a resolver needs no server.
func TestResolvers(t *testing.T) {
	rc := authprovidertest.ResolverContext(t, authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"acme.example/user-id": "17"}})
	signIn := acme.Members("staff", acme.UserIDMatchingAnnotation)
	for name, c := range map[string]struct {
		profile acme.Profile
		want    error
	}{
		"member":         {acme.Profile{ID: "17", Groups: []string{"staff"}}, nil},
		"no member":      {acme.Profile{ID: "17", Groups: []string{"guests"}}, authprovider.ErrNotAllowed},
		"nobody we know": {acme.Profile{ID: "18", Groups: []string{"staff"}}, authprovider.ErrUserNotFound},
		"no ID":          {acme.Profile{Groups: []string{"staff"}}, authprovider.ErrInput},
	} {
		t.Run(name, func(t *testing.T) {
			in := acme.SignInInfo{Result: &oauthadapter.Result[acme.Profile]{FullProfile: c.profile}}
			identity, err := signIn(t.Context(), in, rc)
			require.ErrorIs(t, err, c.want)
			require.Equal(t, c.want == nil, identity != nil && identity.UserRef == "user:default/jane")
		})
	}
}

func TestUnverifiedAddress(t *testing.T) {
	idp, config := newAcme(t)
	idp.SignsIn(authprovidertest.Joe) // whose address nobody verified
	var shown authprovider.Profile
	var subject string
	config.Options.ProfileTransform = func(_ context.Context, r acme.Result, _ *authprovider.ResolverContext) (authprovider.Profile, error) {
		shown, subject = r.Profile, r.Session.Subject
		return r.Profile, nil
	}
	handler, err := authprovider.New(authprovider.Config{
		BaseURL: authprovidertest.ConformanceBaseURL, InsecureEphemeralSecret: true, Issuer: &authprovidertest.Issuer{}, Users: users,
		Providers: map[string]authprovider.ProviderFactory{"under-test": acme.Provider(config, acme.UserIDMatchingAnnotation)},
	})
	require.NoError(t, err)
	browser := authprovidertest.NewBrowser(t)
	browser.Host(portal, handler)
	message := browser.SignInPopup(authprovidertest.App{Origin: portal, Provider: authprovidertest.ConformanceProvider})
	require.Equal(t, "sign_in_refused", message.Code())
	require.Equal(t, authprovider.Profile{DisplayName: "Joe Bloggs"}, shown)
	require.Equal(t, authprovidertest.Joe, subject, "the ID, which nobody else can get")
}

func TestConfig(t *testing.T) {
	_, err := acme.New(acme.Config{ClientID: "portal"})
	require.EqualError(t, err, "acme: Config.URL is required")
	_, err = acme.New(acme.Config{URL: "https://id.acme.example", ClientID: "portal"})
	require.EqualError(t, err, "acme: Config.ClientSecret is required")
	_, err = acme.New(acme.Config{URL: "https://id.acme.example", ClientSecret: "secret"})
	require.ErrorContains(t, err, "Config.ClientID is required")
	_, err = acme.New(acme.Config{URL: "http://id.acme.example", ClientID: "portal", ClientSecret: "secret"})
	require.Error(t, err, "everybody on the way could read the secret")
}
