package keyset

import (
	"crypto"
	"fmt"
	"time"

	"example.com/stagedoor/internal/jose"
)

// snapshot is what the issuer published at one time. It is never modified.
type snapshot struct {
	keys  []jose.PublicKey
	byID  map[string][]jose.PublicKey
	until time.Time // the hard limit
}

func newSnapshot(keys []jose.PublicKey, until time.Time) *snapshot {
	s := &snapshot{keys: keys, byID: make(map[string][]jose.PublicKey, len(keys)), until: until}
	for _, k := range keys {
		if k.KeyID != "" {
			s.byID[k.KeyID] = append(s.byID[k.KeyID], k)
		}
	}
	return s
}

// keep replaces those of keys that s has already by what s has, so that a key is the same
// value for as long as the issuer publishes it: whoever remembers what it has verified
// knows it again by its address.
func (s *snapshot) keep(keys []jose.PublicKey) []jose.PublicKey {
	if s == nil {
		return keys
	}
	for i, k := range keys {
		for _, old := range s.byID[k.KeyID] {
			key, ok := old.Key.(interface{ Equal(crypto.PublicKey) bool })
			if ok && old.Algorithm == k.Algorithm && key.Equal(k.Key) {
				keys[i] = old
				break
			}
		}
	}
	return keys
}

func (s *snapshot) usable(now time.Time) bool { return s != nil && now.Before(s.until) }

func (s *snapshot) hardLimit() time.Time {
	if s == nil {
		return time.Time{}
	}
	return s.until
}

// find reports the key of a token. Under a known kid there is always an answer: if no
// key fits the algorithm, verification refuses the one returned, and nothing needs to
// be fetched to know that.
func (s *snapshot) find(kid string, alg jose.Algorithm) (key jose.PublicKey, ok bool, err error) {
	if kid != "" {
		same := s.byID[kid]
		for _, k := range same {
			if k.Fits(alg) {
				return k, true, nil
			}
		}
		if len(same) > 0 {
			return same[0], true, nil
		}
		return jose.PublicKey{}, false, nil
	}
	for _, k := range s.keys {
		if !k.Fits(alg) {
			continue
		}
		if ok {
			// Trying one after the other would make the token's author choose.
			return jose.PublicKey{}, false, fmt.Errorf("%w: the token names none of several", jose.ErrUnknownKey)
		}
		key, ok = k, true
	}
	return key, ok, nil
}
