package proxyauth_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/proxyauth"
)

// TestJWTRefusesByName: each mistake is named by the field that a host wrote.
func TestJWTRefusesByName(t *testing.T) {
	for want, change := range map[string]func(*proxyauth.JWTConfig){
		"JWTConfig.Header is required":           func(c *proxyauth.JWTConfig) { c.Header = "" },
		`JWTConfig.Header "X_Token"`:             func(c *proxyauth.JWTConfig) { c.Header = "X_Token" },
		`JWTConfig.Header "X Token"`:             func(c *proxyauth.JWTConfig) { c.Header = "X Token" },
		`JWTConfig.Header "X-Token:"`:            func(c *proxyauth.JWTConfig) { c.Header = "X-Token:" },
		`JWTConfig.Header "cookie" is a header`:  func(c *proxyauth.JWTConfig) { c.Header = "cookie" },
		`JWTConfig.Header "Host" is a header`:    func(c *proxyauth.JWTConfig) { c.Header = "Host" },
		`JWTConfig.Header "Origin" is a`:         func(c *proxyauth.JWTConfig) { c.Header = "Origin" },
		`JWTConfig.Cookie "a=b"`:                 func(c *proxyauth.JWTConfig) { c.Cookie = "a=b" },
		"JWTConfig.Issuer is required":           func(c *proxyauth.JWTConfig) { c.Issuer = "" },
		"JWTConfig.Audiences is required":        func(c *proxyauth.JWTConfig) { c.Audiences = nil },
		"JWTConfig.Audiences has an empty":       func(c *proxyauth.JWTConfig) { c.Audiences = []string{"portal", ""} },
		"JWTConfig.Audiences and Dangerously":    func(c *proxyauth.JWTConfig) { c.DangerouslyAcceptAnyAudience = true },
		`JWTConfig.Algorithms: "HS256"`:          func(c *proxyauth.JWTConfig) { c.Algorithms = []string{"ES256", "HS256"} },
		`JWTConfig.Algorithms: "none"`:           func(c *proxyauth.JWTConfig) { c.Algorithms = []string{"none"} },
		"JWTConfig.Algorithms is empty":          func(c *proxyauth.JWTConfig) { c.Algorithms = []string{} },
		"JWTConfig.Types is empty":               func(c *proxyauth.JWTConfig) { c.Types = []string{} },
		"JWTConfig.Leeway is 6m0s":               func(c *proxyauth.JWTConfig) { c.Leeway = 6 * time.Minute },
		"JWTConfig.Leeway is -1s":                func(c *proxyauth.JWTConfig) { c.Leeway = -time.Second },
		"JWTConfig.MaxAge is negative":           func(c *proxyauth.JWTConfig) { c.MaxAge = -1 },
		"JWTConfig.JWKSURL: keyset: Config.URL":  func(c *proxyauth.JWTConfig) { c.JWKSURL = "http://proxy.example.com/keys" },
		"JWTConfig.JWKSURL: keyset: Config.URL:": func(c *proxyauth.JWTConfig) { c.JWKSURL = "/keys" },
		"JWTConfig.Issuer: keyset: Config.Iss":   func(c *proxyauth.JWTConfig) { c.JWKSURL, c.Issuer = "", "proxy.example.com" },
	} {
		t.Run(want, func(t *testing.T) {
			c := proxyauth.JWTConfig{Header: tokenHeader, Issuer: issuerURL, JWKSURL: keysURL, Audiences: []string{"portal"}}
			change(&c)
			a, err := proxyauth.JWT(c)
			require.ErrorContains(t, err, "proxyauth: "+want)
			require.Nil(t, a)
			_, err = authprovider.New(authprovider.Config{BaseURL: base, Secrets: [][]byte{make([]byte, 32)}, Issuer: &issuer{},
				Providers: map[string]authprovider.ProviderFactory{"proxy": proxyauth.JWTProvider(c, bySubject)}})
			require.ErrorContains(t, err, `provider "proxy": proxyauth: `+want)
		})
	}
}

// TestJWTNeedsNoNetwork: a proxy that is down fails no construction.
func TestJWTNeedsNoNetwork(t *testing.T) {
	r := newRig(t, func(c *proxyauth.JWTConfig, _ *authprovider.Config) { c.JWKSURL = "" })
	require.Empty(t, r.net.requests())
}

func TestJWTByDiscovery(t *testing.T) {
	r := newRig(t, func(c *proxyauth.JWTConfig, _ *authprovider.Config) { c.JWKSURL = "" })
	keys := serveKeys(t, jose.PublicKey{KeyID: "k1", Key: r.key.Public()})
	r.net.set("proxy.example.com", func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/keys" {
			keys(w, req)
			return
		}
		_, _ = fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, issuerURL, keysURL)
	})
	require.Equal(t, http.StatusOK, r.refresh(r.good()).StatusCode)
	require.Equal(t, []string{issuerURL + "/.well-known/openid-configuration", keysURL}, r.net.requests())
}

