package jose_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"example.com/stagedoor/internal/jose"
)

// signed returns a good signing input, its signature, and a function that puts another
// signature in its place.
func (m *mint) signed() (text string, signature []byte, replace func([]byte) string) {
	text = encodePart(m.header()) + "." + encodePart(claims())
	return text, rawSignature(m.alg, m.key, text), func(other []byte) string { return text + "." + encodePart(string(other)) }
}

// addSignatures adds signatures that are none, whatever the algorithm.
func (m *mint) addSignatures() {
	const not = "not the key's signature over these bytes"
	text, sig, replace := m.signed()
	size := len(sig)
	flipped := func(i int) []byte {
		other := bytes.Clone(sig)
		other[i] ^= 1
		return other
	}
	reversed := bytes.Clone(sig)
	slices.Reverse(reversed)
	for name, other := range map[string][]byte{
		"all zero": make([]byte, size), "all ones": bytes.Repeat([]byte{0xff}, size), "one zero byte": {0}, "one": append(make([]byte, size-1), 1),
		"truncated": sig[:size-1], "first byte cut": sig[1:], "first half": sig[:size/2], "second half": sig[size/2:], "halves swapped": append(bytes.Clone(sig[size/2:]), sig[:size/2]...),
		"extended by zero": append(bytes.Clone(sig), 0), "extended by a byte": append(bytes.Clone(sig), 1), "leading zero": append([]byte{0}, sig...), "twice": append(bytes.Clone(sig), sig...), "reversed": reversed,
		"first bit": flipped(0), "middle bit": flipped(size / 2), "last bit": flipped(size - 1), "hexadecimal": []byte(hex.EncodeToString(sig)), "encoded twice": []byte(encodePart(string(sig))), "20,000 zeros": make([]byte, 20000),
		"inverted": func() []byte {
			other := bytes.Clone(sig)
			for i := range other {
				other[i] ^= 0xff
			}
			return other
		}(),
	} {
		m.bad("signature/"+name, not, replace(other), jose.ErrSignature)
	}
	over := func(signed string) []byte { return rawSignature(m.alg, m.key, signed) }
	h, p, _ := strings.Cut(text, ".")
	for name, signed := range map[string]string{
		"nothing": "", "the payload alone": p, "the header alone": h, "a dot too many": text + ".", "the decoded texts": m.header() + "." + claims(), "the decoded payload": h + "." + claims(), "the padded texts": encodePadded(m.header()) + "." + encodePadded(claims()+"  "),
		"the texts without the dot": h + p, "the parts swapped": p + "." + h, "the text and a newline": text + "\n", "lower case": strings.ToLower(text), "the digest": string(sum(crypto.SHA256, text)),
	} {
		m.bad("signature/over "+name, not, replace(over(signed)), jose.ErrSignature)
	}
	m.bad("signature/of another payload", not, text+"."+encodePart(string(over(h+"."+encodePart(claims("sub", `"john"`))))), jose.ErrSignature)
	m.bad("signature/of another header", not, text+"."+encodePart(string(over(encodePart(m.header("typ", ""))+"."+p))), jose.ErrSignature)
	m.bad("signature/claims respelled after signing", not, h+"."+encodePart(claims()+" ")+"."+encodePart(string(sig)), jose.ErrSignature)
	m.bad("signature/header respelled after signing", not, encodePart(m.header()+" ")+"."+p+"."+encodePart(string(sig)), jose.ErrSignature)
	m.bad("signature/sub changed after signing", not, h+"."+encodePart(claims("sub", `"admin"`))+"."+encodePart(string(sig)), jose.ErrSignature)
}

