package e2e

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/awsalb"
	"example.com/stagedoor/azureeasyauth"
	"example.com/stagedoor/cfaccess"
	"example.com/stagedoor/gcpiap"
	"example.com/stagedoor/internal/fakeproxy"
	"example.com/stagedoor/oauth2proxy"
	"example.com/stagedoor/proxyauth"
	"example.com/stagedoor/resolver"
)

// proxied is one way to stand behind a proxy.
type proxied struct {
	name   string
	vendor fakeproxy.Vendor
	// wire makes the provider, and the host's own route behind the same authenticator.
	wire func(host) (authprovider.ProviderFactory, http.Handler, error)

	// token is the header that holds the token; empty if nothing is signed.
	token string
	// reads are the headers that are read; the token is one of them.
	reads []string
	// anchored is set if requests must pass a trust anchor.
	anchored bool
	// cookie is set if the proxy's cookie holds the token too, and counts if the header is absent.
	cookie bool
	// lifetime is that of tokens; zero if nothing is signed.
	lifetime time.Duration
	// displayName is Nora's, as far as the proxy says it.
	displayName string
	// logoutURL is where the app goes to sign out; empty if there is no way.
	logoutURL string
	// lacks are the faults that the vendor's tokens cannot have.
	lacks []fakeproxy.TokenFault
}

// host is what the application gives to its authenticator.
type host struct {
	rig    *proxyRig
	client *http.Client
	logger *slog.Logger
}

// byEmail is the sign-in resolver of every application here. It notes what it is shown.
func byEmail[R any](h host) authprovider.SignInResolver[R] {
	return func(ctx context.Context, in authprovider.SignInInfo[R], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		h.rig.mu.Lock()
		h.rig.seen = in.Header
		h.rig.mu.Unlock()
		return resolver.EmailMatchingUserEntityProfileEmail(ctx, in, rc)
	}
}

// guarded is the route that says who asks.
func guarded[R any](h host, a proxyauth.Authenticator[R], email func(R) string) http.Handler {
	return proxyauth.Middleware(a, proxyauth.MiddlewareOptions{Logger: h.logger})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		person, _ := proxyauth.FromContext[R](r.Context())
		_, _ = w.Write([]byte(email(person)))
	}))
}

var fromProxyPeer = &proxyauth.TrustConfig{Peers: []netip.Prefix{netip.PrefixFrom(netip.MustParseAddr(proxyPeer), 32)}}

func oauth2ProxyHost(c oauth2proxy.Config) func(host) (authprovider.ProviderFactory, http.Handler, error) {
	return func(h host) (authprovider.ProviderFactory, http.Handler, error) {
		factory := oauth2proxy.Provider(c, byEmail[oauth2proxy.Result](h))
		c := c
		c.HTTPClient, c.Now, c.Logger = h.client, h.rig.now, h.logger
		a, err := oauth2proxy.New(c)
		if err != nil {
			return nil, nil, err
		}
		return factory, guarded(h, a, func(r oauth2proxy.Result) string { return r.Email }), nil
	}
}

func easyAuthHost(c azureeasyauth.Config) func(host) (authprovider.ProviderFactory, http.Handler, error) {
	return func(h host) (authprovider.ProviderFactory, http.Handler, error) {
		factory := azureeasyauth.Provider(c, byEmail[azureeasyauth.Result](h))
		c := c
		c.HTTPClient, c.Now, c.Logger = h.client, h.rig.now, h.logger
		a, err := azureeasyauth.New(c)
		if err != nil {
			return nil, nil, err
		}
		return factory, guarded(h, a, func(r azureeasyauth.Result) string { return r.Email }), nil
	}
}

func signedHeaderHost(c proxyauth.JWTConfig) func(host) (authprovider.ProviderFactory, http.Handler, error) {
	return func(h host) (authprovider.ProviderFactory, http.Handler, error) {
		factory := proxyauth.JWTProvider(c, byEmail[proxyauth.JWTResult](h))
		c := c
		c.HTTPClient, c.Now, c.Logger = h.client, h.rig.now, h.logger
		a, err := proxyauth.JWT(c)
		if err != nil {
			return nil, nil, err
		}
		return factory, guarded(h, a, func(r proxyauth.JWTResult) string { return r.Email }), nil
	}
}

const (
	iapAudience    = "/projects/123456789012/global/backendServices/9876543210987654321"
	albSigner      = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/portal/50dc6c495c0c9188"
	albLogout      = "https://sso.example.com/logout"
	ssoIssuer      = "https://sso.example.com"
	entraTenant    = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
	entraClient    = "00001111-aaaa-2222-bbbb-3333cccc4444"
	accessAudience = "32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228"
)

