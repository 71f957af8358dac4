package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"

	"example.com/stagedoor/internal/jose"
)

// addAlgorithms adds what RFC 8725 sections 2.1 and 3.1 warn of.
func (m *mint) addAlgorithms() {
	header, payload, signature := m.parts()
	for _, none := range []string{"none", "None", "NONE", "nOnE"} {
		m.bad("alg/"+none+", good signature", "unsecured JWS", m.signHeader("alg", `"`+none+`"`), jose.ErrAlgorithm)
		m.bad("alg/"+none+", no signature", "unsecured JWS",
			encodePart(m.header("alg", `"`+none+`"`))+"."+payload+".", jose.ErrMalformed)
	}
	m.bad("alg/none, signature of another header", "unsecured JWS", encodePart(m.header("alg", `"none"`))+"."+payload+"."+signature, jose.ErrAlgorithm)
	m.bad("alg/none, two parts", "unsecured JWS", encodePart(m.header("alg", `"none"`))+"."+payload, jose.ErrMalformed)
	m.bad("alg/none, then good", "duplicate name", m.sign(`{"alg":"none",`+m.header()[1:], claims()), jose.ErrMalformed)
	m.bad("alg/good, then none", "duplicate name", m.sign(strings.TrimSuffix(m.header(), "}")+`,"alg":"none"}`, claims()), jose.ErrMalformed)
	m.bad("alg/ALG twin", "names differ in case alone", m.signHeader("ALG", `"none"`), jose.ErrMalformed)
	m.bad("alg/Alg alone", "name in the wrong case", m.signHeader("alg", "", "Alg", `"`+string(m.alg)+`"`), jose.ErrMalformed)
	m.bad("alg/missing", "alg is required", m.signHeader("alg", ""), jose.ErrAlgorithm)
	for name, value := range map[string]string{
		"null": `null`, "number": `256`, "true": `true`, "array": `["` + string(m.alg) + `"]`, "object": `{"alg":"` + string(m.alg) + `"}`,
	} {
		m.bad("alg/"+name, "alg is a string", m.signHeader("alg", value), jose.ErrMalformed)
	}
	for name, value := range map[string]string{
		"empty": "", "lower case": strings.ToLower(string(m.alg)), "upper case and more": strings.ToUpper(string(m.alg)) + "X",
		"trailing space": string(m.alg) + " ", "leading space": " " + string(m.alg), "NUL": string(m.alg) + `\u0000`, "newline": string(m.alg) + `\n`,
		"zero width": string(m.alg) + `\u200b`, "full width": `\uff25` + string(m.alg)[1:], "long": strings.Repeat("A", 4000),
		"ES256K": "ES256K", "HS1": "HS1", "RS1": "RS1", "Ed448": "Ed448", "ML-DSA-44": "ML-DSA-44", "dir": "dir", "A128KW": "A128KW",
		"RSA-OAEP": "RSA-OAEP", "ECDH-ES": "ECDH-ES", "hash alone": "SHA256", "PBES2": "PBES2-HS256+A128KW",
	} {
		m.bad("alg/"+name, "unknown algorithm", m.signHeader("alg", `"`+value+`"`), jose.ErrAlgorithm)
	}
	// Known, but for other keys, or not wanted here.
	for _, other := range []jose.Algorithm{
		jose.ES256, jose.ES384, jose.ES512, jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.EdDSA,
	} {
		if family(other) == "RSA" && family(m.alg) == "RSA" && (other == jose.RS256 || other == jose.PS256) {
			continue // the swap of RSA's paddings is a row of its own below
		}
		if other != m.alg {
			m.bad("alg/"+string(other)+" on this key", "algorithm of another key type, or not allowed", m.signHeader("alg", `"`+string(other)+`"`), jose.ErrAlgorithm)
		}
	}
	// HMAC keyed with what everybody knows: the public key, in each form that it has.
	for name, secret := range publicForms(m.key.Public()) {
		for alg, h := range map[string]crypto.Hash{"HS256": crypto.SHA256, "HS384": crypto.SHA384, "HS512": crypto.SHA512} {
			text := encodePart(m.header("alg", `"`+alg+`"`)) + "." + payload
			m.bad("alg/"+alg+" keyed with "+name, "algorithm confusion", text+"."+hmacOf(h, secret, text), jose.ErrAlgorithm)
		}
	}
	for name, secret := range map[string]string{"nothing": "", "ones": strings.Repeat("1", 32), "kid": string(m.alg), "secret": "secret"} {
		text := encodePart(m.header("alg", `"HS256"`)) + "." + payload
		m.bad("alg/HS256 keyed with "+name, "algorithm confusion", text+"."+hmacOf(crypto.SHA256, []byte(secret), text), jose.ErrAlgorithm)
	}
	text := header + "." + payload
	m.bad("alg/HMAC under the good name", "algorithm confusion", text+"."+hmacOf(crypto.SHA256, publicForms(m.key.Public())["PKIX"], text), jose.ErrSignature)
}

