package tokenissuer

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"sync/atomic"
)

// verifiedCache remembers tokens that were verified, so that the second sight of one costs a hash instead of a signature. It is a table
// of fixed size in which a token has one place: no lock, no allocation, no list to keep in order. Two tokens that share a place push
// each other out, which costs a verification.
type verifiedCache struct {
	places []atomic.Pointer[verifiedEntry] // a power of two of them
}

// verifiedEntry is immutable. It is found by the hash of the whole token, signature included: nobody can make another that fits.
type verifiedEntry struct {
	hash  [sha256.Size]byte
	token *VerifiedToken
	key   crypto.PublicKey // that verified it
}

// newVerifiedCache returns nil for a size of zero.
func newVerifiedCache(size int) *verifiedCache {
	if size <= 0 {
		return nil
	}
	n := 1
	for n < size {
		n *= 2
	}
	return &verifiedCache{places: make([]atomic.Pointer[verifiedEntry], n)}
}

func (c *verifiedCache) place(hash *[sha256.Size]byte) *atomic.Pointer[verifiedEntry] {
	return &c.places[binary.LittleEndian.Uint64(hash[:8])&uint64(len(c.places)-1)]
}

// get returns what is known of the token with that hash. Whether it is still good is for the caller to check.
func (c *verifiedCache) get(hash *[sha256.Size]byte) *verifiedEntry {
	if e := c.place(hash).Load(); e != nil && e.hash == *hash {
		return e
	}
	return nil
}

func (c *verifiedCache) put(e *verifiedEntry) { c.place(&e.hash).Store(e) }

func (c *verifiedCache) drop(e *verifiedEntry) { c.place(&e.hash).CompareAndSwap(e, nil) }

// sameKey reports whether two keys are the same one in memory, which a key that was fetched again is not.
func sameKey(a, b crypto.PublicKey) bool {
	if x, ok := a.(ed25519.PublicKey); ok { // a slice, which == cannot compare
		y, ok := b.(ed25519.PublicKey)
		return ok && x.Equal(y)
	}
	if _, ok := b.(ed25519.PublicKey); ok {
		return false
	}
	return a == b
}
