package jose_test

import (
	"fmt"
	"strings"

	"example.com/stagedoor/internal/jose"
)

// addClaims adds registered claims of wrong shape and value (RFC 7519 section 4.1).
func (m *mint) addClaims() {
	quoted := func(text string) string { return `"` + text + `"` }
	for _, name := range []string{"iss", "sub", "jti"} {
		for shape, value := range map[string]string{
			"null": `null`, "number": `1`, "zero": `0`, "true": `true`, "array": `["` + issuerURL + `"]`, "empty array": `[]`, "object": `{"a":1}`, "empty object": `{}`,
		} {
			m.bad(name+"/"+shape, "StringOrURI", m.signClaims(name, value), jose.ErrClaim)
		}
	}
	for name, value := range map[string]string{
		"missing": "", "empty": `""`, "trailing slash": quoted(issuerURL + "/"), "scheme in upper case": `"HTTPS://issuer.example.com"`, "host in upper case": `"https://ISSUER.example.com"`,
		"other scheme": `"http://issuer.example.com"`, "port": quoted(issuerURL + ":443"), "path": quoted(issuerURL + "/x"), "query": quoted(issuerURL + "?"), "fragment": quoted(issuerURL + "#"),
		"userinfo": `"https://x@issuer.example.com"`, "leading space": quoted(" " + issuerURL), "trailing space": quoted(issuerURL + " "), "NUL": quoted(issuerURL + `\u0000`), "line break": quoted(issuerURL + `\n`),
		"suffix": quoted(issuerURL + ".evil.example.com"), "prefix": `"https://issuer.example.co"`, "trailing dot": quoted(issuerURL + "."), "no scheme": `"issuer.example.com"`, "dot segments": quoted(issuerURL + "/."),
		"percent": `"https://issuer%2eexample.com"`, "full width dot": `"https://issuer\uff0eexample.com"`, "Cyrillic": `"https://\u0456ssuer.example.com"`, "decomposed": `"https://i\u0301ssuer.example.com"`,
		"soft hyphen": `"https://is\u00adsuer.example.com"`, "zero width": quoted(issuerURL + `\u200b`), "two": quoted(issuerURL + "," + issuerURL), "other": `"https://evil.example.com"`, "long": quoted(strings.Repeat("x", 5000)),
	} {
		m.bad("iss/"+name, "not the issuer, byte for byte", m.signClaims("iss", value), jose.ErrIssuer)
	}
	for name, value := range map[string]string{
		"missing": "", "empty": `""`, "empty array": `[]`, "array of the empty": `[""]`, "other": `"other"`, "others": `["other","another"]`, "case": `"APP"`, "space": `"app "`, "NUL": `"app\u0000"`, "comma": `"app,app2"`,
		"space between": `"app app2"`, "prefix": `"ap"`, "wildcard": `"*"`, "issuer": quoted(issuerURL), "array as text": `"[\"app\"]"`, "full width": `"\uff41pp"`, "many": "[" + strings.Repeat(`"x",`, 3000) + `"y"]`,
	} {
		m.bad("aud/"+name, "made for another", m.signClaims("aud", value), jose.ErrAudience)
	}
	for name, value := range map[string]string{
		"null": `null`, "number": `1`, "true": `true`, "object": `{"app":true}`, "empty object": `{}`, "nested": `[["app"]]`, "null first": `[null,"app"]`, "null last": `["app",null]`, "number inside": `["app",1]`,
		"object inside": `["app",{"x":"app"}]`, "array inside": `["app",[]]`, "true inside": `[true,"app"]`,
	} {
		m.bad("aud/shape: "+name, "text or array of texts", m.signClaims("aud", value), jose.ErrClaim)
	}
	// What a reader that folds case would take for the claim.
	for _, name := range []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "azp", "at_hash", "email", "email_verified", "auth_time"} {
		twin := strings.ToUpper(name)
		m.bad("twin/"+twin, "name in the wrong case", m.signClaims(name, "", twin, `"x"`), jose.ErrMalformed)
		m.bad("twin/"+name+" and "+twin, "names differ in case alone", m.sign(m.header(), claims(name, `1`, twin, `2`)), jose.ErrMalformed)
		m.bad("twice/"+name, "duplicate name", m.sign(m.header(), `{"`+name+`":1,`+claims(name, `2`)[1:]), jose.ErrMalformed)
	}
	for name, twin := range map[string]string{
		"escaped": `\u0053ub`, "long s": "\u017fub", "long s escaped": `\u017fub`, "mixed": "sUb", "issuer with long s": "i\u017fs", "long s in nonce": "NONC\u0045", "Email_Verified": "Email_Verified",
	} {
		m.bad("twin/"+name, "name in the wrong case", m.signClaims(twin, `"admin"`), jose.ErrMalformed)
	}
	m.bad("twice/sub, escaped", "duplicate name", m.signClaims(`\u0073ub`, `"admin"`), jose.ErrMalformed)
	m.bad("claims/empty", "iss is required", m.sign(m.header(), `{}`), jose.ErrIssuer)
	m.bad("claims/in an inner object", "iss is required", m.sign(m.header(), `{"claims":`+claims()+`}`), jose.ErrIssuer)
	m.bad("claims/in the header", "iss is required", m.sign(strings.TrimSuffix(m.header(), "}")+","+claims()[1:], `{}`), jose.ErrIssuer)
}

