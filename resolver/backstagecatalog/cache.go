package backstagecatalog

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	maxCached = 4096
	// maxKey keeps a flood of long questions from filling the memory.
	maxKey = 2 << 10
	// maxCachedUsers is as many as any sign-in has use for. Answers with more are not kept.
	maxCachedUsers = 10
)

// cache keeps answers until they expire, the newest of them if there are too many. The zero value with a clock is ready to use.
type cache[V any] struct {
	now func() time.Time

	mu      sync.Mutex // guards the fields below
	answers map[string]answer[V]
	order   [maxCached]string // a ring of the keys in answers, oldest at next
	next    int
}

type answer[V any] struct {
	value V
	until time.Time
}

func (c *cache[V]) get(key string) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.answers[key]
	if !ok || !c.now().Before(a.until) {
		var none V
		return none, false
	}
	return a.value, true
}

// put keeps a value that holds until then. It must not be changed any more.
func (c *cache[V]) put(key string, value V, until time.Time) {
	if len(key) > maxKey || !c.now().Before(until) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answers == nil {
		c.answers = make(map[string]answer[V])
	}
	if _, there := c.answers[key]; !there {
		delete(c.answers, c.order[c.next])
		c.order[c.next] = key
		c.next = (c.next + 1) % maxCached
	}
	c.answers[key] = answer[V]{value, until}
}

// flights makes one call of those that ask the same at once. The zero value is ready to use.
type flights[V any] struct {
	mu    sync.Mutex // guards calls
	calls map[string]*call[V]
}

type call[V any] struct {
	done  chan struct{}
	value V
	err   error
	left  bool // whoever made the call gave up: its error is nobody else's
}

// errPanicked is what others get if the one who makes the call panics.
var errPanicked = errors.New("the request panicked")

// do returns what fetch does, which runs in the goroutine of one of the callers and with its context. If that one gives up, another of them
// takes its place.
func (f *flights[V]) do(ctx context.Context, key string, fetch func(ctx context.Context) (V, error)) (V, error) {
	for {
		f.mu.Lock()
		c, there := f.calls[key]
		if !there {
			c = &call[V]{done: make(chan struct{}), err: errPanicked}
			if f.calls == nil {
				f.calls = make(map[string]*call[V])
			}
			f.calls[key] = c
			f.mu.Unlock()
			return f.run(ctx, key, c, fetch)
		}
		f.mu.Unlock()
		select {
		case <-c.done:
			if !c.left {
				return c.value, c.err
			}
		case <-ctx.Done():
			var none V
			return none, ctx.Err()
		}
	}
}

func (f *flights[V]) run(ctx context.Context, key string, c *call[V], fetch func(ctx context.Context) (V, error)) (V, error) {
	defer func() {
		f.mu.Lock()
		delete(f.calls, key)
		f.mu.Unlock()
		close(c.done)
	}()
	c.value, c.err = fetch(ctx)
	c.left = c.err != nil && ctx.Err() != nil
	return c.value, c.err
}
