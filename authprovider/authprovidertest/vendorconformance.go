package authprovidertest

import (
	"slices"
	"testing"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
)

// VendorTest is what [TestVendor] tests.
type VendorTest[P any] struct {
	// Vendor is the fake. It has two people at least, the first with a name. Required.
	Vendor *Vendor
	// Handlers are those under test, made for the Vendor's Client, Clock, ClientID and ClientSecret. Required.
	Handlers oauthadapter.OAuthHandlers[P]
	// Provider makes the provider under test, of the same configuration but without HTTPClient and Now, which are the host's. Required.
	Provider func(signIn ...authprovider.SignInResolver[*oauthadapter.Result[P]]) authprovider.ProviderFactory
	// Config is the configuration, which must not show its secret however it is printed. If nil, it is not looked at.
	Config any
	// Scopes are asked for beside those that are required, such as one that opens the e-mail address.
	Scopes []string
}

// TestVendor is the conformance run of vendors: [TestOAuthHandlers], and what a vendor in its own form of addresses, answers and errors can
// make wrong, by handlers alone and through a host. It resets the vendor's behavior.
func TestVendor[P any](t testing.TB, c VendorTest[P]) {
	t.Helper()
	switch {
	case c.Vendor == nil:
		t.Fatalf("authprovidertest: VendorTest.Vendor is required")
	case c.Handlers == nil || c.Provider == nil:
		t.Fatalf("authprovidertest: VendorTest.Handlers and Provider are required")
	case len(c.Vendor.everybody()) < 2:
		t.Fatalf("authprovidertest: VendorTest.Vendor needs two people")
	}
	r := newVendorRig(c)
	TestOAuthHandlers(t, OAuthHandlersConfig[P]{
		Handlers: c.Handlers, Scopes: c.Scopes, OpenIDConnect: !r.spec.Dialect.PlainOAuth, Secrets: []string{c.Vendor.ClientSecret()}, SignIn: c.Vendor.SignIn,
	})
	runCases(t, func(testing.TB) *vendorRig[P] { return newVendorRig(c) }, slices.Concat(
		vendorProfileCases[P](), vendorFailureCases[P](), vendorSessionCases[P](), vendorHostCases[P]()))
	newVendorRig(c)
}
