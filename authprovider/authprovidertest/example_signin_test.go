package authprovidertest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/tokenissuer"
)

// testSignIn is what the host's test calls TestSignIn.
func testSignIn(t *testing.T) {
	const base, portal = "https://portal.example.com/api/auth", "https://portal.example.com"
	clock := authprovidertest.NewClock(time.Time{})
	log := &authprovidertest.AuditLog{}
	idp := authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{Now: clock.Now, RedirectURLs: []string{base + "/sso/handler/frame"}})

	// The host's own set-up, with the provider's address.
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: base, Now: clock.Now})
	require.NoError(t, err)
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: base,
		Secrets: [][]byte{[]byte("0123456789abcdef0123456789abcdef")},
		Issuer:  issuer,
		Users:   authprovidertest.Users(t, authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"}),
		Providers: map[string]authprovider.ProviderFactory{
			"sso": oidcprovider.Provider(oidcprovider.Config{Issuer: idp.Issuer(), ClientID: idp.ClientID(), ClientSecret: idp.ClientSecret()},
				resolver.EmailMatchingUserEntityProfileEmail),
		},
		Now:    clock.Now,
		Logger: log.Logger(),
	})
	require.NoError(t, err)

	// A person at a browser.
	browser := authprovidertest.NewBrowser(t)
	browser.Now = clock.Now
	browser.Host(portal, auth)
	app := authprovidertest.App{Origin: portal, Provider: base + "/sso"}

	message := browser.SignInPopup(app)
	require.Equal(t, "user:default/jane", message.Response.UserRef(), message.Undelivered)
	user, err := issuer.Verify(t.Context(), message.Response.BackstageIdentity.Token)
	require.NoError(t, err)
	require.Equal(t, "user:default/jane", user.Subject)

	clock.Advance(time.Hour)
	require.Equal(t, "user:default/jane", browser.Refresh(app).Session.UserRef())
	require.True(t, browser.Logout(app).OK())
	require.Equal(t, "session_missing", browser.Refresh(app).Code())

	// An address that nobody verified is no identity.
	idp.SetPerson(authprovidertest.Person{Subject: "mallory", Email: "jane@example.com", EmailVerified: new(false)})
	idp.SignsIn("mallory")
	require.Nil(t, browser.SignInPopup(app).Response)
	require.Equal(t, authprovider.AuditRefused, log.Last().Event)
}

// A whole sign-in, from the app's popup to the verified user token, refresh and logout.
func Example_signIn() {
	_ = testSignIn
}
