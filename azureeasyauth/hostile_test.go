package azureeasyauth_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/azureeasyauth"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/proxytoken"
	"example.com/stagedoor/proxyauth"
)

const (
	missing   = proxytoken.CodeMissing
	ambiguous = proxytoken.CodeAmbiguous
	invalid   = proxytoken.CodeInvalid
	expired   = proxytoken.CodeExpired

	otherTenant = "99998888-0000-cccc-1111-dddd2222eeee"
)

func TestHostileTokens(t *testing.T) {
	// with signs a good payload under another header, without its braces.
	with := func(header string) func(*rig) string {
		return func(g *rig) string { return g.forge(g.key, "{"+header+"}", g.payload(nil)) }
	}
	// claims are name and value in turn.
	claims := func(changes ...any) func(*rig) string {
		return func(g *rig) string {
			m := make(map[string]any)
			for i := 0; i < len(changes); i += 2 {
				m[changes[i].(string)] = changes[i+1]
			}
			return g.token(m)
		}
	}
	add := func(text string) func(*rig) string {
		return func(g *rig) string {
			return g.forge(g.key, goodHeader, strings.Replace(g.payload(nil), "{", "{"+text+",", 1))
		}
	}
	resigned := func(signature func(good string) string) func(*rig) string {
		return func(g *rig) string {
			good := g.token(nil)
			dot := strings.LastIndexByte(good, '.')
			return good[:dot+1] + signature(good[dot+1:])
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
		{"HS256 keyed with the public key", func(g *rig) string {
			signed := b64([]byte(`{"alg":"HS256","kid":"k1"}`)) + "." + b64([]byte(g.payload(nil)))
			der, err := x509.MarshalPKIXPublicKey(g.key.Public())
			require.NoError(g.t, err)
			mac := hmac.New(sha256.New, der)
			mac.Write([]byte(signed))
			return signed + "." + b64(mac.Sum(nil))
		}, jose.ErrAlgorithm, invalid},
		{"PS256", with(`"alg":"PS256","kid":"k1"`), jose.ErrAlgorithm, invalid},
		{"ES256", with(`"alg":"ES256","kid":"k1"`), jose.ErrAlgorithm, invalid},
		{"another key under the same kid", func(g *rig) string { return g.forge(g.other, goodHeader, g.payload(nil)) }, jose.ErrSignature, invalid},
		{"unknown kid", with(`"alg":"RS256","kid":"k2"`), jose.ErrUnknownKey, invalid},
		{"no kid, another key", func(g *rig) string { return g.forge(g.other, `{"alg":"RS256"}`, g.payload(nil)) }, nil, invalid},
		{"kid climbs", with(`"alg":"RS256","kid":"../../common/discovery/keys"`), jose.ErrUnknownKey, invalid},
		{"crit", with(`"alg":"RS256","kid":"k1","crit":["x"],"x":1`), jose.ErrMalformed, invalid},
		{"own key in jwk", func(g *rig) string {
			return g.forge(g.other, `{"alg":"RS256","kid":"k1","jwk":{"kty":"RSA","e":"AQAB","n":"`+b64(g.other.N.Bytes())+`"}}`, g.payload(nil))
		}, jose.ErrSignature, invalid},
		{"own keys at jku", func(g *rig) string {
			return g.forge(g.other, `{"alg":"RS256","kid":"k1","jku":"https://evil.example.com/keys"}`, g.payload(nil))
		}, jose.ErrSignature, invalid},
		{"own certificate at x5u", func(g *rig) string {
			return g.forge(g.other, `{"alg":"RS256","kid":"k1","x5u":"https://evil.example.com/cert"}`, g.payload(nil))
		}, jose.ErrSignature, invalid},
		{"own certificate in x5c", func(g *rig) string {
			return g.forge(g.other, `{"alg":"RS256","kid":"k1","x5c":["MIIB"]}`, g.payload(nil))
		}, jose.ErrSignature, invalid},
		{"b64 false", with(`"alg":"RS256","kid":"k1","b64":false`), jose.ErrMalformed, invalid},
		{"five parts", func(g *rig) string { return g.token(nil) + ".e30.e30" }, jose.ErrMalformed, invalid},
		{"two parts", func(g *rig) string { good := g.token(nil); return good[:strings.LastIndexByte(good, '.')] }, jose.ErrMalformed, invalid},
		{"oid twice", add(`"oid":"` + otherTenant + `"`), jose.ErrMalformed, invalid},
		{"Oid beside oid", add(`"Oid":"` + otherTenant + `"`), jose.ErrMalformed, invalid},
		{"TID beside tid", add(`"TID":"` + tenant + `"`), jose.ErrMalformed, invalid},
		{"EXP beside exp", add(`"EXP":32503680000`), jose.ErrMalformed, invalid},
		{"Roles beside roles", add(`"Roles":["Portal.Owner"]`), jose.ErrMalformed, invalid},
		{"padded", func(g *rig) string { return g.token(nil) + "==" }, jose.ErrMalformed, invalid},
		{"line feed at the end", func(g *rig) string { return g.token(nil) + "\n" }, nil, invalid},
		{"truncated signature", resigned(func(good string) string { return good[:len(good)-4] }), nil, invalid},
		{"zero signature", resigned(func(string) string { return b64(make([]byte, 256)) }), jose.ErrSignature, invalid},
		{"payload exchanged", func(g *rig) string {
			good := strings.Split(g.token(nil), ".")
			return good[0] + "." + b64([]byte(g.payload(map[string]any{"oid": otherTenant}))) + "." + good[2]
		}, jose.ErrSignature, invalid},

		{"version 1", claims("ver", "1.0", "iss", "https://sts.windows.net/"+tenant+"/"), nil, "token_version"},
		{"version 1 from the issuer of version 2", claims("ver", "1.0"), nil, "token_version"},
		{"version 2 from the issuer of version 1", claims("iss", "https://sts.windows.net/"+tenant+"/"), jose.ErrIssuer, invalid},
		{"no version", claims("ver", nil), nil, "token_version"},
		{"version is a number", claims("ver", 2.0), nil, "token_version"},
		{"another tenant, signed with the same keys", claims("tid", otherTenant, "iss", "https://login.microsoftonline.com/"+otherTenant+"/v2.0"), nil, "tenant_mismatch"},
		{"another tenant's issuer", claims("iss", "https://login.microsoftonline.com/"+otherTenant+"/v2.0"), jose.ErrIssuer, invalid},
		{"another tenant in tid", claims("tid", otherTenant), nil, "tenant_mismatch"},
		{"no tid", claims("tid", nil), nil, "tenant_mismatch"},
		{"tid in upper case", claims("tid", strings.ToUpper(tenant)), nil, "tenant_mismatch"},
		{"tid is a list", claims("tid", []string{tenant}), nil, "tenant_mismatch"},
		{"common issuer", claims("iss", "https://login.microsoftonline.com/common/v2.0"), jose.ErrIssuer, invalid},
		{"template issuer", claims("iss", "https://login.microsoftonline.com/{tenantid}/v2.0"), jose.ErrIssuer, invalid},
		{"another cloud's issuer", claims("iss", "https://login.microsoftonline.us/"+tenant+"/v2.0"), jose.ErrIssuer, invalid},
		{"issuer with a slash", claims("iss", issuer+"/"), jose.ErrIssuer, invalid},
		{"no issuer", claims("iss", nil), jose.ErrIssuer, invalid},
		{"another audience", claims("aud", otherTenant), jose.ErrAudience, invalid},
		{"audience as a URI", claims("aud", "api://"+client), jose.ErrAudience, invalid},
		{"Microsoft Graph's audience", claims("aud", "00000003-0000-0000-c000-000000000000"), jose.ErrAudience, invalid},
		{"audience in upper case", claims("aud", strings.ToUpper(client)), jose.ErrAudience, invalid},
		{"several audiences", claims("aud", []string{client, otherTenant}), nil, "id_token_required"},
		{"no audience", claims("aud", nil), nil, "id_token_required"},
		{"another client's access token", claims("azp", otherTenant, "azpacr", "1", "scp", "user_impersonation"), nil, "id_token_required"},
		{"our own access token", claims("azp", client, "scp", "user_impersonation"), nil, "id_token_required"},
		{"an application's access token", claims("azp", client, "azpacr", "1", "email", nil), nil, "id_token_required"},
		{"azp is another client", claims("azp", otherTenant), nil, "id_token_required"},
		{"no exp", claims("exp", nil), jose.ErrClaim, invalid},
		{"exp past", claims("exp", start.Add(-2*time.Minute).Unix()), jose.ErrExpired, expired},
		{"exp is a text", claims("exp", "32503680000"), jose.ErrClaim, invalid},
		{"nbf in the future", claims("nbf", start.Add(2*time.Minute).Unix()), jose.ErrNotYetValid, invalid},
		{"iat in the future", claims("iat", start.Add(2*time.Minute).Unix()), jose.ErrNotYetValid, invalid},
		{"no iat", claims("iat", nil), jose.ErrClaim, invalid},
		{"typ at+jwt", with(`"alg":"RS256","kid":"k1","typ":"at+jwt"`), jose.ErrType, invalid},
		{"no sub", claims("sub", nil), nil, "subject_missing"},
		{"empty sub", claims("sub", ""), nil, "subject_missing"},
		{"sub is a number", claims("sub", 5), jose.ErrClaim, invalid},
		{"no oid", claims("oid", nil), nil, "object_id_missing"},
		{"empty oid", claims("oid", ""), nil, "object_id_missing"},
		{"oid is a name", claims("oid", "admin"), nil, "object_id_missing"},
		{"oid is a list", claims("oid", []string{objectID}), nil, "object_id_missing"},
		{"64 KiB", claims("x", strings.Repeat("a", 48<<10)), nil, invalid},
		{"not a token", func(*rig) string { return "opaque" }, jose.ErrMalformed, invalid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t)
			token := tc.token(g)
			g.requireRefused(g.config(), bearing(token), token, tc.want, tc.code)
		})
	}
}

