package oauth2proxy_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/proxytoken"
	"example.com/stagedoor/oauth2proxy"
	"example.com/stagedoor/proxyauth"
)

const (
	missing   = proxytoken.CodeMissing
	ambiguous = proxytoken.CodeAmbiguous
	invalid   = proxytoken.CodeInvalid
	expired   = proxytoken.CodeExpired
)

func TestHostileTokens(t *testing.T) {
	// with signs a good payload under another header, without its braces.
	with := func(header string) func(*rig) string {
		return func(g *rig) string { return g.forge(g.key, "{"+header+"}", g.payload(nil)) }
	}
	claim := func(name string, value any) func(*rig) string {
		return func(g *rig) string { return g.token(map[string]any{name: value}) }
	}
	// add puts text into a good payload, in front.
	add := func(text string) func(*rig) string {
		return func(g *rig) string {
			return g.forge(g.key, goodHeader, strings.Replace(g.payload(nil), "{", "{"+text+",", 1))
		}
	}
	// resign puts another signature to a good token.
	resign := func(signature func(g *rig, signed string) string) func(*rig) string {
		return func(g *rig) string {
			good := g.token(nil)
			signed := good[:strings.LastIndexByte(good, '.')]
			return signed + "." + signature(g, signed)
		}
	}
	for _, tc := range []struct {
		name  string
		token func(*rig) string
		want  error
		code  string
	}{
		{"alg none", func(g *rig) string { return b64([]byte(`{"alg":"none"}`)) + "." + b64([]byte(g.payload(nil))) + "." }, jose.ErrMalformed, invalid},
		{"alg none with a signature", with(`"alg":"none","kid":"k1"`), jose.ErrAlgorithm, invalid},
		{"alg None", with(`"alg":"None","kid":"k1"`), jose.ErrAlgorithm, invalid},
		{"HS256 keyed with the public key", func(g *rig) string {
			signed := b64([]byte(`{"alg":"HS256","kid":"k1"}`)) + "." + b64([]byte(g.payload(nil)))
			der, err := x509.MarshalPKIXPublicKey(g.key.Public())
			require.NoError(g.t, err)
			mac := hmac.New(sha256.New, der)
			mac.Write([]byte(signed))
			return signed + "." + b64(mac.Sum(nil))
		}, jose.ErrAlgorithm, invalid},
		{"ES384 with a key of P-256", with(`"alg":"ES384","kid":"k1"`), jose.ErrAlgorithm, invalid},
		{"alg missing", with(`"kid":"k1"`), jose.ErrAlgorithm, invalid},
		{"another key under the same kid", func(g *rig) string { return g.forge(g.other, goodHeader, g.payload(nil)) }, jose.ErrSignature, invalid},
		{"unknown kid", with(`"alg":"ES256","kid":"k2"`), jose.ErrUnknownKey, invalid},
		{"no kid, another key", func(g *rig) string { return g.forge(g.other, `{"alg":"ES256"}`, g.payload(nil)) }, nil, invalid},
		{"kid climbs", with(`"alg":"ES256","kid":"../../evil"`), jose.ErrUnknownKey, invalid},
		{"kid is a URL", with(`"alg":"ES256","kid":"https://evil.example.com/k1"`), jose.ErrUnknownKey, invalid},
		{"kid is a number", with(`"alg":"ES256","kid":1`), jose.ErrMalformed, invalid},
		{"crit", with(`"alg":"ES256","kid":"k1","crit":["exp"],"exp":1`), jose.ErrMalformed, invalid},
		{"own key in jwk", func(g *rig) string {
			x, y := g.other.X.FillBytes(make([]byte, 32)), g.other.Y.FillBytes(make([]byte, 32))
			return g.forge(g.other, `{"alg":"ES256","kid":"k1","jwk":{"kty":"EC","crv":"P-256","x":"`+b64(x)+`","y":"`+b64(y)+`"}}`, g.payload(nil))
		}, jose.ErrSignature, invalid},
		{"own keys at jku", func(g *rig) string {
			return g.forge(g.other, `{"alg":"ES256","kid":"k1","jku":"https://evil.example.com/certs"}`, g.payload(nil))
		}, jose.ErrSignature, invalid},
		{"own certificate at x5u", func(g *rig) string {
			return g.forge(g.other, `{"alg":"ES256","kid":"k1","x5u":"https://evil.example.com/cert"}`, g.payload(nil))
		}, jose.ErrSignature, invalid},
		{"own certificate in x5c", func(g *rig) string {
			return g.forge(g.other, `{"alg":"ES256","kid":"k1","x5c":["MIIB"]}`, g.payload(nil))
		}, jose.ErrSignature, invalid},
		{"b64 false", with(`"alg":"ES256","kid":"k1","b64":false`), jose.ErrMalformed, invalid},
		{"five parts", func(g *rig) string { return g.token(nil) + ".e30.e30" }, jose.ErrMalformed, invalid},
		{"encrypted by its header", with(`"alg":"ES256","kid":"k1","enc":"A128GCM"`), jose.ErrMalformed, invalid},
		{"two parts", func(g *rig) string { good := g.token(nil); return good[:strings.LastIndexByte(good, '.')] }, jose.ErrMalformed, invalid},
		{"flattened JSON", func(*rig) string { return `{"payload":"e30","protected":"e30","signature":"e30"}` }, nil, ambiguous}, // it has commas
		{"payload is an array", func(g *rig) string { return g.forge(g.key, goodHeader, `["`+marker+`"]`) }, jose.ErrMalformed, invalid},
		{"sub twice", add(`"sub":"admin"`), jose.ErrMalformed, invalid},
		{"preferred_username twice", add(`"preferred_username":"admin"`), jose.ErrMalformed, invalid},
		{"Sub beside sub", add(`"Sub":"admin"`), jose.ErrMalformed, invalid},
		{"EXP beside exp", add(`"EXP":32503680000`), jose.ErrMalformed, invalid},
		{"Groups beside groups", add(`"Groups":["admins"]`), jose.ErrMalformed, invalid},
		{"padded", func(g *rig) string { return g.token(nil) + "==" }, jose.ErrMalformed, invalid},
		{"line feed at the end", func(g *rig) string { return g.token(nil) + "\n" }, nil, invalid},
		{"line feed within", func(g *rig) string { good := g.token(nil); return good[:9] + "\n" + good[9:] }, nil, invalid},
		{"space at the end", func(g *rig) string { return g.token(nil) + " " }, nil, invalid},
		{"truncated signature", func(g *rig) string { good := g.token(nil); return good[:len(good)-4] }, nil, invalid},
		{"DER signature", resign(func(g *rig, signed string) string {
			sum := sha256.Sum256([]byte(signed))
			der, err := ecdsa.SignASN1(rand.Reader, g.key, sum[:])
			require.NoError(g.t, err)
			return b64(der)
		}), jose.ErrSignature, invalid},
		{"zero signature", resign(func(*rig, string) string { return b64(make([]byte, 64)) }), jose.ErrSignature, invalid},
		{"another token's signature", resign(func(g *rig, _ string) string {
			other := g.token(map[string]any{"sub": "other"})
			return other[strings.LastIndexByte(other, '.')+1:]
		}), jose.ErrSignature, invalid},
		{"payload exchanged", func(g *rig) string {
			good := strings.Split(g.token(nil), ".")
			return good[0] + "." + b64([]byte(g.payload(map[string]any{"sub": "admin"}))) + "." + good[2]
		}, jose.ErrSignature, invalid},
		{"another issuer", claim("iss", "https://evil.example.com"), jose.ErrIssuer, invalid},
		{"issuer with a slash", claim("iss", issuer+"/"), jose.ErrIssuer, invalid},
		{"issuer's prefix", claim("iss", "https://sso.example.com"), jose.ErrIssuer, invalid},
		{"another realm, signed with the same keys", claim("iss", "https://sso.example.com/realms/other"), jose.ErrIssuer, invalid},
		{"no issuer", claim("iss", nil), jose.ErrIssuer, invalid},
		{"issuers", claim("iss", []string{issuer}), jose.ErrClaim, invalid},
		{"another audience", func(g *rig) string { return g.token(map[string]any{"aud": "other", "azp": "other"}) }, nil, "id_token_required"},
		{"another audience, azp ours", claim("aud", []string{"other"}), jose.ErrAudience, invalid},
		{"audience in another case", claim("aud", "Portal"), jose.ErrAudience, invalid},
		{"audience with a suffix", claim("aud", "portal2"), jose.ErrAudience, invalid},
		{"audience with a prefix", claim("aud", "my-portal"), jose.ErrAudience, invalid},
		{"no audience", claim("aud", nil), jose.ErrAudience, invalid},
		{"audience is a number", claim("aud", 5), jose.ErrClaim, invalid},
		{"several audiences without azp", func(g *rig) string { return g.token(map[string]any{"aud": []string{"portal", "other"}, "azp": nil}) }, nil, "id_token_required"},
		{"azp is another client", claim("azp", "other"), nil, "id_token_required"},
		{"azp is a list", claim("azp", []string{"portal"}), nil, "id_token_required"},
		{"no exp", claim("exp", nil), jose.ErrClaim, invalid},
		{"exp past", claim("exp", start.Add(-2*time.Minute).Unix()), jose.ErrExpired, expired},
		{"exp is a text", claim("exp", "32503680000"), jose.ErrClaim, invalid},
		{"exp in milliseconds", claim("exp", start.Add(time.Hour).UnixMilli()), jose.ErrClaim, invalid},
		{"nbf in the future", claim("nbf", start.Add(2*time.Minute).Unix()), jose.ErrNotYetValid, invalid},
		{"iat in the future", claim("iat", start.Add(2*time.Minute).Unix()), jose.ErrNotYetValid, invalid},
		{"no iat", claim("iat", nil), jose.ErrClaim, invalid},
		{"access token by its type", with(`"alg":"ES256","kid":"k1","typ":"at+jwt"`), jose.ErrType, invalid},
		{"access token by its long type", with(`"alg":"ES256","kid":"k1","typ":"application/at+jwt"`), jose.ErrType, invalid},
		{"logout token by its type", with(`"alg":"ES256","kid":"k1","typ":"logout+jwt"`), jose.ErrType, invalid},
		{"Keycloak's access token", claim("typ", "Bearer"), nil, "id_token_required"},
		{"Keycloak's refresh token", claim("typ", "Refresh"), nil, "id_token_required"},
		{"Keycloak's type is a list", claim("typ", []string{"ID"}), nil, "id_token_required"},
		{"Cognito's access token", claim("token_use", "access"), nil, "id_token_required"},
		{"logout token typed JWT", claim("events", map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}), nil, "id_token_required"},
		{"no sub", claim("sub", nil), nil, "subject_missing"},
		{"empty sub", claim("sub", ""), nil, "subject_missing"},
		{"sub is a number", claim("sub", 5), jose.ErrClaim, invalid},
		{"sub too long", claim("sub", strings.Repeat("a", 256)), nil, "subject_missing"},
		{"64 KiB", func(g *rig) string { return g.token(map[string]any{"x": strings.Repeat("a", 48<<10)}) }, nil, invalid},
		{"not a token", func(*rig) string { return "opaque-access-token" }, jose.ErrMalformed, invalid},
		{"Bearer alone", func(*rig) string { return "Bearer" }, jose.ErrMalformed, invalid},
		{"Basic", func(*rig) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte("jane:secret")) }, jose.ErrMalformed, invalid},
		{"Bearer twice", func(g *rig) string { return "Bearer Bearer " + g.token(nil) }, jose.ErrMalformed, invalid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t)
			token := tc.token(g)
			g.requireRefused(g.config(), bearing(token), token, tc.want, tc.code)
		})
	}
}

