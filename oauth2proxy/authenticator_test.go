package oauth2proxy_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauth2proxy"
	"example.com/stagedoor/proxyauth"
)

func TestTokenIsBelieved(t *testing.T) {
	for _, tc := range []struct {
		name    string
		change  func(*oauth2proxy.Config)
		headers func(token string) map[string]string
		claims  map[string]any
	}{
		{name: "its own header", headers: func(token string) map[string]string { return map[string]string{"X-OAUTH2-PROXY-ID-TOKEN": token} }},
		{name: "its own header, Bearer", headers: func(token string) map[string]string {
			return map[string]string{"X-OAUTH2-PROXY-ID-TOKEN": "Bearer " + token}
		}},
		{name: "Authorization", change: func(c *oauth2proxy.Config) { c.Header = "authorization" },
			headers: func(token string) map[string]string { return map[string]string{"Authorization": "bearer " + token} }},
		{name: "JWKS URL without discovery", change: func(c *oauth2proxy.Config) { c.JWKSURL = issuer + "/certs" }},
		{name: "several audiences with azp", claims: map[string]any{"aud": []string{"other", "portal"}}},
		{name: "several audiences of ours without azp", change: func(c *oauth2proxy.Config) { c.Audience = []string{"portal", "cli"} },
			claims: map[string]any{"aud": []string{"cli", "portal"}, "azp": nil}},
		{name: "a provider that says nothing of types", claims: map[string]any{"typ": nil, "azp": nil}},
		{name: "Cognito's ID token", claims: map[string]any{"typ": nil, "token_use": "id"}},
		{name: "the trust anchor besides", change: func(c *oauth2proxy.Config) { c.Trust = trustSecret() },
			headers: func(token string) map[string]string {
				return map[string]string{"X-OAUTH2-PROXY-ID-TOKEN": token, "X-Proxy-Secret": secret}
			}},
		{name: "expired within the leeway", claims: map[string]any{"exp": start.Add(-30 * time.Second).Unix()}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t)
			c := g.config()
			if tc.change != nil {
				tc.change(&c)
			}
			if tc.headers == nil {
				tc.headers = func(token string) map[string]string { return map[string]string{"X-OAUTH2-PROXY-ID-TOKEN": token} }
			}
			result, err := g.authenticator(c).Authenticate(context.Background(), request(tc.headers(g.token(tc.claims))))
			require.NoError(t, err)
			require.Equal(t, issuer, result.Issuer)
			require.Equal(t, "5f1c9c5e", result.Subject)
			require.Equal(t, "5f1c9c5e", result.User)
			require.Equal(t, "jane", result.PreferredUsername)
			require.Equal(t, "Jane Doe", result.Name)
			require.Equal(t, "https://img.example.com/jane", result.Picture)
			require.Equal(t, marker, result.Email)
			require.Equal(t, authprovider.EmailVerified, result.EmailVerified)
			require.Equal(t, []string{"staff", "platform"}, result.Groups)
			require.Zero(t, result.Headers)
			var own struct {
				Nonce string `json:"nonce"`
			}
			require.NoError(t, result.Claims(&own))
			require.Equal(t, "n", own.Nonce)
		})
	}
}

// Whoever reaches the port can write the plain headers: without a trust anchor they are not looked at, not even for what the token lacks.
func TestHeadersAreNotBelievedBesideAToken(t *testing.T) {
	g := newRig(t)
	headers := map[string]string{"X-OAUTH2-PROXY-ID-TOKEN": g.token(map[string]any{"preferred_username": nil, "email": nil, "groups": nil}),
		"X-Forwarded-User": "admin", "X-Forwarded-Preferred-Username": "admin", "X-Forwarded-Email": "admin@example.com", "X-Forwarded-Groups": "admins"}
	result, err := g.authenticator(g.config()).Authenticate(context.Background(), request(headers))
	require.NoError(t, err)
	require.Equal(t, "5f1c9c5e", result.User)
	require.Empty(t, result.PreferredUsername)
	require.Empty(t, result.Email)
	require.Empty(t, result.Groups)
	require.Zero(t, result.Headers)
}

