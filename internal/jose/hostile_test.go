package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
)

const (
	goodHeader = `{"alg":"ES256","kid":"ec","typ":"JWT"}`
	issuerURL  = "https://issuer.example.com"
	nowSeconds = 1_700_000_000
)

// forge signs any two texts as they are, with ES256 or whatever else the key does.
func forge(key crypto.Signer, header, payload string) string {
	return seal(key, encodePart(header)+"."+encodePart(payload), base64.RawURLEncoding)
}

// seal signs with SHA-256, whatever the curve.
func seal(key crypto.Signer, signed string, enc *base64.Encoding) string {
	return signed + "." + enc.EncodeToString(rawSignature(jose.ES256, key, signed))
}

// claims returns a good payload with changes.
func claims(changes ...string) string {
	return object([]string{"iss", "aud", "sub", "iat", "exp"}, map[string]string{
		"iss": `"` + issuerURL + `"`, "aud": `"app"`, "sub": `"jane"`,
		"iat": fmt.Sprint(nowSeconds), "exp": fmt.Sprint(nowSeconds + 3600),
	}, changes)
}

func header(change string) string { return `{"alg":"ES256","kid":"ec",` + change + `}` }

func TestHostileTokens(t *testing.T) {
	generate := func(alg jose.Algorithm) crypto.Signer {
		key, err := jose.GenerateKey(alg)
		require.NoError(t, err)
		return key
	}
	ec, ec384, rsaKey, ed, attacker := generate(jose.ES256).(*ecdsa.PrivateKey), generate(jose.ES384), generate(jose.RS256), generate(jose.EdDSA), generate(jose.ES256)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	keys := staticKeys{
		{KeyID: "ec", Key: ec.Public()},
		{KeyID: "ec384", Key: ec384.Public()},
		{KeyID: "rsa", Key: rsaKey.Public()},
		{KeyID: "ps", Algorithm: jose.PS256, Key: rsaKey.Public()},
		{KeyID: "ed", Key: ed.Public()},
		{KeyID: "small", Key: small.Public()},
		{KeyID: "exponent", Key: &rsa.PublicKey{N: rsaKey.Public().(*rsa.PublicKey).N, E: 2}},
		{KeyID: "secret", Key: []byte("secret")},
		{KeyID: "nil", Key: (*ecdsa.PublicKey)(nil)},
		{KeyID: "short", Key: ed25519.PublicKey("short")},
	}
	v, err := jose.NewVerifier(jose.Expected{
		Issuer:    issuerURL,
		Audiences: []string{"app", "app2"},
		Now:       func() time.Time { return time.Unix(nowSeconds, 0) },
	}, keys)
	require.NoError(t, err)

	signed := func(header, payload string) string { return forge(ec, header, payload) }
	good := signed(goodHeader, claims())
	part := strings.Split(good, ".")
	unsigned := part[0] + "." + part[1] + "."
	withSignature := func(signature []byte) string { return unsigned + base64.RawURLEncoding.EncodeToString(signature) }
	signature := decodePart(t, part[2])
	// The last character of an 86-character part has four bits to spare.
	respelled := func(p string) string {
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		return p[:len(p)-1] + string(alphabet[strings.IndexByte(alphabet, p[len(p)-1])|1])
	}
	hs256 := func(secret []byte) string {
		text := encodePart(`{"alg":"HS256","kid":"rsa"}`) + "." + encodePart(claims())
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(text))
		return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	attackerJWK, err := jose.NewJWK(jose.PublicKey{KeyID: "ec", Key: attacker.Public()})
	require.NoError(t, err)
	attackerJSON, err := json.Marshal(attackerJWK)
	require.NoError(t, err)
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	var manyMembers strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&manyMembers, `"c%d":1,`, i)
	}

	for _, test := range []struct {
		name string
		raw  string
		want error // nil: the token is good
	}{
		{"good", good, nil},

		// Algorithm (RFC 8725 sections 2.1 and 3.1).
		{"alg/none", encodePart(`{"alg":"none","kid":"ec"}`) + "." + part[1] + "." + part[2], jose.ErrAlgorithm},
		{"alg/none without a signature", encodePart(`{"alg":"none"}`) + "." + part[1] + ".", jose.ErrMalformed},
		{"alg/None", signed(`{"alg":"None","kid":"ec"}`, claims()), jose.ErrAlgorithm},
		{"alg/none with a good signature", signed(`{"alg":"none","kid":"ec"}`, claims()), jose.ErrAlgorithm},
		{"alg/empty", signed(`{"alg":"","kid":"ec"}`, claims()), jose.ErrAlgorithm},
		{"alg/missing", signed(`{"kid":"ec"}`, claims()), jose.ErrAlgorithm},
		{"alg/null", signed(`{"alg":null,"kid":"ec"}`, claims()), jose.ErrMalformed},
		{"alg/array", signed(`{"alg":["ES256"],"kid":"ec"}`, claims()), jose.ErrMalformed},
		{"alg/lower case", signed(`{"alg":"es256","kid":"ec"}`, claims()), jose.ErrAlgorithm},
		{"alg/trailing space", signed(`{"alg":"ES256 ","kid":"ec"}`, claims()), jose.ErrAlgorithm},
		{"alg/ES256K", signed(`{"alg":"ES256K","kid":"ec"}`, claims()), jose.ErrAlgorithm},
		{"alg/HS256 with the public key as secret", hs256(rsaKey.Public().(*rsa.PublicKey).N.Bytes()), jose.ErrAlgorithm},
		{"alg/HS256 with an empty secret", hs256(nil), jose.ErrAlgorithm},
		{"alg/RSA name on EC key", signed(`{"alg":"RS256","kid":"ec"}`, claims()), jose.ErrAlgorithm},
		{"alg/EC name on RSA key", forge(rsaKey, `{"alg":"ES256","kid":"rsa"}`, claims()), jose.ErrAlgorithm},
		{"alg/EdDSA on EC key", signed(`{"alg":"EdDSA","kid":"ec"}`, claims()), jose.ErrAlgorithm},
		{"alg/ES256 on P-384", forge(ec384, `{"alg":"ES256","kid":"ec384"}`, claims()), jose.ErrAlgorithm},
		{"alg/ES512 on P-256", signed(`{"alg":"ES512","kid":"ec"}`, claims()), jose.ErrAlgorithm},
		{"alg/other than the key's", forge(rsaKey, `{"alg":"RS256","kid":"ps"}`, claims()), jose.ErrAlgorithm},
		{"alg/twin", signed(`{"alg":"ES256","kid":"ec","ALG":"none"}`, claims()), jose.ErrMalformed},
		{"alg/twice", signed(`{"alg":"none","alg":"ES256","kid":"ec"}`, claims()), jose.ErrMalformed},

		// Keys.
		{"key/RSA of 1024 bits", forge(small, `{"alg":"RS256","kid":"small"}`, claims()), jose.ErrKey},
		{"key/RSA exponent 2", forge(rsaKey, `{"alg":"RS256","kid":"exponent"}`, claims()), jose.ErrKey},
		{"key/secret", signed(`{"alg":"ES256","kid":"secret"}`, claims()), jose.ErrKey},
		{"key/nil", signed(`{"alg":"ES256","kid":"nil"}`, claims()), jose.ErrAlgorithm},
		{"key/short Ed25519", signed(`{"alg":"EdDSA","kid":"short"}`, claims()), jose.ErrAlgorithm},
		{"key/good RSA", forge(rsaKey, `{"alg":"RS256","kid":"rsa"}`, claims()), nil},
		{"kid/unknown", signed(`{"alg":"ES256","kid":"other"}`, claims()), jose.ErrUnknownKey},
		{"kid/missing", signed(`{"alg":"ES256"}`, claims()), jose.ErrUnknownKey},
		{"kid/case", signed(`{"alg":"ES256","kid":"EC"}`, claims()), jose.ErrUnknownKey},
		{"kid/path", signed(`{"alg":"ES256","kid":"../../dev/null"}`, claims()), jose.ErrUnknownKey},
		{"kid/number", signed(`{"alg":"ES256","kid":1}`, claims()), jose.ErrMalformed},
		{"kid/object", signed(`{"alg":"ES256","kid":{"a":1}}`, claims()), jose.ErrMalformed},
		{"kid/long", signed(`{"alg":"ES256","kid":"`+strings.Repeat("k", 513)+`"}`, claims()), jose.ErrMalformed},
		{"key injection/jwk", forge(attacker, header(`"jwk":`+string(attackerJSON)), claims()), jose.ErrSignature},
		{"key injection/jwk without kid", forge(attacker, `{"alg":"ES256","jwk":`+string(attackerJSON)+`}`, claims()), jose.ErrUnknownKey},
		{"key injection/jku", forge(attacker, header(`"jku":"https://evil.example.com/keys"`), claims()), jose.ErrSignature},
		{"key injection/x5u", forge(attacker, header(`"x5u":"https://evil.example.com/cert"`), claims()), jose.ErrSignature},
		{"key injection/x5c", forge(attacker, header(`"x5c":["AAAA"]`), claims()), jose.ErrSignature},
		{"key injection/ignored on a good token", signed(header(`"x5t":"abc","jku":"https://evil.example.com/keys"`), claims()), nil},

		// Header members that change the meaning.
		{"header/crit", signed(header(`"crit":["exp"],"exp":1`), claims()), jose.ErrMalformed},
		{"header/crit empty", signed(header(`"crit":[]`), claims()), jose.ErrMalformed},
		{"header/Crit", signed(header(`"Crit":["exp"]`), claims()), jose.ErrMalformed},
		{"header/b64", signed(header(`"b64":false`), claims()), jose.ErrMalformed},
		{"header/zip", signed(header(`"zip":"DEF"`), claims()), jose.ErrMalformed},
		{"header/enc", signed(header(`"enc":"A256GCM"`), claims()), jose.ErrMalformed},
		{"header/kid with Kelvin sign", signed(`{"alg":"ES256","\u212Aid":"ec"}`, claims()), jose.ErrMalformed},
		{"header/kid escaped", signed(`{"alg":"ES256","\u006bid":"ec"}`, claims()), nil},
		{"header/array", signed(`[]`, claims()), jose.ErrMalformed},
		{"header/empty object", signed(`{}`, claims()), jose.ErrAlgorithm},
		{"typ/at+jwt", signed(header(`"typ":"at+jwt"`), claims()), jose.ErrType},
		{"typ/user token", signed(header(`"typ":"vnd.backstage.user"`), claims()), jose.ErrType},
		{"typ/number", signed(header(`"typ":1`), claims()), jose.ErrMalformed},
		{"typ/absent", signed(`{"alg":"ES256","kid":"ec"}`, claims()), nil},
		{"typ/with prefix", signed(header(`"typ":"application/JWT"`), claims()), nil},
		{"typ/prefix alone", signed(header(`"typ":"application/"`), claims()), jose.ErrType},
		{"typ/other prefix", signed(header(`"typ":"text/JWT"`), claims()), jose.ErrType},

		// Structure and alphabet (RFC 7515 sections 2, 3.1 and 7.1).
		{"structure/empty", "", jose.ErrMalformed},
		{"structure/dots", "..", jose.ErrMalformed},
		{"structure/many dots", strings.Repeat(".", 60000), jose.ErrMalformed},
		{"structure/two parts", part[0] + "." + part[1], jose.ErrMalformed},
		{"structure/four parts", good + "." + part[2], jose.ErrMalformed},
		{"structure/five parts as JWE", good + ".AAAA.AAAA", jose.ErrMalformed},
		{"structure/no signature", unsigned, jose.ErrMalformed},
		{"structure/no payload", part[0] + ".." + part[2], jose.ErrMalformed},
		{"structure/no header", "." + part[1] + "." + part[2], jose.ErrMalformed},
		{"structure/leading space", " " + good, jose.ErrMalformed},
		{"structure/trailing space", good + " ", jose.ErrMalformed},
		{"structure/trailing newline", good + "\n", jose.ErrMalformed},
		{"structure/newline inside", part[0][:4] + "\n" + part[0][4:] + "." + part[1] + "." + part[2], jose.ErrMalformed},
		{"structure/carriage return", good + "\r", jose.ErrMalformed},
		{"structure/NUL", good + "\x00", jose.ErrMalformed},
		{"structure/two tokens", good + "," + good, jose.ErrMalformed},
		{"structure/Bearer", "Bearer " + good, jose.ErrMalformed},
		{"structure/JSON form", `{"protected":"` + part[0] + `","payload":"` + part[1] + `","signature":"` + part[2] + `"}`, jose.ErrMalformed},
		{"structure/too large", signed(goodHeader, claims("pad", `"`+strings.Repeat("x", jose.MaxSize)+`"`)), jose.ErrMalformed},
		{"base64/padding added", good + "==", jose.ErrMalformed},
		{"base64/padded throughout", seal(ec, base64.URLEncoding.EncodeToString([]byte(goodHeader))+"."+base64.URLEncoding.EncodeToString([]byte(claims("a", "1"))), base64.URLEncoding), jose.ErrMalformed},
		{"base64/standard alphabet", signed(goodHeader, claims("x", `"???>>>"`)) + "+/", jose.ErrMalformed},
		{"base64/trailing bits in the signature", unsigned + respelled(part[2]), jose.ErrMalformed},
		{"base64/impossible length", good + "AAA", jose.ErrMalformed},
		{"base64/non-ASCII", part[0] + "." + part[1] + "." + part[2][:84] + "é", jose.ErrMalformed},

		// Signature.
		{"signature/all zero", withSignature(make([]byte, 64)), jose.ErrSignature},
		{"signature/R zero", withSignature(append(make([]byte, 32), signature[32:]...)), jose.ErrSignature},
		{"signature/order of the curve", withSignature(append(ec.Params().N.Bytes(), ec.Params().N.Bytes()...)), jose.ErrSignature},
		{"signature/all ones", withSignature([]byte(strings.Repeat("\xff", 64))), jose.ErrSignature},
		{"signature/short", withSignature(signature[:63]), jose.ErrSignature},
		{"signature/long", withSignature(append(signature[:64:64], 0)), jose.ErrSignature},
		{"signature/zero between the halves", withSignature(append(append(signature[:32:32], 0), signature[32:]...)), jose.ErrSignature},
		{"signature/halves swapped", withSignature(append(signature[32:64:64], signature[:32]...)), jose.ErrSignature},
		{"signature/ASN.1", withSignature(asn1Signature(t, ec, unsigned)), jose.ErrSignature},
		{"signature/other key", forge(attacker, goodHeader, claims()), jose.ErrSignature},
		{"signature/other payload", part[0] + "." + encodePart(claims("sub", `"admin"`)) + "." + part[2], jose.ErrSignature},
		{"signature/other header", encodePart(`{"kid":"ec","alg":"ES256"}`) + "." + part[1] + "." + part[2], jose.ErrSignature},
		{"signature/expired and bad", forge(attacker, goodHeader, claims("exp", "1")), jose.ErrSignature},

		// JSON (RFC 8259, RFC 7519 section 4: unique names).
		{"json/claim twice", signed(goodHeader, `{"sub":"admin",`+claims()[1:]), jose.ErrMalformed},
		{"json/claim twin", signed(goodHeader, claims("Sub", `"admin"`)), jose.ErrMalformed},
		{"json/claim twin escaped", signed(goodHeader, claims(`\u0053ub`, `"admin"`)), jose.ErrMalformed},
		{"json/claim in the wrong case alone", signed(goodHeader, claims("sub", "", "SUB", `"admin"`)), jose.ErrMalformed},
		{"json/EXP alone", signed(goodHeader, claims("exp", "", "EXP", "9999999999")), jose.ErrMalformed},
		{"json/Email_Verified", signed(goodHeader, claims("Email_Verified", "true")), jose.ErrMalformed},
		{"json/long s folds too", signed(goodHeader, claims("\u017fub", `"admin"`)), jose.ErrMalformed},
		{"json/custom twins", signed(goodHeader, claims("role", `"a"`, "Role", `"b"`)), jose.ErrMalformed},
		{"json/twins further down", signed(goodHeader, claims("x", `{"y":[{"a":1,"A":2}]}`)), jose.ErrMalformed},
		{"json/equal names at different levels", signed(goodHeader, claims("x", `{"sub":{"sub":1}}`)), nil},
		{"json/many members, twin", signed(goodHeader, `{`+manyMembers.String()+`"C0":1,`+claims()[1:]), jose.ErrMalformed},
		{"json/many members", signed(goodHeader, `{`+manyMembers.String()+claims()[1:]), nil},
		{"json/data after", signed(goodHeader, claims()+`{}`), jose.ErrMalformed},
		{"json/white space around", signed(goodHeader, " \t\r\n"+claims()+" \n"), nil},
		{"json/BOM", signed(goodHeader, "\ufeff"+claims()), jose.ErrMalformed},
		{"json/array", signed(goodHeader, `[`+claims()+`]`), jose.ErrMalformed},
		{"json/string", signed(goodHeader, `"x"`), jose.ErrMalformed},
		{"json/null", signed(goodHeader, `null`), jose.ErrMalformed},
		{"json/empty", encodePart(goodHeader) + ".." + part[2], jose.ErrMalformed},
		{"json/trailing comma", signed(goodHeader, `{"a":1,}`), jose.ErrMalformed},
		{"json/comment", signed(goodHeader, `{"a":1/**/}`), jose.ErrMalformed},
		{"json/single quotes", signed(goodHeader, `{'a':1}`), jose.ErrMalformed},
		{"json/bare name", signed(goodHeader, `{a:1}`), jose.ErrMalformed},
		{"json/unterminated", signed(goodHeader, `{"a":"b`), jose.ErrMalformed},
		{"json/control character", signed(goodHeader, "{\"a\":\"\n\"}"), jose.ErrMalformed},
		{"json/invalid UTF-8", signed(goodHeader, claims("x", "\"\xff\"")), jose.ErrMalformed},
		{"json/overlong UTF-8", signed(goodHeader, claims("x", "\"\xc0\xaf\"")), jose.ErrMalformed},
		{"json/lone surrogate", signed(goodHeader, claims("x", `"\ud800"`)), jose.ErrMalformed},
		{"json/surrogates swapped", signed(goodHeader, claims("x", `"\udc00\ud800"`)), jose.ErrMalformed},
		{"json/surrogate pair", signed(goodHeader, claims("x", `"\ud83d\ude00"`)), nil},
		{"json/bad escape", signed(goodHeader, claims("x", `"\x41"`)), jose.ErrMalformed},
		{"json/short escape", signed(goodHeader, claims("x", `"\u12"`)), jose.ErrMalformed},
		{"json/leading zero", signed(goodHeader, claims("x", `01`)), jose.ErrMalformed},
		{"json/plus", signed(goodHeader, claims("x", `+1`)), jose.ErrMalformed},
		{"json/bare point", signed(goodHeader, claims("x", `1.`)), jose.ErrMalformed},
		{"json/hexadecimal", signed(goodHeader, claims("x", `0x10`)), jose.ErrMalformed},
		{"json/NaN", signed(goodHeader, claims("x", `NaN`)), jose.ErrMalformed},
		{"json/Infinity", signed(goodHeader, claims("x", `-Infinity`)), jose.ErrMalformed},
		{"json/True", signed(goodHeader, claims("x", `True`)), jose.ErrMalformed},
		{"json/32 levels", signed(goodHeader, claims("x", nested(31))), nil},
		{"json/33 levels", signed(goodHeader, claims("x", nested(32))), jose.ErrMalformed},
		{"json/20,000 levels", signed(goodHeader, claims("x", nested(20000))), jose.ErrMalformed},

		// Issuer and audience.
		{"iss/missing", signed(goodHeader, claims("iss", "")), jose.ErrIssuer},
		{"iss/other", signed(goodHeader, claims("iss", `"https://evil.example.com"`)), jose.ErrIssuer},
		{"iss/trailing slash", signed(goodHeader, claims("iss", `"`+issuerURL+`/"`)), jose.ErrIssuer},
		{"iss/case", signed(goodHeader, claims("iss", `"HTTPS://issuer.example.com"`)), jose.ErrIssuer},
		{"iss/array", signed(goodHeader, claims("iss", `["`+issuerURL+`"]`)), jose.ErrClaim},
		{"iss/null", signed(goodHeader, claims("iss", `null`)), jose.ErrClaim},
		{"aud/missing", signed(goodHeader, claims("aud", "")), jose.ErrAudience},
		{"aud/other", signed(goodHeader, claims("aud", `"other"`)), jose.ErrAudience},
		{"aud/case", signed(goodHeader, claims("aud", `"APP"`)), jose.ErrAudience},
		{"aud/prefix", signed(goodHeader, claims("aud", `"app "`)), jose.ErrAudience},
		{"aud/empty", signed(goodHeader, claims("aud", `""`)), jose.ErrAudience},
		{"aud/empty array", signed(goodHeader, claims("aud", `[]`)), jose.ErrAudience},
		{"aud/one of several", signed(goodHeader, claims("aud", `[ "other" , "app2" ]`)), nil},
		{"aud/number in the array", signed(goodHeader, claims("aud", `["app",1]`)), jose.ErrClaim},
		{"aud/nested array", signed(goodHeader, claims("aud", `[["app"]]`)), jose.ErrClaim},
		{"aud/object", signed(goodHeader, claims("aud", `{"app":true}`)), jose.ErrClaim},
		{"aud/true", signed(goodHeader, claims("aud", `true`)), jose.ErrClaim},
		{"aud/null", signed(goodHeader, claims("aud", `null`)), jose.ErrClaim},
		{"sub/number", signed(goodHeader, claims("sub", `1`)), jose.ErrClaim},
		{"sub/object", signed(goodHeader, claims("sub", `{}`)), jose.ErrClaim},
		{"jti/number", signed(goodHeader, claims("jti", `1`)), jose.ErrClaim},

		// Times, with a leeway of 60 s.
		{"exp/missing", signed(goodHeader, claims("exp", "")), jose.ErrClaim},
		{"exp/null", signed(goodHeader, claims("exp", "null")), jose.ErrClaim},
		{"exp/text", signed(goodHeader, claims("exp", `"9999999999"`)), jose.ErrClaim},
		{"exp/array", signed(goodHeader, claims("exp", `[9999999999]`)), jose.ErrClaim},
		{"exp/true", signed(goodHeader, claims("exp", `true`)), jose.ErrClaim},
		{"exp/negative", signed(goodHeader, claims("exp", `-1`)), jose.ErrClaim},
		{"exp/1e400", signed(goodHeader, claims("exp", `1e400`)), jose.ErrClaim},
		{"exp/overflows int64", signed(goodHeader, claims("exp", `9223372036854775808`)), jose.ErrClaim},
		{"exp/largest int64", signed(goodHeader, claims("exp", `9223372036854775807`)), jose.ErrClaim},
		{"exp/milliseconds", signed(goodHeader, claims("exp", `1700000000000`)), jose.ErrClaim},
		{"exp/zero", signed(goodHeader, claims("exp", `0`)), jose.ErrExpired},
		{"exp/a second too late", signed(goodHeader, claims("exp", fmt.Sprint(nowSeconds-60))), jose.ErrExpired},
		{"exp/just in time", signed(goodHeader, claims("exp", fmt.Sprint(nowSeconds-59))), nil},
		{"exp/fraction", signed(goodHeader, claims("exp", fmt.Sprint(nowSeconds-60)+".5")), nil},
		{"exp/exponent", signed(goodHeader, claims("exp", `1.7e9`)), nil},
		{"nbf/text", signed(goodHeader, claims("nbf", `"1"`)), jose.ErrClaim},
		{"nbf/too early", signed(goodHeader, claims("nbf", fmt.Sprint(nowSeconds+61))), jose.ErrNotYetValid},
		{"nbf/within leeway", signed(goodHeader, claims("nbf", fmt.Sprint(nowSeconds+60))), nil},
		{"iat/future", signed(goodHeader, claims("iat", fmt.Sprint(nowSeconds+61))), jose.ErrNotYetValid},
		{"iat/within leeway", signed(goodHeader, claims("iat", fmt.Sprint(nowSeconds+60))), nil},
		{"iat/missing", signed(goodHeader, claims("iat", "")), nil},
		{"iat/text", signed(goodHeader, claims("iat", `"x"`)), jose.ErrClaim},
	} {
		t.Run(test.name, func(t *testing.T) {
			token, err := v.Verify(t.Context(), test.raw)
			if test.want == nil {
				require.NoError(t, err)
				require.Equal(t, "jane", token.Claims().Subject)
				return
			}
			require.ErrorIs(t, err, test.want)
			require.Nil(t, token)
			require.Less(t, len(err.Error()), 400)
			if len(part) == 3 {
				require.NotContains(t, err.Error(), part[2])
			}
		})
	}
}