func TestHostileHeaders(t *testing.T) {
	const name = "X-Oauth2-Proxy-Id-Token"
	authorization := func(c *oauth2proxy.Config) { c.Header = "Authorization" }
	for _, tc := range []struct {
		name   string
		change func(*oauth2proxy.Config)
		header func(token string) http.Header
		want   error
		code   string
	}{
		{"absent", nil, func(string) http.Header { return http.Header{} }, proxyauth.ErrMissing, missing},
		{"empty", nil, func(string) http.Header { return http.Header{name: {""}} }, nil, invalid},
		{"twice", nil, func(token string) http.Header { return http.Header{name: {token, token}} }, nil, ambiguous},
		{"twice, the second bad", nil, func(token string) http.Header { return http.Header{name: {token, "x"}} }, nil, ambiguous},
		{"joined by a comma", nil, func(token string) http.Header { return http.Header{name: {token + ", " + token}} }, nil, ambiguous},
		{"underscores instead", nil, func(token string) http.Header { return http.Header{"X_oauth2_proxy_id_token": {token}} }, nil, ambiguous},
		{"underscores besides", nil, func(token string) http.Header { return http.Header{name: {token}, "X-Oauth2_proxy-Id-Token": {token}} }, nil, ambiguous},
		{"named in Connection", nil, func(token string) http.Header {
			return http.Header{name: {token}, "Connection": {"close, x-oauth2-proxy-id-token"}}
		}, nil, ambiguous},
		{"not UTF-8", nil, func(token string) http.Header { return http.Header{name: {token + "\xff"}} }, nil, invalid},
		{"more than 16 KiB", nil, func(string) http.Header { return http.Header{name: {strings.Repeat("a", 16<<10+1)}} }, nil, invalid},
		{"in Authorization, which is not configured", nil, func(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }, proxyauth.ErrMissing, missing},
		{"in the access token's header", nil, func(token string) http.Header { return http.Header{"X-Forwarded-Access-Token": {token}} }, proxyauth.ErrMissing, missing},
		{"in a cookie", nil, func(token string) http.Header { return http.Header{"Cookie": {name + "=" + token}} }, proxyauth.ErrMissing, missing},
		{"plain headers alone", nil, func(string) http.Header {
			return http.Header{"X-Forwarded-User": {"admin"}, "X-Forwarded-Email": {marker}}
		}, proxyauth.ErrMissing, missing},
		{"a bad token and plain headers", nil, func(string) http.Header {
			return http.Header{name: {"bad"}, "X-Forwarded-User": {"admin"}}
		}, jose.ErrMalformed, invalid},
		{"Authorization without a scheme", authorization, func(token string) http.Header { return http.Header{"Authorization": {token}} }, nil, invalid},
		{"Authorization, Basic", authorization, func(token string) http.Header { return http.Header{"Authorization": {"Basic " + token}} }, nil, invalid},
		{"Authorization, Bearer and nothing", authorization, func(string) http.Header { return http.Header{"Authorization": {"Bearer "}} }, nil, invalid},
		{"Authorization twice", authorization, func(token string) http.Header {
			return http.Header{"Authorization": {"Bearer " + token, "Basic eDp5"}}
		}, nil, ambiguous},
		{"Authorization configured, the other header sent", authorization, func(token string) http.Header { return http.Header{name: {token}} }, proxyauth.ErrMissing, missing},
		{"trust anchor not passed", func(c *oauth2proxy.Config) { c.Trust = trustSecret() }, func(token string) http.Header { return http.Header{name: {token}} }, nil, "proxy_untrusted"},
		{"trust anchor with a wrong secret", func(c *oauth2proxy.Config) { c.Trust = trustSecret() }, func(token string) http.Header {
			return http.Header{name: {token}, "X-Proxy-Secret": {strings.Repeat("x", len(secret))}}
		}, nil, "proxy_untrusted"},
		{"supplementary header twice", func(c *oauth2proxy.Config) { c.Trust, c.HeaderStyle = trustSecret(), oauth2proxy.ForwardedHeaders }, func(token string) http.Header {
			return http.Header{name: {token}, "X-Proxy-Secret": {secret}, "X-Forwarded-Groups": {"staff", "admins"}}
		}, nil, ambiguous},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t)
			c := g.config()
			if tc.change != nil {
				tc.change(&c)
			}
			token := g.token(nil)
			r := request(nil)
			for header, values := range tc.header(token) {
				r.Header[header] = values
			}
			g.requireRefused(c, r, token, tc.want, tc.code)
		})
	}
}

