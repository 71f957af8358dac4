package github_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter/github"
)

// A whole host: from the app's popup over GitHub to refresh, more scope, revocation and sign-out.
func TestHost(t *testing.T) {
	f := newFake(t)
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: authprovidertest.ConformanceBaseURL, Secrets: [][]byte{[]byte("conformance secret: 32 bytes long")}, Issuer: &authprovidertest.Issuer{},
		Users: authprovidertest.Users(t, authprovider.User{Ref: "user:default/octocat", Annotations: map[string]string{"github.com/user-id": "MDQ6VXNlcjU4MzIzMQ=="}}),
		Providers: map[string]authprovider.ProviderFactory{"under-test": github.Provider(github.Config{
			EnterpriseURL: f.server.URL, ClientID: clientID, ClientSecret: clientSecret}, github.UserIDMatchingUserEntityAnnotation)},
	})
	require.NoError(t, err)
	const portal = "https://portal.example.com"
	browser := authprovidertest.NewBrowser(t)
	browser.Host(portal, auth)
	app := authprovidertest.App{Origin: portal, Provider: authprovidertest.ConformanceProvider}

	require.Equal(t, "user:default/octocat", browser.SignInPopup(app).Response.UserRef())
	require.Equal(t, "user:default/octocat", browser.Refresh(app).Session.UserRef())
	require.Equal(t, "consent_required", browser.Refresh(app, "repo").Code())
	require.NotNil(t, browser.SignInPopup(app, "repo").Response)
	require.Equal(t, "user:default/octocat", browser.Refresh(app, "public_repo").Session.UserRef(), "repo includes it")

	f.set(func(f *fake) { clear(f.tokens) }) // at GitHub, by the person
	require.Equal(t, "session_ended", browser.Refresh(app).Code())
	require.Equal(t, "session_missing", browser.Refresh(app).Code())

	require.NotNil(t, browser.SignInPopup(app).Response)
	require.True(t, browser.Logout(app).OK())
	require.Empty(t, f.tokens, "a sign-out revokes the token")

	f.set(func(f *fake) { f.user = `{"login":"octocat","id":1,"node_id":"MDQ6VXNlcjE="}` })
	require.Equal(t, "sign_in_refused", browser.SignInPopup(app).Code(), "another person with the same login")
}
