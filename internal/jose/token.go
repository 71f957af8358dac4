package jose

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
)

const (
	// MaxSize is the longest token that is read, in bytes. Longer ones are
	// refused before anything is decoded. Header values rarely get this far:
	// net/http's default limit for all of them together is 1 MiB.
	MaxSize = 64 << 10
	// maxKeyID bounds the kid, which key sets may have to remember.
	maxKeyID = 512
)

// Header is what a token's protected header says about its own verification.
// It is not vouched for before [Token.Verify] has succeeded.
type Header struct {
	Algorithm Algorithm
	KeyID     string // kid; empty if absent
	Type      string // typ; empty if absent
}

// Token is one strictly read JWS in compact form (RFC 7515 section 3.1). It is
// immutable and safe for concurrent use. Parsing vouches for its form only.
type Token struct {
	signed    []byte // header.payload, as received
	signature []byte
	payload   string
	header    Header
	headers   []member
	members   []member
	claims    Claims
}

// base64url without padding, zero trailing bits required: one text for each
// signature, so that a token cannot be respelled (RFC 7515 section 2).
var (
	unpadded = base64.RawURLEncoding.Strict()
	padded   = base64.URLEncoding.Strict()
)

// Parse reads raw strictly and verifies nothing. It refuses, with [ErrMalformed]
// unless another sentinel is named: more than [MaxSize] bytes; anything but three
// canonical base64url parts; header or payload that is no strict JSON object (see
// [UnmarshalStrict]); the header members crit, b64, enc and zip; an algorithm that
// is not known ([ErrAlgorithm]); registered claims of the wrong shape ([ErrClaim]);
// and names that differ from registered ones in case alone.
//
// Keys and links to keys in the header (jwk, jku, x5c, x5u) are never looked at.
func Parse(raw string) (*Token, error) { return parse(raw, unpadded) }

// ParsePadded is [Parse] for the tokens of AWS Application Load Balancers, whose
// parts are padded base64url, against RFC 7515 section 2. The padding is required,
// not tolerated, and covered by the signature as received.
func ParsePadded(raw string) (*Token, error) { return parse(raw, padded) }

// ParseClaims returns a token with a payload and nothing else, which no key verifies: for what is written for tests of code that
// reads claims.
func ParseClaims(payload []byte) (*Token, error) { return read(`{"alg":"ES256"}`, string(payload)) }

func parse(raw string, enc *base64.Encoding) (*Token, error) {
	if len(raw) > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrMalformed, len(raw), MaxSize)
	}
	dot1, dot2, err := split(raw)
	if err != nil {
		return nil, err
	}
	// One copy of the text and one buffer for all three decoded parts.
	text := []byte(raw)
	decoded := make([]byte, enc.DecodedLen(dot1)+enc.DecodedLen(dot2-dot1-1)+enc.DecodedLen(len(raw)-dot2-1))
	header, rest, err := decodePart(enc, decoded, text[:dot1], "header")
	if err != nil {
		return nil, err
	}
	payload, rest, err := decodePart(enc, rest, text[dot1+1:dot2], "payload")
	if err != nil {
		return nil, err
	}
	signature, _, err := decodePart(enc, rest, text[dot2+1:], "signature")
	if err != nil {
		return nil, err
	}
	texts := string(decoded[:len(header)+len(payload)])
	t, err := read(texts[:len(header)], texts[len(header):])
	if err != nil {
		return nil, err
	}
	t.signed, t.signature = text[:dot2], signature
	return t, nil
}

// read makes a token of its two texts.
func read(header, payload string) (*Token, error) {
	t := new(Token)
	var s scanner
	if err := t.readHeader(&s, header); err != nil {
		return nil, err
	}
	if err := t.readPayload(&s, payload); err != nil {
		return nil, err
	}
	return t, nil
}

// split finds the two dots. What is not of the alphabet is left to the decoder, but for
// line breaks: encoding/base64 skips them, which would make many texts of one token.
func split(raw string) (dot1, dot2 int, err error) {
	if i := strings.IndexByte(raw, '\n'); i >= 0 {
		return 0, 0, fmt.Errorf("%w: line feed at byte %d", ErrMalformed, i)
	}
	if i := strings.IndexByte(raw, '\r'); i >= 0 {
		return 0, 0, fmt.Errorf("%w: carriage return at byte %d", ErrMalformed, i)
	}
	dot1, dot2 = strings.IndexByte(raw, '.'), strings.LastIndexByte(raw, '.')
	switch {
	case dot1 <= 0 || dot2 <= dot1+1 || dot2 == len(raw)-1:
		return 0, 0, fmt.Errorf("%w: not three parts", ErrMalformed)
	case strings.IndexByte(raw[dot1+1:dot2], '.') >= 0:
		return 0, 0, fmt.Errorf("%w: more than three parts", ErrMalformed)
	}
	return dot1, dot2, nil
}

func decodePart(enc *base64.Encoding, buf, part []byte, what string) (decoded, rest []byte, err error) {
	n, err := enc.Decode(buf, part)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s: %w", ErrMalformed, what, err)
	}
	return buf[:n:n], buf[n:], nil
}

