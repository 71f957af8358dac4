package authprovidertest

import (
	"sync"
	"time"
)

// Clock is a time that moves only when the test says so. Pass its Now to [authprovider.Config.Now], [ProviderConfig.Now] and
// [Browser.Now] alike. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

// NewClock returns a clock that stands at now, or, if that is zero, at the beginning of 2030.
func NewClock(now time.Time) *Clock {
	if now.IsZero() {
		now = time.Date(2030, time.January, 1, 12, 0, 0, 0, time.UTC)
	}
	return &Clock{now: now}
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the time on by d, or back if d is negative.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
