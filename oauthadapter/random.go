package oauthadapter

import (
	"crypto/rand"
	"encoding/base64"
)

// strictBase64 has one text for each value, but that it skips line breaks as all of encoding/base64 does.
var strictBase64 = base64.RawURLEncoding.Strict()

// randomText returns so many random bytes, at most 32, as base64url text.
func randomText(size int) string {
	var raw [32]byte
	rand.Read(raw[:size])
	return base64Text(raw[:size])
}

// base64Text encodes at most 64 bytes without a buffer on the heap.
func base64Text(raw []byte) string {
	var buf [86]byte
	return string(base64.RawURLEncoding.AppendEncode(buf[:0], raw))
}
