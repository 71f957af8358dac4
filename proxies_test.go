package stagedoor_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/awsalb"
	"example.com/stagedoor/azureeasyauth"
	"example.com/stagedoor/cfaccess"
	"example.com/stagedoor/gcpiap"
	"example.com/stagedoor/guest"
	"example.com/stagedoor/oauth2proxy"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/proxyauth"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
)

// proxies are the provider lines of docs/proxies.md.
func proxies(proxySecret authprovider.Secret) map[string]authprovider.ProviderFactory {
	return map[string]authprovider.ProviderFactory{
		"cfaccess": cfaccess.Provider(cfaccess.Config{
			TeamName: "acme",
			Audience: []string{"32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228"},
			ServiceTokens: []cfaccess.ServiceToken{
				{ClientID: "e367826f93b8d71185e03fe518aff3b4.access", Subject: "user:default/ci-bot"},
			},
		}, resolver.EmailMatchingUserEntityProfileEmail, cfaccess.ServiceTokenMatchingSubject),

		"gcpIap": gcpiap.Provider(gcpiap.Config{
			Audience: []string{"/projects/123456789012/global/backendServices/9876543210987654321"},
		}, gcpiap.IDMatchingUserEntityAnnotation, resolver.EmailMatchingUserEntityProfileEmail),

		"oauth2Proxy": oauth2proxy.Provider(oauth2proxy.Config{
			Issuer:   "https://sso.example.com", // --oidc-issuer-url
			Audience: []string{"portal"},        // --client-id
		}, oauth2proxy.ForwardedPreferredUsernameMatchingUserEntityName),

		"oauth2ProxyHeaders": oauth2proxy.Provider(oauth2proxy.Config{
			HeaderStyle: oauth2proxy.ForwardedHeaders,
			Trust: &proxyauth.TrustConfig{
				Peers:        []netip.Prefix{netip.MustParsePrefix("10.1.2.0/24")},
				SecretHeader: "X-Proxy-Secret",
				Secrets:      []authprovider.Secret{proxySecret},
			},
		}, oauth2proxy.ForwardedUserMatchingUserEntityName),

		"awsalb": awsalb.Provider(awsalb.Config{
			Region:    "eu-central-1",
			Signer:    []string{"arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/portal/50dc6c495c0c9188"},
			Issuer:    "https://sso.example.com",
			ClientID:  "portal",
			LogoutURL: "https://sso.example.com/logout?client_id=portal",
		}, resolver.EmailMatchingUserEntityProfileEmail),

		"azureEasyAuth": azureeasyauth.Provider(azureeasyauth.Config{
			TenantID: "aaaabbbb-0000-cccc-1111-dddd2222eeee",
			ClientID: "00001111-aaaa-2222-bbbb-3333cccc4444",
		}, azureeasyauth.IDMatchingUserEntityAnnotation),

		"azureContainerApps": azureeasyauth.Provider(azureeasyauth.Config{
			TenantID:        "aaaabbbb-0000-cccc-1111-dddd2222eeee",
			ClientPrincipal: true,
			Trust:           &proxyauth.TrustConfig{Peers: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}},
		}, azureeasyauth.IDMatchingUserEntityAnnotation),

		"pomerium": proxyauth.JWTProvider(proxyauth.JWTConfig{
			Header:    "X-Pomerium-Jwt-Assertion",
			Issuer:    "portal.example.com",
			JWKSURL:   "https://portal.example.com/.well-known/pomerium/jwks.json",
			Audiences: []string{"portal.example.com"},
		}, resolver.EmailMatchingUserEntityProfileEmail),

		"mesh": proxyauth.JWTProvider(proxyauth.JWTConfig{
			Header:    "Authorization",
			Issuer:    "https://sso.example.com",
			Audiences: []string{"portal"},
		}, resolver.EmailMatchingUserEntityProfileEmail),

		"teleport": proxyauth.JWTProvider(proxyauth.JWTConfig{
			Header:    "Teleport-Jwt-Assertion",
			Issuer:    "teleport.example.com",                               // the cluster's name
			JWKSURL:   "https://teleport.example.com/.well-known/jwks.json", // at the Proxy Service
			Audiences: []string{"http://127.0.0.1:8080"},                    // the application's uri
		}, byTeleportName),
	}
}

func byTeleportName(ctx context.Context, in authprovider.SignInInfo[proxyauth.JWTResult], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	ref, err := authprovider.UserRef(in.Result.Subject) // a name that holds ':' or '/' must not choose a namespace
	if err != nil {
		return nil, authprovider.ErrNotAllowed
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: ref})
}

// externalIAP ends the session at Identity Platform as well.
type externalIAP struct{ *gcpiap.Authenticator }

