package gcpiap_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/gcpiap"
	"example.com/stagedoor/proxyauth"
)

func TestAuthenticate(t *testing.T) {
	const external = "securetoken.google.com/project/tenant"
	for name, row := range map[string]struct {
		claims object
		want   gcpiap.Result
	}{
		"Google account": {object{"google": object{"access_levels": []string{"accessPolicies/1/accessLevels/corp"}, "device_id": "d-1"}}, gcpiap.Result{
			Subject: "accounts.google.com:" + janeID, IdentityProvider: gcpiap.GoogleAccounts, UserID: janeID,
			Email: marker, EmailVerified: authprovider.EmailVerified, HostedDomain: "example.com",
			AccessLevels: []string{"accessPolicies/1/accessLevels/corp"}, DeviceID: "d-1",
		}},
		"Google account with prefixed address": {object{"email": "accounts.google.com:" + marker, "hd": nil, "google": object{"other": 1}}, gcpiap.Result{
			Subject: "accounts.google.com:" + janeID, IdentityProvider: gcpiap.GoogleAccounts, UserID: janeID,
			Email: marker, EmailVerified: authprovider.EmailVerified,
		}},
		"no address": {object{"email": nil}, gcpiap.Result{
			Subject: "accounts.google.com:" + janeID, IdentityProvider: gcpiap.GoogleAccounts, UserID: janeID, HostedDomain: "example.com",
		}},
		"external, checked": {object{
			"sub": external + ":u1", "email": external + ":" + marker, "hd": nil,
			"gcip": object{"email": marker, "email_verified": true, "name": "Jane", "picture": "https://example.com/j.png", "sub": "u1"},
		}, gcpiap.Result{
			Subject: external + ":u1", IdentityProvider: external, UserID: "u1", Name: "Jane", Picture: "https://example.com/j.png",
			Email: marker, EmailVerified: authprovider.EmailVerified,
		}},
		"external, as text, not checked": {object{
			"sub": external + ":u1", "email": external + ":" + marker, "hd": nil, "gcip": `{"email":"` + marker + `","email_verified":false,"name":"Jane"}`,
		}, gcpiap.Result{
			Subject: external + ":u1", IdentityProvider: external, UserID: "u1", Name: "Jane", Email: marker, EmailVerified: authprovider.EmailUnverified,
		}},
		"external, not said": {object{"sub": external + ":u1", "email": external + ":" + marker, "hd": nil, "gcip": object{"email": marker}}, gcpiap.Result{
			Subject: external + ":u1", IdentityProvider: external, UserID: "u1", Email: marker, EmailVerified: authprovider.EmailVerificationUnknown,
		}},
		"external without gcip": {object{"sub": external + ":u1", "email": external + ":" + marker, "hd": nil}, gcpiap.Result{
			Subject: external + ":u1", IdentityProvider: external, UserID: "u1", Email: marker, EmailVerified: authprovider.EmailVerificationUnknown,
		}},
		"project with a domain": {object{
			"sub": "securetoken.google.com/example.com:p:u1", "email": "securetoken.google.com/example.com:p:" + marker, "hd": nil,
			"gcip": object{"email": marker, "email_verified": true},
		}, gcpiap.Result{
			Subject: "securetoken.google.com/example.com:p:u1", IdentityProvider: "securetoken.google.com/example.com", UserID: "p:u1",
			Email: marker, EmailVerified: authprovider.EmailVerified,
		}},
		"workforce pool": {object{"sub": "sts.google.com:AAFT", "hd": nil, "workforce_identity": object{"workforce_pool_name": "locations/global/workforcePools/p"}}, gcpiap.Result{
			Subject: "sts.google.com:AAFT", IdentityProvider: "sts.google.com", UserID: "AAFT", Email: marker, EmailVerified: authprovider.EmailVerificationUnknown,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t)
			got, err := g.authenticator.Authenticate(t.Context(), g.refresh(g.assertion(row.claims)))
			require.NoError(t, err)
			now := g.clock.Now()
			require.True(t, got.IssuedAt.Equal(now.Add(-5*time.Second)), got.IssuedAt)
			require.True(t, got.ExpiresAt.Equal(now.Add(595*time.Second)), got.ExpiresAt)
			require.Equal(t, audience, got.Audience)
			var claims struct {
				Issuer string `json:"iss"`
			}
			require.NoError(t, got.Claims(&claims))
			require.Equal(t, "https://cloud.google.com/iap", claims.Issuer)

			parsed, err := gcpiap.ParseResult([]byte(g.claims(row.claims)))
			require.NoError(t, err)
			require.Equal(t, outline(parsed), outline(got))
			require.Equal(t, outline(row.want), outline(got))
		})
	}
}

// outline leaves out what every row has alike.
func outline(r gcpiap.Result) gcpiap.Result {
	return gcpiap.Result{
		Subject: r.Subject, IdentityProvider: r.IdentityProvider, UserID: r.UserID, Email: r.Email, EmailVerified: r.EmailVerified,
		Name: r.Name, Picture: r.Picture, HostedDomain: r.HostedDomain, AccessLevels: r.AccessLevels, DeviceID: r.DeviceID,
	}
}

// The boundaries of Google's rules, each just inside.
func TestTimesAtTheEdge(t *testing.T) {
	g := newRig(t)
	now := g.clock.Now().Unix()
	for name, changes := range map[string]object{
		"SECURE_TOKEN_TEST NOT_SET": nil,
		"issued within the skew":    {"iat": now + 30, "exp": now + 600},
		"expired within the skew":   {"iat": now - 600, "exp": now - 29},
		"as long as can be":         {"iat": now, "exp": now + 660},
	} {
		_, err := g.authenticator.Authenticate(t.Context(), g.refresh(g.assertion(changes)))
		require.NoError(t, err, name)
	}
	wide := newRig(t, func(c *gcpiap.Config) { c.Leeway = 5 * time.Minute })
	_, err := wide.authenticator.Authenticate(t.Context(), wide.refresh(wide.assertion(object{"exp": now - 299})))
	require.NoError(t, err)
}

