package fakeidp

import "crypto/sha256"

const maxEntries = 10_000

// bounded maps secrets to values and forgets the oldest beyond maxEntries: sign-ins that nobody finishes cost no memory for ever.
// It keeps digests, so that a large token costs no more than a small one. The zero value is ready. Its user locks.
type bounded[V any] struct {
	entries map[[sha256.Size]byte]V
	order   [][sha256.Size]byte
}

func (b *bounded[V]) put(secret string, v V) {
	if b.entries == nil {
		b.entries = map[[sha256.Size]byte]V{}
	}
	if len(b.order) == maxEntries {
		delete(b.entries, b.order[0])
		b.order = b.order[1:]
	}
	key := sha256.Sum256([]byte(secret))
	b.entries[key] = v
	b.order = append(b.order, key)
}

func (b *bounded[V]) get(secret string) (V, bool) {
	v, ok := b.entries[sha256.Sum256([]byte(secret))]
	return v, ok
}

// remove forgets the value. Its place in the order is given back when it would have been the oldest.
func (b *bounded[V]) remove(secret string) {
	delete(b.entries, sha256.Sum256([]byte(secret)))
}
