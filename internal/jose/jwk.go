package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"

	"github.com/lestrrat-go/jwx/v3/jwk"
)

// MaxKeys is the largest number of keys that a key set may list.
const MaxKeys = 100

// JWK is a public key as JSON (RFC 7517). The members are fixed, and none of them
// can hold a part of a private key.
type JWK struct {
	KeyType   string    `json:"kty"`
	Curve     string    `json:"crv,omitempty"`
	X         string    `json:"x,omitempty"`
	Y         string    `json:"y,omitempty"`
	N         string    `json:"n,omitempty"`
	E         string    `json:"e,omitempty"`
	KeyID     string    `json:"kid,omitempty"`
	Algorithm Algorithm `json:"alg,omitempty"`
	Use       string    `json:"use,omitempty"`
}

// NewJWK returns key as a JWK, with use "sig".
func NewJWK(key PublicKey) (JWK, error) {
	j := JWK{KeyID: key.KeyID, Algorithm: key.Algorithm, Use: "sig"}
	enc := base64.RawURLEncoding.EncodeToString
	switch k := key.Key.(type) {
	case *ecdsa.PublicKey:
		point, err := k.Bytes() // 4, X, Y; both coordinates of full length (RFC 7518 section 6.2.1.2)
		if err != nil {
			return JWK{}, fmt.Errorf("%w: %w", ErrKey, err)
		}
		size := len(point) / 2
		j.KeyType, j.Curve = "EC", k.Curve.Params().Name
		j.X, j.Y = enc(point[1:1+size]), enc(point[1+size:])
	case *rsa.PublicKey:
		if err := checkRSA(k); err != nil {
			return JWK{}, err
		}
		j.KeyType = "RSA"
		j.N, j.E = enc(k.N.Bytes()), enc(big.NewInt(int64(k.E)).Bytes())
	case ed25519.PublicKey:
		if len(k) != ed25519.PublicKeySize {
			return JWK{}, fmt.Errorf("%w: Ed25519 key of %d bytes", ErrKey, len(k))
		}
		j.KeyType, j.Curve, j.X = "OKP", "Ed25519", enc(k)
	default:
		return JWK{}, fmt.Errorf("%w: type %T", ErrKey, key.Key)
	}
	if _, err := j.PublicKey(); err != nil {
		return JWK{}, err
	}
	return j, nil
}

// PublicKey returns the key that j describes, if it is one to verify with: on a
// known curve, of sufficient size, and with an algorithm, if any, that fits it.
func (j JWK) PublicKey() (PublicKey, error) {
	out := PublicKey{KeyID: j.KeyID, Algorithm: j.Algorithm}
	if len(j.KeyID) > maxKeyID {
		return out, fmt.Errorf("%w: kid of %d bytes", ErrKey, len(j.KeyID))
	}
	if j.Use != "" && j.Use != "sig" {
		return out, fmt.Errorf("%w: use %q", ErrKey, excerpt(j.Use))
	}
	switch j.KeyType {
	case "EC", "RSA", "OKP":
	default:
		return out, fmt.Errorf("%w: kty %q", ErrKey, excerpt(j.KeyType))
	}
	// The library sees only the members that make up the key, so that what it
	// thinks of others (x5c, key_ops) cannot lose us a good key.
	text, err := json.Marshal(JWK{KeyType: j.KeyType, Curve: j.Curve, X: j.X, Y: j.Y, N: j.N, E: j.E})
	if err != nil {
		return out, fmt.Errorf("%w: %w", ErrKey, err)
	}
	key, err := jwk.ParseKey(text)
	if err != nil {
		return out, fmt.Errorf("%w: %w", ErrKey, err)
	}
	var raw any
	if err := jwk.Export(key, &raw); err != nil {
		return out, fmt.Errorf("%w: %w", ErrKey, err)
	}
	out.Key = raw
	return out, checkJWK(out)
}