func TestSeveralAudiencesAndAnotherHeader(t *testing.T) {
	const run = "/projects/123456789012/locations/europe-west1/services/portal"
	g := newRig(t, func(c *gcpiap.Config) {
		c.Audience = []string{audience, run}
		c.Header = "x-forwarded-iap-assertion"
	})
	r := g.refresh("")
	r.Header.Set("X-Forwarded-Iap-Assertion", g.assertion(object{"aud": run}))
	got, err := g.authenticator.Authenticate(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, run, got.Audience)
	g.refused(g.refresh(g.assertion(nil)), missing)
}

func TestHostedDomains(t *testing.T) {
	only := func(c *gcpiap.Config) { c.HostedDomains = []string{"example.org", "example.com"} }
	g := newRig(t, only)
	require.Equal(t, http.StatusOK, g.do(g.refresh(g.assertion(nil))).Code)
	for name, changes := range map[string]object{
		"another":     {"hd": "evil.example"},
		"none":        {"hd": nil},
		"empty":       {"hd": ""},
		"upper case":  {"hd": "EXAMPLE.COM"},
		"longer":      {"hd": "example.com.evil.example"},
		"sub-domain":  {"hd": "a.example.com"},
		"array":       {"hd": []string{"example.com"}},
		"by external": {"sub": "securetoken.google.com/p:u", "hd": "example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t, only)
			g.turnedAway(g.refresh(g.assertion(changes)), authprovider.ErrNotAllowed, "hosted_domain_refused", http.StatusForbidden, notAllowed)
		})
	}
}

func TestRefreshAnswer(t *testing.T) {
	g := newRig(t)
	w := g.do(g.refresh(g.assertion(nil)))
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var body struct {
		Profile           authprovider.Profile
		ProviderInfo      map[string]any
		BackstageIdentity struct {
			Identity struct{ UserEntityRef string }
		}
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	require.Equal(t, authprovider.Profile{Email: marker}, body.Profile)
	require.Equal(t, map[string]any{"expiresInSeconds": 595.0}, body.ProviderInfo, "what is left, and nothing of the assertion")
	require.Equal(t, "user:default/jane", body.BackstageIdentity.Identity.UserEntityRef)
	require.Empty(t, w.Header().Values("Set-Cookie"))
}

func TestDescribe(t *testing.T) {
	g := newRig(t)
	expires := g.clock.Now()
	for verification, want := range map[authprovider.EmailVerification]authprovider.Profile{
		authprovider.EmailVerified:            {Email: "j@example.com", EmailVerification: authprovider.EmailVerified, DisplayName: "Jane", Picture: "p"},
		authprovider.EmailVerificationUnknown: {Email: "j@example.com", DisplayName: "Jane", Picture: "p"},
		authprovider.EmailUnverified:          {DisplayName: "Jane", Picture: "p"},
	} {
		got := g.authenticator.Describe(gcpiap.Result{Email: "j@example.com", EmailVerified: verification, Name: "Jane", Picture: "p", ExpiresAt: expires})
		require.Equal(t, proxyauth.Description{Profile: want, ExpiresAt: expires}, got)
	}
}

func TestSignOut(t *testing.T) {
	g := newRig(t)
	r := httptest.NewRequest(http.MethodPost, base+"/iap/logout", nil)
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	w := g.do(r)
	require.Equal(t, http.StatusOK, w.Code)
	require.JSONEq(t, `{"logoutUrl":"https://portal.example.com/?gcp-iap-mode=CLEAR_LOGIN_COOKIE"}`, w.Body.String())
	require.Empty(t, w.Header().Values("Set-Cookie"))
}

// A resolver that logs its input leaks no credential, and finds no unsigned identity in it.
func TestResolversSeeNoProxyHeaders(t *testing.T) {
	g := newRig(t)
	r := g.refresh(g.assertion(nil))
	r.Header.Set("X-Goog-Authenticated-User-Email", "accounts.google.com:joe@example.com")
	r.Header.Set("X-Goog-Authenticated-User-Id", "accounts.google.com:1")
	r.Header.Set("X-Portal-Locale", "de")
	for _, name := range g.authenticator.CredentialHeaders() {
		r.Header.Del(name)
	}
	require.Equal(t, http.Header{"X-Requested-With": {"XMLHttpRequest"}, "X-Portal-Locale": {"de"}}, r.Header)
}

func TestMiddleware(t *testing.T) {
	g := newRig(t)
	h := proxyauth.Middleware(g.authenticator, proxyauth.MiddlewareOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		person, _ := proxyauth.FromContext[gcpiap.Result](r.Context())
		_, _ = w.Write([]byte(person.UserID))
	}))
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/report", nil)
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusUnauthorized, w.Code)
	w = httptest.NewRecorder()
	r.Header.Set(gcpiap.DefaultHeader, g.assertion(nil))
	h.ServeHTTP(w, r)
	require.Equal(t, janeID, w.Body.String())
}

func TestClaimsOfNothing(t *testing.T) {
	require.Error(t, gcpiap.Result{}.Claims(&struct{}{}))
	_, err := gcpiap.ParseResult([]byte(`{"sub":"x"}`))
	require.Error(t, err)
	_, err = gcpiap.ParseResult([]byte(`[]`))
	require.Error(t, err)
}
