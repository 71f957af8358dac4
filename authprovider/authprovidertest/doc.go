// Package authprovidertest has fakes for the unit tests of hosts and of providers: an OpenID provider, a browser, users, a clock, an
// audit log, and conformance runs for implementations of the contracts.
//
// Start from [NewProvider] and [NewBrowser]:
//
//	idp := authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{})
//	idp.AllowRedirect("https://portal.example.com/api/auth/idp/handler/frame")
//	handler, err := authprovider.New(authprovider.Config{BaseURL: "https://portal.example.com/api/auth", ...})
//	browser := authprovidertest.NewBrowser(t)
//	browser.Host("https://portal.example.com", handler)
//	app := authprovidertest.App{Origin: "https://portal.example.com", Provider: "https://portal.example.com/api/auth/idp"}
//	message := browser.SignInPopup(app, "openid", "email")
//	// message.Response.UserRef(), browser.Refresh(app), browser.Logout(app), ...
//
// The fakes are servers and not mocks: what is tested is what runs. They are for tests only, and import testing.
package authprovidertest