// checkJWK checks a key that came from outside.
func checkJWK(k PublicKey) error {
	var alg Algorithm
	switch key := k.Key.(type) {
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			alg = ES256
		case elliptic.P384():
			alg = ES384
		case elliptic.P521():
			alg = ES512
		default:
			return fmt.Errorf("%w: curve %q", ErrKey, key.Curve.Params().Name)
		}
		if _, err := key.Bytes(); err != nil { // a point off the curve
			return fmt.Errorf("%w: %w", ErrKey, err)
		}
	case *rsa.PublicKey:
		alg = RS256
	case ed25519.PublicKey:
		alg = EdDSA
	default:
		return fmt.Errorf("%w: type %T", ErrKey, k.Key)
	}
	if k.Algorithm != "" {
		alg = k.Algorithm
	}
	return checkKey(k.Key, alg)
}

// Thumbprint returns the RFC 7638 thumbprint of a public key: base64url of the
// SHA-256 of its required members.
func Thumbprint(key crypto.PublicKey) (string, error) {
	k, err := jwk.Import(key)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrKey, err)
	}
	sum, err := k.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrKey, err)
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}

// ParseJWKSet reads the keys of a JWK set (RFC 7517 section 5) that can verify
// signatures. Keys that cannot are skipped one by one, each with its reason:
// unknown types and curves, secrets, private keys, small RSA keys, keys for
// encryption. An issuer that starts to publish a key of a new kind must not lose
// its users their sign-in. It is an error if data is no strict JSON object with
// an array of at most [MaxKeys] keys.
func ParseJWKSet(data []byte) (keys []PublicKey, skipped []error, err error) {
	var set struct {
		Keys *[]json.RawMessage `json:"keys"`
	}
	if first := bytes.TrimLeft(data, " \t\r\n"); len(first) == 0 || first[0] != '{' {
		return nil, nil, fmt.Errorf("%w: key set is not an object", ErrJSON)
	}
	if err := UnmarshalStrict(data, &set); err != nil {
		return nil, nil, err
	}
	if set.Keys == nil {
		return nil, nil, fmt.Errorf("%w: key set without keys", ErrJSON)
	}
	if n := len(*set.Keys); n > MaxKeys {
		return nil, nil, fmt.Errorf("%w: key set of %d keys, at most %d", ErrKey, n, MaxKeys)
	}
	for i, raw := range *set.Keys {
		key, err := parseJWK(raw)
		if err != nil {
			skipped = append(skipped, fmt.Errorf("jose: key %d: %w", i, err))
			continue
		}
		keys = append(keys, key)
	}
	return keys, skipped, nil
}

func parseJWK(raw []byte) (PublicKey, error) {
	var k struct {
		JWK
		Operations []string `json:"key_ops"`

		// Not registered, and somebody else's may be anything.
		Issuer json.RawMessage `json:"issuer"`

		// Whoever publishes these has lost the key to the world.
		D   json.RawMessage `json:"d"`
		P   json.RawMessage `json:"p"`
		Q   json.RawMessage `json:"q"`
		DP  json.RawMessage `json:"dp"`
		DQ  json.RawMessage `json:"dq"`
		QI  json.RawMessage `json:"qi"`
		Oth json.RawMessage `json:"oth"`
		K   json.RawMessage `json:"k"`
	}
	if err := decodeExact(raw, &k); err != nil {
		return PublicKey{}, err
	}
	for _, private := range []json.RawMessage{k.D, k.P, k.Q, k.DP, k.DQ, k.QI, k.Oth, k.K} {
		if private != nil {
			return PublicKey{}, fmt.Errorf("%w: contains private members", ErrKey)
		}
	}
	if k.Operations != nil && !slices.Contains(k.Operations, "verify") {
		return PublicKey{}, fmt.Errorf("%w: key_ops without verify", ErrKey)
	}
	key, err := k.PublicKey()
	if k.Issuer != nil {
		key.Issuer, _ = unquote(string(k.Issuer))
	}
	return key, err
}
