package keyset

import "time"

// maxFetches is how many fetches of single keys may start in any second.
const maxFetches = 10

// budget counts the fetches of the last second. Its owner locks it.
type budget struct {
	started [maxFetches]time.Time // a ring, oldest at next
	next    int
}

// take reports whether another fetch may start now, if there may be most of them in a
// second, and counts it.
func (b *budget) take(now time.Time, most int) bool {
	n := 0
	for _, t := range b.started {
		if age := now.Sub(t); age >= 0 && age < time.Second { // none is younger, unless the clock was set back
			n++
		}
	}
	if n >= most {
		return false
	}
	b.started[b.next] = now
	b.next = (b.next + 1) % maxFetches
	return true
}
