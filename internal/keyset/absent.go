package keyset

import (
	"strings"
	"time"

	"example.com/stagedoor/internal/jose"
)

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