// addECDSA adds what RFC 7518 section 3.4 and FIPS 186-5 refuse.
func (m *mint) addECDSA(key *ecdsa.PrivateKey) {
	const not = "R and S of fixed length, both within 1..n-1"
	curve := key.Curve
	n := curve.Params().N
	text, sig, replace := m.signed()
	half := len(sig) / 2
	r, s := new(big.Int).SetBytes(sig[:half]), new(big.Int).SetBytes(sig[half:])
	zero, one := new(big.Int), big.NewInt(1)
	less := new(big.Int).Sub(n, one)
	more := new(big.Int).Add(n, one)
	for name, pair := range map[string][2]*big.Int{
		"R zero": {zero, s}, "S zero": {r, zero}, "R = n": {n, s}, "S = n": {r, n}, "both n": {n, n}, "R zero, S = n": {zero, n}, "R > n": {more, s}, "S > n": {r, more}, "R = 1, S = 0": {one, zero},
		"R = S = 1": {one, one}, "R = n-1": {less, s}, "S = n-1": {r, less}, "R = p": {new(big.Int).Mod(curve.Params().P, new(big.Int).Lsh(one, uint(8*half))), s}, "R = S": {r, r},
		"R negated": {new(big.Int).Sub(n, r), s}, "R is the base point's": {new(big.Int).Mod(curve.Params().Gx, n), one},
	} {
		m.bad("signature/"+name, not, replace(fixed(curve, pair[0], pair[1])), jose.ErrSignature)
	}
	der := must(asn1.Marshal(struct{ R, S *big.Int }{r, s}))
	m.bad("signature/DER", not, replace(der), jose.ErrSignature)
	padded := append(bytes.Clone(der), make([]byte, max(0, 2*half-len(der)))...)
	m.bad("signature/DER and zeros", not, replace(append(padded, 0)), jose.ErrSignature)
	m.bad("signature/both one byte longer", not, replace(append(append([]byte{0}, sig[:half]...), append([]byte{0}, sig[half:]...)...)), jose.ErrSignature)
	m.bad("signature/S one byte longer", not, replace(append(append(bytes.Clone(sig[:half]), 0), sig[half:]...)), jose.ErrSignature)
	m.bad("signature/recovery byte after", not, replace(append(bytes.Clone(sig), 27)), jose.ErrSignature)
	m.bad("signature/recovery byte before", not, replace(append([]byte{4}, sig...)), jose.ErrSignature)
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA224, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		if h != hashOf(m.alg) {
			r, s, err := ecdsa.Sign(rand.Reader, key, sum(h, text))
			if err != nil {
				panic(err)
			}
			m.bad("signature/over "+h.String(), "hash of another algorithm", replace(fixed(curve, r, s)), jose.ErrSignature)
		}
	}
	// One in 256 signatures has an R that begins with zero; without it the text is short.
	for i := 0; ; i++ {
		signed := encodePart(m.header()) + "." + encodePart(claims("jti", fmt.Sprintf(`"%d"`, i)))
		sig := rawSignature(m.alg, key, signed)
		if sig[0] == 0 {
			m.bad("signature/R without its leading zero", not, signed+"."+encodePart(string(sig[1:])), jose.ErrSignature)
			m.good("signature/R with its leading zero", signed+"."+encodePart(string(sig)))
			break
		}
	}
	// RFC 7518 does not ask for the lower S: both roots are signatures.
	m.good("signature/other root", replace(fixed(curve, r, new(big.Int).Sub(n, s))))
}

