package jose_test

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"example.com/stagedoor/internal/jose"
)

// addStructure adds what is not three parts (RFC 7515 sections 3.1 and 7).
func (m *mint) addStructure() {
	h, p, s := m.parts()
	good := h + "." + p + "." + s
	for name, raw := range map[string]string{
		"empty": "", "dot": ".", "two dots": "..", "three dots": "...", "10,000 dots": strings.Repeat(".", 10000), "space": " ", "NUL": "\x00",
		"one part": h, "two parts": h + "." + p, "no signature": h + "." + p + ".", "detached payload": h + ".." + s, "no header": "." + p + "." + s,
		"header alone": h + "..", "payload alone": "." + p + ".", "signature alone": ".." + s,
		"four parts": good + "." + s, "five parts": good + "." + s + "." + s, "JWE shape": h + ".." + p + "." + s + "." + s, "JWE alone": h + "....",
		"leading dot": "." + good, "trailing dot": good + ".", "double dot": h + "." + p + ".." + s,
		"Bearer": "Bearer " + good, "DPoP": "DPoP " + good, "quoted": `"` + good + `"`, "two tokens": good + "," + good, "two lines": good + "\n" + good,
		"leading space": " " + good, "trailing space": good + " ", "tab": good + "\t", "trailing CR LF": good + "\r\n", "leading BOM": "\ufeff" + good,
		"trailing NUL": good + "\x00", "leading NUL": "\x00" + good, "trailing text": good + ";a=b", "fragment": good + "#x", "query": good + "?x=.y",
		"other separator": h + "," + p + "," + s, "colon": h + ":" + p + ":" + s, "full width dots": h + "\uff0e" + p + "\uff0e" + s,
		"middle dots": h + "·" + p + "·" + s, "escaped dots": h + "%2e" + p + "%2e" + s, "space at a dot": h + ". " + p + "." + s,
		"flattened JSON": `{"protected":"` + h + `","payload":"` + p + `","signature":"` + s + `"}`,
		"general JSON":   `{"payload":"` + p + `","signatures":[{"protected":"` + h + `","signature":"` + s + `"}]}`,
		"unprotected":    `{"header":` + m.header() + `,"payload":"` + p + `","signature":"` + s + `"}`,
		"JWE JSON":       `{"protected":"` + h + `","iv":"AAAA","ciphertext":"` + p + `","tag":"AAAA"}`,
		"JSON array":     `["` + good + `"]`, "claims alone": claims(), "JWK": `{"kty":"oct","k":"AAAA"}`,
		"whole token encoded": encodePart(good), "SD-JWT": good + "~", "SD-JWT disclosure": good + "~WyJhIiwiYiIsImMiXQ~", "PASETO": "v4.public." + p,
		"too large":        m.sign(m.header(), claims("pad", `"`+strings.Repeat("x", jose.MaxSize)+`"`)),
		"just too large":   m.sized(jose.MaxSize + 1),
		"1 MiB of letters": strings.Repeat("A", 1<<20),
	} {
		m.bad("structure/"+name, "not one compact JWS", raw, jose.ErrMalformed)
	}
	m.bad("structure/parts swapped", "claims for a header", p+"."+h+"."+s, jose.ErrAlgorithm)
	for name, header := range map[string]string{
		"JWE header": `{"alg":"RSA-OAEP","enc":"A256GCM"}`, "PBES2": `{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2s":"AAAA","p2c":2147483647}`,
	} {
		m.bad("structure/"+name+" in three parts", "belongs to JWE", m.sign(header, claims()), jose.ErrMalformed)
		m.bad("structure/"+name+" in five parts", "belongs to JWE", encodePart(header)+".AAAA.AAAA.AAAA.AAAA", jose.ErrMalformed)
	}
	m.bad("structure/nested token", "payload is no object", m.seal(encodePart(m.header("cty", `"JWT"`))+"."+encodePart(good)), jose.ErrMalformed)
	m.bad("structure/nested token as text", "payload is no object", m.sign(m.header("cty", `"JWT"`), `"`+good+`"`), jose.ErrMalformed)
}

// sized returns a good token of at least size bytes, and hardly more.
func (m *mint) sized(size int) string {
	bare := m.signClaims("pad", `""`)
	pad := (size - len(bare)) * 3 / 4
	for {
		if raw := m.signClaims("pad", `"`+strings.Repeat("x", pad)+`"`); len(raw) >= size {
			return raw
		}
		pad++
	}
}

const base64urlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// respelled returns another text that a careless decoder takes for part: with one of
// the spare bits of its last character set. ok is false if it has none.
func respelled(part string) (string, bool) {
	if len(part)%4 == 0 || len(part) == 0 {
		return "", false
	}
	last := strings.IndexByte(base64urlAlphabet, part[len(part)-1])
	return part[:len(part)-1] + string(base64urlAlphabet[last|1]), true
}

