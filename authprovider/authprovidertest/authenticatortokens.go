package authprovidertest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"
)

// compactToken is a token taken apart, with the texts as they were signed.
type compactToken struct {
	bearer          string // "Bearer " if it stood in front
	header, payload []byte
	signature       []byte
	encoding        *base64.Encoding
}

// parseToken takes apart a header's value.
func parseToken(value string) (compactToken, bool) {
	var t compactToken
	rest, bearer := strings.CutPrefix(value, "Bearer ")
	if bearer {
		t.bearer = "Bearer "
	}
	parts := strings.Split(rest, ".")
	if len(parts) != 3 {
		return t, false
	}
	t.encoding = base64.RawURLEncoding
	if strings.HasSuffix(parts[2], "=") {
		t.encoding = base64.URLEncoding // AWS load balancers pad
	}
	for i, into := range []*[]byte{&t.header, &t.payload, &t.signature} {
		var err error
		if *into, err = t.encoding.DecodeString(parts[i]); err != nil {
			return t, false
		}
	}
	return t, json.Valid(t.header) && json.Valid(t.payload)
}

func (t compactToken) encode(header, payload []byte) string {
	return t.encoding.EncodeToString(header) + "." + t.encoding.EncodeToString(payload)
}

func (t compactToken) String() string {
	return t.bearer + t.encode(t.header, t.payload) + "." + t.encoding.EncodeToString(t.signature)
}

