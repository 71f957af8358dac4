package azureeasyauth_test

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/azureeasyauth"
	"example.com/stagedoor/proxyauth"
)

func TestUnsafeConfigurations(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*azureeasyauth.Config)
		want   string
	}{
		{"no tenant", func(c *azureeasyauth.Config) { c.TenantID = "" }, "Config.TenantID is required"},
		{"every tenant and person", func(c *azureeasyauth.Config) { c.TenantID = "common" }, "Config.TenantID"},
		{"every tenant", func(c *azureeasyauth.Config) { c.TenantID = "organizations" }, "Config.TenantID"},
		{"every person", func(c *azureeasyauth.Config) { c.TenantID = "consumers" }, "Config.TenantID"},
		{"every person by GUID", func(c *azureeasyauth.Config) { c.TenantID = "9188040D-6c67-4c5b-b112-36a304b66dad" }, "Config.TenantID"},
		{"domain", func(c *azureeasyauth.Config) { c.TenantID = "acme.onmicrosoft.com" }, "Config.TenantID"},
		{"braces", func(c *azureeasyauth.Config) { c.TenantID = "{" + tenant + "}" }, "Config.TenantID"},
		{"a path in the tenant", func(c *azureeasyauth.Config) { c.TenantID = tenant[:34] + "/x" }, "Config.TenantID"},
		{"dashes alone", func(c *azureeasyauth.Config) { c.TenantID = strings.Repeat("-", 36) }, "Config.TenantID"},
		{"no dashes", func(c *azureeasyauth.Config) { c.TenantID = strings.Repeat("a", 36) }, "Config.TenantID"},
		{"no client", func(c *azureeasyauth.Config) { c.ClientID = "" }, "Config.ClientID is required"},
		{"client is a name", func(c *azureeasyauth.Config) { c.ClientID = "portal" }, "Config.ClientID"},
		{"client is a URI", func(c *azureeasyauth.Config) { c.ClientID = "api://" + client }, "Config.ClientID"},
		{"authority with a scheme", func(c *azureeasyauth.Config) { c.AuthorityHost = "https://login.microsoftonline.us" }, "Config.AuthorityHost"},
		{"authority with a path", func(c *azureeasyauth.Config) { c.AuthorityHost = "login.microsoftonline.us/x" }, "Config.AuthorityHost"},
		{"authority with a port", func(c *azureeasyauth.Config) { c.AuthorityHost = "login.microsoftonline.us:8443" }, "Config.AuthorityHost"},
		{"authority with a user", func(c *azureeasyauth.Config) { c.AuthorityHost = "login.microsoftonline.us@evil.example.com" }, "Config.AuthorityHost"},
		{"authority with a query", func(c *azureeasyauth.Config) { c.AuthorityHost = "evil.example.com?" }, "Config.AuthorityHost"},
		{"authority with a backslash", func(c *azureeasyauth.Config) { c.AuthorityHost = `evil.example.com\x` }, "Config.AuthorityHost"},
		{"authority with a dot at the end", func(c *azureeasyauth.Config) { c.AuthorityHost = "login.microsoftonline.us." }, "Config.AuthorityHost"},
		{"authority with a space", func(c *azureeasyauth.Config) { c.AuthorityHost = " login.microsoftonline.us" }, "Config.AuthorityHost"},
		{"authority of one label", func(c *azureeasyauth.Config) { c.AuthorityHost = "localhost" }, "Config.AuthorityHost"},
		{"authority is an address", func(c *azureeasyauth.Config) { c.AuthorityHost = "10.1.2.3" }, "Config.AuthorityHost"},
		{"authority with a hyphen first", func(c *azureeasyauth.Config) { c.AuthorityHost = "-login.microsoftonline.us" }, "Config.AuthorityHost"},
		{"authority not ASCII", func(c *azureeasyauth.Config) { c.AuthorityHost = "login.microsoftonlıne.us" }, "Config.AuthorityHost"},
		{"principal of anybody", func(c *azureeasyauth.Config) { c.ClientPrincipal = true }, "Config.Trust is required"},
		{"principal without tenant", func(c *azureeasyauth.Config) {
			*c = azureeasyauth.Config{ClientPrincipal: true, Trust: trustSecret()}
		}, "Config.TenantID is required"},
		{"empty trust", func(c *azureeasyauth.Config) { c.ClientPrincipal, c.Trust = true, &proxyauth.TrustConfig{} }, "Config.Trust"},
		{"empty trust of a token", func(c *azureeasyauth.Config) { c.Trust = &proxyauth.TrustConfig{} }, "Config.Trust"},
		{"trust in everybody", func(c *azureeasyauth.Config) {
			c.Trust = &proxyauth.TrustConfig{Peers: []netip.Prefix{netip.MustParsePrefix("::/0")}}
		}, "Config.Trust"},
		{"secret in the token's header", func(c *azureeasyauth.Config) {
			c.Trust = &proxyauth.TrustConfig{SecretHeader: "X-MS-TOKEN-AAD-ID-TOKEN", Secrets: []authprovider.Secret{secret}}
		}, "Config.Trust.SecretHeader"},
		{"secret in the principal's header", func(c *azureeasyauth.Config) {
			c.Trust = &proxyauth.TrustConfig{SecretHeader: "x-ms-client-principal-id", Secrets: []authprovider.Secret{secret}}
		}, "Config.Trust.SecretHeader"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t)
			c := g.config()
			tc.change(&c)
			a, err := azureeasyauth.New(c)
			require.Nil(t, a)
			require.ErrorContains(t, err, "azureeasyauth: "+tc.want)
			require.NotContains(t, err.Error(), secret)
		})
	}
}

func TestProviderNeedsAResolver(t *testing.T) {
	g := newRig(t)
	pc, err := authprovider.NewProviderContext(authprovider.Config{BaseURL: "http://localhost:7007/api/auth"}, "azureEasyAuth")
	require.NoError(t, err)
	_, err = azureeasyauth.Provider(g.config())(pc)
	require.ErrorContains(t, err, "a sign-in resolver is required")
	_, err = azureeasyauth.Provider(azureeasyauth.Config{}, azureeasyauth.IDMatchingUserEntityAnnotation)(pc)
	require.ErrorContains(t, err, "azureeasyauth: Config.TenantID is required")
}

// A provider that is down must not keep the host from starting.
func TestConstructionNeedsNoNetwork(t *testing.T) {
	g := newRig(t)
	g.provider.answer = func(*http.Request) (*http.Response, error) { return nil, errors.New("no network") }
	g.handler(g.config())
	require.Empty(t, g.provider.hosts())
}