// With both, the token says who it is, and the headers stand beside it.
func TestHeadersSupplementAToken(t *testing.T) {
	g := newRig(t)
	c := g.config()
	c.Trust, c.HeaderStyle = trustSecret(), oauth2proxy.ForwardedHeaders
	headers := map[string]string{"X-OAUTH2-PROXY-ID-TOKEN": g.token(nil), "X-Proxy-Secret": secret,
		"X-Forwarded-User": "other", "X-Forwarded-Groups": "from-graph"}
	result, err := g.authenticator(c).Authenticate(context.Background(), request(headers))
	require.NoError(t, err)
	require.Equal(t, "5f1c9c5e", result.User)
	require.Equal(t, []string{"staff", "platform"}, result.Groups)
	require.Equal(t, oauth2proxy.Headers{User: "other", Groups: []string{"from-graph"}}, result.Headers)

	delete(headers, "X-OAUTH2-PROXY-ID-TOKEN")
	_, err = g.authenticator(c).Authenticate(context.Background(), request(headers))
	require.ErrorIs(t, err, proxyauth.ErrMissing, "headers never stand in for the token")
}

func TestPlainHeaders(t *testing.T) {
	for style, prefix := range map[oauth2proxy.HeaderStyle]string{oauth2proxy.ForwardedHeaders: "X-Forwarded", oauth2proxy.AuthRequestHeaders: "X-Auth-Request"} {
		t.Run(prefix, func(t *testing.T) {
			g := newRig(t)
			a := g.authenticator(g.headersOnly(style))
			result, err := a.Authenticate(context.Background(), request(map[string]string{"X-Proxy-Secret": secret,
				prefix + "-User": "5f1c", prefix + "-Email": marker, prefix + "-Preferred-Username": "jane", prefix + "-Groups": "staff, role:portal:admin,,"}))
			require.NoError(t, err)
			headers := oauth2proxy.Headers{User: "5f1c", Email: marker, PreferredUsername: "jane", Groups: []string{"staff", "role:portal:admin"}}
			require.Equal(t, oauth2proxy.Result{User: "5f1c", Email: marker, PreferredUsername: "jane", Groups: headers.Groups, Headers: headers}, result)
			require.Equal(t, authprovider.EmailVerificationUnknown, result.EmailVerified)
			require.ErrorContains(t, result.Claims(&struct{}{}), "only headers")

			result, err = a.Authenticate(context.Background(), request(map[string]string{"X-Proxy-Secret": secret, prefix + "-User": "5f1c"}))
			require.NoError(t, err)
			require.Equal(t, "5f1c", result.User)
			require.Empty(t, g.provider.hosts())
		})
	}
}

