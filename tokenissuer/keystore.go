package tokenissuer

import (
	"context"
	"slices"
	"sync"
	"time"
)

// KeyRecord is one key as a store keeps it.
type KeyRecord struct {
	// ID is unique within a store, and of at most 64 printable ASCII characters.
	ID string
	// Data is opaque to the store, and at most 8 KiB.
	Data []byte
	// Expires, in whole seconds, is when the last token that the key signed has expired. The store drops the record an hour
	// later or more, by its own clock, when another is created. Nobody else drops one for its age: a replica whose clock is
	// days ahead must not delete what the others sign with.
	Expires time.Time
}

// KeyStore keeps key records for all replicas of an issuer. It keeps bytes and decides nothing: when keys are made, sign
// and are retired is the issuer's business. A record never changes.
//
// The methods are called concurrently, with a context that expires after a few seconds, and never while a token is issued with
// a key that is in its period. An error means that the store could not do it, or that it is not known whether it did; keys in memory
// go on working. Package keystoretest has the contract as a test suite.
type KeyStore interface {
	// ListKeys returns all records, in no particular order; no record is no error. It sees what CreateKey and DeleteKey
	// did before, on any replica. A key that is no longer listed is withdrawn.
	ListKeys(ctx context.Context) ([]KeyRecord, error)
	// CreateKey adds a record. If there is one of the same ID, it must leave that as it is and return an error that
	// wraps [ErrKeyExists]: of several replicas that create one ID at once, exactly one succeeds. That is the compare-and-swap by which
	// replicas agree on their next key.
	CreateKey(ctx context.Context, r KeyRecord) error
	// DeleteKey removes the record of that ID. If there is none, it returns nil.
	DeleteKey(ctx context.Context, id string) error
}

// keepExpired is for how long an expired record stays, for those whose clocks are behind.
const keepExpired = time.Hour

// MemoryKeyStore is a [KeyStore] for one process. The zero value is an empty store.
type MemoryKeyStore struct {
	// Now is the clock. If nil, it is time.Now.
	Now func() time.Time

	mu      sync.Mutex
	records []KeyRecord // guarded by mu
}

var _ KeyStore = (*MemoryKeyStore)(nil)

// ListKeys implements [KeyStore].
func (s *MemoryKeyStore) ListKeys(context.Context) ([]KeyRecord, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.records), nil // the issuer does not write to Data
}

// CreateKey implements [KeyStore].
func (s *MemoryKeyStore) CreateKey(_ context.Context, r KeyRecord) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.index(r.ID) >= 0 {
		return ErrKeyExists
	}
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	gone := now().Add(-keepExpired)
	s.records = slices.DeleteFunc(s.records, func(r KeyRecord) bool { return r.Expires.Before(gone) })
	s.records = append(s.records, r)
	return nil
}

// DeleteKey implements [KeyStore].
func (s *MemoryKeyStore) DeleteKey(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.index(id); i >= 0 {
		s.records = slices.Delete(s.records, i, i+1)
	}
	return nil
}

func (s *MemoryKeyStore) index(id string) int {
	return slices.IndexFunc(s.records, func(r KeyRecord) bool { return r.ID == id })
}
