package keyset

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"example.com/stagedoor/internal/jose"
)

// ErrUnavailable means that it could not be found out whether a key exists: the
// issuer does not answer, or did not when last asked, or may not be asked that often.
// Trying later may help; the token is neither good nor bad. Compare
// [jose.ErrUnknownKey].
var ErrUnavailable = errors.New("keyset: keys are unavailable")

var errClosed = fmt.Errorf("%w: closed", ErrUnavailable)

func unknown(kid string) error {
	return fmt.Errorf("%w: kid %q", jose.ErrUnknownKey, excerpt(kid))
}

const (
	fetchTimeout = 5 * time.Second

	minBackoff     = time.Second
	maxBackoff     = 30 * time.Second
	maxColdBackoff = 8 * time.Second // without any key nobody gets in: try sooner
	logInterval    = time.Minute
)

// fetch is a question to the issuer under way. result or err is set once done is
// closed.
type fetch[T any] struct {
	started time.Time
	done    chan struct{}
	result  T
	err     error
}

func newFetch[T any](started time.Time) *fetch[T] {
	return &fetch[T]{started: started, done: make(chan struct{})}
}

func finished[T any](now time.Time, result T) *fetch[T] {
	f := newFetch[T](now)
	f.result = result
	close(f.done)
	return f
}

// wait returns when the fetch is over, or ctx, which is its caller's and not the fetch's.
func (f *fetch[T]) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("keyset: waiting for keys: %w", ctx.Err())
	case <-f.done:
		return f.err
	}
}

// lifetime owns the goroutines that fetch: each ends with its timeout or with close.
type lifetime struct {
	ctx     context.Context
	end     context.CancelFunc
	fetches sync.WaitGroup
}

func newLifetime() *lifetime {
	ctx, end := context.WithCancel(context.Background())
	return &lifetime{ctx: ctx, end: end}
}

func (l *lifetime) over() bool { return l.ctx.Err() != nil }

// run calls f in a goroutine. The caller holds the lock that close takes, and has asked
// for over under it.
func (l *lifetime) run(f func(context.Context)) {
	l.fetches.Go(func() {
		ctx, cancel := context.WithTimeout(l.ctx, fetchTimeout)
		defer cancel()
		f(ctx)
	})
}

// close ends what run started and waits for it. It ends under mu, so that nothing
// starts after the wait.
func (l *lifetime) close(mu sync.Locker) {
	mu.Lock()
	l.end()
	mu.Unlock()
	l.fetches.Wait()
}

// unavailable is what callers are told of a failed fetch.
func (l *lifetime) unavailable(err error) error {
	switch {
	case l.over():
		return errClosed
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %v", ErrUnavailable, err) // not wrapped: a caller would take it for its own context's
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// retryAt says when to ask again after a fetch that failed now: the number of failures
// before it, and until when keys are at hand, which may have passed.
func retryAt(started, now time.Time, failures int, until time.Time) time.Time {
	usable := now.Before(until)
	// Counted from the start, so that an issuer that hung is asked again no later than
	// one that refused.
	retry := later(started.Add(backoff(failures, usable)), now.Add(minBackoff))
	if usable && until.Before(retry) {
		return until // nobody gets in from then on: no time to wait
	}
	return retry
}

// backoff doubles from 1 s with each failure and takes a random part of it away, up
// to half, so that replicas do not come back in step.
func backoff(failures int, warm bool) time.Duration {
	limit := maxColdBackoff
	if warm {
		limit = maxBackoff
	}
	d := min(minBackoff<<min(failures, 5), limit)
	return max(minBackoff, d-rand.N(d/2))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// throttle lets one line a minute through to the log. Its owner locks it.
type throttle struct{ last time.Time }

func (t *throttle) pass(now time.Time) bool {
	if !t.last.IsZero() && now.Sub(t.last) < logInterval {
		return false
	}
	t.last = now
	return true
}
