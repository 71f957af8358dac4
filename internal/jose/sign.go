package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
)

// Claim is one claim to sign. Value may be nil, a bool, a string, an int, an int64, a
// json.Number, or a []string, []any or map[string]any of those. Anything else goes
// through encoding/json first, which replaces invalid UTF-8, where text given directly is
// refused for it. Text is written by [AppendString] either way.
type Claim struct {
	Name  string
	Value any
}

// Signer signs with one key. It is immutable and, if its key is, safe for
// concurrent use; the keys of the standard library are.
type Signer struct {
	key       crypto.Signer
	public    crypto.PublicKey
	algorithm Algorithm
	keyID     string
	header    string // of every token, from alg on; read back
	scratch   sync.Pool
}

// scratch is what the making of one token needs and nobody keeps.
type scratch struct {
	text    []byte
	signed  []byte
	ends    []int
	scanner scanner
	members []member
	sum     [sha512.Size]byte
	raw     [maxRaw]byte
}

// NewSigner returns a signer for key. The algorithm must fit the key's type, curve
// and size. keyID may be empty: then tokens carry no kid.
func NewSigner(key crypto.Signer, alg Algorithm, keyID string) (*Signer, error) {
	if key == nil {
		return nil, errors.New("jose: key is required")
	}
	if !alg.Known() {
		return nil, fmt.Errorf("%w: %q", ErrAlgorithm, excerpt(string(alg)))
	}
	if len(keyID) > maxKeyID {
		return nil, fmt.Errorf("%w: key ID of %d bytes, at most %d", ErrKey, len(keyID), maxKeyID)
	}
	public := key.Public()
	if err := checkKey(public, alg); err != nil {
		return nil, err
	}
	header, err := appendMember(nil, 0, "alg", string(alg), 1)
	if err == nil && keyID != "" {
		header, err = appendMember(header, 1, "kid", keyID, 1)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: key ID: %w", ErrKey, err)
	}
	header = append(header, '}')
	var back Token
	if err := back.readHeader(new(scanner), "{"+string(header)); err != nil || back.header != (Header{Algorithm: alg, KeyID: keyID}) {
		return nil, fmt.Errorf("%w: key ID does not read back", ErrKey)
	}
	return &Signer{key: key, public: public, algorithm: alg, keyID: keyID, header: string(header)}, nil
}

// PublicKey returns what verifies the signatures of s.
func (s *Signer) PublicKey() PublicKey {
	return PublicKey{KeyID: s.keyID, Algorithm: s.algorithm, Key: s.public}
}

// SignJWT returns the compact JWS over the claims in the given order, with the
// header {"typ":typ,"alg":...,"kid":...} in this order, without white space; an
// empty typ or kid is left out. Before anything is signed the texts are read
// back by the strict reader, the header's constant part once for all tokens, and
// must consist of exactly what was asked for: a claim's name or value can never
// become two claims, nor one that readers disagree on.
func (s *Signer) SignJWT(typ string, claims ...Claim) (string, error) {
	w := s.takeScratch()
	defer s.scratch.Put(w)
	signature, err := s.signJWT(w, typ, claims)
	if err != nil {
		return "", err
	}
	w.signed = append(w.signed, '.')
	w.signed = base64.RawURLEncoding.AppendEncode(w.signed, signature)
	if len(w.signed) > MaxSize {
		return "", fmt.Errorf("%w: %d bytes, at most %d", ErrMalformed, len(w.signed), MaxSize)
	}
	return string(w.signed), nil
}

// SignatureOfJWT returns the third part of what [Signer.SignJWT] returns, for those who know how to write the other two.
func (s *Signer) SignatureOfJWT(typ string, claims ...Claim) (string, error) {
	w := s.takeScratch()
	defer s.scratch.Put(w)
	signature, err := s.signJWT(w, typ, claims)
	if err != nil {
		return "", err
	}
	w.signed = base64.RawURLEncoding.AppendEncode(w.signed[:0], signature)
	return string(w.signed), nil
}

