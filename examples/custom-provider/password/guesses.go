package password

import (
	"strconv"
	"sync"
	"time"
)

const (
	guessWindow = 15 * time.Minute
	maxGuesses  = 10
	maxNames    = 10_000
)

// guesses counts attempts by name, whether somebody has that name or not. It is in memory: each replica counts for itself.
type guesses struct {
	now func() time.Time

	mu     sync.Mutex // guards byName
	byName map[string]*guessCount
}

type guessCount struct {
	n    int
	ends time.Time
}

func newGuesses(now func() time.Time) *guesses {
	return &guesses{now: now, byName: make(map[string]*guessCount)}
}

// take counts an attempt before it is checked, since many may come at once, and returns how to give it back if it was right. If there were too
// many, it returns how long to wait.
func (g *guesses) take(name string) (giveBack func(), wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	count := g.byName[name]
	switch {
	case count == nil || !now.Before(count.ends):
		g.makeRoom()
		count = &guessCount{ends: now.Add(guessWindow)}
		g.byName[name] = count
	case count.n >= maxGuesses:
		return nil, count.ends.Sub(now)
	}
	count.n++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		count.n--
	}, 0
}

// makeRoom forgets any one name if there are too many. Whoever wants a certain name forgotten has to guess at thousands of others for it, and
// each of these guesses costs the time of a hash.
func (g *guesses) makeRoom() {
	if len(g.byName) < maxNames {
		return
	}
	for name := range g.byName {
		delete(g.byName, name)
		return
	}
}

// seconds rounds up, for Retry-After.
func seconds(d time.Duration) string { return strconv.Itoa(int((d + time.Second - 1) / time.Second)) }
