package cfaccess

import (
	"container/list"
	"time"
)

const (
	maxRecent      = 4096
	maxRecentBytes = 16 << 20
)

// recentIdentities are those that this process knows, bounded in number and in bytes of their answers. Beyond that the oldest goes
// first: all live about as long. Its owner locks it.
type recentIdentities struct {
	byKey map[personKey]*list.Element // of *recentIdentity
	byAge list.List                   // the oldest in front
	bytes int                         // of all answers
}

type recentIdentity struct {
	key      personKey
	identity *Identity
	expires  time.Time
}

// get returns the identity that is kept under key, or nil.
func (r *recentIdentities) get(key personKey, now time.Time) *Identity {
	e, ok := r.byKey[key]
	if !ok {
		return nil
	}
	entry := e.Value.(*recentIdentity)
	if !fresh(entry.expires, now) {
		r.remove(e)
		return nil
	}
	return entry.identity
}

// add keeps an identity, and lets go of what has expired or is too much.
func (r *recentIdentities) add(key personKey, id *Identity, expires, now time.Time) {
	if e, ok := r.byKey[key]; ok {
		r.remove(e)
	}
	if r.byKey == nil {
		r.byKey = make(map[personKey]*list.Element)
	}
	r.byKey[key] = r.byAge.PushBack(&recentIdentity{key: key, identity: id, expires: expires})
	r.bytes += len(id.answer)
	for e := r.byAge.Front(); e != nil; e = r.byAge.Front() {
		if len(r.byKey) <= maxRecent && r.bytes <= maxRecentBytes && fresh(e.Value.(*recentIdentity).expires, now) {
			break
		}
		r.remove(e)
	}
}

func (r *recentIdentities) remove(e *list.Element) {
	entry := r.byAge.Remove(e).(*recentIdentity)
	r.bytes -= len(entry.identity.answer)
	delete(r.byKey, entry.key)
}

// fresh reports whether an answer that counts until expires counts now. None counts for longer than identityMaxAge, whatever a cache
// says and even if the clock is set back.
func fresh(expires, now time.Time) bool {
	left := expires.Sub(now)
	return 0 < left && left <= identityMaxAge
}
