package samlauthtest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/samlauth"
	"example.com/stagedoor/samlauth/samlauthtest"
)

const (
	origin = "https://portal.example.com"
	base   = origin + "/api/auth"
)

// newPortal is a host that signs people in by their name ID.
func newPortal(t *testing.T, c samlauth.Config) http.Handler {
	t.Helper()
	handler, err := authprovider.New(authprovider.Config{
		BaseURL: base, Secrets: [][]byte{[]byte("a secret of at least 32 bytes, for tests")}, Issuer: &authprovidertest.Issuer{},
		Users: authprovidertest.Users(t, authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"example.com/saml": samlauthtest.Jane}}),
		Providers: map[string]authprovider.ProviderFactory{
			"sso": samlauth.Provider(c, samlauth.NameIDMatchingUserEntityAnnotation("example.com/saml")),
		},
	})
	require.NoError(t, err)
	return handler
}

// The way that the package's documentation shows.
func TestHostSignsInWithTheProvider(t *testing.T) {
	idp := samlauthtest.NewProvider(t, samlauthtest.ProviderConfig{})
	browser := authprovidertest.NewBrowser(t)
	browser.Host(origin, newPortal(t, samlauth.Config{IDPMetadataURL: idp.MetadataURL()}))
	app := authprovidertest.App{Origin: origin, Provider: base + "/sso"}
	idp.Trust(browser, app)

	outcome := idp.SignInPopup(browser, app)
	require.Equal(t, "user:default/jane", outcome.Response.UserRef())
	require.True(t, browser.Refresh(app).OK())
	require.True(t, browser.Logout(app).OK())

	landing := idp.SignInRedirect(browser, app, origin+"/home")
	require.Equal(t, origin+"/home", landing.URL)

	idp.SignsIn(samlauthtest.Nina)
	require.Equal(t, "sign_in_refused", idp.SignInPopup(browser, app).Code())
	refused := idp.SignInRedirect(browser, app, origin+"/home")
	require.Equal(t, "sign_in_refused", refused.Code())
	idp.SetPerson(samlauthtest.Person{NameID: samlauthtest.Jane, Attributes: map[string][]string{"urn:example:role": {"admin"}}})
	idp.SignsIn(samlauthtest.Jane)
	require.Empty(t, idp.SignInPopup(browser, app).Code())
}

// Whoever is not trusted by metadata gets no answer.
func TestProviderKnowsItsServiceProviders(t *testing.T) {
	idp := samlauthtest.NewProvider(t, samlauthtest.ProviderConfig{})
	browser := authprovidertest.NewBrowser(t)
	browser.Host(origin, newPortal(t, samlauth.Config{IDPMetadataURL: idp.MetadataURL()}))
	hop := idp.Begin(browser, authprovidertest.App{Origin: origin, Provider: base + "/sso"}, "popup", "")
	require.Equal(t, http.StatusBadRequest, hop.Status)
	require.Contains(t, string(hop.Body), "unknown service provider")
}

func TestProviderMisbehaves(t *testing.T) {
	idp := samlauthtest.NewProvider(t, samlauthtest.ProviderConfig{})
	key, certificate := samlauthtest.NewKeyPair(t, time.Now())
	browser := authprovidertest.NewBrowser(t)
	browser.Host(origin, newPortal(t, samlauth.Config{IDPMetadata: idp.Metadata(), Key: key, Certificate: certificate}))
	app := authprovidertest.App{Origin: origin, Provider: base + "/sso"}
	idp.Trust(browser, app)
	for code, behavior := range map[string]samlauthtest.Behavior{
		samlauth.CodeAudience:     {Audience: "https://other.example.com"},
		samlauth.CodeRecipient:    {Recipient: "https://other.example.com"},
		samlauth.CodeDestination:  {Destination: "https://other.example.com"},
		samlauth.CodeInResponseTo: {InResponseTo: "_other"},
		samlauth.CodeIssuer:       {Issuer: "https://other.example.com"},
		samlauth.CodeNotYetValid:  {ClockAhead: time.Hour},
		samlauth.CodeUnsolicited:  {Unsolicited: true},
		samlauth.CodeSHA1:         {SHA1: true},
		samlauth.CodeEncryption:   {UnsignedAssertion: true},
		"access_denied":           {Denied: true},
	} {
		t.Run(code, func(t *testing.T) {
			idp.Set(func(b *samlauthtest.Behavior) { *b = behavior })
			require.Equal(t, code, idp.SignInPopup(browser, app).Code())
		})
	}
	idp.Set(func(b *samlauthtest.Behavior) { *b = samlauthtest.Behavior{Down: true} })
	require.Equal(t, http.StatusServiceUnavailable, idp.Begin(browser, app, "popup", "").Status)
}
