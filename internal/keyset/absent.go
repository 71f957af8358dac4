package keyset

import (
	"strings"
	"time"

	"example.com/stagedoor/internal/jose"
)

const absentTTL = 30 * time.Second

// absentKeys remembers the last kids that the issuer was found not to publish, so that
// asking for one again and again causes no fetches. A key that is published after
// all is found in the snapshot first. The zero value is ready to use.
type absentKeys struct {
	until recent[absentKey, time.Time]
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
	kid = strings.Clone(kid) // it is a piece of a token and would keep all of it
	a.until.put(newAbsentKey(kid, alg), now.Add(absentTTL))
}

func (a *absentKeys) has(kid string, alg jose.Algorithm, now time.Time) bool {
	return now.Before(a.until.get(newAbsentKey(kid, alg)))
}