func (externalIAP) SignOut(origin string) proxyauth.SignOut {
	return proxyauth.SignOut{URL: origin + "/?gcp-iap-mode=GCIP_SIGNOUT"}
}

// byEnvironment is what is used where.
func byEnvironment(teamName, aud string) (map[string]authprovider.ProviderFactory, error) {
	providers := make(map[string]authprovider.ProviderFactory)
	switch environment := os.Getenv("ENVIRONMENT"); environment {
	case "production":
		providers["proxy"] = cfaccess.Provider(cfaccess.Config{TeamName: teamName, Audience: []string{aud}}, resolver.EmailMatchingUserEntityProfileEmail)
	case "development":
		providers["proxy"] = guest.Provider(guest.Config{DangerouslyAllowGuests: true, UserRef: "user:default/jane"})
	default:
		return nil, errors.New("ENVIRONMENT is neither production nor development")
	}
	return providers, nil
}

func newProxiedHandler(t *testing.T, baseURL string, environment string, providers map[string]authprovider.ProviderFactory) (*authprovider.Handler, error) {
	t.Helper()
	return authprovider.New(authprovider.Config{
		BaseURL: baseURL, InsecureEphemeralSecret: true, Issuer: &authprovidertest.Issuer{}, Environment: environment, Providers: providers,
		Users:      memcatalog.New(authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"}),
		HTTPClient: &http.Client{Transport: http.NewFileTransport(http.Dir(t.TempDir()))}, // nobody is asked
	})
}

func pollAt(handler http.Handler, url string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, url, nil)
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// TestProxyLines: the provider lines of docs/proxies.md construct, and refuse a request that came around the proxy.
func TestProxyLines(t *testing.T) {
	lines := proxies("32-characters-of-a-random-secret")
	iap, err := gcpiap.New(gcpiap.Config{Audience: []string{"/projects/123456789012/apps/portal"}})
	require.NoError(t, err)
	lines["externalIap"] = proxyauth.Provider(externalIAP{iap}, proxyauth.Options[gcpiap.Result]{}, resolver.EmailMatchingUserEntityProfileEmail)
	handler, err := newProxiedHandler(t, "https://portal.example.com/api/auth", "", lines)
	require.NoError(t, err)
	for id := range lines {
		require.Equal(t, http.StatusUnauthorized, pollAt(handler, "https://portal.example.com/api/auth/"+id+"/refresh").Code, id)
	}
	r := httptest.NewRequest(http.MethodPost, "https://portal.example.com/api/auth/externalIap/logout", nil)
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	require.JSONEq(t, `{"logoutUrl":"https://portal.example.com/?gcp-iap-mode=GCIP_SIGNOUT"}`, w.Body.String())
}

// TestProxyByEnvironment: what docs/proxies.md says about development.
func TestProxyByEnvironment(t *testing.T) {
	const local = "http://localhost:7007/api/auth"
	t.Setenv("ENVIRONMENT", "development")
	providers, err := byEnvironment("acme", "aud")
	require.NoError(t, err)
	handler, err := newProxiedHandler(t, local, "", providers)
	require.NoError(t, err)
	w := pollAt(handler, local+"/proxy/refresh")
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), `"user:default/jane"`)
	_, err = newProxiedHandler(t, "https://portal.example.com/api/auth", "", providers)
	require.ErrorContains(t, err, "DangerouslyAllowOutsideDevelopment", "not in production by mistake")

	t.Setenv("ENVIRONMENT", "production")
	providers, err = byEnvironment("acme", "aud")
	require.NoError(t, err)
	handler, err = newProxiedHandler(t, "https://portal.example.com/api/auth", "", providers)
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, pollAt(handler, "https://portal.example.com/api/auth/proxy/refresh").Code)

	t.Setenv("ENVIRONMENT", "")
	_, err = byEnvironment("acme", "aud")
	require.Error(t, err)

	// Whoever asks names the environment, so it is no switch between a proxy and guests.
	both := map[string]authprovider.ProviderFactory{"proxy": oauthadapter.EnvironmentHandler(map[string]authprovider.ProviderFactory{
		"production":  cfaccess.Provider(cfaccess.Config{TeamName: "acme", Audience: []string{"aud"}}, resolver.EmailMatchingUserEntityProfileEmail),
		"development": guest.Provider(guest.Config{DangerouslyAllowGuests: true}),
	})}
	handler, err = newProxiedHandler(t, local, "production", both)
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, pollAt(handler, local+"/proxy/refresh").Code, "ProxiedSignInPage sends no env and gets Config.Environment")
	require.Equal(t, http.StatusOK, pollAt(handler, local+"/proxy/refresh?env=development").Code)
	handler, err = newProxiedHandler(t, local, "", both)
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, pollAt(handler, local+"/proxy/refresh").Code, "several environments, and none is the default")
}
