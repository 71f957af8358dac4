package proxyauth_test

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/proxyauth"
)

// TestHostileRequests: whatever is wrong, the answer is one and the same 401, nothing is set, nobody but the configured host is asked, and
// the log says nothing of the token.
func TestHostileRequests(t *testing.T) {
	r := newRig(t, func(c *proxyauth.JWTConfig, _ *authprovider.Config) {
		c.Cookie = "proxy_token"
		c.Algorithms = []string{"ES256", "RS256"}
	})
	ec := r.key.(*ecdsa.PrivateKey)
	attacker, ec384, rsaKey := newKey(t, jose.ES256), newKey(t, jose.ES384), newKey(t, jose.RS256)
	r.net.set("proxy.example.com", serveKeys(t, jose.PublicKey{KeyID: "k1", Key: ec.Public()}, jose.PublicKey{KeyID: "k2", Key: newKey(t, jose.ES256).Public()},
		jose.PublicKey{KeyID: "k384", Key: ec384.Public()}, jose.PublicKey{KeyID: "rsa", Key: rsaKey.Public()}))
	jwk, err := jose.NewJWK(jose.PublicKey{KeyID: "k1", Key: attacker.Public()})
	require.NoError(t, err)
	attackerJWK, err := json.Marshal(jwk)
	require.NoError(t, err)

	good := r.token()
	part := strings.Split(good, ".")
	unsigned := part[0] + "." + part[1] + "."
	sign := func(header, payload string) string { return forge(ec, header, payload) }
	with := func(changes ...string) string { return sign(goodHeader, claims(changes...)) }
	withHeader := func(member string) string { return sign(`{"alg":"ES256","kid":"k1",`+member+`}`, claims()) }
	hs256 := func(secret []byte) string {
		text := encode(`{"alg":"HS256","kid":"k1"}`) + "." + encode(claims())
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(text))
		return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	signer, err := jose.NewSigner(ec384, jose.ES384, "k384")
	require.NoError(t, err)
	es384, err := signer.SignJWT("JWT", jose.Claim{Name: "iss", Value: issuerURL}, jose.Claim{Name: "aud", Value: "portal"}, jose.Claim{Name: "sub", Value: "jane"},
		jose.Claim{Name: "exp", Value: nowSeconds + 3600})
	require.NoError(t, err)
	point, err := ec.PublicKey.Bytes()
	require.NoError(t, err)
	sum := sha256.Sum256([]byte(strings.TrimSuffix(unsigned, ".")))
	der, err := ecdsa.SignASN1(rand.Reader, ec, sum[:])
	require.NoError(t, err)
	b64 := base64.RawURLEncoding.EncodeToString
	at := func(seconds int) string { return fmt.Sprint(nowSeconds + seconds) }
	token := func(raw string) http.Header { return http.Header{tokenHeader: {raw}} }
	cookie := func(values ...string) http.Header { return http.Header{"Cookie": values} }

	const missing, ambiguous, invalid, expired = "credential_missing", "credential_ambiguous", "credential_invalid", "credential_expired"
	rows := []struct {
		name   string
		header http.Header
		code   string
	}{
		// The request (CVE-2025-64484, CVE-2024-45410, CVE-2025-48865).
		{"nothing", http.Header{}, missing},
		{"empty header", token(""), invalid},
		{"empty header beside a good cookie", http.Header{tokenHeader: {""}, "Cookie": {"proxy_token=" + good}}, invalid},
		{"bad header beside a good cookie", http.Header{tokenHeader: {"x"}, "Cookie": {"proxy_token=" + good}}, invalid},
		{"expired header beside a good cookie", http.Header{tokenHeader: {with("exp", at(-3600))}, "Cookie": {"proxy_token=" + good}}, expired},
		{"header twice", http.Header{tokenHeader: {good, good}}, ambiguous},
		{"header twice, one empty", http.Header{tokenHeader: {good, ""}}, ambiguous},
		{"comma-joined", token(good + "," + good), ambiguous},
		{"comma-joined with a space", token(good + ", x"), ambiguous},
		{"comma behind", token(good + ","), ambiguous},
		{"underscore twin beside it", http.Header{tokenHeader: {good}, "X_proxy_jwt": {good}}, ambiguous},
		{"underscore twin alone", http.Header{"X_proxy_jwt": {good}}, ambiguous},
		{"half a twin", http.Header{"X-Proxy_jwt": {good}}, ambiguous},
		{"underscore twin beside a good cookie", http.Header{"X_Proxy_Jwt": {"x"}, "Cookie": {"proxy_token=" + good}}, ambiguous},
		{"twin in another case", http.Header{tokenHeader: {good}, "x-proxy-jwt": {good}}, ambiguous},
		{"named in Connection", http.Header{tokenHeader: {good}, "Connection": {"close, x-proxy-jwt"}}, ambiguous},
		{"named in Connection and gone, beside a good cookie", http.Header{"Connection": {"X-Proxy-Jwt"}, "Cookie": {"proxy_token=" + good}}, ambiguous},
		{"named in the second Connection", http.Header{tokenHeader: {good}, "Connection": {"keep-alive", "X_PROXY_JWT"}}, ambiguous},
		{"17 KiB", token(strings.Repeat("a", 17<<10)), invalid},
		{"64 KiB", token(with("x", `"`+strings.Repeat("x", 64<<10)+`"`)), invalid},
		{"not UTF-8", token(good + "\xff"), invalid},
		{"NUL", token(good + "\x00"), invalid},
		{"trailing newline", token(good + "\n"), invalid},
		{"folded line", token(part[0] + "\r\n ." + part[1] + "." + part[2]), invalid},
		{"Basic", token("Basic " + good), invalid},
		{"Bearer twice", token("Bearer Bearer " + good), invalid},
		{"two spaces", token("Bearer  " + good), invalid},
		{"in quotes", token(`"` + good + `"`), invalid},
		{"in the query only", http.Header{"Referer": {portal + "?" + tokenHeader + "=" + good}}, missing},
		{"in Authorization", http.Header{"Authorization": {"Bearer " + good}}, missing},
		{"in another header", http.Header{"X-Proxy-Jwt-Assertion": {good}}, missing},
		{"cookie twice", cookie("proxy_token=" + good + "; proxy_token=" + good), ambiguous},
		{"cookie in two headers", cookie("proxy_token="+good, "proxy_token=x"), ambiguous},
		{"cookie empty", cookie("proxy_token="), invalid},
		{"cookie of another name", cookie("Proxy_token=" + good), missing},
		{"cookie with scheme", cookie("proxy_token=Bearer " + good), invalid},
		{"cookie bad", cookie("proxy_token=" + good + "x"), invalid},

		// Algorithm and key (RFC 8725 sections 2.1, 3.1 and 3.5; CVE-2018-0114, CVE-2022-21449).
		{"alg none", token(encode(`{"alg":"none"}`) + "." + part[1] + "."), invalid},
		{"alg none with a signature", token(sign(`{"alg":"none","kid":"k1"}`, claims())), invalid},
		{"HS256 keyed with the public key", token(hs256(point)), invalid},
		{"HS256 keyed with the published text", token(hs256(attackerJWK)), invalid},
		{"RS256 on an EC key", token(sign(`{"alg":"RS256","kid":"k1"}`, claims())), invalid},
		{"ES384 on P-256", token(sign(`{"alg":"ES384","kid":"k1"}`, claims())), invalid},
		{"good, but an algorithm that is not allowed", token(es384), invalid},
		{"other key under the same kid", token(forge(attacker, goodHeader, claims())), invalid},
		{"another of the keys", token(sign(`{"alg":"ES256","kid":"k2"}`, claims())), invalid},
		{"unknown kid", token(sign(`{"alg":"ES256","kid":"k9"}`, claims())), invalid},
		{"no kid with several keys", token(sign(`{"alg":"ES256"}`, claims())), invalid},
		{"kid as a path", token(sign(`{"alg":"ES256","kid":"../../k1"}`, claims())), invalid},
		{"kid as a URL", token(sign(`{"alg":"ES256","kid":"https://evil.example.net/k1"}`, claims())), invalid},
		{"kid as a number", token(sign(`{"alg":"ES256","kid":1}`, claims())), invalid},
		{"kid of 1 KiB", token(sign(`{"alg":"ES256","kid":"`+strings.Repeat("k", 1024)+`"}`, claims())), invalid},
		{"jwk in the header", token(forge(attacker, `{"alg":"ES256","kid":"k1","jwk":`+string(attackerJWK)+`}`, claims())), invalid},
		{"jku in the header", token(forge(attacker, `{"alg":"ES256","kid":"k1","jku":"https://evil.example.net/keys"}`, claims())), invalid},
		{"x5u in the header", token(forge(attacker, `{"alg":"ES256","kid":"k1","x5u":"https://evil.example.net/cert"}`, claims())), invalid},
		{"x5c in the header", token(forge(attacker, `{"alg":"ES256","kid":"k1","x5c":["AAAA"]}`, claims())), invalid},
		{"crit", token(withHeader(`"crit":["exp"]`)), invalid},
		{"b64 false", token(withHeader(`"b64":false`)), invalid},
		{"typ of another kind", token(withHeader(`"typ":"at+jwt"`)), invalid},
		{"typ of a user token of ours", token(withHeader(`"typ":"vnd.backstage.user"`)), invalid},

		// Form.
		{"JWE shape", token(good + ".AAAA.AAAA"), invalid},
		{"two parts", token(part[0] + "." + part[1]), invalid},
		{"dots", token(strings.Repeat(".", 1000)), invalid},
		{"JSON serialization", token(`{"payload":"` + part[1] + `"}`), invalid},
		{"padded", token(part[0] + "." + part[1] + "." + part[2] + "=="), invalid},
		{"truncated signature", token(unsigned + part[2][:40]), invalid},
		{"DER signature", token(unsigned + b64(der)), invalid},
		{"zero signature", token(unsigned + b64(make([]byte, 64))), invalid},
		{"no signature", token(unsigned), invalid},
		{"signature of another token", token(unsigned + strings.Split(with("sub", `"joe"`), ".")[2]), invalid},
		{"payload swapped", token(part[0] + "." + encode(claims("sub", `"admin"`)) + "." + part[2]), invalid},
		{"duplicate claims", token(sign(goodHeader, `{"sub":"joe",`+claims()[1:])), invalid},
		{"twin Sub", token(with("Sub", `"admin"`)), invalid},
		{"twin EXP", token(with("EXP", at(9999))), invalid},
		{"twin of Email_verified", token(with("Email_verified", `true`)), invalid},
		{"payload an array", token(sign(goodHeader, `[]`)), invalid},
		{"data behind the payload", token(sign(goodHeader, claims()+" {}")), invalid},

		// Claims.
		{"iss wrong", token(with("iss", `"https://evil.example.net"`)), invalid},
		{"iss missing", token(with("iss", "")), invalid},
		{"iss with a slash", token(with("iss", `"`+issuerURL+`/"`)), invalid},
		{"iss a prefix", token(with("iss", `"https://proxy.example.co"`)), invalid},
		{"iss an array", token(with("iss", `["`+issuerURL+`"]`)), invalid},
		{"another tenant's", token(forge(attacker, goodHeader, claims("iss", `"https://other.example.com"`))), invalid},
		{"aud wrong", token(with("aud", `"other"`)), invalid},
		{"aud missing", token(with("aud", "")), invalid},
		{"aud empty", token(with("aud", `""`)), invalid},
		{"aud an empty array", token(with("aud", `[]`)), invalid},
		{"aud an array of others", token(with("aud", `["a","portal2"]`)), invalid},
		{"aud a prefix", token(with("aud", `"porta"`)), invalid},
		{"aud a suffix", token(with("aud", `"my-portal"`)), invalid},
		{"aud with numbers", token(with("aud", `["portal",1]`)), invalid},
		{"exp missing", token(with("exp", "")), invalid},
		{"exp past", token(with("exp", at(-61))), expired},
		{"exp as text", token(with("exp", `"`+at(3600)+`"`)), invalid},
		{"exp in milliseconds", token(with("exp", at(3600)+"000")), invalid},
		{"nbf future", token(with("nbf", at(61))), invalid},
		{"iat future", token(with("iat", at(61))), invalid},
		{"iat as text", token(with("iat", `"x"`)), invalid},
		{"sub missing", token(with("sub", "")), "subject_missing"},
		{"sub empty", token(with("sub", `""`)), "subject_missing"},
		{"sub null", token(with("sub", `null`)), invalid},
		{"sub a number", token(with("sub", `1`)), invalid},
	}
	t.Logf("%d rows", len(rows))
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r.log.Reset()
			header := script()
			for name, values := range row.header {
				header[name] = values
			}
			require.Equal(t, row.code, wantRefusal(t, r.refresh(header), http.StatusUnauthorized, "AuthenticationError"))

			last := r.log.Last()
			require.Equal(t, authprovider.AuditRefused, last.Event)
			require.Equal(t, row.code, last.Attrs["reason"])
			for _, values := range header {
				for _, value := range values {
					wantNotLogged(t, r.log.Text(), value)
				}
			}
		})
	}
	for _, asked := range r.net.requests() {
		require.Equal(t, keysURL, asked)
	}
	require.Empty(t, r.issuer.Issued())
	require.Equal(t, http.StatusOK, r.refresh(script(tokenHeader, good)).StatusCode, "the rig itself works")
}