func family(alg jose.Algorithm) string {
	switch alg[:2] {
	case "ES":
		return "EC"
	case "Ed":
		return "OKP"
	}
	return "RSA"
}

func hmacOf(h crypto.Hash, secret []byte, text string) string {
	mac := hmac.New(h.New, secret)
	mac.Write([]byte(text))
	return encodePart(string(mac.Sum(nil)))
}

// publicForms returns the texts that a public key is known by.
func publicForms(key crypto.PublicKey) map[string][]byte {
	der := must(x509.MarshalPKIXPublicKey(key))
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	jwk := must(jose.NewJWK(jose.PublicKey{Key: key}))
	forms := map[string][]byte{
		"PKIX": der, "PEM": text, "PEM without newline": text[:len(text)-1], "PKIX as base64": []byte(encodePart(string(der))),
		"JWK": must(json.Marshal(jwk)),
	}
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		point := must(key.Bytes())
		forms["point"], forms["X"], forms["X as base64"] = point, point[1:1+len(point)/2], []byte(jwk.X)
	case *rsa.PublicKey:
		pkcs1 := x509.MarshalPKCS1PublicKey(key)
		forms["PKCS1"], forms["PKCS1 PEM"] = pkcs1, pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: pkcs1})
		forms["modulus"], forms["modulus as base64"] = key.N.Bytes(), []byte(jwk.N)
	case ed25519.PublicKey:
		forms["key"], forms["key as base64"] = key, []byte(jwk.X)
	}
	return forms
}