// proxiedApplications are all the ways, as docs/proxies.md sets them up.
var proxiedApplications = []proxied{
	{
		name:   "Cloudflare Access",
		vendor: fakeproxy.Access{TeamName: "acme", Audience: accessAudience},
		wire: func(h host) (authprovider.ProviderFactory, http.Handler, error) {
			c := cfaccess.Config{
				TeamName: "acme", Audience: []string{accessAudience},
				ServiceTokens: []cfaccess.ServiceToken{{ClientID: "ci.access", Subject: "sam@example.com"}},
			}
			factory := cfaccess.Provider(c, byEmail[cfaccess.Result](h))
			c.HTTPClient, c.Now, c.Logger = h.client, h.rig.now, h.logger
			a, err := cfaccess.New(c)
			if err != nil {
				return nil, nil, err
			}
			return factory, guarded(h, a, func(r cfaccess.Result) string { return r.Email }), nil
		},
		token: "Cf-Access-Jwt-Assertion", reads: []string{"Cf-Access-Jwt-Assertion"}, cookie: true,
		lifetime: 24 * time.Hour, displayName: "Nora Lind", logoutURL: portal + "/cdn-cgi/access/logout",
		lacks: []fakeproxy.TokenFault{fakeproxy.WrongSigner},
	},
	{
		name:   "Google IAP",
		vendor: fakeproxy.IAP{Audience: iapAudience},
		wire: func(h host) (authprovider.ProviderFactory, http.Handler, error) {
			c := gcpiap.Config{Audience: []string{iapAudience}}
			factory := gcpiap.Provider(c, byEmail[gcpiap.Result](h))
			c.HTTPClient, c.Now, c.Logger = h.client, h.rig.now, h.logger
			a, err := gcpiap.New(c)
			if err != nil {
				return nil, nil, err
			}
			return factory, guarded(h, a, func(r gcpiap.Result) string { return r.Email }), nil
		},
		token: "X-Goog-Iap-Jwt-Assertion", reads: []string{"X-Goog-Iap-Jwt-Assertion"},
		lifetime: 10 * time.Minute, logoutURL: portal + "/?gcp-iap-mode=CLEAR_LOGIN_COOKIE",
		lacks: []fakeproxy.TokenFault{fakeproxy.WrongSigner},
	},
	{
		name:   "oauth2-proxy, ID token",
		vendor: fakeproxy.OAuth2Proxy{Issuer: ssoIssuer, ClientID: "portal"},
		wire:   oauth2ProxyHost(oauth2proxy.Config{Issuer: ssoIssuer, Audience: []string{"portal"}}),
		token:  "X-Oauth2-Proxy-Id-Token", reads: []string{"X-Oauth2-Proxy-Id-Token"},
		lifetime: time.Hour, displayName: "nora", logoutURL: portal + "/oauth2/sign_out",
		lacks: []fakeproxy.TokenFault{fakeproxy.WrongSigner},
	},
	{
		name:   "oauth2-proxy, ID token in Authorization, groups from its headers",
		vendor: fakeproxy.OAuth2Proxy{Issuer: ssoIssuer, ClientID: "portal"},
		wire: oauth2ProxyHost(oauth2proxy.Config{
			Issuer: ssoIssuer, Audience: []string{"portal"}, Header: "Authorization",
			HeaderStyle: oauth2proxy.ForwardedHeaders, Trust: fromProxyPeer,
		}),
		anchored: true,
		token:    "Authorization", reads: []string{"Authorization", "X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Preferred-Username", "X-Forwarded-Groups"},
		lifetime: time.Hour, displayName: "nora", logoutURL: portal + "/oauth2/sign_out",
		lacks: []fakeproxy.TokenFault{fakeproxy.WrongSigner},
	},
	{
		name:   "oauth2-proxy, plain headers and a secret",
		vendor: fakeproxy.OAuth2Proxy{Issuer: ssoIssuer, ClientID: "portal", HeadersAlone: true, SecretHeader: "X-Proxy-Secret", Secret: proxySecret},
		wire: oauth2ProxyHost(oauth2proxy.Config{
			HeaderStyle: oauth2proxy.ForwardedHeaders,
			Trust:       &proxyauth.TrustConfig{SecretHeader: "X-Proxy-Secret", Secrets: []authprovider.Secret{proxySecret}},
		}),
		anchored:    true,
		reads:       []string{"X-Proxy-Secret", "X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Preferred-Username", "X-Forwarded-Groups"},
		displayName: "nora", logoutURL: portal + "/oauth2/sign_out",
	},
	{
		name:        "oauth2-proxy, plain headers of auth_request from a known peer",
		vendor:      fakeproxy.OAuth2Proxy{Issuer: ssoIssuer, ClientID: "portal", HeadersAlone: true, AuthRequest: true},
		wire:        oauth2ProxyHost(oauth2proxy.Config{HeaderStyle: oauth2proxy.AuthRequestHeaders, Trust: fromProxyPeer}),
		anchored:    true,
		reads:       []string{"X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Preferred-Username", "X-Auth-Request-Groups"},
		displayName: "nora", logoutURL: portal + "/oauth2/sign_out",
	},
	{
		name:   "AWS ALB",
		vendor: fakeproxy.ALB{Region: "eu-central-1", Signer: albSigner, Issuer: ssoIssuer, ClientID: "portal"},
		wire: func(h host) (authprovider.ProviderFactory, http.Handler, error) {
			c := awsalb.Config{Region: "eu-central-1", Signer: []string{albSigner}, Issuer: ssoIssuer, ClientID: "portal", LogoutURL: albLogout}
			factory := awsalb.Provider(c, byEmail[awsalb.Result](h))
			c.HTTPClient, c.Now, c.Logger = h.client, h.rig.now, h.logger
			a, err := awsalb.New(c)
			if err != nil {
				return nil, nil, err
			}
			return factory, guarded(h, a, func(r awsalb.Result) string { return r.Email }), nil
		},
		token: "X-Amzn-Oidc-Data", reads: []string{"X-Amzn-Oidc-Data", "X-Amzn-Oidc-Accesstoken"},
		lifetime: 2 * time.Minute, displayName: "Nora Lind", logoutURL: albLogout,
		// ALB writes neither aud nor iat.
		lacks: []fakeproxy.TokenFault{fakeproxy.WrongAudience, fakeproxy.MissingAudience, fakeproxy.FutureIssuedAt},
	},
	{
		name:   "Azure Easy Auth",
		vendor: fakeproxy.EasyAuth{Tenant: entraTenant, ClientID: entraClient},
		wire:   easyAuthHost(azureeasyauth.Config{TenantID: entraTenant, ClientID: entraClient}),
		token:  "X-Ms-Token-Aad-Id-Token", reads: []string{"X-Ms-Token-Aad-Id-Token", "X-Ms-Token-Aad-Access-Token"},
		lifetime: time.Hour, displayName: "Nora Lind", logoutURL: portal + "/.auth/logout",
		lacks: []fakeproxy.TokenFault{fakeproxy.WrongSigner},
	},
	{
		name:        "Azure Container Apps",
		vendor:      fakeproxy.EasyAuth{Tenant: entraTenant, ClientID: entraClient, ContainerApps: true},
		wire:        easyAuthHost(azureeasyauth.Config{TenantID: entraTenant, ClientID: entraClient, ClientPrincipal: true, Trust: fromProxyPeer}),
		anchored:    true,
		reads:       []string{"X-Ms-Client-Principal", "X-Ms-Client-Principal-Id", "X-Ms-Client-Principal-Idp"},
		displayName: "Nora Lind", logoutURL: portal + "/.auth/logout",
	},
	{
		name: "Pomerium",
		vendor: fakeproxy.SignedHeader{
			Header: "X-Pomerium-Jwt-Assertion", Issuer: "portal.example.com", Audience: "portal.example.com",
			JWKSURL: portal + "/.well-known/pomerium/jwks.json",
		},
		wire: signedHeaderHost(proxyauth.JWTConfig{
			Header: "X-Pomerium-Jwt-Assertion", Issuer: "portal.example.com", Audiences: []string{"portal.example.com"},
			JWKSURL: portal + "/.well-known/pomerium/jwks.json",
		}),
		token: "X-Pomerium-Jwt-Assertion", reads: []string{"X-Pomerium-Jwt-Assertion"},
		lifetime: 5 * time.Minute, displayName: "Nora Lind",
		lacks: []fakeproxy.TokenFault{fakeproxy.WrongSigner},
	},
	{
		name:   "Istio or Envoy, the original token in Authorization",
		vendor: fakeproxy.SignedHeader{Header: "Authorization", Issuer: ssoIssuer, Audience: "portal", Algorithm: "RS256"},
		wire:   signedHeaderHost(proxyauth.JWTConfig{Header: "Authorization", Issuer: ssoIssuer, Audiences: []string{"portal"}}),
		token:  "Authorization", reads: []string{"Authorization"},
		lifetime: 5 * time.Minute, displayName: "Nora Lind",
		lacks: []fakeproxy.TokenFault{fakeproxy.WrongSigner},
	},
}