// addBase64 adds what is no canonical base64url (RFC 7515 section 2, RFC 4648 sections
// 3.2 to 3.5). Parts that are respelled before signing carry a good signature.
func (m *mint) addBase64() {
	// Payloads of every length modulo three, so that each part has spare bits once.
	signed := make(map[int][2]string)
	for _, pad := range []string{"", "x", "xx"} {
		h, p := encodePart(m.header("pad", `"`+pad+`"`)), encodePart(claims("pad", `"`+pad+`"`))
		signed[len(p)%4] = [2]string{h, p}
		if other, ok := respelled(p); ok {
			m.bad("base64/spare bits in the payload, "+pad+".", "trailing bits must be zero", m.seal(h+"."+other), jose.ErrMalformed)
		}
		if other, ok := respelled(h); ok {
			m.bad("base64/spare bits in the header, "+pad+".", "trailing bits must be zero", m.seal(other+"."+p), jose.ErrMalformed)
		}
	}
	h, p, s := m.parts()
	if other, ok := respelled(s); ok {
		m.bad("base64/spare bits in the signature", "trailing bits must be zero", h+"."+p+"."+other, jose.ErrMalformed)
	}
	h2, p2 := signed[2][0], signed[2][1]
	edits := map[string]func(string) string{
		"=":            func(part string) string { return part + "=" },
		"==":           func(part string) string { return part + "==" },
		"===":          func(part string) string { return part + "===" },
		"%3D":          func(part string) string { return part + "%3D%3D" },
		"newline":      func(part string) string { return part[:5] + "\n" + part[5:] },
		"CR LF":        func(part string) string { return part[:4] + "\r\n" + part[4:] },
		"end of line":  func(part string) string { return part + "\n" },
		"start of it":  func(part string) string { return "\r" + part },
		"space":        func(part string) string { return part[:4] + " " + part[4:] },
		"tab":          func(part string) string { return part[:4] + "\t" + part[4:] },
		"NUL":          func(part string) string { return part[:4] + "\x00" + part[4:] },
		"plus":         func(part string) string { return part[:4] + "+" + part[5:] },
		"slash":        func(part string) string { return part[:4] + "/" + part[5:] },
		"star":         func(part string) string { return part[:4] + "*" + part[5:] },
		"soft hyphen":  func(part string) string { return part[:4] + "\u00ad" + part[5:] },
		"full width":   func(part string) string { return part[:4] + "\uff21" + part[5:] },
		"one letter":   func(part string) string { return part + strings.Repeat("A", 1+(4-len(part)%4)%4) },
		"high byte":    func(part string) string { return part[:4] + "\xc1" + part[5:] },
		"UTF-7":        func(part string) string { return "+" + part + "-" },
		"percent":      func(part string) string { return "%65" + part[1:] },
		"hexadecimal":  func(part string) string { return hex.EncodeToString([]byte(part)) + "!" },
		"MIME wrapped": func(part string) string { return part[:20] + "\r\n" + part[20:40] + "\r\n" + part[40:] },
	}
	for name, edit := range edits {
		m.bad("base64/header: "+name, "alphabet or length", m.seal(edit(h2)+"."+p2), jose.ErrMalformed)
		m.bad("base64/payload: "+name, "alphabet or length", m.seal(h2+"."+edit(p2)), jose.ErrMalformed)
		m.bad("base64/signature: "+name, "alphabet or length", h+"."+p+"."+edit(s), jose.ErrMalformed)
	}
	// The other alphabet, where it differs.
	text := claims("x", `"`+strings.Repeat("?>~", 6)+`"`)
	for len(text)%3 != 0 || !strings.ContainsAny(encodePart(text), "-_") {
		text = strings.Replace(text, `"?`, `"??`, 1)
	}
	m.bad("base64/payload: standard alphabet", "alphabet", m.seal(h+"."+base64.StdEncoding.EncodeToString([]byte(text))), jose.ErrMalformed)
	m.bad("base64/padded throughout", "RFC 7515 section 2: no padding", m.seal(encodePadded(m.header("pad", `"x"`)+" ")+"."+encodePadded(claims("pad", `"x"`)+" "))+"=", jose.ErrMalformed)
	m.bad("base64/payload not encoded", "alphabet", m.seal(h+"."+claims()), jose.ErrMalformed)
	m.bad("base64/header not encoded", "alphabet", m.seal(m.header()+"."+p), jose.ErrMalformed)
	m.bad("base64/payload encoded twice", "no object", m.seal(h+"."+encodePart(p)), jose.ErrMalformed)
	m.bad("base64/header encoded twice", "no object", m.seal(encodePart(h)+"."+p), jose.ErrMalformed)
	m.bad("base64/base32", "no object", m.seal(h+"."+strings.ToLower(p)), jose.ErrMalformed)
}