// addKeys adds keys out of the token (CVE-2018-0114), wrong ones and unfit ones.
func (m *mint) addKeys() {
	attacker := &mint{alg: m.alg, key: corpusKeys()[string(m.alg)+"-other"].private}
	jwk := string(must(json.Marshal(must(jose.NewJWK(jose.PublicKey{KeyID: string(m.alg), Algorithm: m.alg, Key: attacker.key.Public()})))))
	private := strings.TrimSuffix(jwk, "}") + `,"d":"AAAA"}`
	der := encodePart(string(must(x509.MarshalPKIXPublicKey(attacker.key.Public()))))
	for i, test := range [][2]string{
		{"jwk", jwk}, {"jwk", `{"keys":[` + jwk + `]}`}, {"jwk", private}, {"jwk", `{"kty":"oct","k":"AAAA"}`},
		{"jku", `"https://evil.example.com/keys"`}, {"jku", `"data:application/json,` + encodePart(jwk) + `"`}, {"jku", `"file:///etc/passwd"`},
		{"jku", `"` + issuerURL + `@evil.example.com/keys"`},
		{"x5u", `"https://evil.example.com/cert.pem"`}, {"x5u", `"http://127.0.0.1:1/"`},
		{"x5c", `["` + der + `"]`}, {"x5c", `[]`}, {"x5t", `"AAAA"`}, {"x5t#S256", `"AAAA"`}, {"pem", `"` + der + `"`},
	} {
		name := fmt.Sprintf("key injection/%d: %s", i, test[0])
		m.bad(name, "key out of the token", attacker.signHeader(test[0], test[1]), jose.ErrSignature)
	}
	m.bad("key injection/jwk without kid", "key out of the token", attacker.signHeader("kid", "", "jwk", jwk), jose.ErrUnknownKey)
	m.bad("key injection/jwk, own kid", "key out of the token", attacker.signHeader("kid", `"mine"`, "jwk", jwk), jose.ErrUnknownKey)
	for _, twin := range []string{"JWK", "Jku", "X5U", "x5C"} {
		m.bad("key injection/"+twin, "name in the wrong case", attacker.signHeader(twin, jwk), jose.ErrMalformed)
	}
	m.bad("key injection/key in the payload", "key out of the token", attacker.signClaims("cnf", `{"jwk":`+jwk+`}`), jose.ErrSignature)

	// RFC 7515 section 4.1.4: kid is a string; here it is at most 512 bytes.
	for name, kid := range map[string]string{
		"missing": "", "unknown": `"nobody"`, "empty": `""`, "case": `"` + strings.ToLower(string(m.alg)) + `"`,
		"trailing space": `"` + string(m.alg) + ` "`, "NUL": `"` + string(m.alg) + `\u0000"`, "path": `"../../../../dev/null"`, "encoded path": `"..%2f..%2fdev%2fnull"`,
		"SQL": `"x' UNION SELECT 'secret"`, "command": `"x|touch /tmp/y"`, "URL": `"https://evil.example.com/key"`, "512 bytes": `"` + strings.Repeat("k", 512) + `"`,
		"full width": `"\uff25` + string(m.alg)[1:] + `"`, "line break": `"` + string(m.alg) + `\r\nX-Key: y"`, "__proto__": `"__proto__"`,
	} {
		m.bad("kid/"+name, "names no key", m.signHeader("kid", kid), jose.ErrUnknownKey)
	}
	for name, kid := range map[string]string{
		"number": `1`, "null": `null`, "true": `true`, "array": `["` + string(m.alg) + `"]`, "object": `{"$gt":""}`, "513 bytes": `"` + strings.Repeat("k", 513) + `"`,
		"60,000 bytes": `"` + strings.Repeat("k", 40000) + `"`, "nested": strings.Repeat("[", 40) + strings.Repeat("]", 40),
	} {
		m.bad("kid/"+name, "wrong shape", m.signHeader("kid", kid), jose.ErrMalformed)
	}
	m.bad("kid/twice", "duplicate name", m.sign(`{"kid":"nobody",`+m.header()[1:], claims()), jose.ErrMalformed)
	m.bad("kid/KID twin", "names differ in case alone", m.signHeader("KID", `"nobody"`), jose.ErrMalformed)
	m.bad("kid/another key of the type", "not the signer's", m.signHeader("kid", `"`+string(m.alg)+`-other"`), jose.ErrSignature)
	m.bad("kid/signed by another key", "not the signer's", attacker.signHeader(), jose.ErrSignature)

	for kid, key := range corpusKeys() {
		fits := key.public.Key != nil && strings.HasPrefix(kid, string(m.alg)) ||
			family(m.alg) == "RSA" && (strings.HasPrefix(kid, "RS256") || strings.HasPrefix(kid, "PS256"))
		if fits {
			continue
		}
		want := jose.ErrAlgorithm
		switch key.public.Key.(type) {
		case *rsa.PublicKey:
			if family(m.alg) == "RSA" {
				want = jose.ErrKey
			}
			if kid == "RSA-even" && family(m.alg) == "RSA" {
				want = jose.ErrSignature
			}
		case *ecdsa.PublicKey, ed25519.PublicKey:
		default:
			want = jose.ErrKey
		}
		m.bad("key/"+kid, "unfit key", m.signHeader("kid", `"`+kid+`"`), want)
		// Whoever holds that key's private half must not get further with this name.
		if ec, ok := key.private.(*ecdsa.PrivateKey); ok && family(m.alg) == "EC" {
			text := encodePart(m.header("kid", `"`+kid+`"`)) + "." + encodePart(claims())
			m.bad("key/signed by "+kid, "unfit key", text+"."+encodePart(string(rawSignature(m.alg, ec, text))), want)
		}
	}
	if family(m.alg) == "RSA" {
		small := &mint{alg: m.alg, key: corpusKeys()["RSA-1024"].private}
		m.bad("key/signed by RSA-1024", "key too small", small.signHeader("kid", `"RSA-1024"`), jose.ErrKey)
		other := map[jose.Algorithm]jose.Algorithm{jose.RS256: jose.PS256, jose.PS256: jose.RS256}[m.alg]
		swapped := &mint{alg: other, key: m.key}
		m.bad("key/published for "+string(other), "key for another algorithm", m.signHeader("kid", `"`+string(other)+`-bound"`), jose.ErrAlgorithm)
		m.bad("alg/padding of "+string(other), "signature of another algorithm", swapped.sign(m.header(), claims()), jose.ErrSignature)
		m.bad("alg/named "+string(other), "signature of another algorithm", m.signHeader("alg", `"`+string(other)+`"`), jose.ErrSignature)
	}
}