// addTimes adds what is early, late or no time; the leeway is 60 s.
func (m *mint) addTimes() {
	at := func(seconds int) string { return fmt.Sprint(nowSeconds + seconds) }
	shapes := map[string]string{
		"null": `null`, "text": `"` + at(3600) + `"`, "empty text": `""`, "date": `"2033-05-18T03:33:20Z"`, "true": `true`, "false": `false`, "array": `[` + at(3600) + `]`, "empty array": `[]`, "object": `{"$date":` + at(3600) + `}`,
		"negative": `-1`, "negative fraction": `-0.5`, "milliseconds": at(3600) + `000`, "year 10000": `253402300800`, "largest int64": `9223372036854775807`, "beyond int64": `9223372036854775808`, "smallest int64": `-9223372036854775808`,
		"2^64 and an hour": `18446744075409551616`, "1e308": `1e308`, "1e400": `1e400`, "-1e400": `-1e400`, "1e99999999999999999999": `1e99999999999999999999`, "400 digits": strings.Repeat("9", 400),
	}
	for _, name := range []string{"exp", "nbf", "iat"} {
		for shape, value := range shapes {
			m.bad(name+"/"+shape, "NumericDate within the calendar", m.signClaims(name, value), jose.ErrClaim)
		}
		for shape, value := range map[string]string{"NaN": `NaN`, "Infinity": `Infinity`, "leading zero": `0` + at(3600), "hexadecimal": `0x7FFFFFFF`, "plus": `+` + at(3600), "point": at(3600) + `.`} {
			m.bad(name+"/"+shape, "no JSON number", m.signClaims(name, value), jose.ErrMalformed)
		}
	}
	m.bad("exp/missing", "a token must expire", m.signClaims("exp", ""), jose.ErrClaim)
	for name, value := range map[string]string{
		"zero": `0`, "minus zero": `-0`, "tiny": `1e-400`, "an hour ago": at(-3600), "at the leeway": at(-60), "before the leeway": at(-61) + `.9`, "fraction zero": at(-60) + `.0`, "small exponent": `1.7e3`, "32 bits": `1`,
		"negative exponent": at(-60) + `0e-1`,
	} {
		m.bad("exp/"+name, "expired", m.signClaims("exp", value), jose.ErrExpired)
	}
	for _, name := range []string{"nbf", "iat"} {
		for shape, value := range map[string]string{
			"past the leeway": at(61), "fraction past the leeway": at(60) + `.5`, "an hour ahead": at(3600), "far ahead": `253402300799`, "exponent": `2.5e11`, "exponent, capital": `2E+9`,
		} {
			m.bad(name+"/"+shape, "not valid yet", m.signClaims(name, value), jose.ErrNotYetValid)
		}
	}
	m.bad("times/expired and not yet valid", "expired", m.signClaims("exp", at(-100), "nbf", at(100)), jose.ErrExpired)
	other := &mint{alg: m.alg, key: corpusKeys()[string(m.alg)+"-other"].private}
	m.bad("times/expired and forged", "forgers learn of no time", other.signClaims("exp", at(-100)), jose.ErrSignature)
	m.bad("times/early and forged", "forgers learn of no time", other.signClaims("nbf", at(100)), jose.ErrSignature)
}
