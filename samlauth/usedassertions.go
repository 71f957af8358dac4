package samlauth

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxUsedAssertions bounds the memory, which is about 8 MiB then. It takes that many sign-ins within the life of an assertion to reach it; then
// the oldest are forgotten, and the attempt's cookie, which only one answer can use, still bounds a replay.
const maxUsedAssertions = 1 << 16

// usedAssertions remembers which assertions were used in this process until they expire (SAML profiles section 4.1.4.5).
type usedAssertions struct {
	mu    sync.Mutex
	until map[[16]byte]time.Time // guarded by mu; by a hash of the ID
	order [][16]byte             // guarded by mu; oldest first
}

// use marks an assertion as used and reports whether it had not been.
func (u *usedAssertions) use(id string, until, now time.Time) bool {
	sum := sha256.Sum256([]byte(id))
	key := [16]byte(sum[:16])
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(u.order) > 0 && (u.until[u.order[0]].Before(now) || len(u.order) >= maxUsedAssertions) {
		delete(u.until, u.order[0])
		u.order = u.order[1:]
	}
	if _, ok := u.until[key]; ok {
		return false
	}
	if u.until == nil {
		u.until = make(map[[16]byte]time.Time)
	}
	u.until[key] = until
	u.order = append(u.order, key)
	return true
}
