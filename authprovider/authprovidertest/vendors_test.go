package authprovidertest_test

import (
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/awsalb"
	"example.com/stagedoor/azureeasyauth"
	"example.com/stagedoor/cfaccess"
	"example.com/stagedoor/gcpiap"
	"example.com/stagedoor/oauth2proxy"
	"example.com/stagedoor/proxyauth"
	"example.com/stagedoor/resolver"
)

// built is what New returns in a conformance run.
func built[R any, A proxyauth.Authenticator[R]](t testing.TB) func(A, error) proxyauth.Authenticator[R] {
	return func(a A, err error) proxyauth.Authenticator[R] {
		require.NoError(t, err)
		return a
	}
}

func TestCloudflareAccessConforms(t *testing.T) {
	clock := authprovidertest.NewClock(time.Time{})
	edge := authprovidertest.NewAccessEdge(t, authprovidertest.AccessProxy{}, authprovidertest.EdgeConfig{Now: clock.Now})
	authprovidertest.TestAuthenticator(t, authprovidertest.AuthenticatorConfig[cfaccess.Result]{
		New: func(t testing.TB) proxyauth.Authenticator[cfaccess.Result] {
			return built[cfaccess.Result, *cfaccess.Authenticator](t)(cfaccess.New(accessConfig(edge, clock)))
		},
		Header: "Cf-Access-Jwt-Assertion", Cookie: "CF_Authorization", Edge: edge.Edge, Clock: clock,
	})
}

func accessConfig(edge *authprovidertest.AccessEdge, clock *authprovidertest.Clock) cfaccess.Config {
	return cfaccess.Config{TeamName: edge.TeamName, Audience: []string{edge.Audience}, HTTPClient: edge.Client(), Now: clock.Now}
}

func TestGoogleIAPConforms(t *testing.T) {
	clock := authprovidertest.NewClock(time.Time{})
	edge := authprovidertest.NewIAPEdge(t, authprovidertest.IAPProxy{}, authprovidertest.EdgeConfig{Now: clock.Now})
	authprovidertest.TestAuthenticator(t, authprovidertest.AuthenticatorConfig[gcpiap.Result]{
		New: func(t testing.TB) proxyauth.Authenticator[gcpiap.Result] {
			return built[gcpiap.Result, *gcpiap.Authenticator](t)(gcpiap.New(iapConfig(edge, clock)))
		},
		Header: "X-Goog-Iap-Jwt-Assertion", Edge: edge.Edge, Clock: clock,
	})
}

func iapConfig(edge *authprovidertest.IAPEdge, clock *authprovidertest.Clock) gcpiap.Config {
	return gcpiap.Config{Audience: []string{edge.Audience}, HTTPClient: edge.Client(), Now: clock.Now}
}

func TestOAuth2ProxyConforms(t *testing.T) {
	for _, header := range []string{"X-OAUTH2-PROXY-ID-TOKEN", "Authorization"} {
		t.Run(header, func(t *testing.T) {
			clock := authprovidertest.NewClock(time.Time{})
			edge := authprovidertest.NewOAuth2ProxyEdge(t, authprovidertest.OAuth2Proxy{}, authprovidertest.EdgeConfig{Now: clock.Now})
			c := oauth2proxyConfig(edge, clock)
			c.Header = header
			authprovidertest.TestAuthenticator(t, authprovidertest.AuthenticatorConfig[oauth2proxy.Result]{
				New: func(t testing.TB) proxyauth.Authenticator[oauth2proxy.Result] {
					return built[oauth2proxy.Result, *oauth2proxy.Authenticator](t)(oauth2proxy.New(c))
				},
				Header: header, Edge: edge.Edge, Clock: clock,
			})
		})
	}
}

func oauth2proxyConfig(edge *authprovidertest.OAuth2ProxyEdge, clock *authprovidertest.Clock) oauth2proxy.Config {
	return oauth2proxy.Config{Issuer: edge.Issuer, Audience: []string{edge.ClientID}, HTTPClient: edge.Client(), Now: clock.Now}
}