// edit returns the object with members set, or removed if the value is nil.
func edit(t testing.TB, object []byte, members map[string]any) []byte {
	t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal(object, &all); err != nil {
		t.Fatalf("the token is not made of JSON objects: %v", err)
	}
	for name, value := range members {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if all[name] = text; value == nil {
			delete(all, name)
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return text
}

// has reports whether the object has a member.
func has(object []byte, name string) bool {
	var all map[string]json.RawMessage
	return json.Unmarshal(object, &all) == nil && all[name] != nil
}

// withText puts text at the front or the end of an object.
func withText(object []byte, front, end string) []byte {
	return []byte("{" + front + string(object[1:len(object)-1]) + end + "}")
}

// take returns the token of a good request.
func (r *authenticatorRig[R]) take(t testing.TB) compactToken {
	t.Helper()
	token, ok := parseToken(r.good())
	if !ok {
		t.Fatalf("the proxy sent no token")
	}
	return token
}

// forgeryCases are tokens as anybody can make them.
func forgeryCases[R any]() []conformanceCase[*authenticatorRig[R]] {
	return []conformanceCase[*authenticatorRig[R]]{
		{"tampered tokens", "What was signed is what is read: a token that differs from the signed one in one character is refused.", func(t testing.TB, r *authenticatorRig[R]) {
			r.accept(t, "a good request", r.request())
			for part := range 3 {
				token := r.take(t)
				raw := strings.Split(strings.TrimPrefix(token.String(), token.bearer), ".")
				for _, at := range []int{0, len(raw[part]) / 3, len(raw[part]) / 2} {
					changed := []byte(raw[part])
					changed[at] = flip(changed[at])
					parts := append([]string(nil), raw...)
					parts[part] = string(changed)
					r.refuse(t, fmt.Sprintf("part %d changed", part+1), r.with(token.bearer+strings.Join(parts, ".")))
				}
			}
			token := r.take(t)
			token.payload = edit(t, token.payload, map[string]any{"sub": "somebody-else", "email": "somebody-else@example.com"})
			r.refuse(t, "another payload under the same signature", r.with(token.String()))
		}},
		{"spoiled signatures", "A signature is as long as its algorithm makes it, in its one encoding (RFC 7518 sections 3.3 and 3.4).", func(t testing.TB, r *authenticatorRig[R]) {
			r.accept(t, "a good request", r.request())
			for what, spoil := range map[string]func([]byte) []byte{
				"none":      func([]byte) []byte { return nil },
				"truncated": func(s []byte) []byte { return s[:len(s)-1] },
				"one byte":  func(s []byte) []byte { return s[:1] },
				"longer":    func(s []byte) []byte { return append(s, 0) },
				"in front":  func(s []byte) []byte { return append([]byte{0}, s...) },
				"zero":      func(s []byte) []byte { return make([]byte, len(s)) },
				"ASN.1":     toASN1,
				"twice":     func(s []byte) []byte { return append(s, s...) },
			} {
				token := r.take(t)
				token.signature = spoil(token.signature)
				r.refuse(t, "signature "+what, r.with(token.String()))
			}
		}},
		{"spoiled spelling", "A token has one spelling: three parts in the alphabet of base64url, and nothing around them (RFC 7515 section 7.1).", func(t testing.TB, r *authenticatorRig[R]) {
			r.accept(t, "a good request", r.request())
			spellings := map[string]func(string) string{
				"a dot behind":      func(s string) string { return s + "." },
				"a dot in front":    func(s string) string { return "." + s },
				"two parts":         func(s string) string { return s[:strings.LastIndex(s, ".")] },
				"five parts":        func(s string) string { return s + ".AAAA.AAAA" },
				"a line break":      func(s string) string { return s + "\n" },
				"a space behind":    func(s string) string { return s + " " },
				"a space in front":  func(s string) string { return " " + s },
				"more padding":      func(s string) string { return s + "=" },
				"quotes":            func(s string) string { return `"` + s + `"` },
				"an inner break":    func(s string) string { return s[:40] + "\n" + s[40:] },
				"standard alphabet": func(s string) string { return s + "+/" },
				"Basic":             func(s string) string { return "Basic " + s },
				"Bearer twice":      func(s string) string { return "Bearer Bearer " + s },
				"JSON":              func(s string) string { return `{"payload":"` + s + `"}` },
			}
			for what, spell := range spellings {
				token := r.take(t)
				r.refuse(t, what, r.with(token.bearer+spell(strings.TrimPrefix(token.String(), token.bearer))))
			}
			token := r.take(t)
			r.refuse(t, "another spelling of the same bytes", r.with(respell(token)))
		}},
		{"algorithms", "The algorithm is the key's, not the token's to choose: none, or HMAC with what everybody knows, is a forgery (RFC 8725 section 2.1).", func(t testing.TB, r *authenticatorRig[R]) {
			r.accept(t, "a good request", r.request())
			for _, alg := range []any{"none", "None", "NONE", "nOnE", "", 0, []string{"none"}, map[string]any{}} {
				token := r.take(t)
				token.header = edit(t, token.header, map[string]any{"alg": alg})
				r.refuse(t, fmt.Sprintf("alg %v with a signature", alg), r.with(token.String()))
				token.signature = nil
				r.refuse(t, fmt.Sprintf("alg %v without", alg), r.with(token.String()))
			}
			if r.Edge == nil {
				return
			}
			for what, secret := range spellingsOf(t, r.Edge.PublicKey()) {
				token := r.take(t)
				token.header = edit(t, token.header, map[string]any{"alg": "HS256"})
				mac := hmac.New(sha256.New, secret)
				mac.Write([]byte(token.encode(token.header, token.payload)))
				token.signature = mac.Sum(nil)
				r.refuse(t, "HS256 keyed with "+what, r.with(token.String()))
			}
		}},
		{"foreign keys", "A key comes from where the configuration says, and never from the token: jwk, jku, x5c and x5u are the forger's own (RFC 8725 section 3.10).", func(t testing.TB, r *authenticatorRig[R]) {
			r.accept(t, "a good request", r.request())
			forger := newForger(t, r.take(t).header)
			const evil = "https://evil.example.net/keys"
			for what, members := range map[string]map[string]any{
				"a foreign key under the same kid": {},
				"no kid":                           {"kid": nil},
				"an empty kid":                     {"kid": ""},
				"a kid that is a number":           {"kid": 1},
				"an unknown kid":                   {"kid": "00000000-0000-4000-8000-000000000000"},
				"a kid that leads elsewhere":       {"kid": "../../evil.example.net/keys"},
				"a kid that is a URL":              {"kid": evil},
				"a kid with a query":               {"kid": "x?y=z#"},
				"jwk":                              {"jwk": forger.jwk()},
				"jwk and its kid":                  {"jwk": forger.jwk(), "kid": "forged"},
				"jku":                              {"jku": evil},
				"x5u":                              {"x5u": evil},
				"x5c":                              {"x5c": []string{base64.StdEncoding.EncodeToString(forger.der(t))}},
			} {
				r.pass(time.Minute)
				token := r.take(t)
				token.header = edit(t, token.header, members)
				token.signature = forger.sign(t, token.encode(token.header, token.payload))
				r.refuse(t, what, r.with(token.String()))
			}
			r.accept(t, "a good request afterwards", r.request())
		}},
	}
}

// flip returns another character of the alphabet, whose bits differ in the upper half.
func flip(c byte) byte {
	if c == 'A' {
		return 'w'
	}
	return 'A'
}

// respell changes bits of the signature's last character that stand for nothing.
func respell(t compactToken) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	text := t.String()
	bare := strings.TrimRight(text, "=")
	if len(t.signature)%3 == 0 {
		return bare + "A" // no such bits
	}
	last := strings.IndexByte(alphabet, bare[len(bare)-1])
	return bare[:len(bare)-1] + string(alphabet[last^1]) + text[len(bare):]
}

func toASN1(raw []byte) []byte {
	half := len(raw) / 2
	der, err := asn1.Marshal([]*big.Int{new(big.Int).SetBytes(raw[:half]), new(big.Int).SetBytes(raw[half:])})
	if err != nil {
		return nil
	}
	return der
}

// spellingsOf are what a careless verifier could take for an HMAC key.
func spellingsOf(t testing.TB, public crypto.PublicKey) map[string][]byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatalf("public key: %v", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	return map[string][]byte{"PEM": text, "PEM without a line break": bytes.TrimSpace(text), "DER": der, "nothing": {}}
}

// forger has a key of the right type that nobody published.
type forger struct{ key crypto.Signer }

func newForger(t testing.TB, header []byte) forger {
	t.Helper()
	var h struct {
		Alg string `json:"alg"`
	}
	if err := json.Unmarshal(header, &h); err != nil {
		t.Fatalf("token header: %v", err)
	}
	var key crypto.Signer
	var err error
	if strings.HasPrefix(h.Alg, "ES") {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatalf("%v", err)
	}
	return forger{key}
}

func (f forger) sign(t testing.TB, input string) []byte {
	t.Helper()
	digest := sha256.Sum256([]byte(input))
	if private, ok := f.key.(*ecdsa.PrivateKey); ok {
		r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
		if err != nil {
			t.Fatalf("%v", err)
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	signature, err := f.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return signature
}

func (f forger) jwk() map[string]any {
	b64 := base64.RawURLEncoding.EncodeToString
	switch public := f.key.Public().(type) {
	case *ecdsa.PublicKey:
		if point, err := public.Bytes(); err == nil { // 0x04 || X || Y
			return map[string]any{"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:]), "kid": "forged"}
		}
	case *rsa.PublicKey:
		return map[string]any{"kty": "RSA", "n": b64(public.N.Bytes()), "e": b64(big.NewInt(int64(public.E)).Bytes()), "kid": "forged"}
	}
	return nil
}

// der is a certificate over the forger's key.
func (f forger) der(t testing.TB) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, f.key.Public(), f.key)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return der
}
