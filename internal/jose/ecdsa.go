package jose

import (
	"bytes"
	"crypto/ecdsa"
	"errors"
)

// A JWS has an ECDSA signature as R and S, each as long as the curve's field (RFC 7518
// section 3.4). The standard library, and keys in hardware that look like its own, have
// it as SEQUENCE { INTEGER, INTEGER } in DER (RFC 3279 section 2.2.3).

const (
	derInteger  = 0x02
	derSequence = 0x30
	derLong     = 0x81 // the length stands in one further byte

	maxDER = 3 + 2*(2+1+66) // that of P-521, the largest curve
	maxRaw = 2 * 66
)

var errDER = errors.New("jose: the key's signature is not R and S in DER")

// fieldSize returns how long R and S are.
func fieldSize(key *ecdsa.PublicKey) int { return (key.Curve.Params().BitSize + 7) / 8 }

// fromDER appends R and S, of size bytes each.
func fromDER(dst, der []byte, size int) ([]byte, error) {
	body, after, okBody := cutDER(der, derSequence)
	r, body, okR := cutInteger(body)
	s, body, okS := cutInteger(body)
	if !okBody || !okR || !okS || len(body)+len(after) > 0 || len(r) > size || len(s) > size {
		return nil, errDER
	}
	for _, n := range [...][]byte{r, s} {
		for range size - len(n) {
			dst = append(dst, 0)
		}
		dst = append(dst, n...)
	}
	return dst, nil
}

// toDER returns R and S, each a half of raw, in DER.
func toDER(raw []byte) []byte {
	half := len(raw) / 2
	der := append(make([]byte, 0, maxDER), derSequence, derLong, 0)
	der = appendInteger(der, raw[:half])
	der = appendInteger(der, raw[half:])
	if size := len(der) - 3; size >= 0x80 {
		der[2] = byte(size)
	} else {
		der = der[1:]
		der[0], der[1] = derSequence, byte(size)
	}
	return der
}

// cutInteger cuts a positive number off der and returns it without leading zeros.
func cutInteger(der []byte) (n, rest []byte, ok bool) {
	n, rest, ok = cutDER(der, derInteger)
	if len(n) > 1 && n[0] == 0 && n[1] >= 0x80 { // the only reason for a zero byte, since it would be negative without
		return n[1:], rest, true
	}
	return n, rest, ok && len(n) > 0 && n[0] > 0 && n[0] < 0x80
}

func appendInteger(dst, n []byte) []byte {
	n = bytes.TrimLeft(n, "\x00")
	if len(n) == 0 || n[0] >= 0x80 {
		return append(append(dst, derInteger, byte(len(n)+1), 0), n...)
	}
	return append(append(dst, derInteger, byte(len(n))), n...)
}

// cutDER cuts the value behind tag off der. Its length is in the shortest form, which for
// less than 256 bytes is one byte or two.
func cutDER(der []byte, tag byte) (value, rest []byte, ok bool) {
	if len(der) < 3 || der[0] != tag {
		return nil, nil, false
	}
	size, der := int(der[1]), der[2:]
	shortest := size < 0x80
	if size == derLong {
		size, der = int(der[0]), der[1:]
		shortest = size >= 0x80
	}
	if !shortest || size > len(der) {
		return nil, nil, false
	}
	return der[:size], der[size:], true
}