func TestHostilePlainHeaders(t *testing.T) {
	peers := &proxyauth.TrustConfig{Peers: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
	for _, tc := range []struct {
		name   string
		trust  *proxyauth.TrustConfig
		peer   string
		header http.Header
		code   string
	}{
		{"no secret", nil, "", http.Header{"X-Proxy-Secret": nil, "X-Forwarded-User": {"jane"}}, "proxy_untrusted"},
		{"wrong secret", nil, "", http.Header{"X-Proxy-Secret": {strings.Repeat("y", len(secret))}, "X-Forwarded-User": {"jane"}}, "proxy_untrusted"},
		{"secret twice", nil, "", http.Header{"X-Proxy-Secret": {secret, secret}, "X-Forwarded-User": {"jane"}}, "proxy_untrusted"},
		{"secret with underscores", nil, "", http.Header{"X-Proxy-Secret": nil, "X_Proxy_Secret": {secret}, "X-Forwarded-User": {"jane"}}, "proxy_untrusted"},
		{"another peer", peers, "192.0.2.7:1", http.Header{"X-Forwarded-User": {"jane"}}, "proxy_untrusted"},
		{"another peer, forwarded for the right one", peers, "192.0.2.7:1", http.Header{"X-Forwarded-User": {"jane"}, "X-Forwarded-For": {"10.1.2.3"}, "X-Real-Ip": {"10.1.2.3"}, "Forwarded": {"for=10.1.2.3"}}, "proxy_untrusted"},
		{"no peer", peers, "", http.Header{"X-Forwarded-User": {"jane"}}, "proxy_untrusted"},
		{"a Unix socket's peer", peers, "@", http.Header{"X-Forwarded-User": {"jane"}}, "proxy_untrusted"},
		{"no user", nil, "", http.Header{"X-Forwarded-Email": {marker}, "X-Forwarded-Preferred-Username": {"jane"}}, missing},
		{"empty user", nil, "", http.Header{"X-Forwarded-User": {""}}, invalid},
		{"user twice", nil, "", http.Header{"X-Forwarded-User": {"jane", "admin"}}, ambiguous},
		{"users joined", nil, "", http.Header{"X-Forwarded-User": {"jane,admin"}}, ambiguous},
		{"user with underscores", nil, "", http.Header{"X_forwarded_user": {"admin"}}, ambiguous},
		{"user and its twin", nil, "", http.Header{"X-Forwarded-User": {"jane"}, "X-Forwarded_user": {"admin"}}, ambiguous},
		{"user named in Connection", nil, "", http.Header{"X-Forwarded-User": {"jane"}, "Connection": {"X-Forwarded-User"}}, ambiguous},
		{"user too long", nil, "", http.Header{"X-Forwarded-User": {strings.Repeat("a", 16<<10+1)}}, invalid},
		{"user not UTF-8", nil, "", http.Header{"X-Forwarded-User": {"jane\xff"}}, invalid},
		{"user of the other style", nil, "", http.Header{"X-Auth-Request-User": {"jane"}}, missing},
		{"e-mail twice", nil, "", http.Header{"X-Forwarded-User": {"jane"}, "X-Forwarded-Email": {marker, marker}}, ambiguous},
		{"e-mail's twin", nil, "", http.Header{"X-Forwarded-User": {"jane"}, "X_forwarded_email": {marker}}, ambiguous},
		{"e-mail empty", nil, "", http.Header{"X-Forwarded-User": {"jane"}, "X-Forwarded-Email": {""}}, invalid},
		{"preferred username joined", nil, "", http.Header{"X-Forwarded-User": {"jane"}, "X-Forwarded-Preferred-Username": {"admin,jane"}}, ambiguous},
		{"preferred username's twin", nil, "", http.Header{"X-Forwarded-User": {"jane"}, "X-Forwarded-Preferred_username": {"admin"}}, ambiguous},
		{"groups twice", nil, "", http.Header{"X-Forwarded-User": {"jane"}, "X-Forwarded-Groups": {"staff", "admins"}}, ambiguous},
		{"groups' twin", nil, "", http.Header{"X-Forwarded-User": {"jane"}, "X_forwarded_groups": {"admins"}}, ambiguous},
		{"groups named in Connection", nil, "", http.Header{"X-Forwarded-User": {"jane"}, "X-Forwarded-Groups": {"staff"}, "Connection": {"x-forwarded-groups"}}, ambiguous},
		{"a token instead", nil, "", http.Header{"X-Oauth2-Proxy-Id-Token": {"Bearer x.y.z"}}, missing},
		{"an access token instead", nil, "", http.Header{"X-Forwarded-Access-Token": {"x"}}, missing},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t)
			c := g.headersOnly(oauth2proxy.ForwardedHeaders)
			r := request(map[string]string{"X-Proxy-Secret": secret})
			if tc.trust != nil {
				c.Trust = tc.trust
			}
			if tc.peer != "" || tc.trust != nil {
				r.RemoteAddr = tc.peer
			}
			for header, values := range tc.header {
				if r.Header[header] = values; values == nil {
					delete(r.Header, header)
				}
			}
			g.requireRefused(c, r, "", nil, tc.code)
			require.Empty(t, g.provider.hosts())
		})
	}
}

