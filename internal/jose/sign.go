package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/lestrrat-go/jwx/v3/jws/jwsbb"
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
	algorithm Algorithm
	keyID     string
	header    string // of every token, from alg on
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
	if err := checkKey(key.Public(), alg); err != nil {
		return nil, err
	}
	header, err := appendMember(nil, 0, "alg", string(alg), 1)
	if err == nil && keyID != "" {
		header, err = appendMember(header, 1, "kid", keyID, 1)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: key ID: %w", ErrKey, err)
	}
	return &Signer{key: key, algorithm: alg, keyID: keyID, header: string(header) + "}"}, nil
}

// PublicKey returns what verifies the signatures of s.
func (s *Signer) PublicKey() PublicKey {
	return PublicKey{KeyID: s.keyID, Algorithm: s.algorithm, Key: s.key.Public()}
}

// SignJWT returns the compact JWS over the claims in the given order, with the
// header {"typ":typ,"alg":...,"kid":...} in this order, without white space; an
// empty typ or kid is left out. Before anything is signed the payload is read
// back by the strict reader and must consist of exactly the claims asked for:
// a claim's name or value can never become two claims, nor one that readers
// disagree on.
func (s *Signer) SignJWT(typ string, claims ...Claim) (string, error) {
	header, err := append(make([]byte, 0, 192), '{'), error(nil)
	if typ != "" {
		if header, err = appendMember(header, 0, "typ", typ, 1); err != nil {
			return "", fmt.Errorf("jose: typ: %w", err)
		}
		header = append(header, ',')
	}
	header = append(header, s.header...)
	payload := append(make([]byte, 0, 512), '{')
	ends := make([]int, len(claims))
	for i, c := range claims {
		if payload, err = appendMember(payload, i, c.Name, c.Value, 1); err != nil {
			return "", fmt.Errorf("jose: claim %q: %w", excerpt(c.Name), err)
		}
		ends[i] = len(payload)
	}
	payload = append(payload, '}')
	t, err := read(string(header), string(payload))
	if err != nil {
		return "", fmt.Errorf("jose: refusing to sign: %w", err)
	}
	if len(t.members) != len(claims) {
		return "", fmt.Errorf("%w: %d claims became %d", ErrClaim, len(claims), len(t.members))
	}
	for i, m := range t.members {
		// Each value must end where it was written to end.
		if m.name != claims[i].Name || string(payload[ends[i]-len(m.value):ends[i]]) != m.value {
			return "", fmt.Errorf("%w: %q does not read back", ErrClaim, excerpt(claims[i].Name))
		}
	}
	return s.sign(header, payload)
}

// sign signs two texts that have been read.
func (s *Signer) sign(header, payload []byte) (string, error) {
	enc := base64.RawURLEncoding
	compact := make([]byte, 0, enc.EncodedLen(len(header)+len(payload)+maxRSABits/8)+4)
	compact = enc.AppendEncode(compact, header)
	compact = append(compact, '.')
	compact = enc.AppendEncode(compact, payload)
	// jwsbb signs raw bytes with any crypto.Signer, converting ECDSA's ASN.1 form.
	signature, err := jwsbb.Sign(s.key, string(s.algorithm), compact, rand.Reader)
	if err != nil {
		return "", fmt.Errorf("jose: signing with %s: %w", s.algorithm, err)
	}
	compact = append(compact, '.')
	compact = enc.AppendEncode(compact, signature)
	if len(compact) > MaxSize {
		return "", fmt.Errorf("%w: %d bytes, at most %d", ErrMalformed, len(compact), MaxSize)
	}
	return string(compact), nil
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
