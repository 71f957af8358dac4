package awsalb_test

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

	"example.com/stagedoor/internal/jose"
)

const (
	missing   = "credential_missing"
	ambiguous = "credential_ambiguous"
	invalid   = "credential_invalid"
	expired   = "credential_expired"
	stranger  = "signer_unknown"

	strangersALB = "arn:aws:elasticloadbalancing:eu-central-1:666666666666:loadbalancer/app/evil/50dc6c495c0c9188"
)

// Requests that are not the load balancer's: how they carry the token.
func TestHostileHeaders(t *testing.T) {
	for name, row := range map[string]struct {
		code string
		edit func(g *rig, r *http.Request)
	}{
		"none":            {missing, func(_ *rig, r *http.Request) { r.Header.Del(dataHeader) }},
		"empty":           {invalid, func(_ *rig, r *http.Request) { r.Header.Set(dataHeader, "") }},
		"twice":           {ambiguous, func(g *rig, r *http.Request) { r.Header.Add(dataHeader, g.token(nil)) }},
		"same twice":      {ambiguous, func(_ *rig, r *http.Request) { r.Header.Add(dataHeader, r.Header.Get(dataHeader)) }},
		"joined":          {ambiguous, func(g *rig, r *http.Request) { r.Header.Set(dataHeader, g.token(nil)+", "+g.token(nil)) }},
		"underscore twin": {ambiguous, func(g *rig, r *http.Request) { r.Header["X_Amzn_Oidc_Data"] = []string{g.token(nil)} }},
		"underscore only": {ambiguous, func(g *rig, r *http.Request) {
			r.Header.Del(dataHeader)
			r.Header["X-Amzn-Oidc_data"] = []string{g.token(nil)}
		}},
		"named in Connection": {ambiguous, func(_ *rig, r *http.Request) { r.Header.Set("Connection", "X-Amzn-Oidc-Data") }},
		"not UTF-8":           {invalid, func(g *rig, r *http.Request) { r.Header.Set(dataHeader, g.token(nil)+"\xff") }},
		"64 KiB": {invalid, func(g *rig, r *http.Request) {
			r.Header.Set(dataHeader, g.token(object{"x": strings.Repeat("x", 48<<10)}))
		}},
		"a word": {invalid, func(_ *rig, r *http.Request) { r.Header.Set(dataHeader, "token") }},
		"in Authorization only": {missing, func(g *rig, r *http.Request) {
			r.Header.Del(dataHeader)
			r.Header.Set("Authorization", "Bearer "+g.token(nil))
		}},
		"in a cookie only": {missing, func(g *rig, r *http.Request) {
			r.Header.Del(dataHeader)
			r.AddCookie(&http.Cookie{Name: "AWSELBAuthSessionCookie-0", Value: g.token(nil)})
		}},
		"in the access token only": {missing, func(g *rig, r *http.Request) { r.Header.Del(dataHeader); r.Header.Set(accessTokenHeader, g.token(nil)) }},
		"plain headers only": {missing, func(_ *rig, r *http.Request) {
			r.Header.Del(dataHeader)
			r.Header.Set(identityHeader, "jane-1")
			r.Header.Set(accessTokenHeader, "opaque-access-token")
		}},
		"access token twice": {ambiguous, func(_ *rig, r *http.Request) {
			r.Header[accessTokenHeader] = []string{"opaque-access-token-1", "opaque-access-token-2"}
		}},
		"access token joined": {ambiguous, func(_ *rig, r *http.Request) {
			r.Header.Set(accessTokenHeader, "opaque-access-token-1,opaque-access-token-2")
		}},
		"access token's twin": {ambiguous, func(_ *rig, r *http.Request) { r.Header["X_Amzn_Oidc_Accesstoken"] = []string{"opaque-access-token-1"} }},
		"access token too long": {invalid, func(_ *rig, r *http.Request) {
			r.Header.Set(accessTokenHeader, strings.Repeat("opaque-access-token", 1<<10))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t)
			r := g.refresh(g.token(nil))
			row.edit(g, r)
			g.refused(r, row.code)
		})
	}
}

