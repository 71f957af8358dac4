package oauthadapter

import (
	"sync"
	"time"
)

// maxUsedStates bounds the memory. Only a browser that holds the attempt's cookie can use a state, so it takes that many real
// sign-ins in ten minutes to reach it; then the oldest are forgotten, and the deleted cookie, PKCE and the one-time code still
// bound a replay.
const maxUsedStates = 1 << 16

// usedStates remembers which attempts were used in this process (RFC 9700 section 4.7.1).
type usedStates struct {
	mu    sync.Mutex
	used  map[[stateIDSize]byte]struct{} // guarded by mu
	order []usedState                    // guarded by mu; oldest first
}

type usedState struct {
	id      [stateIDSize]byte
	expires time.Time
}

// use marks a state as used and reports whether it had not been.
func (u *usedStates) use(s state, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(u.order) > 0 && (u.order[0].expires.Before(now) || len(u.order) >= maxUsedStates) {
		delete(u.used, u.order[0].id)
		u.order = u.order[1:]
	}
	if _, ok := u.used[s.id]; ok {
		return false
	}
	if u.used == nil {
		u.used = make(map[[stateIDSize]byte]struct{})
	}
	u.used[s.id] = struct{}{}
	u.order = append(u.order, usedState{id: s.id, expires: now.Add(attemptLifetime)})
	return true
}