// What fails at the identity provider is no refusal, and no reason to ask anybody else.
func TestKeysUnavailable(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer func(r *http.Request) (*http.Response, error)
	}{
		{"down", func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }},
		{"error", func(r *http.Request) (*http.Response, error) { return reply(r, http.StatusBadGateway, ""), nil }},
		{"HTML", func(r *http.Request) (*http.Response, error) {
			return reply(r, http.StatusOK, "<html>maintenance"), nil
		}},
		{"redirect", func(r *http.Request) (*http.Response, error) {
			res := reply(r, http.StatusFound, "")
			res.Header.Set("Location", "https://evil.example.com/.well-known/openid-configuration")
			return res, nil
		}},
		{"another issuer's document", func(r *http.Request) (*http.Response, error) {
			return reply(r, http.StatusOK, `{"issuer":"https://evil.example.com","jwks_uri":"https://evil.example.com/certs"}`), nil
		}},
		{"slow", func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t)
			g.provider.answer = tc.answer
			token := g.token(nil)
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			_, err := g.authenticator(g.config()).Authenticate(ctx, bearing(token))
			require.ErrorIs(t, err, authprovider.ErrUnavailable)
			require.NotErrorIs(t, err, authprovider.ErrAuthentication)

			w := httptest.NewRecorder()
			g.handler(g.config()).ServeHTTP(w, bearing(token).WithContext(ctx))
			require.Equal(t, http.StatusServiceUnavailable, w.Code, w.Body)
			require.NotEmpty(t, w.Header().Get("Retry-After"))
			require.NotContains(t, g.provider.hosts(), "evil.example.com")
			for _, piece := range strings.Split(token, ".") {
				require.NotContains(t, g.log.String()+err.Error()+w.Body.String(), piece)
			}
		})
	}
}

// A key that the issuer has withdrawn verifies nothing any more, and a new one is found.
func TestKeyRotation(t *testing.T) {
	g := newRig(t)
	a := g.authenticator(g.config())
	old := bearing(g.token(map[string]any{"exp": start.Add(100 * time.Hour).Unix()}))
	_, err := a.Authenticate(context.Background(), old)
	require.NoError(t, err)

	g.now = g.now.Add(48 * time.Hour)
	next := g.newKey()
	g.publish("k2", next)
	_, err = a.Authenticate(context.Background(), bearing(g.forge(next, `{"alg":"ES256","kid":"k2"}`, g.payload(nil))))
	require.NoError(t, err)
	_, err = a.Authenticate(context.Background(), old)
	require.ErrorIs(t, err, jose.ErrUnknownKey)
	require.ErrorIs(t, err, authprovider.ErrAuthentication)
}