// wantNotLogged looks for a token, and for each of its parts that could be used.
func wantNotLogged(t testing.TB, log, value string) {
	t.Helper()
	require.NotContains(t, log, janeMail)
	for _, secret := range strings.FieldsFunc(value, func(c rune) bool { return strings.ContainsRune("., =;\r\n\x00\"", c) }) {
		if len(secret) > 40 && !strings.Contains(secret, "-Jwt") {
			require.NotContains(t, log, secret)
		}
	}
}

// TestGoodRequests is the other side of the table: what must not be refused.
func TestGoodRequests(t *testing.T) {
	r := newRig(t, func(c *proxyauth.JWTConfig, _ *authprovider.Config) { c.Cookie = "proxy_token" })
	good := r.token()
	for name, header := range map[string]http.Header{
		"plain":                              {tokenHeader: {good}},
		"with scheme":                        {tokenHeader: {"Bearer " + good}},
		"with scheme in lower case":          {tokenHeader: {"bearer " + good}},
		"by cookie":                          {"Cookie": {"a=b; proxy_token=" + good}},
		"header, whatever the cookie":        {tokenHeader: {good}, "Cookie": {"proxy_token=x; proxy_token=y"}},
		"another header named in Connection": {tokenHeader: {good}, "Connection": {"keep-alive, X-Proxy-Jwt-2"}},
		"another header with underscores":    {tokenHeader: {good}, "X_other": {"1"}},
		"aud among others":                   {tokenHeader: {r.token("aud", `["other","portal"]`)}},
		"exp within the leeway":              {tokenHeader: {r.token("exp", fmt.Sprint(nowSeconds-59))}},
		"no iat":                             {tokenHeader: {r.token("iat", "")}},
		"no typ":                             {tokenHeader: {forge(r.key, `{"alg":"ES256","kid":"k1"}`, claims())}},
		"a link to keys that nobody follows": {tokenHeader: {forge(r.key, `{"alg":"ES256","kid":"k1","jku":"https://evil.example.net"}`, claims())}},
	} {
		t.Run(name, func(t *testing.T) {
			h := script()
			for name, values := range header {
				h[name] = values
			}
			require.Equal(t, http.StatusOK, r.refresh(h).StatusCode)
		})
	}
	require.Equal(t, []string{keysURL}, r.net.requests())
}