// addRSA adds what RFC 8017 sections 8.1.2 and 8.2.2 refuse. Most are made with the
// private key, as only a careless check of the padding would take them.
func (m *mint) addRSA(key *rsa.PrivateKey) {
	text, sig, replace := m.signed()
	size := key.Size()
	power := func(encoded []byte) []byte {
		c := new(big.Int).SetBytes(encoded)
		return c.Exp(c, key.D, key.N).FillBytes(make([]byte, size))
	}
	em := new(big.Int).Exp(new(big.Int).SetBytes(sig), big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, size))
	reworked := func(edit func(em []byte)) []byte {
		other := bytes.Clone(em)
		edit(other)
		return power(other)
	}
	n := key.N
	for name, other := range map[string]*big.Int{"modulus": n, "modulus less one": new(big.Int).Sub(n, big.NewInt(1)), "modulus and one": new(big.Int).Add(n, big.NewInt(1)), "negated": new(big.Int).Sub(n, new(big.Int).SetBytes(sig))} {
		m.bad("signature/"+name, "representative out of range", replace(other.FillBytes(make([]byte, size))), jose.ErrSignature)
	}
	m.bad("signature/plus the modulus", "representative out of range", replace(new(big.Int).Add(new(big.Int).SetBytes(sig), n).FillBytes(make([]byte, size+1))), jose.ErrSignature)
	m.bad("signature/encoded message alone", "no signature", replace(em), jose.ErrSignature)
	m.bad("signature/trailer", "padding", replace(reworked(func(em []byte) { em[size-1] ^= 1 })), jose.ErrSignature)
	m.bad("signature/padding bit", "padding", replace(reworked(func(em []byte) { em[20] ^= 1 })), jose.ErrSignature)
	m.bad("signature/second byte", "padding", replace(reworked(func(em []byte) { em[1] ^= 0x81 })), jose.ErrSignature)
	for i := 0; ; i++ { // a signature that begins with zero
		signed := encodePart(m.header()) + "." + encodePart(claims("jti", fmt.Sprintf(`"%d"`, i)))
		sig := rawSignature(m.alg, key, signed)
		if sig[0] == 0 {
			m.bad("signature/without its leading zero", "length of the modulus", signed+"."+encodePart(string(sig[1:])), jose.ErrSignature)
			m.good("signature/with its leading zero", signed+"."+encodePart(string(sig)))
			break
		}
	}
	if m.alg == jose.PS256 {
		h := crypto.SHA256
		for _, salt := range []int{1, 20, 31, 33, 48, rsa.PSSSaltLengthAuto} {
			other := must(rsa.SignPSS(rand.Reader, key, h, sum(h, text), &rsa.PSSOptions{SaltLength: salt}))
			m.bad(fmt.Sprintf("signature/salt length %d", salt), "RFC 7518 section 3.5: as long as the hash", replace(other), jose.ErrSignature)
		}
		for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA384, crypto.SHA512} {
			other := must(rsa.SignPSS(rand.Reader, key, h, sum(h, text), &rsa.PSSOptions{SaltLength: 32}))
			m.bad("signature/over "+h.String(), "hash of another algorithm", replace(other), jose.ErrSignature)
		}
		m.bad("signature/top bit", "padding", replace(reworked(func(em []byte) { em[0] ^= 0x40 })), jose.ErrSignature)
		return
	}
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA384, crypto.SHA512} {
		m.bad("signature/over "+h.String(), "hash of another algorithm", replace(must(rsa.SignPKCS1v15(nil, key, h, sum(h, text)))), jose.ErrSignature)
	}
	m.bad("signature/no DigestInfo", "padding", replace(must(rsa.SignPKCS1v15(nil, key, 0, sum(crypto.SHA256, text)))), jose.ErrSignature)
	digest := sum(crypto.SHA256, text)
	info := em[size-19-32 : size-32]
	without := slices.Concat([]byte{0x30, 0x2f, 0x30, 0x0b}, info[4:15], []byte{0x04, 0x20}, digest) // no NULL for parameters
	build := func(padding int, fill byte, tail ...byte) []byte {
		out := append([]byte{0, 1}, bytes.Repeat([]byte{fill}, padding)...)
		return append(append(out, 0), tail...)
	}
	whole := append(bytes.Clone(info), digest...)
	rest := func(tail []byte) int { return size - 3 - len(tail) }
	m.bad("signature/no NULL", "one DER form", replace(power(build(rest(without), 0xff, without...))), jose.ErrSignature)
	m.bad("signature/padding of zeros", "padding", replace(power(build(rest(whole), 0, whole...))), jose.ErrSignature)
	garbage := append(bytes.Clone(whole), bytes.Repeat([]byte{0xaa}, 100)...) // Bleichenbacher 2006
	m.bad("signature/garbage after the digest", "padding", replace(power(build(rest(garbage), 0xff, garbage...))), jose.ErrSignature)
	short := append(bytes.Clone(whole), make([]byte, size-3-8-len(whole))...)
	m.bad("signature/eight bytes of padding", "padding", replace(power(build(8, 0xff, short...))), jose.ErrSignature)
	inside := append(append(bytes.Clone(info), bytes.Repeat([]byte{1}, 10)...), digest...)
	m.bad("signature/garbage in DigestInfo", "one DER form", replace(power(build(rest(inside), 0xff, inside...))), jose.ErrSignature)
	m.bad("signature/block type 2", "padding", replace(reworked(func(em []byte) { em[1] = 2 })), jose.ErrSignature)
	m.bad("signature/block type 0", "padding", replace(reworked(func(em []byte) { em[1] = 0 })), jose.ErrSignature)
	m.bad("signature/no separator", "padding", replace(reworked(func(em []byte) { em[size-19-32-1] = 0xff })), jose.ErrSignature)
}

