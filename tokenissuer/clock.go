package tokenissuer

import (
	"fmt"
	"sync/atomic"
	"time"
)

// clockTolerance is how far a clock may be set back, as time servers do, before signing stops.
const clockTolerance = 5 * time.Minute

// clock gives tokens their iat, which never goes back within a process.
type clock struct {
	now  func() time.Time
	last atomic.Int64 // the latest iat, in seconds
}

// verifying returns the time to verify by. If the clock was set back a little, it is that of the last token, which would else
// not be valid yet in the eyes of the process that made it.
func (c *clock) verifying() time.Time {
	now := c.now()
	if last := time.Unix(c.last.Load(), 0); last.After(now) && last.Sub(now) <= clockTolerance {
		return last
	}
	return now
}

// issuedAt returns the iat of a token issued now. If the clock was set back a little, it is that of the last token; if
// it was set back more, the error is [ErrClock]: the token would come from a future that verifiers do not accept, and
// live on for as much longer with those that do not look.
func (c *clock) issuedAt(now time.Time) (int64, error) {
	iat := now.Unix()
	for {
		last := c.last.Load()
		if iat <= last {
			if back := time.Duration(last-iat) * time.Second; back > clockTolerance {
				return 0, fmt.Errorf("%w: by %v since the last token", ErrClock, back)
			}
			return last, nil
		}
		if c.last.CompareAndSwap(last, iat) {
			return iat, nil
		}
	}
}