func TestOAuth2ProxyHeadersConform(t *testing.T) {
	const secret = "SecretMarker0123456789abcdef0123456789"
	for _, test := range []struct {
		style  oauth2proxy.HeaderStyle
		prefix string
	}{{oauth2proxy.ForwardedHeaders, "X-Forwarded-"}, {oauth2proxy.AuthRequestHeaders, "X-Auth-Request-"}} {
		t.Run(string(test.style), func(t *testing.T) {
			clock := authprovidertest.NewClock(time.Time{})
			edge := authprovidertest.NewOAuth2ProxyEdge(t, authprovidertest.OAuth2Proxy{
				HeadersAlone: true, AuthRequest: test.style == oauth2proxy.AuthRequestHeaders, SecretHeader: "X-Proxy-Secret", Secret: secret,
			}, authprovidertest.EdgeConfig{Now: clock.Now})
			for _, header := range []string{test.prefix + "User", "X-Proxy-Secret"} {
				authprovidertest.TestAuthenticator(t, authprovidertest.AuthenticatorConfig[oauth2proxy.Result]{
					New: func(t testing.TB) proxyauth.Authenticator[oauth2proxy.Result] {
						return built[oauth2proxy.Result, *oauth2proxy.Authenticator](t)(oauth2proxy.New(oauth2proxy.Config{
							HeaderStyle: test.style,
							Trust:       &proxyauth.TrustConfig{SecretHeader: edge.SecretHeader, Secrets: []authprovider.Secret{secret}},
						}))
					},
					Header: header, Also: []string{test.prefix + "Email", test.prefix + "Preferred-Username", test.prefix + "Groups"},
					Edge: edge.Edge, Clock: clock, Secrets: []string{secret},
				})
			}
		})
	}
}

func TestALBConforms(t *testing.T) {
	for _, region := range []string{"eu-west-1", "us-gov-west-1", "cn-north-1"} {
		t.Run(region, func(t *testing.T) {
			clock := authprovidertest.NewClock(time.Time{})
			edge := authprovidertest.NewALBEdge(t, authprovidertest.ALBProxy{Region: region}, authprovidertest.EdgeConfig{Now: clock.Now})
			authprovidertest.TestAuthenticator(t, authprovidertest.AuthenticatorConfig[awsalb.Result]{
				New: func(t testing.TB) proxyauth.Authenticator[awsalb.Result] {
					return built[awsalb.Result, *awsalb.Authenticator](t)(awsalb.New(albConfig(edge, clock)))
				},
				Header: "X-Amzn-Oidc-Data", Edge: edge.Edge, Clock: clock,
			})
		})
	}
}

func albConfig(edge *authprovidertest.ALBEdge, clock *authprovidertest.Clock) awsalb.Config {
	return awsalb.Config{
		Region: edge.Region, Signer: []string{edge.Signer}, Issuer: edge.Issuer, ClientID: edge.ClientID, HTTPClient: edge.Client(), Now: clock.Now,
	}
}

func TestEasyAuthConforms(t *testing.T) {
	clock := authprovidertest.NewClock(time.Time{})
	edge := authprovidertest.NewEasyAuthEdge(t, authprovidertest.EasyAuthProxy{}, authprovidertest.EdgeConfig{Now: clock.Now})
	authprovidertest.TestAuthenticator(t, authprovidertest.AuthenticatorConfig[azureeasyauth.Result]{
		New: func(t testing.TB) proxyauth.Authenticator[azureeasyauth.Result] {
			return built[azureeasyauth.Result, *azureeasyauth.Authenticator](t)(azureeasyauth.New(easyAuthConfig(edge, clock)))
		},
		Header: "X-Ms-Token-Aad-Id-Token", Edge: edge.Edge, Clock: clock,
	})
}

func easyAuthConfig(edge *authprovidertest.EasyAuthEdge, clock *authprovidertest.Clock) azureeasyauth.Config {
	return azureeasyauth.Config{TenantID: edge.Tenant, ClientID: edge.ClientID, HTTPClient: edge.Client(), Now: clock.Now}
}

func TestContainerAppsConform(t *testing.T) {
	clock := authprovidertest.NewClock(time.Time{})
	edge := authprovidertest.NewEasyAuthEdge(t, authprovidertest.EasyAuthProxy{ContainerApps: true}, authprovidertest.EdgeConfig{Now: clock.Now})
	const platform = "100.100.0.1:40000"
	authprovidertest.TestAuthenticator(t, authprovidertest.AuthenticatorConfig[azureeasyauth.Result]{
		New: func(t testing.TB) proxyauth.Authenticator[azureeasyauth.Result] {
			c := easyAuthConfig(edge, clock)
			c.ClientPrincipal, c.Trust = true, &proxyauth.TrustConfig{Peers: []netip.Prefix{netip.MustParsePrefix("100.100.0.0/17")}}
			return built[azureeasyauth.Result, *azureeasyauth.Authenticator](t)(azureeasyauth.New(c))
		},
		Header: "X-Ms-Client-Principal", Edge: edge.Edge, Clock: clock,
		Vouch: func(r *http.Request) {
			edge.Vouch(r, authprovidertest.Jane)
			r.RemoteAddr = platform
		},
	})
}

