package gcpiap_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/gcpiap"
	"example.com/stagedoor/internal/jose"
)

const (
	missing   = "credential_missing"
	ambiguous = "credential_ambiguous"
	invalid   = "credential_invalid"
	expired   = "credential_expired"
)

// Requests that are not IAP's, or not for us: how they carry the assertion.
func TestHostileHeaders(t *testing.T) {
	for name, row := range map[string]struct {
		code string
		edit func(g *rig, r *http.Request)
	}{
		"none":  {missing, func(_ *rig, r *http.Request) { r.Header.Del(gcpiap.DefaultHeader) }},
		"empty": {invalid, func(_ *rig, r *http.Request) { r.Header.Set(gcpiap.DefaultHeader, "") }},
		"twice": {ambiguous, func(g *rig, r *http.Request) { r.Header.Add(gcpiap.DefaultHeader, g.assertion(nil)) }},
		"same twice": {ambiguous, func(_ *rig, r *http.Request) {
			r.Header.Add(gcpiap.DefaultHeader, r.Header.Get(gcpiap.DefaultHeader))
		}},
		"joined": {ambiguous, func(g *rig, r *http.Request) {
			r.Header.Set(gcpiap.DefaultHeader, g.assertion(nil)+","+g.assertion(nil))
		}},
		"underscore twin": {ambiguous, func(g *rig, r *http.Request) { r.Header["X_Goog_Iap_Jwt_Assertion"] = []string{g.assertion(nil)} }},
		"underscore only": {ambiguous, func(g *rig, r *http.Request) {
			r.Header.Del(gcpiap.DefaultHeader)
			r.Header["X-Goog_Iap-Jwt-Assertion"] = []string{g.assertion(nil)}
		}},
		"named in Connection": {ambiguous, func(_ *rig, r *http.Request) { r.Header.Set("Connection", "close, x-goog-iap-jwt-assertion") }},
		"not UTF-8":           {invalid, func(g *rig, r *http.Request) { r.Header.Set(gcpiap.DefaultHeader, g.assertion(nil)+"\xff") }},
		"64 KiB": {invalid, func(g *rig, r *http.Request) {
			r.Header.Set(gcpiap.DefaultHeader, g.assertion(object{"x": strings.Repeat("x", 48<<10)}))
		}},
		"a word": {invalid, func(_ *rig, r *http.Request) { r.Header.Set(gcpiap.DefaultHeader, "assertion") }},
		"in Authorization only": {missing, func(g *rig, r *http.Request) {
			r.Header.Del(gcpiap.DefaultHeader)
			r.Header.Set("Authorization", "Bearer "+g.assertion(nil))
		}},
		"in a cookie only": {missing, func(g *rig, r *http.Request) {
			r.Header.Del(gcpiap.DefaultHeader)
			r.AddCookie(&http.Cookie{Name: gcpiap.DefaultHeader, Value: g.assertion(nil)})
		}},
		"plain headers only": {missing, func(_ *rig, r *http.Request) {
			r.Header.Del(gcpiap.DefaultHeader)
			r.Header.Set("X-Goog-Authenticated-User-Email", "accounts.google.com:"+marker)
			r.Header.Set("X-Goog-Authenticated-User-Id", "accounts.google.com:"+janeID)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t)
			r := g.refresh(g.assertion(nil))
			row.edit(g, r)
			g.refused(r, row.code)
		})
	}
}