// addEd25519 adds what RFC 8032 section 5.1.7 refuses.
func (m *mint) addEd25519(key ed25519.PrivateKey) {
	text, sig, replace := m.signed()
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	little := func(n *big.Int) []byte {
		out := n.FillBytes(make([]byte, 32))
		slices.Reverse(out)
		return out
	}
	s := bytes.Clone(sig[32:])
	slices.Reverse(s)
	scalar := new(big.Int).SetBytes(s)
	for i := int64(1); i <= 8; i *= 2 {
		other := new(big.Int).Add(scalar, new(big.Int).Mul(order, big.NewInt(i)))
		m.bad(fmt.Sprintf("signature/S plus %d times the order", i), "S is not canonical", replace(append(bytes.Clone(sig[:32]), little(other)...)), jose.ErrSignature)
	}
	prime := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	identity := little(big.NewInt(1))
	for name, other := range map[string][]byte{
		"S zero":             append(bytes.Clone(sig[:32]), make([]byte, 32)...),
		"S is the order":     append(bytes.Clone(sig[:32]), little(order)...),
		"S negated":          append(bytes.Clone(sig[:32]), little(new(big.Int).Sub(order, scalar))...),
		"R identity, S zero": append(bytes.Clone(identity), make([]byte, 32)...),
		"R identity":         append(bytes.Clone(identity), sig[32:]...),
		"R not canonical":    append(little(new(big.Int).Add(prime, big.NewInt(1))), sig[32:]...),
		"R off the curve":    append(little(big.NewInt(2)), sig[32:]...),
		"R of small order":   append(little(new(big.Int).Sub(prime, big.NewInt(1))), make([]byte, 32)...),
		"sign of R":          func() []byte { other := bytes.Clone(sig); other[31] ^= 0x80; return other }(),
		"top bit of S":       func() []byte { other := bytes.Clone(sig); other[63] ^= 0x80; return other }(),
		"length of Ed448":    append(bytes.Clone(sig), make([]byte, 50)...),
		"public key for R":   append(bytes.Clone(key.Public().(ed25519.PublicKey)), sig[32:]...),
	} {
		m.bad("signature/"+name, "RFC 8032 section 5.1.7", replace(other), jose.ErrSignature)
	}
	m.bad("signature/Ed25519ph", "another instance of EdDSA", replace(must(key.Sign(nil, sum(crypto.SHA512, text), &ed25519.Options{Hash: crypto.SHA512}))), jose.ErrSignature)
	m.bad("signature/Ed25519ctx", "another instance of EdDSA", replace(must(key.Sign(nil, []byte(text), &ed25519.Options{Context: "JWT"}))), jose.ErrSignature)
	for _, h := range []crypto.Hash{crypto.SHA384, crypto.SHA512} {
		m.bad("signature/over "+h.String(), "the text itself is signed", replace(ed25519.Sign(key, sum(h, text))), jose.ErrSignature)
	}
}