func (t *Token) readHeader(s *scanner, text string) error {
	var err error
	if t.headers, err = s.scanObject(text, nil); err != nil {
		return fmt.Errorf("%w: header: %w", ErrMalformed, err)
	}
	var alg string
	for _, m := range t.headers {
		ok := true
		switch m.name {
		case "alg":
			alg, ok = unquote(m.value)
		case "kid":
			t.header.KeyID, ok = unquote(m.value)
			ok = ok && len(t.header.KeyID) <= maxKeyID
		case "typ":
			t.header.Type, ok = unquote(m.value)
		case "crit", "b64", "enc", "zip":
			// crit names extensions that must be understood (RFC 7515 section
			// 4.1.11), of which there are none here; b64 changes what is signed
			// (RFC 7797); enc and zip belong to JWE.
			return fmt.Errorf("%w: header member %q", ErrMalformed, m.name)
		default:
			if name, twin := foldsTo(m.name, registeredHeader); twin {
				return fmt.Errorf("%w: header member %q instead of %q", ErrMalformed, m.name, name)
			}
		}
		if !ok {
			return fmt.Errorf("%w: header member %q has the wrong shape", ErrMalformed, m.name)
		}
	}
	if t.header.Algorithm = Algorithm(alg); !t.header.Algorithm.Known() {
		return fmt.Errorf("%w: %q", ErrAlgorithm, excerpt(alg))
	}
	return nil
}

func (t *Token) readPayload(s *scanner, text string) error {
	var err error
	if t.members, err = s.scanObject(text, t.members); err != nil {
		return fmt.Errorf("%w: payload: %w", ErrMalformed, err)
	}
	t.payload = text
	return t.readClaims()
}

// registeredHeader lists the header members that decide something.
func registeredHeader(name string) (string, bool) {
	switch name {
	case "alg", "kid", "typ", "crit", "b64", "enc", "zip", "jwk", "jku", "x5u", "x5c":
		return name, true
	}
	return "", false
}

// foldsTo reports whether name is a registered one in the wrong case. Readers
// that fold case, as encoding/json does, would take it for the registered one.
// All registered names are lower-case ASCII.
func foldsTo(name string, registered func(string) (string, bool)) (string, bool) {
	for i := 0; i < len(name); i++ {
		if c := name[i]; 'A' <= c && c <= 'Z' || c >= 0x80 {
			return registered(strings.ToLower(fold(name)))
		}
	}
	return "", false
}

// Header returns what the header says.
func (t *Token) Header() Header { return t.header }

// HeaderString returns a header member by its exact name, and whether it is
// there and a string.
func (t *Token) HeaderString(name string) (string, bool) { return stringMember(t.headers, name) }

// Payload returns a copy of the payload's JSON text as it was signed.
func (t *Token) Payload() []byte { return []byte(t.payload) }

// Claims returns the registered claims.
func (t *Token) Claims() Claims { return t.claims }

// Has reports whether the payload has a claim of exactly that name.
func (t *Token) Has(name string) bool {
	_, ok := lookup(t.members, name)
	return ok
}

// String returns a claim by its exact name, and whether it is there and a string.
func (t *Token) String(name string) (string, bool) { return stringMember(t.members, name) }

// Decode stores the claim of exactly that name in v, in the manner of
// [UnmarshalStrict]. An absent claim is an [ErrClaim].
func (t *Token) Decode(name string, v any) error {
	raw, ok := lookup(t.members, name)
	if !ok {
		return fmt.Errorf("%w: %q is missing", ErrClaim, name)
	}
	if err := decodeExact([]byte(raw), v); err != nil {
		return fmt.Errorf("%w: %q: %w", ErrClaim, name, err)
	}
	return nil
}

// DecodeAll stores all claims in v, in the manner of [UnmarshalStrict].
func (t *Token) DecodeAll(v any) error {
	if err := decodeExact([]byte(t.payload), v); err != nil {
		return fmt.Errorf("%w: %w", ErrClaim, err)
	}
	return nil
}

// Names returns the names of all claims in their order.
func (t *Token) Names() []string {
	names := make([]string, len(t.members))
	for i, m := range t.members {
		names[i] = m.name
	}
	return names
}

// All returns the claims in their order, with the JSON texts of their values.
func (t *Token) All() iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		for _, m := range t.members {
			if !yield(m.name, json.RawMessage(m.value)) {
				return
			}
		}
	}
}

// Raw returns the JSON text of the claim of exactly that name.
func (t *Token) Raw(name string) (json.RawMessage, bool) {
	raw, ok := lookup(t.members, name)
	return json.RawMessage(raw), ok
}

func lookup(members []member, name string) (string, bool) {
	for _, m := range members {
		if m.name == name {
			return m.value, true
		}
	}
	return "", false
}

func stringMember(members []member, name string) (string, bool) {
	raw, ok := lookup(members, name)
	if !ok {
		return "", false
	}
	return unquote(raw)
}
