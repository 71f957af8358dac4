package jose

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

const (
	// maxPEM is far beyond an RSA key of 8192 bits, the largest that is taken.
	maxPEM = 16 << 10

	publicKeyType = "PUBLIC KEY"
)

// ParsePublicKeyPEM reads a public key in PEM (RFC 7468 section 13) that belongs to
// kid and verifies signatures made with alg, and with no other algorithm. The text
// holds that one key and white space around it: a reader that picks one of several
// blocks leaves the choice to whoever wrote them, and one that skips what it does not
// understand finds keys in pages that are none. Every error wraps [ErrKey].
func ParsePublicKeyPEM(data []byte, kid string, alg Algorithm) (PublicKey, error) {
	if !alg.Known() {
		return PublicKey{}, fmt.Errorf("%w: %w: %q", ErrKey, ErrAlgorithm, alg)
	}
	if len(kid) > maxKeyID {
		return PublicKey{}, fmt.Errorf("%w: kid of %d bytes", ErrKey, len(kid))
	}
	if len(data) > maxPEM {
		return PublicKey{}, fmt.Errorf("%w: PEM text of %d bytes, at most %d", ErrKey, len(data), maxPEM)
	}
	der, err := onePEMBlock(data)
	if err != nil {
		return PublicKey{}, err
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return PublicKey{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	out := PublicKey{KeyID: kid, Algorithm: alg, Key: key}
	if err := checkJWK(out); err != nil {
		return PublicKey{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return out, nil
}

// onePEMBlock returns what the only block in data holds. pem.Decode alone passes over
// text before a block and over blocks that are broken, so the block must begin where
// the text does and be the only one that begins.
func onePEMBlock(data []byte) ([]byte, error) {
	text := bytes.TrimSpace(data)
	if !bytes.HasPrefix(text, []byte("-----BEGIN "+publicKeyType+"-----")) {
		return nil, fmt.Errorf("%w: not a PEM block of type %q", ErrKey, publicKeyType)
	}
	if bytes.Count(text, []byte("-----BEGIN")) != 1 {
		return nil, fmt.Errorf("%w: more than one PEM block", ErrKey)
	}
	block, rest := pem.Decode(text)
	switch {
	case block == nil:
		return nil, fmt.Errorf("%w: broken PEM block", ErrKey)
	case block.Type != publicKeyType || len(block.Headers) > 0:
		return nil, fmt.Errorf("%w: PEM block of type %q with %d headers", ErrKey, excerpt(block.Type), len(block.Headers))
	case len(rest) > 0:
		return nil, fmt.Errorf("%w: text after the PEM block", ErrKey)
	}
	return block.Bytes, nil
}
