// Package authprovidertest has fakes for the unit tests of hosts and of providers: an OpenID provider, vendors, identity-aware proxies, a
// browser, users, a clock, an audit log, and conformance runs for implementations of the contracts.
//
// Start from [NewProvider] and [NewBrowser]:
//
//	idp := authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{})
//	idp.AllowRedirect("https://portal.example.com/api/auth/sso/handler/frame")
//	handler := newPortal(t, idp.Issuer(), idp.ClientID(), idp.ClientSecret()) // the host's own set-up
//	browser := authprovidertest.NewBrowser(t)
//	browser.Host("https://portal.example.com", handler)
//	app := authprovidertest.App{Origin: "https://portal.example.com", Provider: "https://portal.example.com/api/auth/sso"}
//	message := browser.SignInPopup(app, "openid", "email")
//	// message.Response.UserRef() is who signed in; message.Error, why nobody did; then browser.Refresh(app), browser.Logout(app)
//
// [ResolverContext] is all that the test of a sign-in resolver needs. [Browser.BeginPopup] stops before the callback, so that a test can
// replay it, change it, or open it in another browser. [Provider.Set] makes the provider lie and fail, [Clock] lets time pass, and
// [AuditLog] remembers what was logged.
//
// Behind a proxy, an [Edge] makes the requests that the proxy sends for a person, and publishes the keys that they are signed with to its
// own client:
//
//	edge := authprovidertest.NewAccessEdge(t, authprovidertest.AccessProxy{TeamName: "acme", Audience: "aud-tag"}, authprovidertest.EdgeConfig{})
//	access, err := cfaccess.New(cfaccess.Config{TeamName: "acme", Audience: []string{"aud-tag"}, HTTPClient: edge.Client()})
//	result, err := access.Authenticate(ctx, edge.Request(authprovidertest.Jane))
//
// There are [NewIAPEdge], [NewOAuth2ProxyEdge], [NewALBEdge], [NewEasyAuthEdge] and, for any other that signs a header, [NewSignedHeaderEdge].
// [Edge.Protect] is the proxy as a whole, in front of a handler; [Edge.Set] makes it do one thing wrong.
//
// For the vendors that people have accounts at there are fakes under the vendors' own addresses, with their parameters, JSON and errors, so
// that the vendor's package runs unchanged over their client:
//
//	gitHub := authprovidertest.NewGitHub(t, authprovidertest.GitHubVendor{}, authprovidertest.VendorConfig{})
//	a, err := github.New(github.Config{ClientID: gitHub.ClientID(), ClientSecret: gitHub.ClientSecret(), HTTPClient: gitHub.Client()})
//	result, err := authprovidertest.SignInAt(t, gitHub, a, "user:email") // for the unit test of a sign-in resolver
//
// Each returns a [Vendor]. [Vendor.Hosts] puts it in front of a [Browser], [Vendor.Set] makes it fail and refuse in its own words,
// [Vendor.Withdraw] is the person who takes a consent back, and [Vendor.Handle] answers in any other way.
//
// [TestHandler] attacks a host's own wiring as pages and people on the web could. Those who implement a contract run
// [TestRouteHandlers], [TestOAuthHandlers], [TestVendor] or [TestAuthenticator]; each of their failures names the rule that was broken.
// They show the presence of mistakes: a handler that passes may have others. [SameIdentity] is for hosts with more than one provider: it
// signs a person in through each, and fails if that is not the same user.
//
// The fakes are servers and not mocks, so what is tested is what runs; nothing leaves the machine. They are for tests alone,
// import testing, and must not guard anything real.
package authprovidertest
