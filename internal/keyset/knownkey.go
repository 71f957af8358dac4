package keyset

import (
	"sync/atomic"
	"time"

	"example.com/stagedoor/internal/jose"
)

const (
	// maxKnown is how many keys a PerKey knows.
	maxKnown = 64

	// idleTime is how long nobody asks for a key before it may have to go.
	idleTime = time.Hour
	// askInterval is how exactly that is known. Were it noted each time, all cores
	// would write to one place.
	askInterval = time.Minute
)

// knownKey is one key of a [PerKey].
type knownKey struct {
	key   jose.PublicKey
	since time.Time // of the first fetch that found it
	until time.Time // the hard limit

	// refreshAt is when a caller that finds the key should start a refresh, askedAt
	// when one last asked for it, within askInterval; both in nanoseconds since the
	// epoch.
	refreshAt, askedAt atomic.Int64
}

// newKnownKey returns a key fetched at now in the place of last, which may be nil.
func newKnownKey(key jose.PublicKey, now time.Time, last *knownKey) *knownKey {
	k := &knownKey{key: key, since: now, until: now.Add(defaultHardTTL)}
	k.refreshAt.Store(now.Add(defaultSoftTTL).UnixNano())
	k.askedAt.Store(now.UnixNano())
	if last != nil {
		k.since = last.since
		k.askedAt.Store(last.askedAt.Load())
	}
	return k
}

func (k *knownKey) usable(now time.Time) bool { return k != nil && now.Before(k.until) }

func (k *knownKey) hardLimit() time.Time {
	if k == nil {
		return time.Time{}
	}
	return k.until
}

func (k *knownKey) ask(now time.Time) {
	if t := now.UnixNano(); t-k.askedAt.Load() >= int64(askInterval) {
		k.askedAt.Store(t)
	}
}

// due reports whether the caller should start a refresh. Only one of many is told so.
func (k *knownKey) due(now time.Time) bool {
	at := k.refreshAt.Load()
	return now.UnixNano() >= at && k.refreshAt.CompareAndSwap(at, now.Add(fetchInterval).UnixNano())
}

// expendable returns the key that goes to make room for the one just fetched, newcomer:
// the one that nobody asked for for longest, if that is an hour or more; else the one
// that came last.
//
// That a key exists does not make it one of ours: AWS publishes the keys of everybody's
// load balancers side by side, so whoever has 64 of their own could push ours out if
// the least recently used one went, or the oldest. As it is, keys that are in use stay
// whoever comes, and newcomers, ours among them, share what room is left.
func expendable(known map[string]*knownKey, newcomer string, now time.Time) string {
	var idlest, latest string
	for kid, k := range known {
		if kid == newcomer {
			continue
		}
		if idlest == "" || k.askedAt.Load() < known[idlest].askedAt.Load() {
			idlest = kid
		}
		if latest == "" || k.since.After(known[latest].since) {
			latest = kid
		}
	}
	if now.UnixNano()-known[idlest].askedAt.Load() >= int64(idleTime) {
		return idlest
	}
	return latest
}