// Who moves from one provider to another stays who they are.
func TestSameIdentityEverywhere(t *testing.T) {
	clock := authprovidertest.NewClock(time.Time{})
	edges := authprovidertest.EdgeConfig{Now: clock.Now}
	c := janesConfig(t)
	c.Now = clock.Now

	idp := authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{Now: clock.Now})
	access := authprovidertest.NewAccessEdge(t, authprovidertest.AccessProxy{}, edges)
	iap := authprovidertest.NewIAPEdge(t, authprovidertest.IAPProxy{}, edges)
	oauth2 := authprovidertest.NewOAuth2ProxyEdge(t, authprovidertest.OAuth2Proxy{}, edges)
	alb := authprovidertest.NewALBEdge(t, authprovidertest.ALBProxy{}, edges)
	easyAuth := authprovidertest.NewEasyAuthEdge(t, authprovidertest.EasyAuthProxy{}, edges)

	identity := authprovidertest.SameIdentity(t, authprovidertest.Jane,
		oidcWay(c, idp),
		access.Way("cfaccess", c, cfaccess.Provider(accessConfig(access, clock), resolver.EmailMatchingUserEntityProfileEmail)),
		iap.Way("gcpiap", c, gcpiap.Provider(iapConfig(iap, clock), resolver.EmailMatchingUserEntityProfileEmail)),
		oauth2.Way("oauth2proxy", c, oauth2proxy.Provider(oauth2proxyConfig(oauth2, clock), resolver.EmailMatchingUserEntityProfileEmail)),
		alb.Way("awsalb", c, awsalb.Provider(albConfig(alb, clock), resolver.EmailMatchingUserEntityProfileEmail)),
		easyAuth.Way("azureeasyauth", c, azureeasyauth.Provider(easyAuthConfig(easyAuth, clock), resolver.EmailMatchingUserEntityProfileEmail)),
	)
	require.Equal(t, "user:default/jane", identity.UserEntityRef)
}

func TestAccessServiceToken(t *testing.T) {
	clock := authprovidertest.NewClock(time.Time{})
	edge := authprovidertest.NewAccessEdge(t, authprovidertest.AccessProxy{}, authprovidertest.EdgeConfig{Now: clock.Now})
	c := accessConfig(edge, clock)
	c.ServiceTokens = []cfaccess.ServiceToken{{ClientID: "robot.access", Subject: "user:default/robot"}}
	a, err := cfaccess.New(c)
	require.NoError(t, err)
	for clientID, want := range map[string]error{"robot.access": nil, "stranger.access": authprovider.ErrAuthentication} {
		r := edge.Request(authprovidertest.Jane)
		r.Header.Set("Cf-Access-Jwt-Assertion", edge.ServiceToken(clientID))
		_, err := a.Authenticate(t.Context(), r)
		require.ErrorIs(t, err, want)
	}
	require.Zero(t, edge.IdentityFetches())
}

func TestEasyAuthObjectID(t *testing.T) {
	clock := authprovidertest.NewClock(time.Time{})
	edge := authprovidertest.NewEasyAuthEdge(t, authprovidertest.EasyAuthProxy{}, authprovidertest.EdgeConfig{Now: clock.Now})
	a, err := azureeasyauth.New(easyAuthConfig(edge, clock))
	require.NoError(t, err)
	result, err := a.Authenticate(t.Context(), edge.Request(authprovidertest.Jane))
	require.NoError(t, err)
	require.Equal(t, edge.ObjectID(authprovidertest.Jane), result.ObjectID)

	old := authprovidertest.NewEasyAuthEdge(t, authprovidertest.EasyAuthProxy{Version1: true}, authprovidertest.EdgeConfig{Now: clock.Now})
	r := old.Request(authprovidertest.Jane)
	_, err = a.Authenticate(t.Context(), r)
	require.ErrorIs(t, err, authprovider.ErrAuthentication)
}
