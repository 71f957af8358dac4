package tokenissuer

import (
	"crypto/ed25519"
	"hash/maphash"
	"strings"
	"sync/atomic"
	"time"

	"example.com/stagedoor/internal/jose"
)

// maxRemembered is the length of the longest token that is remembered. Those of Backstage have a few hundred bytes, and some thousands
// if they carry the ownership; without a bound, a few users in thousands of groups would decide how much memory a cache takes.
const maxRemembered = 8 << 10

// verifiedCache remembers tokens that were verified, so that the second sight of one costs a hash instead of a signature. It is a table
// of fixed size in which a token has one place: no lock, no allocation, no list to keep in order. Two tokens that share a place push
// each other out, which costs a verification. Only what verified gets in, so nobody without tokens of their own can push others out.
type verifiedCache struct {
	seed   maphash.Seed
	places []atomic.Pointer[verifiedEntry] // a power of two of them
}

// verifiedEntry is immutable. It is found by the hash, and recognised by the whole text, signature included: no other token is it.
type verifiedEntry struct {
	hash        uint64
	text        string
	token       *VerifiedToken
	key         jose.PublicKey // that verified it
	from, until time.Time      // between which it is good
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
	return &verifiedCache{seed: maphash.MakeSeed(), places: make([]atomic.Pointer[verifiedEntry], n)}
}

func (c *verifiedCache) place(hash uint64) *atomic.Pointer[verifiedEntry] {
	return &c.places[hash&uint64(len(c.places)-1)]
}

// get returns what is known of a token, or nil. Whether it is still good is for the caller to check.
//
// The texts are compared if the hashes are equal, whose seed nobody knows: how long it takes tells nobody how a token of somebody else's
// begins.
func (c *verifiedCache) get(text string) *verifiedEntry {
	hash := maphash.String(c.seed, text)
	if e := c.place(hash).Load(); e != nil && e.hash == hash && e.text == text {
		return e
	}
	return nil
}

// put remembers e under text, which may be a piece of a longer one.
func (c *verifiedCache) put(text string, e *verifiedEntry) {
	e.text, e.hash = strings.Clone(text), maphash.String(c.seed, text)
	c.place(e.hash).Store(e)
}

func (c *verifiedCache) drop(e *verifiedEntry) { c.place(e.hash).CompareAndSwap(e, nil) }

// sameKey reports whether two keys are one and the same in memory, and for the same algorithm. To compare what they point to would cost
// more, and is not needed: key sets return the key that they have until it changes.
func sameKey(a, b jose.PublicKey) bool {
	if a.KeyID != b.KeyID || a.Algorithm != b.Algorithm {
		return false
	}
	if x, ok := a.Key.(ed25519.PublicKey); ok { // a slice, which == cannot compare
		return x.Equal(b.Key)
	}
	return a.Key == b.Key
}
