package fakeproxy

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
)

const (
	algES256 = "ES256"
	algRS256 = "RS256"
)

// signingKey is a key of the proxy's. published is whether it is shown; a withdrawn one can still sign what a thief would.
type signingKey struct {
	id        string
	private   crypto.Signer
	published bool
}

func newSigningKey(algorithm string) (signingKey, error) {
	// Load balancers number their keys with UUIDs; nobody else minds.
	key := signingKey{id: uuid(rand.Text()), published: true}
	var err error
	switch algorithm {
	case algES256:
		key.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case algRS256:
		key.private, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		err = fmt.Errorf("fakeproxy: algorithm %q is neither ES256 nor RS256", algorithm)
	}
	return key, err
}

// signature signs as JWS does (RFC 7518 sections 3.3 and 3.4).
func (k signingKey) signature(input string) ([]byte, error) {
	digest := sha256.Sum256([]byte(input))
	switch private := k.private.(type) {
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
		if err != nil {
			return nil, fmt.Errorf("fakeproxy: signing: %w", err)
		}
		raw := make([]byte, 64) // two numbers of 32 bytes, not ASN.1
		r.FillBytes(raw[:32])
		s.FillBytes(raw[32:])
		return raw, nil
	case *rsa.PrivateKey:
		raw, err := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, digest[:])
		if err != nil {
			return nil, fmt.Errorf("fakeproxy: signing: %w", err)
		}
		return raw, nil
	}
	return nil, fmt.Errorf("fakeproxy: no algorithm for a %T", k.private)
}

// jwk is the public half as RFC 7517 writes it.
func (k signingKey) jwk() map[string]any {
	b64 := base64.RawURLEncoding.EncodeToString
	switch public := k.private.Public().(type) {
	case *ecdsa.PublicKey:
		x, y := make([]byte, 32), make([]byte, 32)
		if point, err := public.Bytes(); err == nil { // 0x04 || X || Y
			copy(x, point[1:33])
			copy(y, point[33:])
		}
		return map[string]any{"kty": "EC", "crv": "P-256", "x": b64(x), "y": b64(y), "kid": k.id, "alg": algES256, "use": "sig"}
	case *rsa.PublicKey:
		return map[string]any{"kty": "RSA", "n": b64(public.N.Bytes()), "e": b64(big.NewInt(int64(public.E)).Bytes()), "kid": k.id, "alg": algRS256, "use": "sig"}
	}
	return nil
}

// pem is the public half as openssl writes it.
func (k signingKey) pem() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(k.private.Public())
	if err != nil {
		return nil, fmt.Errorf("fakeproxy: public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// RotateKey makes a new key and signs with it from now on. The older ones stay published until [Edge.DropOldKeys].
func (e *Edge) RotateKey() error {
	key, err := newSigningKey(e.wire.algorithm)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.keys = append(e.keys[:len(e.keys):len(e.keys)], key)
	return nil
}

// DropOldKeys withdraws all keys but the one that signs.
func (e *Edge) DropOldKeys() {
	e.mu.Lock()
	defer e.mu.Unlock()
	keys := make([]signingKey, len(e.keys))
	for i, key := range e.keys {
		key.published = i == len(keys)-1
		keys[i] = key
	}
	e.keys = keys
}

// allKeys returns every key there ever was; the last one signs.
func (e *Edge) allKeys() []signingKey {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.keys
}

func (e *Edge) currentKey() signingKey {
	keys := e.allKeys()
	return keys[len(keys)-1]
}

func (e *Edge) publishedKeys() []signingKey {
	var published []signingKey
	for _, key := range e.allKeys() {
		if key.published {
			published = append(published, key)
		}
	}
	return published
}

// PublicKey returns the public half of the key that signs.
func (e *Edge) PublicKey() crypto.PublicKey { return e.currentKey().private.Public() }

// verifies reports whether a signature is this key's over the input.
func (k signingKey) verifies(input string, signature []byte) bool {
	digest := sha256.Sum256([]byte(input))
	switch public := k.private.Public().(type) {
	case *ecdsa.PublicKey:
		return len(signature) == 64 && ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
	}
	return false
}