// Tokens that the load balancer did not make, or not ours, or not now.
func TestHostileTokens(t *testing.T) {
	forge := func(g *rig, header object) string {
		return signWith(g.t, newKey(g.t), b64(g.header(header))+"."+b64(g.claims(nil)))
	}
	for name, row := range map[string]struct {
		code  string
		token func(g *rig) string
	}{
		// ALBeast: the key is good, the issuer is ours, and the load balancer is a stranger's.
		"another's load balancer": {stranger, func(g *rig) string { return g.from(object{"signer": strangersALB}) }},
		"signer missing":          {stranger, func(g *rig) string { return g.from(object{"signer": nil}) }},
		"signer empty":            {stranger, func(g *rig) string { return g.from(object{"signer": ""}) }},
		"signer array":            {stranger, func(g *rig) string { return g.from(object{"signer": []string{signer}}) }},
		"signer longer":           {stranger, func(g *rig) string { return g.from(object{"signer": signer + "0"}) }},
		"signer shorter":          {stranger, func(g *rig) string { return g.from(object{"signer": signer[:len(signer)-1]}) }},
		"signer in upper case":    {stranger, func(g *rig) string { return g.from(object{"signer": strings.ToUpper(signer)}) }},
		"signer in the payload only": {stranger, func(g *rig) string {
			return g.sign(g.header(object{"signer": nil}), g.claims(object{"signer": signer}))
		}},
		"signer in payload, stranger's": {stranger, func(g *rig) string {
			return g.sign(g.header(object{"signer": strangersALB}), g.claims(object{"signer": signer}))
		}},
		"signer under another name": {stranger, func(g *rig) string { return g.from(object{"signer": nil, "Signer": signer}) }},
		"signer twice":              {invalid, func(g *rig) string { return g.sign(`{"signer":"`+strangersALB+`",`+g.header(nil)[1:], g.claims(nil)) }},
		"another client":            {"client_unknown", func(g *rig) string { return g.from(object{"client": "other"}) }},
		"client missing":            {"client_unknown", func(g *rig) string { return g.from(object{"client": nil}) }},
		"client array":              {"client_unknown", func(g *rig) string { return g.from(object{"client": []string{client}}) }},
		"client in the payload only": {"client_unknown", func(g *rig) string {
			return g.sign(g.header(object{"client": nil}), g.claims(object{"client": client}))
		}},

		"alg none":                 {invalid, func(g *rig) string { return b64(g.header(object{"alg": "none"})) + "." + b64(g.claims(nil)) + "." }},
		"alg none, good signature": {invalid, func(g *rig) string { return g.from(object{"alg": "none"}) }},
		"HS256 with the public key": {invalid, func(g *rig) string {
			der, err := x509.MarshalPKIXPublicKey(&g.key.PublicKey)
			require.NoError(g.t, err)
			signed := b64(g.header(object{"alg": "HS256"})) + "." + b64(g.claims(nil))
			mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
			mac.Write([]byte(signed))
			return signed + "." + base64.URLEncoding.EncodeToString(mac.Sum(nil))
		}},
		"alg RS256":        {invalid, func(g *rig) string { return g.from(object{"alg": "RS256"}) }},
		"alg ES384":        {invalid, func(g *rig) string { return g.from(object{"alg": "ES384"}) }},
		"alg missing":      {invalid, func(g *rig) string { return g.from(object{"alg": nil}) }},
		"another key":      {invalid, func(g *rig) string { return forge(g, nil) }},
		"kid missing":      {invalid, func(g *rig) string { return g.from(object{"kid": nil}) }},
		"kid empty":        {invalid, func(g *rig) string { return g.from(object{"kid": ""}) }},
		"kid a name":       {invalid, func(g *rig) string { return g.from(object{"kid": "key-1"}) }},
		"kid a path":       {invalid, func(g *rig) string { return g.from(object{"kid": "../../evil"}) }},
		"kid and a path":   {invalid, func(g *rig) string { return g.from(object{"kid": keyID + "/../evil"}) }},
		"kid and a query":  {invalid, func(g *rig) string { return g.from(object{"kid": keyID + "?x"}) }},
		"kid a host":       {invalid, func(g *rig) string { return g.from(object{"kid": "@evil.example.com/key"}) }},
		"kid a URL":        {invalid, func(g *rig) string { return g.from(object{"kid": "https://evil.example.com/" + keyID}) }},
		"kid with newline": {invalid, func(g *rig) string { return g.from(object{"kid": keyID + "\n"}) }},
		"kid a number":     {invalid, func(g *rig) string { return g.from(object{"kid": 1}) }},
		"kid in braces":    {invalid, func(g *rig) string { return g.from(object{"kid": "{" + keyID + "}"}) }},
		"crit":             {invalid, func(g *rig) string { return g.from(object{"crit": []string{"exp"}}) }},
		"b64 false":        {invalid, func(g *rig) string { return g.from(object{"b64": false}) }},
		"typ at+jwt":       {invalid, func(g *rig) string { return g.from(object{"typ": "at+jwt"}) }},
		"header twin ALG":  {invalid, func(g *rig) string { return g.from(object{"ALG": "none"}) }},
		"own key in jwk": {invalid, func(g *rig) string {
			key := newKey(g.t)
			j, err := jose.NewJWK(jose.PublicKey{KeyID: keyID, Algorithm: jose.ES256, Key: &key.PublicKey})
			require.NoError(g.t, err)
			text, err := json.Marshal(j)
			require.NoError(g.t, err)
			return signWith(g.t, key, b64(g.header(object{"jwk": json.RawMessage(text)}))+"."+b64(g.claims(nil)))
		}},
		"own key by jku": {invalid, func(g *rig) string { return forge(g, object{"jku": "https://evil.example.com/keys"}) }},
		"own key by x5u": {invalid, func(g *rig) string { return forge(g, object{"x5u": "https://evil.example.com/cert"}) }},
		"own key in x5c": {invalid, func(g *rig) string { return forge(g, object{"x5c": []string{"AAAA"}}) }},
		"JWE": {invalid, func(*rig) string {
			return b64(`{"alg":"ECDH-ES","enc":"A128GCM"}`) + "..AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA=="
		}},

		"signature missing":   {invalid, func(g *rig) string { return cutSignature(g.token(nil), "") }},
		"signature truncated": {invalid, func(g *rig) string { s := g.token(nil); return s[:len(s)-4] }},
		"signature all zero":  {invalid, func(g *rig) string { return cutSignature(g.token(nil), b64(strings.Repeat("\x00", 64))) }},
		"signature of another": {invalid, func(g *rig) string {
			b := g.token(object{"x": 1})
			return cutSignature(g.token(nil), b[strings.LastIndexByte(b, '.')+1:])
		}},
		"signature in DER": {invalid, func(g *rig) string {
			signed := b64(g.header(nil)) + "." + b64(g.claims(nil))
			sum := sha256.Sum256([]byte(signed))
			der, err := ecdsa.SignASN1(rand.Reader, g.key, sum[:])
			require.NoError(g.t, err)
			return signed + "." + base64.URLEncoding.EncodeToString(der)
		}},
		"trailing newline": {invalid, func(g *rig) string { return g.token(nil) + "\n" }},
		"four parts":       {invalid, func(g *rig) string { return g.token(nil) + ".AAAA" }},
		"payload replaced": {invalid, func(g *rig) string {
			p := strings.Split(g.token(nil), ".")
			return p[0] + "." + b64(g.claims(object{"sub": "joe"})) + "." + p[2]
		}},
		"payload duplicate sub": {invalid, func(g *rig) string { return g.sign(g.header(nil), `{"sub":"joe",`+g.claims(nil)[1:]) }},
		"payload twin Sub":      {invalid, func(g *rig) string { return g.token(object{"Sub": "joe"}) }},
		"payload twin EXP":      {invalid, func(g *rig) string { return g.token(object{"EXP": g.clock.Now().Add(time.Hour).Unix()}) }},
		"payload twin Email":    {invalid, func(g *rig) string { return g.token(object{"Email": "joe@example.com"}) }},
		"payload then more":     {invalid, func(g *rig) string { return g.sign(g.header(nil), g.claims(nil)+"{}") }},

		"iss missing":             {invalid, func(g *rig) string { return g.token(object{"iss": nil}) }},
		"iss another":             {invalid, func(g *rig) string { return g.token(object{"iss": "https://evil.example.com"}) }},
		"iss longer":              {invalid, func(g *rig) string { return g.token(object{"iss": idp + "/"}) }},
		"iss shorter":             {invalid, func(g *rig) string { return g.token(object{"iss": idp[:len(idp)-1]}) }},
		"iss array":               {invalid, func(g *rig) string { return g.token(object{"iss": []string{idp}}) }},
		"iss in the header only":  {invalid, func(g *rig) string { return g.sign(g.header(object{"iss": idp}), g.claims(object{"iss": nil})) }},
		"iss another in header":   {invalid, func(g *rig) string { return g.from(object{"iss": "https://evil.example.com"}) }},
		"iss empty in header":     {invalid, func(g *rig) string { return g.from(object{"iss": ""}) }},
		"iss a number in header":  {invalid, func(g *rig) string { return g.from(object{"iss": 1}) }},
		"iss twin in header":      {invalid, func(g *rig) string { return g.from(object{"Iss": "https://evil.example.com"}) }},
		"exp missing":             {invalid, func(g *rig) string { return g.token(object{"exp": nil}) }},
		"exp text":                {invalid, func(g *rig) string { return g.token(object{"exp": "4102444800"}) }},
		"exp past":                {expired, func(g *rig) string { return g.token(object{"exp": g.clock.Now().Add(-time.Minute).Unix()}) }},
		"exp missing in header":   {invalid, func(g *rig) string { return g.from(object{"exp": nil}) }},
		"exp text in header":      {invalid, func(g *rig) string { return g.from(object{"exp": "4102444800"}) }},
		"exp past in header":      {expired, func(g *rig) string { return g.from(object{"exp": g.clock.Now().Add(-time.Minute).Unix()}) }},
		"exp overflows in header": {invalid, func(g *rig) string { return g.from(object{"exp": 1e30}) }},
		"nbf future":              {invalid, func(g *rig) string { return g.token(object{"nbf": g.clock.Now().Add(2 * time.Minute).Unix()}) }},
		"iat future":              {invalid, func(g *rig) string { return g.token(object{"iat": g.clock.Now().Add(2 * time.Minute).Unix()}) }},
		"sub missing":             {"subject_missing", func(g *rig) string { return g.token(object{"sub": nil}) }},
		"sub empty":               {"subject_missing", func(g *rig) string { return g.token(object{"sub": ""}) }},
		"sub a number":            {invalid, func(g *rig) string { return g.token(object{"sub": 1}) }},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t)
			g.refused(g.refresh(row.token(g)), row.code)
			// The same application takes a good one: the row was refused for its own reason.
			require.Equal(t, http.StatusOK, g.do(g.refresh(g.token(nil))).Code)
		})
	}
}

// Nothing is fetched for a load balancer that is not ours, nor for a kid that could lead anywhere.
func TestNothingIsFetchedForStrangers(t *testing.T) {
	for _, header := range []object{
		{"signer": strangersALB}, {"signer": nil}, {"client": "other"},
		{"kid": nil}, {"kid": "../" + keyID}, {"kid": keyID + "?x"}, {"kid": keyID + "#x"}, {"kid": keyID + "%2f.."}, {"kid": "evil.example.com"},
		{"alg": "ES384"}, {"typ": "at+jwt"},
	} {
		g := newRig(t)
		_, err := g.authenticator.Authenticate(t.Context(), g.refresh(g.from(header)))
		require.Error(t, err)
		require.Empty(t, g.asked(), "%v", header)
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
