package builtin_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authconfig/builtin"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/cfaccess"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// serve builds what an auth block says, with a client and users.
func serve(t *testing.T, registry authconfig.Registry, client *http.Client, text string, users ...authprovider.User) *authprovider.Handler {
	t.Helper()
	c, err := load(t, registry, text)
	require.NoError(t, err)
	c.Auth.HTTPClient, c.Auth.Users = client, memcatalog.New(users...)
	c.Auth.Issuer, err = tokenissuer.New(c.Issuer)
	require.NoError(t, err)
	auth, err := authprovider.New(c.Auth)
	require.NoError(t, err)
	return auth
}

// TestAuthorizationRequest: what the file says is in the request that goes to the vendor.
func TestAuthorizationRequest(t *testing.T) {
	idp := authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{})
	// The fake is on loopback; a file on another base URL would not name it.
	registry := authconfig.Registry{"oidc": builtin.OIDC(oidcprovider.Config{Issuer: idp.Issuer()})}
	for section, want := range map[string]url.Values{
		"startUrlSearchParams: {domain_hint: example.com}, prompt: login": {"domain_hint": {"example.com"}, "prompt": {"login"}, "scope": {"openid profile email"}},
		"prompt: auto, additionalScopes: 'offline_access, groups'":        {"prompt": nil, "scope": {"openid profile email offline_access groups"}},
		"callbackUrl: 'https://portal.example.com/cb'":                    {"redirect_uri": {"https://portal.example.com/cb"}, "client_id": {"a"}},
	} {
		auth := serve(t, registry, idp.HTTPClient(), "auth: {providers: {oidc: {development: {clientId: a, clientSecret: b, "+section+"}}}}")
		w := httptest.NewRecorder()
		auth.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://portal.example.com/api/auth/oidc/start", nil))
		require.Equal(t, http.StatusFound, w.Code, w.Body)
		location, err := url.Parse(w.Header().Get("Location"))
		require.NoError(t, err)
		for name, values := range want {
			require.Equal(t, values, location.Query()[name], "%s: %s", section, name)
		}
	}
}

func TestServiceTokensOfTheFile(t *testing.T) {
	edge := authprovidertest.NewAccessEdge(t, authprovidertest.AccessProxy{TeamName: "acme", Audience: "aud-tag"}, authprovidertest.EdgeConfig{})
	auth := serve(t, authconfig.Registry{"cfaccess": builtin.CFAccess(cfaccess.Config{})}, edge.Client(),
		"auth: {providers: {cfaccess: {teamName: acme, audience: aud-tag, serviceTokens: [{token: bot.access, subject: 'user:default/bot'}], signIn: {resolvers: [{resolver: serviceTokenMatchingSubject}]}}}}",
		authprovider.User{Ref: "user:default/bot"})
	for token, want := range map[string]int{"bot.access": http.StatusOK, "other.access": http.StatusUnauthorized} {
		r := httptest.NewRequest(http.MethodGet, "https://portal.example.com/api/auth/cfaccess/refresh", nil)
		r.Header.Set("X-Requested-With", "XMLHttpRequest")
		r.Header.Set("Cf-Access-Jwt-Assertion", edge.ServiceToken(token))
		w := httptest.NewRecorder()
		auth.ServeHTTP(w, r)
		require.Equal(t, want, w.Code, w.Body)
	}
}
