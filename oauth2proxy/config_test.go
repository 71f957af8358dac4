package oauth2proxy_test

import (
	"errors"
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauth2proxy"
	"example.com/stagedoor/proxyauth"
)

func TestUnsafeConfigurations(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*oauth2proxy.Config)
		want   string
	}{
		{"neither issuer nor trust", func(c *oauth2proxy.Config) { *c = oauth2proxy.Config{} }, "Config.Issuer or Config.Trust is required"},
		{"headers of anybody", func(c *oauth2proxy.Config) { *c = oauth2proxy.Config{HeaderStyle: oauth2proxy.ForwardedHeaders} }, "Config.Issuer or Config.Trust is required"},
		{"issuer lost, audience kept", func(c *oauth2proxy.Config) {
			c.Issuer, c.Trust, c.HeaderStyle = "", trustSecret(), oauth2proxy.ForwardedHeaders
		}, "Config.Issuer is required"},
		{"issuer lost, header kept", func(c *oauth2proxy.Config) {
			*c = oauth2proxy.Config{Header: "Authorization", Trust: trustSecret(), HeaderStyle: oauth2proxy.ForwardedHeaders}
		}, "Config.Issuer is required"},
		{"issuer lost, keys kept", func(c *oauth2proxy.Config) {
			*c = oauth2proxy.Config{JWKSURL: issuer + "/certs", Trust: trustSecret(), HeaderStyle: oauth2proxy.ForwardedHeaders}
		}, "Config.Issuer is required"},
		{"issuer lost, groups claim kept", func(c *oauth2proxy.Config) {
			*c = oauth2proxy.Config{GroupsClaim: "roles", Trust: trustSecret(), HeaderStyle: oauth2proxy.ForwardedHeaders}
		}, "Config.Issuer is required"},
		{"no audience", func(c *oauth2proxy.Config) { c.Audience = nil }, "Config.Audience is required"},
		{"empty audience", func(c *oauth2proxy.Config) { c.Audience = []string{"portal", ""} }, "Config.Audience has an empty entry"},
		{"issuer without TLS", func(c *oauth2proxy.Config) { c.Issuer = "http://sso.example.com" }, "Config.Issuer"},
		{"issuer is no URL", func(c *oauth2proxy.Config) { c.Issuer = "sso.example.com" }, "Config.Issuer"},
		{"keys without TLS", func(c *oauth2proxy.Config) { c.JWKSURL = "http://sso.example.com/certs" }, "Config.JWKSURL"},
		{"header with a space", func(c *oauth2proxy.Config) { c.Header = "X Id" }, "Config.Header"},
		{"header with an underscore", func(c *oauth2proxy.Config) { c.Header = "X_Id_Token" }, "Config.Header"},
		{"cookie header", func(c *oauth2proxy.Config) { c.Header = "cookie" }, "Config.Header"},
		{"access token header", func(c *oauth2proxy.Config) { c.Header = "x-forwarded-access-token" }, "Config.Header"},
		{"access token header of auth_request", func(c *oauth2proxy.Config) { c.Header = "X-Auth-Request-Access-Token" }, "Config.Header"},
		{"unknown header style", func(c *oauth2proxy.Config) { c.HeaderStyle, c.Trust = "X-Remote", trustSecret() }, "Config.HeaderStyle"},
		{"header style without trust", func(c *oauth2proxy.Config) { c.HeaderStyle = oauth2proxy.ForwardedHeaders }, "Config.Trust is required"},
		{"trust without header style", func(c *oauth2proxy.Config) { *c = oauth2proxy.Config{Trust: trustSecret()} }, "Config.HeaderStyle is required"},
		{"empty trust", func(c *oauth2proxy.Config) { c.Trust = &proxyauth.TrustConfig{} }, "Config.Trust"},
		{"trust in everybody", func(c *oauth2proxy.Config) {
			c.Trust = &proxyauth.TrustConfig{Peers: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}}
		}, "Config.Trust"},
		{"short secret", func(c *oauth2proxy.Config) {
			c.Trust = &proxyauth.TrustConfig{SecretHeader: "X-Proxy-Secret", Secrets: []authprovider.Secret{"short"}}
		}, "Config.Trust"},
		{"secret in the token's header", func(c *oauth2proxy.Config) {
			c.Trust = &proxyauth.TrustConfig{SecretHeader: "x-oauth2-proxy-id-token", Secrets: []authprovider.Secret{secret}}
		}, "Config.Trust.SecretHeader"},
		{"secret in a plain header", func(c *oauth2proxy.Config) {
			c.HeaderStyle = oauth2proxy.ForwardedHeaders
			c.Trust = &proxyauth.TrustConfig{SecretHeader: "x-forwarded-user", Secrets: []authprovider.Secret{secret}}
		}, "Config.Trust.SecretHeader"},
		{"prefix is the root", func(c *oauth2proxy.Config) { c.ProxyPrefix = "/" }, "Config.ProxyPrefix"},
		{"prefix without slash", func(c *oauth2proxy.Config) { c.ProxyPrefix = "oauth2" }, "Config.ProxyPrefix"},
		{"prefix is another origin", func(c *oauth2proxy.Config) { c.ProxyPrefix = "//evil.example.com" }, "Config.ProxyPrefix"},
		{"prefix makes a user", func(c *oauth2proxy.Config) { c.ProxyPrefix = "@evil.example.com" }, "Config.ProxyPrefix"},
		{"prefix climbs", func(c *oauth2proxy.Config) { c.ProxyPrefix = "/oauth2/../x" }, "Config.ProxyPrefix"},
		{"prefix ends in a slash", func(c *oauth2proxy.Config) { c.ProxyPrefix = "/oauth2/" }, "Config.ProxyPrefix"},
		{"prefix with a query", func(c *oauth2proxy.Config) { c.ProxyPrefix = "/oauth2?rd=x" }, "Config.ProxyPrefix"},
		{"prefix with an escape", func(c *oauth2proxy.Config) { c.ProxyPrefix = "/oauth2%2f" }, "Config.ProxyPrefix"},
		{"prefix with a line break", func(c *oauth2proxy.Config) { c.ProxyPrefix = "/oauth2\r\n" }, "Config.ProxyPrefix"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t)
			c := g.config()
			tc.change(&c)
			a, err := oauth2proxy.New(c)
			require.Nil(t, a)
			require.ErrorContains(t, err, "oauth2proxy: "+tc.want)
			require.NotContains(t, err.Error(), secret)
		})
	}
}

func TestProviderNeedsAResolver(t *testing.T) {
	g := newRig(t)
	pc, err := authprovider.NewProviderContext(authprovider.Config{BaseURL: "http://localhost:7007/api/auth"}, "oauth2Proxy")
	require.NoError(t, err)
	_, err = oauth2proxy.Provider(g.config())(pc)
	require.ErrorContains(t, err, "a sign-in resolver is required")
	_, err = oauth2proxy.Provider(oauth2proxy.Config{}, oauth2proxy.ForwardedUserMatchingUserEntityName)(pc)
	require.ErrorContains(t, err, "oauth2proxy: Config.Issuer or Config.Trust is required")
}

// A provider that is down must not keep the host from starting.
func TestConstructionNeedsNoNetwork(t *testing.T) {
	g := newRig(t)
	g.provider.answer = func(*http.Request) (*http.Response, error) { return nil, errors.New("no network") }
	g.handler(g.config())
	require.Empty(t, g.provider.hosts())
}
