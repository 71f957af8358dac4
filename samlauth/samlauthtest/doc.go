// Package samlauthtest has a SAML identity provider for the tests of hosts that use samlauth.
//
//	idp := samlauthtest.NewProvider(t, samlauthtest.ProviderConfig{})
//	handler := newPortal(t, idp.MetadataURL()) // the host's own set-up
//	browser := authprovidertest.NewBrowser(t)
//	browser.Host("https://portal.example.com", handler)
//	app := authprovidertest.App{Origin: "https://portal.example.com", Provider: "https://portal.example.com/api/auth/sso"}
//	idp.Trust(browser, app)
//	outcome := idp.SignInPopup(browser, app)
//	// outcome.Response.UserRef() is who signed in; outcome.Error, why nobody did; then browser.Refresh(app), browser.Logout(app)
//
// The protocol is that of github.com/crewjam/saml's identity provider, on a loopback server. [Provider.Set] makes it lie. It is for tests
// alone, and must not guard anything real.
package samlauthtest
