package fakeidp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
)

const (
	algES256 = "ES256"
	algRS256 = "RS256"
)

type signingKey struct {
	id      string
	private crypto.Signer
}

func newSigningKey(algorithm string) (signingKey, error) {
	id := rand.Text()
	switch algorithm {
	case algES256:
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		return signingKey{id, key}, err
	case algRS256:
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		return signingKey{id, key}, err
	}
	return signingKey{}, fmt.Errorf("fakeidp: Config.Algorithm %q is neither ES256 nor RS256", algorithm)
}

// sign returns a compact JWS over the payload (RFC 7515 §7.1) whose header names kid.
func (k signingKey) sign(kid string, payload []byte) (string, error) {
	algorithm := algES256
	if _, ok := k.private.(*rsa.PrivateKey); ok {
		algorithm = algRS256
	}
	input, err := signingInput(map[string]any{"alg": algorithm, "kid": kid, "typ": "JWT"}, payload)
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256([]byte(input))
	var signature []byte
	switch private := k.private.(type) {
	case *ecdsa.PrivateKey:
		var r, s *big.Int
		if r, s, err = ecdsa.Sign(rand.Reader, private, digest[:]); err == nil {
			signature = make([]byte, 64) // RFC 7518 §3.4: two numbers of 32 bytes, not ASN.1
			r.FillBytes(signature[:32])
			s.FillBytes(signature[32:])
		}
	case *rsa.PrivateKey:
		signature, err = rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, digest[:])
	}
	if err != nil {
		return "", fmt.Errorf("fakeidp: signing: %w", err)
	}
	return input + "." + b64(signature), nil
}

// verifies reports whether the signature is this key's own over the input.
func (k signingKey) verifies(input, signature string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	digest := sha256.Sum256([]byte(input))
	switch public := k.private.Public().(type) {
	case *ecdsa.PublicKey:
		return len(raw) == 64 && ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:]))
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], raw) == nil
	}
	return false
}

func signingInput(header map[string]any, payload []byte) (string, error) {
	h, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("fakeidp: token header: %w", err)
	}
	return b64(h) + "." + b64(payload), nil
}

// jwk is the public half as RFC 7517 writes it.
func (k signingKey) jwk() map[string]string {
	switch public := k.private.Public().(type) {
	case *ecdsa.PublicKey:
		x, y := make([]byte, 32), make([]byte, 32)
		if point, err := public.Bytes(); err == nil { // 0x04 || X || Y
			copy(x, point[1:33])
			copy(y, point[33:])
		}
		return map[string]string{"kty": "EC", "crv": "P-256", "x": b64(x), "y": b64(y), "kid": k.id, "alg": algES256, "use": "sig"}
	case *rsa.PublicKey:
		e := big.NewInt(int64(public.E)).Bytes()
		return map[string]string{"kty": "RSA", "n": b64(public.N.Bytes()), "e": b64(e), "kid": k.id, "alg": algRS256, "use": "sig"}
	}
	return nil
}

// RotateKey makes a new key and signs with it from now on. The older keys stay published until [Server.DropOldKeys].
func (s *Server) RotateKey() error {
	key, err := newSigningKey(s.algorithm)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = append(s.keys[:len(s.keys):len(s.keys)], key)
	return nil
}

// DropOldKeys withdraws all keys but the one that signs.
func (s *Server) DropOldKeys() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = s.keys[len(s.keys)-1:]
}

func (s *Server) currentKey() signingKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[len(s.keys)-1]
}

// foreignKey is a key that is never published. It is made when it is first asked for.
func (s *Server) foreignKey() (signingKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.foreign == nil {
		key, err := newSigningKey(s.algorithm)
		if err != nil {
			return signingKey{}, err
		}
		s.foreign = &key
	}
	return *s.foreign, nil
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