func TestCookieAlone(t *testing.T) {
	r := newRig(t, func(c *proxyauth.JWTConfig, _ *authprovider.Config) { c.Header, c.Cookie = "", "proxy_token" })
	require.Equal(t, http.StatusOK, r.refresh(script("Cookie", "proxy_token="+r.token())).StatusCode)
	require.Equal(t, "credential_missing", wantRefusal(t, r.refresh(r.good()), http.StatusUnauthorized, "AuthenticationError"))
	a, err := proxyauth.JWT(r.config)
	require.NoError(t, err)
	require.Empty(t, a.CredentialHeaders())
}

func TestJWTResult(t *testing.T) {
	got, err := proxyauth.ParseJWTResult([]byte(`{"iss":"https://i","sub":"s","aud":["a","b"],"iat":1,"exp":2,"name":"Jane","preferred_username":"jane","picture":"https://p","email":"j@example.com","email_verified":true,"groups":["dev"],"org":{"id":7}}`))
	require.NoError(t, err)
	require.Equal(t, "https://i", got.Issuer)
	require.Equal(t, "s", got.Subject)
	require.Equal(t, []string{"a", "b"}, got.Audiences)
	require.Equal(t, time.Unix(1, 0), got.IssuedAt)
	require.Equal(t, time.Unix(2, 0), got.ExpiresAt)
	require.Equal(t, [...]string{"Jane", "jane", "https://p", "j@example.com"}, [...]string{got.Name, got.PreferredUsername, got.Picture, got.Email})
	require.Equal(t, authprovider.EmailVerified, got.EmailVerified)
	var claims struct {
		Groups []string `json:"groups"`
		Org    struct {
			ID int `json:"id"`
		} `json:"org"`
	}
	require.NoError(t, got.Claims(&claims))
	require.Equal(t, []string{"dev"}, claims.Groups)
	require.Equal(t, 7, claims.Org.ID)
	require.Error(t, got.Claims(claims), "not a pointer")

	shown, err := json.Marshal(got)
	require.NoError(t, err)
	require.NotContains(t, string(shown), "org")
}

// TestClaimsByExactName: encoding/json alone would let a claim that anybody may set stand for one that nobody may.
func TestClaimsByExactName(t *testing.T) {
	got, err := proxyauth.ParseJWTResult([]byte(`{"sub":"s","Roles":["admin"],"org":{"Admin":true}}`))
	require.NoError(t, err)
	var roles struct {
		Roles []string `json:"roles"`
	}
	require.ErrorContains(t, got.Claims(&roles), "proxyauth: claims: ")
	require.Empty(t, roles.Roles)
	var org struct {
		Org struct {
			Admin bool `json:"admin"`
		} `json:"org"`
	}
	require.Error(t, got.Claims(&org))
	var exact struct {
		Roles []string
	}
	require.NoError(t, got.Claims(&exact))
	require.Equal(t, []string{"admin"}, exact.Roles)
	require.EqualError(t, proxyauth.JWTResult{}.Claims(&exact), "proxyauth: the result has no claims")
}

func TestParseJWTResultRefuses(t *testing.T) {
	for _, claims := range []string{``, `{`, `[]`, `null`, `{"sub":1}`, `{"sub":"a","sub":"b"}`, `{"Sub":"a"}`, `{} {}`, "{\"sub\":\"\xff\"}"} {
		got, err := proxyauth.ParseJWTResult([]byte(claims))
		require.ErrorContains(t, err, "proxyauth: claims: ", claims)
		require.Zero(t, got)
	}
}

func TestDescribe(t *testing.T) {
	var a *proxyauth.JWTAuthenticator // it is not looked at
	for claims, want := range map[string]authprovider.Profile{
		`{}`: {},
		`{"name":"Jane","preferred_username":"jane","picture":"https://p","email":"j@x"}`: {DisplayName: "Jane", Picture: "https://p", Email: "j@x"},
		`{"preferred_username":"jane"}`:                                   {DisplayName: "jane"},
		`{"name":1,"picture":null,"email":["j@x"],"email_verified":true}`: {},
		`{"email":"j@x","email_verified":true}`:                           {Email: "j@x", EmailVerification: authprovider.EmailVerified},
		`{"email":"j@x","email_verified":"true"}`:                         {Email: "j@x", EmailVerification: authprovider.EmailVerified},
		`{"email":"j@x","email_verified":null}`:                           {Email: "j@x"},
		`{"email":"j@x","email_verified":false}`:                          {},
		`{"email":"j@x","email_verified":"false"}`:                        {},
		`{"email":"j@x","email_verified":1}`:                              {},
		`{"email":"j@x","email_verified":"TRUE"}`:                         {},
		`{"email":"j@x","email_verified":[true]}`:                         {},
		`{"email_verified":true}`:                                         {},
	} {
		got, err := proxyauth.ParseJWTResult([]byte(claims))
		require.NoError(t, err)
		require.Equal(t, want, a.Describe(got).Profile, claims)
		require.True(t, a.Describe(got).ExpiresAt.IsZero())
	}
}