// Assertions that IAP did not make, or not for us, or not now. SECURE_TOKEN_TEST marks those that IAP itself makes on request.
func TestHostileAssertions(t *testing.T) {
	for name, row := range map[string]struct {
		code      string
		assertion func(g *rig) string
	}{
		"SECURE_TOKEN_TEST FUTURE_ISSUE": {invalid, func(g *rig) string {
			now := g.clock.Now().Unix()
			return g.assertion(object{"iat": now + 300, "exp": now + 900})
		}},
		"SECURE_TOKEN_TEST PAST_EXPIRATION": {expired, func(g *rig) string {
			now := g.clock.Now().Unix()
			return g.assertion(object{"iat": now - 900, "exp": now - 300})
		}},
		"SECURE_TOKEN_TEST ISSUER":    {invalid, func(g *rig) string { return g.assertion(object{"iss": "https://www.example.com/wrong"}) }},
		"SECURE_TOKEN_TEST AUDIENCE":  {invalid, func(g *rig) string { return g.assertion(object{"aud": "/projects/1/global/backendServices/2"}) }},
		"SECURE_TOKEN_TEST SIGNATURE": {invalid, func(g *rig) string { return signWith(g.t, newKey(g.t), b64(g.header(nil))+"."+b64(g.claims(nil))) }},

		"alg none": {invalid, func(g *rig) string {
			return b64(g.header(object{"alg": "none"})) + "." + b64(g.claims(nil)) + "."
		}},
		"alg none, good signature": {invalid, func(g *rig) string { return g.sign(g.header(object{"alg": "none"}), g.claims(nil)) }},
		"HS256 with the public key": {invalid, func(g *rig) string {
			der, err := x509.MarshalPKIXPublicKey(&g.key.PublicKey)
			require.NoError(g.t, err)
			signed := b64(g.header(object{"alg": "HS256"})) + "." + b64(g.claims(nil))
			mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
			mac.Write([]byte(signed))
			return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
		}},
		"alg RS256":   {invalid, func(g *rig) string { return g.sign(g.header(object{"alg": "RS256"}), g.claims(nil)) }},
		"alg ES384":   {invalid, func(g *rig) string { return g.sign(g.header(object{"alg": "ES384"}), g.claims(nil)) }},
		"alg missing": {invalid, func(g *rig) string { return g.sign(g.header(object{"alg": nil}), g.claims(nil)) }},
		"kid unknown": {invalid, func(g *rig) string { return g.sign(g.header(object{"kid": "k2"}), g.claims(nil)) }},
		"kid a path": {invalid, func(g *rig) string {
			return g.sign(g.header(object{"kid": "../../evil.example.com/k1"}), g.claims(nil))
		}},
		"kid a URL": {invalid, func(g *rig) string {
			return g.sign(g.header(object{"kid": "https://evil.example.com/k1"}), g.claims(nil))
		}},
		"kid a number":     {invalid, func(g *rig) string { return g.sign(g.header(object{"kid": 1}), g.claims(nil)) }},
		"crit":             {invalid, func(g *rig) string { return g.sign(g.header(object{"crit": []string{"exp"}}), g.claims(nil)) }},
		"b64 false":        {invalid, func(g *rig) string { return g.sign(g.header(object{"b64": false}), g.claims(nil)) }},
		"typ at+jwt":       {invalid, func(g *rig) string { return g.sign(g.header(object{"typ": "at+jwt"}), g.claims(nil)) }},
		"typ a number":     {invalid, func(g *rig) string { return g.sign(g.header(object{"typ": 1}), g.claims(nil)) }},
		"header case twin": {invalid, func(g *rig) string { return g.sign(g.header(object{"ALG": "none"}), g.claims(nil)) }},
		"header duplicate": {invalid, func(g *rig) string { return g.sign(`{"alg":"ES256","alg":"ES256","kid":"k1"}`, g.claims(nil)) }},
		"own key in jwk": {invalid, func(g *rig) string {
			key := newKey(g.t)
			j, err := jose.NewJWK(jose.PublicKey{KeyID: "k1", Algorithm: jose.ES256, Key: &key.PublicKey})
			require.NoError(g.t, err)
			text, err := json.Marshal(j)
			require.NoError(g.t, err)
			return signWith(g.t, key, b64(g.header(object{"jwk": json.RawMessage(text)}))+"."+b64(g.claims(nil)))
		}},
		"own key by jku": {invalid, func(g *rig) string {
			return signWith(g.t, newKey(g.t), b64(g.header(object{"jku": "https://evil.example.com/keys", "kid": "k9"}))+"."+b64(g.claims(nil)))
		}},
		"own key by x5u": {invalid, func(g *rig) string {
			return signWith(g.t, newKey(g.t), b64(g.header(object{"x5u": "https://evil.example.com/cert"}))+"."+b64(g.claims(nil)))
		}},
		"own key in x5c": {invalid, func(g *rig) string {
			return signWith(g.t, newKey(g.t), b64(g.header(object{"x5c": []string{"AAAA"}}))+"."+b64(g.claims(nil)))
		}},
		"JWE": {invalid, func(g *rig) string {
			return b64(`{"alg":"ECDH-ES","enc":"A128GCM"}`) + "..AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA"
		}},

		"signature missing":   {invalid, func(g *rig) string { return cutSignature(g.assertion(nil), "") }},
		"signature truncated": {invalid, func(g *rig) string { s := g.assertion(nil); return s[:len(s)-4] }},
		"signature all zero":  {invalid, func(g *rig) string { return cutSignature(g.assertion(nil), b64(strings.Repeat("\x00", 64))) }},
		"signature of another": {invalid, func(g *rig) string {
			a, b := g.assertion(nil), g.assertion(object{"x": 1})
			return cutSignature(a, b[strings.LastIndexByte(b, '.')+1:])
		}},
		"signature in DER": {invalid, func(g *rig) string { return derSignature(g) }},
		"padded":           {invalid, func(g *rig) string { return g.assertion(nil) + "==" }},
		"trailing newline": {invalid, func(g *rig) string { return g.assertion(nil) + "\n" }},
		"four parts":       {invalid, func(g *rig) string { return g.assertion(nil) + ".AAAA" }},
		"JSON form":        {invalid, func(g *rig) string { return `{"payload":"` + b64(g.claims(nil)) + `"}` }},
		"payload replaced": {invalid, func(g *rig) string {
			p := strings.Split(g.assertion(nil), ".")
			return p[0] + "." + b64(g.claims(object{"sub": "accounts.google.com:1"})) + "." + p[2]
		}},
		"payload duplicate sub":      {invalid, func(g *rig) string { return g.sign(g.header(nil), `{"sub":"accounts.google.com:1",`+g.claims(nil)[1:]) }},
		"payload twin Sub":           {invalid, func(g *rig) string { return g.assertion(object{"Sub": "accounts.google.com:1"}) }},
		"payload twin EXP":           {invalid, func(g *rig) string { return g.assertion(object{"EXP": g.clock.Now().Add(time.Hour).Unix()}) }},
		"payload twin Email":         {invalid, func(g *rig) string { return g.assertion(object{"Email": "joe@example.com"}) }},
		"payload twin email, long s": {invalid, func(g *rig) string { return g.assertion(object{"i\u017fs": "x"}) }},
		"payload then more":          {invalid, func(g *rig) string { return g.sign(g.header(nil), g.claims(nil)+"{}") }},

		"iss missing":         {invalid, func(g *rig) string { return g.assertion(object{"iss": nil}) }},
		"iss with a slash":    {invalid, func(g *rig) string { return g.assertion(object{"iss": "https://cloud.google.com/iap/"}) }},
		"iss a prefix":        {invalid, func(g *rig) string { return g.assertion(object{"iss": "https://cloud.google.com"}) }},
		"iss array":           {invalid, func(g *rig) string { return g.assertion(object{"iss": []string{"https://cloud.google.com/iap"}}) }},
		"iss of Google's IDs": {invalid, func(g *rig) string { return g.assertion(object{"iss": "https://accounts.google.com"}) }},
		"aud missing":         {invalid, func(g *rig) string { return g.assertion(object{"aud": nil}) }},
		"aud empty":           {invalid, func(g *rig) string { return g.assertion(object{"aud": ""}) }},
		"aud longer":          {invalid, func(g *rig) string { return g.assertion(object{"aud": audience + "1"}) }},
		"aud shorter":         {invalid, func(g *rig) string { return g.assertion(object{"aud": audience[:len(audience)-1]}) }},
		"aud in azp only":     {invalid, func(g *rig) string { return g.assertion(object{"aud": "/projects/1/apps/evil"}) }},
		"aud array":           {invalid, func(g *rig) string { return g.assertion(object{"aud": []string{audience}}) }},
		"aud two":             {invalid, func(g *rig) string { return g.assertion(object{"aud": []string{"/projects/1/apps/evil", audience}}) }},

		"exp missing":       {invalid, func(g *rig) string { return g.assertion(object{"exp": nil}) }},
		"exp text":          {invalid, func(g *rig) string { return g.assertion(object{"exp": "4102444800"}) }},
		"exp past the skew": {expired, func(g *rig) string { return g.assertion(object{"exp": g.clock.Now().Add(-30 * time.Second).Unix()}) }},
		"exp in a day":      {"lifetime_too_long", func(g *rig) string { return g.assertion(object{"exp": g.clock.Now().Add(24 * time.Hour).Unix()}) }},
		"exp too far by one": {"lifetime_too_long", func(g *rig) string {
			now := g.clock.Now().Unix()
			return g.assertion(object{"iat": now, "exp": now + 661})
		}},
		"exp overflows":   {invalid, func(g *rig) string { return g.assertion(object{"exp": 1e30}) }},
		"iat missing":     {invalid, func(g *rig) string { return g.assertion(object{"iat": nil}) }},
		"iat text":        {invalid, func(g *rig) string { return g.assertion(object{"iat": "1"}) }},
		"iat beyond skew": {invalid, func(g *rig) string { return g.assertion(object{"iat": g.clock.Now().Add(31 * time.Second).Unix()}) }},
		"nbf future":      {invalid, func(g *rig) string { return g.assertion(object{"nbf": g.clock.Now().Add(time.Minute).Unix()}) }},

		"sub missing":             {"subject_missing", func(g *rig) string { return g.assertion(object{"sub": nil}) }},
		"sub empty":               {"subject_missing", func(g *rig) string { return g.assertion(object{"sub": ""}) }},
		"sub a number":            {invalid, func(g *rig) string { return g.assertion(object{"sub": 118133858486581853}) }},
		"sub without provider":    {invalid, func(g *rig) string { return g.assertion(object{"sub": janeID}) }},
		"sub with empty provider": {invalid, func(g *rig) string { return g.assertion(object{"sub": ":" + janeID}) }},
		"sub with empty ID":       {invalid, func(g *rig) string { return g.assertion(object{"sub": "accounts.google.com:"}) }},
		"email of another provider": {invalid, func(g *rig) string {
			return g.assertion(object{"email": "securetoken.google.com/p:" + marker})
		}},
		"Google's address, another's sub": {invalid, func(g *rig) string {
			return g.assertion(object{"sub": "sts.google.com:x", "email": "accounts.google.com:" + marker})
		}},
		"gcip under a Google sub": {invalid, func(g *rig) string {
			return g.assertion(object{"gcip": object{"email": marker, "email_verified": true}})
		}},
		"gcip no object":   {invalid, func(g *rig) string { return g.assertion(object{"sub": "securetoken.google.com/p:u", "gcip": 1}) }},
		"gcip broken text": {invalid, func(g *rig) string { return g.assertion(object{"sub": "securetoken.google.com/p:u", "gcip": "{"}) }},
		"gcip twin": {invalid, func(g *rig) string {
			return g.assertion(object{"sub": "securetoken.google.com/p:u", "gcip": `{"email_verified":false,"Email_Verified":true,"email":"x@example.com"}`})
		}},
		"google no object":     {invalid, func(g *rig) string { return g.assertion(object{"google": "access_levels"}) }},
		"access levels twin":   {invalid, func(g *rig) string { return g.assertion(object{"google": object{"Access_Levels": []string{"corp"}}}) }},
		"access levels a text": {invalid, func(g *rig) string { return g.assertion(object{"google": object{"access_levels": "corp"}}) }},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t)
			g.refused(g.refresh(row.assertion(g)), row.code)
			// The same application takes a good one: the row was refused for its own reason.
			require.Equal(t, http.StatusOK, g.do(g.refresh(g.assertion(nil))).Code)
		})
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func cutSignature(token, signature string) string {
	return token[:strings.LastIndexByte(token, '.')+1] + signature
}

