package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
)

// Algorithm is a JWS signature algorithm by its registered name (RFC 7518
// section 3.1, RFC 8037). Only asymmetric ones exist here: without HMAC and
// "none" no public key can be mistaken for a shared secret.
type Algorithm string

// The algorithms that are known. Names are case-sensitive.
const (
	ES256 Algorithm = "ES256"
	ES384 Algorithm = "ES384"
	ES512 Algorithm = "ES512"
	RS256 Algorithm = "RS256"
	RS384 Algorithm = "RS384"
	RS512 Algorithm = "RS512"
	PS256 Algorithm = "PS256"
	PS384 Algorithm = "PS384"
	PS512 Algorithm = "PS512"
	EdDSA Algorithm = "EdDSA" // Ed25519 only
)

const (
	minRSABits = 2048 // RFC 7518 section 3.3
	maxRSABits = 8192 // larger keys only make each verification expensive
)

// Known reports whether a is one of the constants of this package.
func (a Algorithm) Known() bool {
	switch a {
	case ES256, ES384, ES512, RS256, RS384, RS512, PS256, PS384, PS512, EdDSA:
		return true
	}
	return false
}

// hash returns the digest that a signs, or 0 for EdDSA, which signs the text.
func (a Algorithm) hash() crypto.Hash {
	switch a {
	case ES256, RS256, PS256:
		return crypto.SHA256
	case ES384, RS384, PS384:
		return crypto.SHA384
	case ES512, RS512, PS512:
		return crypto.SHA512
	}
	return 0
}

// curve returns the one curve that a may be used with (RFC 7518 section 3.4),
// or nil if a is no ECDSA algorithm.
func (a Algorithm) curve() elliptic.Curve {
	switch a {
	case ES256:
		return elliptic.P256()
	case ES384:
		return elliptic.P384()
	case ES512:
		return elliptic.P521()
	}
	return nil
}

// PublicKey is a key to verify with.
type PublicKey struct {
	// KeyID is the kid; empty if the key has none.
	KeyID string
	// Algorithm is the only one that the key may be used with; empty if its
	// owner named none, in which case the key's type decides.
	Algorithm Algorithm
	// Key is an *ecdsa.PublicKey, an *rsa.PublicKey or an ed25519.PublicKey.
	Key crypto.PublicKey
	// Issuer is whose tokens the key is for, as the key set says by a member that Microsoft Entra ID has; mostly empty.
	Issuer string
}

// Fits reports whether a signature with alg may be verified with k: the
// algorithm belongs to the key's type and curve, is the one that the key was
// published for, and the key is strong enough. Binding the algorithm to the key
// is what stops algorithm confusion (RFC 8725 section 3.1).
func (k PublicKey) Fits(alg Algorithm) bool { return k.check(alg) == nil }

func (k PublicKey) check(alg Algorithm) error {
	if k.Algorithm != "" && k.Algorithm != alg {
		return fmt.Errorf("%w: token says %s, its key is for %q", ErrAlgorithm, alg, k.Algorithm)
	}
	return checkKey(k.Key, alg)
}

func checkKey(key crypto.PublicKey, alg Algorithm) error {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		if c := alg.curve(); c == nil || key == nil || key.Curve != c {
			return fmt.Errorf("%w: %s does not fit the EC key", ErrAlgorithm, alg)
		}
	case *rsa.PublicKey:
		switch alg {
		case RS256, RS384, RS512, PS256, PS384, PS512:
		default:
			return fmt.Errorf("%w: %s does not fit the RSA key", ErrAlgorithm, alg)
		}
		return checkRSA(key)
	case ed25519.PublicKey:
		if alg != EdDSA || len(key) != ed25519.PublicKeySize {
			return fmt.Errorf("%w: %s does not fit the Ed25519 key", ErrAlgorithm, alg)
		}
	default:
		return fmt.Errorf("%w: type %T", ErrKey, key)
	}
	return nil
}

func checkRSA(key *rsa.PublicKey) error {
	if key == nil || key.N == nil {
		return fmt.Errorf("%w: RSA key without a modulus", ErrKey)
	}
	if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits {
		return fmt.Errorf("%w: RSA key of %d bits, want %d to %d", ErrKey, bits, minRSABits, maxRSABits)
	}
	if key.E < 3 || key.E&1 == 0 {
		return fmt.Errorf("%w: RSA exponent %d", ErrKey, key.E)
	}
	return nil
}