func TestPeer(t *testing.T) {
	g := newRig(t)
	c := g.headersOnly(oauth2proxy.ForwardedHeaders)
	c.Trust = &proxyauth.TrustConfig{Peers: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
	r := request(map[string]string{"X-Forwarded-User": "jane"})
	r.RemoteAddr = "10.1.2.3:4567"
	result, err := g.authenticator(c).Authenticate(context.Background(), r)
	require.NoError(t, err)
	require.Equal(t, "jane", result.User)
}

// GHSA-5hvv-m4w4-gf6v: oauth2-proxy let health checks through by their User-Agent. Nothing that clients choose decides here.
func TestUserAgentDecidesNothing(t *testing.T) {
	for _, agent := range []string{"", "GoogleHC/1.0", "kube-probe/1.30", "ELB-HealthChecker/2.0", "curl/8"} {
		g := newRig(t)
		g.requireRefused(g.config(), request(map[string]string{"User-Agent": agent}), "", proxyauth.ErrMissing, "credential_missing")
	}
}

func TestDescribe(t *testing.T) {
	g := newRig(t)
	a := g.authenticator(g.config())
	for _, tc := range []struct {
		name   string
		result oauth2proxy.Result
		want   authprovider.Profile
	}{
		{"preferred username first, as Backstage", oauth2proxy.Result{User: "u", PreferredUsername: "p", Name: "n"}, authprovider.Profile{DisplayName: "p"}},
		{"then the name", oauth2proxy.Result{User: "u", Name: "n"}, authprovider.Profile{DisplayName: "n"}},
		{"then the user", oauth2proxy.Result{User: "u"}, authprovider.Profile{DisplayName: "u"}},
		{"verified", oauth2proxy.Result{Email: "e", EmailVerified: authprovider.EmailVerified}, authprovider.Profile{Email: "e", EmailVerification: authprovider.EmailVerified}},
		{"unknown", oauth2proxy.Result{Email: "e"}, authprovider.Profile{Email: "e"}},
		{"unverified", oauth2proxy.Result{Email: "e", EmailVerified: authprovider.EmailUnverified}, authprovider.Profile{}},
	} {
		d := a.Describe(tc.result)
		require.Equal(t, tc.want, d.Profile, tc.name)
		require.Zero(t, d.ExpiresAt, tc.name)
	}
}

func TestRefresh(t *testing.T) {
	g := newRig(t)
	w := httptest.NewRecorder()
	g.handler(g.config()).ServeHTTP(w, bearing(g.token(nil)))
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var body struct {
		Profile           map[string]string
		ProviderInfo      map[string]any
		BackstageIdentity struct {
			Identity struct {
				UserEntityRef       string
				OwnershipEntityRefs []string
			}
		}
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	require.Equal(t, map[string]string{"email": marker, "displayName": "jane", "picture": "https://img.example.com/jane"}, body.Profile)
	require.Equal(t, map[string]any{"expiresInSeconds": 300.0}, body.ProviderInfo, "no token")
	require.Equal(t, "user:default/jane", body.BackstageIdentity.Identity.UserEntityRef)
	require.Equal(t, []string{"user:default/jane", "group:default/staff"}, body.BackstageIdentity.Identity.OwnershipEntityRefs)
}

func TestSignOut(t *testing.T) {
	g := newRig(t)
	for prefix, want := range map[string]string{"": "/oauth2/sign_out", "/auth/proxy": "/auth/proxy/sign_out"} {
		c := g.config()
		c.ProxyPrefix = prefix
		r := httptest.NewRequest(http.MethodPost, "https://portal.example.com/api/auth/oauth2Proxy/logout", nil)
		r.Header.Set("X-Requested-With", "XMLHttpRequest")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		w := httptest.NewRecorder()
		g.handler(c).ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code)
		require.JSONEq(t, `{"logoutUrl":"https://portal.example.com`+want+`"}`, w.Body.String())
	}
}

// A resolver that logs its input must not log a token, and finds no unsigned identity in it.
func TestResolversGetNoCredentials(t *testing.T) {
	g := newRig(t)
	c := g.config()
	c.Header, c.Trust = "X-Id-Token", trustSecret()
	token := g.token(nil)
	var got http.Header
	h := g.handler(c, func(_ context.Context, in oauth2proxy.SignInInfo, _ *authprovider.ResolverContext) (*authprovider.Identity, error) {
		got = in.Header
		return &authprovider.Identity{UserRef: "user:default/jane"}, nil
	})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request(map[string]string{"X-Id-Token": token, "X-OAUTH2-PROXY-ID-TOKEN": token, "Authorization": "Bearer " + token, "X-Proxy-Secret": secret,
		"X-Forwarded-Access-Token": token, "X-Auth-Request-Access-Token": token, "Cookie": "_oauth2_proxy=s", "X-Theme": "dark",
		"X-Forwarded-User": "unsigned", "X-Forwarded-Email": "unsigned", "X-Forwarded-Preferred-Username": "unsigned", "X-Forwarded-Groups": "unsigned",
		"X-Auth-Request-User": "unsigned", "X-Auth-Request-Email": "unsigned", "X-Auth-Request-Preferred-Username": "unsigned", "X-Auth-Request-Groups": "unsigned"}))
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Equal(t, "dark", got.Get("X-Theme"))
	for name, values := range got {
		for _, value := range values {
			require.NotContains(t, value, token, name)
			require.NotContains(t, value, secret, name)
			require.NotContains(t, value, "unsigned", name)
		}
	}
	require.Empty(t, got.Get("Cookie"))
}
