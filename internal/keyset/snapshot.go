package keyset

import (
	"fmt"
	"strings"
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

func (s *snapshot) usable(now time.Time) bool { return s != nil && now.Before(s.until) }

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

const (
	maxAbsent = 1024
	absentTTL = 30 * time.Second
)

// absentKeys remembers the last kids that the issuer was found not to publish, so that
// asking for one again and again causes no fetches. A key that is published after
// all is found in the snapshot first. The zero value is ready to use.
type absentKeys struct {
	until map[absentKey]time.Time
	order [maxAbsent]absentKey // a ring, oldest at next
	next  int
}

type absentKey struct {
	kid string
	alg jose.Algorithm // only for tokens without a kid
}

func newAbsentKey(kid string, alg jose.Algorithm) absentKey {
	if kid != "" {
		alg = ""
	}
	return absentKey{kid, alg}
}

func (a *absentKeys) add(kid string, alg jose.Algorithm, now time.Time) {
	key := newAbsentKey(strings.Clone(kid), alg) // kid is a piece of a token and would keep all of it
	if a.until == nil {
		a.until = make(map[absentKey]time.Time)
	}
	if _, there := a.until[key]; !there {
		delete(a.until, a.order[a.next])
		a.order[a.next] = key
		a.next = (a.next + 1) % maxAbsent
	}
	a.until[key] = now.Add(absentTTL)
}

func (a *absentKeys) has(kid string, alg jose.Algorithm, now time.Time) bool {
	return now.Before(a.until[newAbsentKey(kid, alg)])
}