func (s *Signer) takeScratch() *scratch {
	if w, ok := s.scratch.Get().(*scratch); ok {
		return w
	}
	return &scratch{text: make([]byte, 0, 512), signed: make([]byte, 0, 768)}
}

// signJWT leaves the first two parts in w and returns the signature over them.
func (s *Signer) signJWT(w *scratch, typ string, claims []Claim) (signature []byte, err error) {
	// Both texts in one buffer, the payload behind the header.
	text := append(w.text[:0], '{')
	if typ != "" {
		if text, err = appendMember(text, 0, "typ", typ, 1); err != nil {
			return nil, fmt.Errorf("jose: typ: %w", err)
		}
		written := scanner{text: string(text[len(`{"typ":`):])}
		if back, err := written.str(); err != nil || back != typ || written.pos != len(written.text) {
			return nil, fmt.Errorf("%w: typ does not read back", ErrJSON)
		}
		text = append(text, ',')
	}
	text = append(text, s.header...)
	start := len(text)
	text = append(text, '{')
	w.ends = w.ends[:0]
	for i, c := range claims {
		if text, err = appendMember(text, i, c.Name, c.Value, 1); err != nil {
			return nil, fmt.Errorf("jose: claim %q: %w", excerpt(c.Name), err)
		}
		w.ends = append(w.ends, len(text)-start)
	}
	w.text = append(text, '}')
	payload := string(w.text[start:])
	t := Token{members: w.members[:0]}
	err = t.readPayload(&w.scanner, payload)
	w.members = t.members
	if err != nil {
		return nil, fmt.Errorf("jose: refusing to sign: %w", err)
	}
	if len(t.members) != len(claims) {
		return nil, fmt.Errorf("%w: %d claims became %d", ErrClaim, len(claims), len(t.members))
	}
	for i, m := range t.members {
		// Each value must end where it was written to end.
		if m.name != claims[i].Name || payload[w.ends[i]-len(m.value):w.ends[i]] != m.value {
			return nil, fmt.Errorf("%w: %q does not read back", ErrClaim, excerpt(claims[i].Name))
		}
	}
	enc := base64.RawURLEncoding
	w.signed = enc.AppendEncode(w.signed[:0], w.text[:start])
	w.signed = append(w.signed, '.')
	w.signed = enc.AppendEncode(w.signed, w.text[start:])
	if signature, err = s.signature(w); err != nil {
		return nil, fmt.Errorf("jose: signing with %s: %w", s.algorithm, err)
	}
	return signature, nil
}

// signature signs w.signed in the form that JWS has for the algorithm. What it returns may be a part of w.
func (s *Signer) signature(w *scratch) ([]byte, error) {
	h := s.algorithm.hash()
	message := w.signed
	if h != 0 {
		message = digest(&w.sum, h, w.signed)
	}
	var opts crypto.SignerOpts = h
	switch s.algorithm {
	case PS256, PS384, PS512:
		// RFC 7518 section 3.5: the salt is as long as the hash.
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: h}
	}
	signature, err := s.key.Sign(rand.Reader, message, opts)
	if err != nil {
		return nil, err
	}
	if key, ok := s.public.(*ecdsa.PublicKey); ok {
		return fromDER(w.raw[:0], signature, fieldSize(key))
	}
	return signature, nil
}

// GenerateKey returns a new private key for alg: the algorithm's curve, RSA of 2048
// bits, or Ed25519. It is an *[ecdsa.PrivateKey], an *[rsa.PrivateKey] or an
// [ed25519.PrivateKey].
func GenerateKey(alg Algorithm) (crypto.Signer, error) {
	switch alg {
	case ES256, ES384, ES512:
		return ecdsa.GenerateKey(alg.curve(), rand.Reader)
	case RS256, RS384, RS512, PS256, PS384, PS512:
		return rsa.GenerateKey(rand.Reader, minRSABits)
	case EdDSA:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	return nil, fmt.Errorf("%w: %q", ErrAlgorithm, excerpt(string(alg)))
}