func derSignature(g *rig) string {
	signed := b64(g.header(nil)) + "." + b64(g.claims(nil))
	sum := sha256.Sum256([]byte(signed))
	der, err := ecdsa.SignASN1(rand.Reader, g.key, sum[:])
	require.NoError(g.t, err)
	return signed + "." + base64.RawURLEncoding.EncodeToString(der)
}

// The plain headers beside a good assertion change nothing.
func TestPlainHeadersAreNotRead(t *testing.T) {
	g := newRig(t)
	assertion := g.assertion(nil)
	want, err := g.authenticator.Authenticate(t.Context(), g.refresh(assertion))
	require.NoError(t, err)
	answer := g.do(g.refresh(assertion)).Body.String()

	for _, value := range []string{"accounts.google.com:joe@example.com", "accounts.google.com:1", "", "a,b", "\xff", strings.Repeat("x", 64<<10)} {
		r := g.refresh(assertion)
		r.Header.Set("X-Goog-Authenticated-User-Email", value)
		r.Header.Set("X-Goog-Authenticated-User-Id", value)
		r.Header.Add("X-Goog-Authenticated-User-Id", value)
		got, err := g.authenticator.Authenticate(t.Context(), r)
		require.NoError(t, err)
		got.Name, want.Name = "", ""
		require.Equal(t, want.Subject, got.Subject)
		require.Equal(t, want.Email, got.Email)
		require.JSONEq(t, answer, g.do(r).Body.String())
	}
}