func TestHostileHeaders(t *testing.T) {
	const name = "X-Ms-Token-Aad-Id-Token"
	trusting := func(c *azureeasyauth.Config) { c.Trust = trustSecret() }
	for _, tc := range []struct {
		name   string
		change func(*azureeasyauth.Config)
		header func(token string) http.Header
		want   error
		code   string
	}{
		{"absent", nil, func(string) http.Header { return http.Header{} }, proxyauth.ErrMissing, missing},
		{"empty", nil, func(string) http.Header { return http.Header{name: {""}} }, nil, invalid},
		{"twice", nil, func(token string) http.Header { return http.Header{name: {token, token}} }, nil, ambiguous},
		{"joined by a comma", nil, func(token string) http.Header { return http.Header{name: {token + "," + token}} }, nil, ambiguous},
		{"underscores instead", nil, func(token string) http.Header { return http.Header{"X_ms_token_aad_id_token": {token}} }, nil, ambiguous},
		{"underscores besides", nil, func(token string) http.Header { return http.Header{name: {token}, "X-Ms-Token_aad-Id-Token": {token}} }, nil, ambiguous},
		{"named in Connection", nil, func(token string) http.Header {
			return http.Header{name: {token}, "Connection": {"x-ms-token-aad-id-token"}}
		}, nil, ambiguous},
		{"not UTF-8", nil, func(token string) http.Header { return http.Header{name: {token + "\xff"}} }, nil, invalid},
		{"more than 16 KiB", nil, func(string) http.Header { return http.Header{name: {strings.Repeat("a", 16<<10+1)}} }, nil, invalid},
		{"in Authorization", nil, func(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }, proxyauth.ErrMissing, missing},
		{"in the access token's header", nil, func(token string) http.Header { return http.Header{"X-Ms-Token-Aad-Access-Token": {token}} }, proxyauth.ErrMissing, missing},
		{"the principal alone", nil, func(string) http.Header { return http.Header{principalHeader: {principal(mapped())}} }, proxyauth.ErrMissing, missing},
		{"access token twice", nil, func(token string) http.Header {
			return http.Header{name: {token}, "X-Ms-Token-Aad-Access-Token": {"a", "b"}}
		}, nil, ambiguous},
		{"access token's twin", nil, func(token string) http.Header {
			return http.Header{name: {token}, "X_ms_token_aad_access_token": {"a"}}
		}, nil, ambiguous},
		{"no secret", trusting, func(token string) http.Header { return http.Header{name: {token}} }, nil, "proxy_untrusted"},
		{"wrong secret", trusting, func(token string) http.Header {
			return http.Header{name: {token}, "X-Proxy-Secret": {strings.Repeat("x", len(secret))}}
		}, nil, "proxy_untrusted"},
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

// The log tells an operator what to change.
func TestVersionOneIsExplained(t *testing.T) {
	g := newRig(t)
	w := httptest.NewRecorder()
	g.handler(g.config()).ServeHTTP(w, bearing(g.token(map[string]any{"ver": "1.0", "iss": "https://sts.windows.net/" + tenant + "/"})))
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.Contains(t, g.log.String(), "must be "+issuer)
	require.Empty(t, g.provider.hosts())
}

// What fails at Entra is no refusal, and no reason to ask anybody else.
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
			res.Header.Set("Location", "https://evil.example.com/keys")
			return res, nil
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

// A key that Entra has withdrawn verifies nothing any more, and a new one is found.
func TestKeyRotation(t *testing.T) {
	g := newRig(t)
	a := g.authenticator(g.config())
	old := bearing(g.token(map[string]any{"exp": start.Add(100 * time.Hour).Unix()}))
	_, err := a.Authenticate(context.Background(), old)
	require.NoError(t, err)

	g.now = g.now.Add(48 * time.Hour)
	g.publish("k2", g.next)
	_, err = a.Authenticate(context.Background(), bearing(g.forge(g.next, `{"alg":"RS256","kid":"k2"}`, g.payload(nil))))
	require.NoError(t, err)
	_, err = a.Authenticate(context.Background(), old)
	require.ErrorIs(t, err, jose.ErrUnknownKey)
	require.ErrorIs(t, err, authprovider.ErrAuthentication)
}
