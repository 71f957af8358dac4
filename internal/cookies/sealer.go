package cookies

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// ErrSealed means that a sealed value was not made by one of our keys for this place.
var ErrSealed = errors.New("cookies: value does not open")

const keyIDSize = 4

var strictBase64 = base64.RawURLEncoding.Strict()

// Sealer encrypts with AES-256-GCM. The first key seals, all open. It is safe for concurrent use.
type Sealer struct {
	keys []sealingKey
}

type sealingKey struct {
	id   [keyIDSize]byte
	aead cipher.AEAD
}

// NewSealer returns a sealer with the given 256-bit keys.
func NewSealer(keys [][]byte) (*Sealer, error) {
	if len(keys) == 0 {
		return nil, errors.New("cookies: no key")
	}
	s := &Sealer{}
	for _, key := range keys {
		if len(key) != 32 {
			return nil, fmt.Errorf("cookies: key has %d bytes, not 32", len(key))
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("cookies: %w", err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("cookies: %w", err)
		}
		sum := sha256.Sum256(key)
		s.keys = append(s.keys, sealingKey{id: [keyIDSize]byte(sum[:keyIDSize]), aead: aead})
	}
	return s, nil
}

// Seal encrypts plaintext for one place and returns base64url text.
func (s *Sealer) Seal(plaintext, place []byte) string {
	k := s.keys[0]
	sealed := make([]byte, keyIDSize, keyIDSize+len(plaintext)+k.aead.Overhead())
	copy(sealed, k.id[:])
	sealed = k.aead.Seal(sealed, nil, plaintext, place)
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// Open returns what was sealed for this place, or [ErrSealed].
func (s *Sealer) Open(text string, place []byte) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") { // which even the strict decoder skips
		return nil, ErrSealed
	}
	sealed, err := strictBase64.DecodeString(text)
	if err != nil || len(sealed) < keyIDSize {
		return nil, ErrSealed
	}
	for _, k := range s.keys {
		if k.id != [keyIDSize]byte(sealed[:keyIDSize]) {
			continue
		}
		if plaintext, err := k.aead.Open(nil, nil, sealed[keyIDSize:], place); err == nil {
			return plaintext, nil
		}
	}
	return nil, ErrSealed
}

// Place encodes the parts that a sealed value is bound to, each with its length, so that no two lists of parts encode alike.
func Place(parts ...string) []byte {
	size := 0
	for _, p := range parts {
		size += binary.MaxVarintLen32 + len(p)
	}
	out := make([]byte, 0, size)
	for _, p := range parts {
		out = binary.AppendUvarint(out, uint64(len(p)))
		out = append(out, p...)
	}
	return out
}