func TestAuthorizationHeaderNeedsBearer(t *testing.T) {
	r := newRig(t, func(c *proxyauth.JWTConfig, _ *authprovider.Config) { c.Header = "authorization" }, func(ctx ctx, in signInInfo, rc *rc) (*authprovider.Identity, error) {
		require.NotContains(t, in.Header, "Authorization")
		return bySubject(ctx, in, rc)
	})
	require.Equal(t, http.StatusOK, r.refresh(script("Authorization", "Bearer "+r.token())).StatusCode)
	require.Equal(t, "credential_invalid", wantRefusal(t, r.refresh(script("Authorization", r.token())), http.StatusUnauthorized, "AuthenticationError"))
	require.Equal(t, "credential_invalid", wantRefusal(t, r.refresh(script("Authorization", "Basic "+r.token())), http.StatusUnauthorized, "AuthenticationError"))
	require.Equal(t, "credential_missing", wantRefusal(t, r.refresh(script(tokenHeader, r.token())), http.StatusUnauthorized, "AuthenticationError"))
}

// TestKeysOutOfReach: what fails is not the person's fault, and nobody but the configured host is asked in its stead.
func TestKeysOutOfReach(t *testing.T) {
	for name, handle := range map[string]http.HandlerFunc{
		"down": nil,
		"500":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"HTML": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>sign in</html>")) },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example.net/keys", http.StatusFound)
		},
		"too large": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"keys":["` + strings.Repeat("x", 4<<20) + `"]}`))
		},
		"no keys": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			evil := false
			r.net.set("evil.example.net", func(http.ResponseWriter, *http.Request) { evil = true })
			r.net.set("proxy.example.com", handle)
			token := r.token()
			resp := r.refresh(script(tokenHeader, token))
			require.Equal(t, "keys_unavailable", wantRefusal(t, resp, http.StatusServiceUnavailable, "ServiceUnavailableError"))
			require.NotEmpty(t, resp.Header.Get("Retry-After"))
			require.False(t, evil)
			require.Equal(t, authprovider.AuditFailed, r.log.Last().Event)
			wantNotLogged(t, r.log.Text(), token)
		})
	}
}

// TestKeysThatHang: a caller waits no longer than its own context.
func TestKeysThatHang(t *testing.T) {
	r := newRig(t, nil)
	r.net.set("proxy.example.com", func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() })
	ctx, cancel := contextWithCancel(t)
	a, err := proxyauth.JWT(func() proxyauth.JWTConfig {
		c := r.config
		c.HTTPClient, c.Now = &http.Client{Transport: r.net}, r.clock.Now
		return c
	}())
	require.NoError(t, err)
	cancel()
	_, err = a.Authenticate(ctx, &http.Request{Header: script(tokenHeader, r.token())})
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.ErrorIs(t, err, ctx.Err())
	require.NotErrorIs(t, err, authprovider.ErrAuthentication)
}

func TestKeyRotation(t *testing.T) {
	r := newRig(t, nil)
	require.Equal(t, http.StatusOK, r.refresh(r.good()).StatusCode)
	old := r.token()
	next := newKey(t, jose.ES256)
	r.net.set("proxy.example.com", serveKeys(t, jose.PublicKey{KeyID: "k3", Key: next.Public()}))
	r.clock.Advance(time10s)
	fresh := forge(next, `{"alg":"ES256","kid":"k3"}`, claims())
	require.Equal(t, http.StatusOK, r.refresh(script(tokenHeader, fresh)).StatusCode, "a new key is found at once")
	require.Equal(t, "credential_invalid", wantRefusal(t, r.refresh(script(tokenHeader, old)), http.StatusUnauthorized, "AuthenticationError"), "one that was rotated out is gone")
}

func TestMaxAge(t *testing.T) {
	r := newRig(t, func(c *proxyauth.JWTConfig, _ *authprovider.Config) { c.MaxAge = 10 * time10s; c.Leeway = time10s })
	require.Equal(t, http.StatusOK, r.refresh(script(tokenHeader, r.token("iat", fmt.Sprint(nowSeconds-110)))).StatusCode)
	require.Equal(t, "credential_expired", wantRefusal(t, r.refresh(script(tokenHeader, r.token("iat", fmt.Sprint(nowSeconds-111)))), http.StatusUnauthorized, "AuthenticationError"))
	require.Equal(t, "credential_invalid", wantRefusal(t, r.refresh(script(tokenHeader, r.token("iat", ""))), http.StatusUnauthorized, "AuthenticationError"))
}

// TestDangerouslyAcceptAnyAudience, and nothing else that is wrong.
func TestDangerouslyAcceptAnyAudience(t *testing.T) {
	r := newRig(t, func(c *proxyauth.JWTConfig, _ *authprovider.Config) {
		c.Audiences, c.DangerouslyAcceptAnyAudience = nil, true
	})
	require.Equal(t, http.StatusOK, r.refresh(script(tokenHeader, r.token("aud", `"somebody else"`))).StatusCode)
	require.Equal(t, http.StatusOK, r.refresh(script(tokenHeader, r.token("aud", ""))).StatusCode)
	wantRefusal(t, r.refresh(script(tokenHeader, r.token("iss", `"x"`))), http.StatusUnauthorized, "AuthenticationError")
}

func TestTypes(t *testing.T) {
	r := newRig(t, func(c *proxyauth.JWTConfig, _ *authprovider.Config) { c.Types = []string{"proxy+jwt"} })
	require.Equal(t, http.StatusOK, r.refresh(script(tokenHeader, forge(r.key, `{"alg":"ES256","kid":"k1","typ":"proxy+jwt"}`, claims()))).StatusCode)
	wantRefusal(t, r.refresh(r.good()), http.StatusUnauthorized, "AuthenticationError")
	wantRefusal(t, r.refresh(script(tokenHeader, forge(r.key, `{"alg":"ES256","kid":"k1"}`, claims()))), http.StatusUnauthorized, "AuthenticationError")
}