func asn1Signature(t *testing.T, key *ecdsa.PrivateKey, unsigned string) []byte {
	sum := sha256.Sum256([]byte(strings.TrimSuffix(unsigned, ".")))
	signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	require.NoError(t, err)
	return signature
}

// Any flipped bit of a good token makes it another one, or none.
func TestEveryBitCounts(t *testing.T) {
	key, err := jose.GenerateKey(jose.EdDSA)
	require.NoError(t, err)
	s, err := jose.NewSigner(key, jose.EdDSA, "k")
	require.NoError(t, err)
	raw, err := s.SignJWT("JWT", jose.Claim{Name: "sub", Value: "jane"})
	require.NoError(t, err)
	for i := range raw {
		for bit := range 8 {
			mutated := []byte(raw)
			mutated[i] ^= 1 << bit
			token, err := jose.Parse(string(mutated))
			if err == nil {
				require.Error(t, token.Verify(s.PublicKey()), "byte %d, bit %d", i, bit)
			}
		}
	}
}

func TestParsePadded(t *testing.T) {
	key, err := jose.GenerateKey(jose.ES256)
	require.NoError(t, err)
	public := jose.PublicKey{Key: key.Public()}
	pad := base64.URLEncoding.EncodeToString
	// Both parts need padding, as the signature does.
	signed := pad([]byte(`{"alg":"ES256","kid":"k"}`)) + "." + pad([]byte(`{"sub":"jane"}`))
	raw := seal(key, signed, base64.URLEncoding)
	require.Equal(t, 3, strings.Count(strings.ReplaceAll(raw, "==", "="), "="))

	token, err := jose.ParsePadded(raw)
	require.NoError(t, err)
	require.NoError(t, token.Verify(public))

	_, err = jose.Parse(raw)
	require.ErrorIs(t, err, jose.ErrMalformed)
	for name, respelled := range map[string]string{
		"no padding":            strings.ReplaceAll(raw, "=", ""),
		"signature unpadded":    strings.TrimRight(raw, "="),
		"too much padding":      raw + "=",
		"padding in the middle": strings.Replace(raw, ".", "=.", 1),
		"dot between":           strings.Replace(raw, "=.", ".=", 1),
		"newline":               raw + "\n",
		"newline in padding":    raw[:len(raw)-1] + "\n=",
	} {
		_, err := jose.ParsePadded(respelled)
		require.ErrorIs(t, err, jose.ErrMalformed, name)
	}

	// Padding that was added after signing breaks the signature.
	bare := seal(key, encodePart(`{"alg":"ES256","kid":"k"}`)+"."+encodePart(`{"sub":"jane"}`), base64.URLEncoding)
	added := signed + bare[strings.LastIndexByte(bare, '.'):]
	token, err = jose.ParsePadded(added)
	require.NoError(t, err)
	require.ErrorIs(t, token.Verify(public), jose.ErrSignature)
}
