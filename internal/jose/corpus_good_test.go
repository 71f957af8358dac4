package jose_test

import (
	"fmt"
	"strings"

	"example.com/stagedoor/internal/jose"
)

// addGood adds the variety that must be accepted: strictness that refuses what the
// standards allow is an outage.
func (m *mint) addGood() {
	at := func(seconds int) string { return fmt.Sprint(nowSeconds + seconds) }
	m.good("good", m.sign(m.header(), claims()))
	for name, changes := range map[string][]string{
		"typ absent":             {"typ", ""},
		"typ empty":              {"typ", `""`},
		"typ with prefix":        {"typ", `"application/JWT"`},
		"typ escaped":            {"typ", `"\u004aWT"`},
		"cty":                    {"cty", `"application/json"`},
		"kid of the bound key":   {"kid", `"` + string(m.alg) + `-bound"`},
		"kid escaped":            {"kid", `"\u00` + fmt.Sprintf("%02x", m.alg[0]) + string(m.alg)[1:] + `"`},
		"alg escaped":            {"alg", `"\u00` + fmt.Sprintf("%02X", m.alg[0]) + string(m.alg)[1:] + `"`},
		"jku that nobody reads":  {"jku", `"https://evil.example.com/keys"`},
		"jwk that nobody reads":  {"jwk", `{"kty":"oct","k":"AAAA"}`},
		"x5t":                    {"x5t", `"AAAA"`, "x5t#S256", `"AAAA"`},
		"foreign header members": {"nonce", `"x"`, "iss", `"y"`, "a", `[1,{"b":null}]`},
		"claim names as headers": {"sub", `"admin"`, "exp", `0`},
		"empty name":             {"", `1`},
	} {
		m.good("header/"+name, m.signHeader(changes...))
	}
	m.good("header/other order", m.sign(`{"typ":"JWT","kid":"`+string(m.alg)+`","alg":"`+string(m.alg)+`"}`, claims()))
	m.good("header/white space", m.sign(" \t\r\n"+strings.ReplaceAll(strings.ReplaceAll(m.header(), ":", " : "), ",", " ,\n"), claims()))
	m.good("header/name escaped", m.sign(strings.Replace(m.header(), `"alg"`, `"\u0061lg"`, 1), claims()))
	for name, changes := range map[string][]string{
		"aud array":                {"aud", `["app"]`},
		"aud among others":         {"aud", `["other","app2","another"]`},
		"aud with white space":     {"aud", "[ \"other\" ,\n\"app\"\t]"},
		"aud twice":                {"aud", `["app","app"]`},
		"aud escaped":              {"aud", `"\u0061pp"`},
		"aud array, escaped":       {"aud", `["a\"b,]","\u0061pp"]`},
		"aud of 200":               {"aud", `[` + strings.Repeat(`"x",`, 199) + `"app"]`},
		"iss escaped":              {"iss", `"https:\/\/issuer.example.com"`},
		"sub absent":               {"sub", ""},
		"sub empty":                {"sub", `""`},
		"sub unicode":              {"sub", `"zoë 😀 \ud83d\ude00 \u00e9 e` + "\u0301" + `"`},
		"sub with NUL":             {"sub", `"jane\u0000"`},
		"sub with escapes":         {"sub", `"\"\\\/\b\f\n\r\t\u2028"`},
		"sub of 10,000 bytes":      {"sub", `"` + strings.Repeat("x", 10000) + `"`},
		"sub with noncharacters":   {"sub", `"\uffff\ufdd0` + "\U0010ffff" + `"`},
		"jti":                      {"jti", `"a-b-c"`},
		"iat absent":               {"iat", ""},
		"iat within the leeway":    {"iat", at(60)},
		"iat zero":                 {"iat", `0`},
		"iat minus zero":           {"iat", `-0`},
		"iat with a fraction":      {"iat", at(0) + `.25`},
		"nbf":                      {"nbf", at(-1)},
		"nbf within the leeway":    {"nbf", at(60)},
		"nbf tiny":                 {"nbf", `1e-400`},
		"exp within the leeway":    {"exp", at(-59)},
		"exp in half a second":     {"exp", at(-60) + `.5`},
		"exp with a fraction":      {"exp", at(3600) + `.123456789`},
		"exp with many decimals":   {"exp", at(3600) + `.` + strings.Repeat("3", 300)},
		"exp with an exponent":     {"exp", `1.8e9`},
		"exp with capital E":       {"exp", `18E+8`},
		"exp, negative exponent":   {"exp", `1800000000000e-3`},
		"exp in the year 9999":     {"exp", `253402300799`},
		"nested objects":           {"a", `{"sub":{"sub":1,"aud":[{"sub":2}]}}`},
		"32 levels":                {"a", strings.Repeat("[", 31) + strings.Repeat("]", 31)},
		"literals":                 {"a", `[null,true,false]`, "b", `null`, "c", `true`},
		"numbers":                  {"a", `[0,-0,1.5,-1.5e-3,1E9,123456789012345678901234567890,1e400]`},
		"empty values":             {"a", `""`, "b", `[]`, "c", `{}`},
		"empty name":               {"", `1`},
		"unicode names":            {"é", `1`, "\u0065\u0301", `2`, "名", `3`, `\u00e8`, `4`},
		"names that look alike":    {"ѕub", `"admin"`, "sub ", `"admin"`, "su\u200bb", `"admin"`, "sub\\u0000", `"admin"`},
		"names of prototypes":      {"__proto__", `{}`, "constructor", `1`},
		"capital names":            {"Role", `"x"`, "TEAM", `"y"`, "\u00c9", `1`},
		"JSON in a text":           {"a", `"{\"sub\":\"admin\",\"sub\":1}"`},
		"dots and token in a text": {"a", `"eyJhbGciOiJub25lIn0.e30."`},
		"events of OpenID":         {"nonce", `"n"`, "azp", `"app"`, "at_hash", `"x"`, "email", `"j@example.com"`, "email_verified", `true`, "amr", `["pwd"]`},
	} {
		m.good("claims/"+name, m.signClaims(changes...))
	}
	m.good("claims/name escaped", m.sign(m.header(), strings.Replace(claims(), `"sub"`, `"\u0073ub"`, 1)))
	m.good("claims/other order", m.sign(m.header(), `{"exp":`+at(3600)+`,"aud":"app","iss":"`+issuerURL+`"}`))
	m.good("claims/white space", m.sign(m.header(), "\r\n\t "+strings.NewReplacer(`":`, "\" :\n", ",", "\t, ").Replace(claims())+" \n"))
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, `"c%d":%d,`, i, i)
	}
	m.good("claims/1,000 of them", m.sign(m.header(), "{"+many.String()+claims()[1:]))
	m.good("claims/first of many", m.sign(m.header(), strings.TrimSuffix(claims(), "}")+","+strings.TrimSuffix(many.String(), ",")+"}"))
	m.good("structure/as large as may be", m.sized(jose.MaxSize-3))
}