// addHeaders adds members that change what a token means, and wrong types of token.
func (m *mint) addHeaders() {
	for name, value := range map[string]string{
		"empty": `[]`, "unknown": `["urn:example:x"]`, "exp": `["exp"]`, "b64": `["b64"]`, "alg": `["alg"]`, "twice": `["x","x"]`,
		"null": `null`, "string": `"exp"`, "object": `{}`, "empty name": `[""]`, "number": `[1]`, "false": `false`,
	} {
		m.bad("crit/"+name, "RFC 7515 section 4.1.11: no extension is understood", m.signHeader("crit", value), jose.ErrMalformed)
	}
	m.bad("crit/with its member", "RFC 7515 section 4.1.11", m.signHeader("crit", `["x"]`, "x", `1`), jose.ErrMalformed)
	m.bad("crit/Crit", "name in the wrong case", m.signHeader("Crit", `["x"]`), jose.ErrMalformed)
	m.bad("crit/behind an escape", "RFC 7515 section 4.1.11", m.signHeader(`\u0063rit`, `["x"]`), jose.ErrMalformed)
	m.bad("b64/false", "RFC 7797", m.signHeader("b64", "false", "crit", `["b64"]`), jose.ErrMalformed)
	m.bad("b64/false, not critical", "RFC 7797", m.signHeader("b64", "false"), jose.ErrMalformed)
	m.bad("b64/true", "RFC 7797 section 6: must be critical", m.signHeader("b64", "true"), jose.ErrMalformed)
	m.bad("b64/bare payload", "RFC 7797", m.seal(encodePart(m.header("b64", "false", "crit", `["b64"]`))+"."+claims()), jose.ErrMalformed)
	m.bad("b64/B64", "name in the wrong case", m.signHeader("B64", "false"), jose.ErrMalformed)
	m.bad("zip/DEF", "belongs to JWE", m.signHeader("zip", `"DEF"`), jose.ErrMalformed)
	m.bad("zip/null", "belongs to JWE", m.signHeader("zip", `null`), jose.ErrMalformed)
	m.bad("enc/A256GCM", "belongs to JWE", m.signHeader("enc", `"A256GCM"`), jose.ErrMalformed)
	m.bad("enc/Enc", "name in the wrong case", m.signHeader("Enc", `"A256GCM"`), jose.ErrMalformed)
	m.bad("header/empty", "alg is required", m.sign(`{}`, claims()), jose.ErrAlgorithm)
	m.bad("header/claims instead", "alg is required", m.sign(claims(), claims()), jose.ErrAlgorithm)

	// RFC 8725 section 3.11.
	for name, typ := range map[string]string{
		"empty": ``, "at+jwt": `at+jwt`, "logout+jwt": `logout+jwt`, "dpop+jwt": `dpop+jwt`, "secevent+jwt": `secevent+jwt`, "user token": `vnd.backstage.user`,
		"JOSE": `JOSE`, "JWE": `JWE`, "lower case": `jwt`, "trailing space": `JWT `, "prefix alone": `application/`, "prefix twice": `application/application/JWT`,
		"other prefix": `text/JWT`, "prefix in upper case": `APPLICATION/JWT`, "parameter": `JWT;v=1`, "NUL": `JWT\u0000`, "comma": `JWT,at+jwt`, "long": strings.Repeat("J", 5000),
	} {
		if name == "empty" {
			continue // the same as absent, which is permitted here
		}
		m.bad("typ/"+name, "type of another token", m.signHeader("typ", `"`+typ+`"`), jose.ErrType)
	}
	for name, typ := range map[string]string{"null": `null`, "number": `1`, "array": `["JWT"]`, "object": `{"JWT":1}`, "true": `true`} {
		m.bad("typ/"+name, "typ is a string", m.signHeader("typ", typ), jose.ErrMalformed)
	}
	m.bad("typ/twice", "duplicate name", m.sign(`{"typ":"at+jwt",`+m.header()[1:], claims()), jose.ErrMalformed)
	m.bad("typ/TYP twin", "names differ in case alone", m.signHeader("TYP", `"at+jwt"`), jose.ErrMalformed)
	m.bad("typ/Typ alone", "name in the wrong case", m.signHeader("typ", "", "Typ", `"JWT"`), jose.ErrMalformed)
}
