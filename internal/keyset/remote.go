package keyset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/stagedoor/internal/jose"
)

// ErrUnavailable means that it could not be found out whether a key exists: the
// issuer does not answer, or did not when last asked. Trying later may help; the token
// is neither good nor bad. Compare [jose.ErrUnknownKey].
var ErrUnavailable = errors.New("keyset: keys are unavailable")

const (
	fetchTimeout  = 5 * time.Second
	fetchInterval = 5 * time.Second // between the starts of two fetches

	minBackoff     = time.Second
	maxBackoff     = 30 * time.Second
	maxColdBackoff = 8 * time.Second // without any key nobody gets in: try sooner
	logInterval    = time.Minute

	defaultSoftTTL = time.Hour
	minSoftTTL     = 5 * time.Minute
	maxSoftTTL     = 24 * time.Hour
	defaultHardTTL = 24 * time.Hour
	minHardTTL     = 2 * minSoftTTL
)

// Config configures a [Remote].
type Config struct {
	// URL is where the issuer publishes its JWK set: https, or http on a loopback
	// address. Either it or Issuer is required.
	URL string
	// Issuer is an OpenID Connect issuer: https, or http on a loopback address. Where
	// its JWK set is, every fetch asks its discovery document first.
	Issuer string
	// Algorithms lists those that [Remote.VerifySignature] permits. If nil, all that
	// package jose knows; the key's type and published algorithm decide then.
	Algorithms []jose.Algorithm
	// SoftTTL is how long keys are fresh if the answer has no Cache-Control: max-age
	// (which is shortened by the answer's Age).
	// Either is clamped to 5 min to 24 h, and to half of HardTTL, so that there is
	// time left to refresh. If zero, 1 h.
	SoftTTL time.Duration
	// HardTTL is how long after they were fetched keys are used at all, at least
	// 10 min. If zero, 24 h.
	HardTTL time.Duration
	// Client makes the requests. Redirects are never followed, whatever its policy. If
	// nil, a client of its own on http.DefaultTransport.
	Client *http.Client
	// Now is the clock. If nil, time.Now.
	Now func() time.Time
	// Logger hears of failed fetches, once a minute at most. If nil, nobody does.
	Logger *slog.Logger
}

// Remote is the key set of one issuer. It is safe for concurrent use. Nothing is
// fetched before the first key is asked for.
type Remote struct {
	source     source
	url        string // for the log
	algorithms []jose.Algorithm
	softTTL    time.Duration
	hardTTL    time.Duration
	now        func() time.Time
	logger     *slog.Logger

	snapshot atomic.Pointer[snapshot]
	// refreshAt is when a caller that finds its key should start a refresh, in
	// nanoseconds since the epoch. Whoever moves it on starts it; the others pass.
	refreshAt atomic.Int64

	life    context.Context // ends with Close
	end     context.CancelFunc
	fetches sync.WaitGroup

	mu        sync.Mutex // guards what follows; never held while waiting
	inflight  *fetch
	notBefore time.Time // of the next fetch
	failures  int       // since the last good answer
	lastError error
	lastLog   time.Time
	absent    absentKeys
}

// fetch is one request under way. result or err is set once done is closed.
type fetch struct {
	started time.Time
	done    chan struct{}
	result  *snapshot
	err     error
}

// source yields the issuer's present keys and how long it says that they are fresh
// (zero if it does not say).
type source interface {
	fetch(ctx context.Context) (keys []jose.PublicKey, maxAge time.Duration, err error)
}

var _ jose.KeySet = (*Remote)(nil)

func newSource(c Config) (source, error) {
	if c.Issuer != "" {
		return newDiscoverySource(c.Issuer, c.Client)
	}
	return newHTTPSource(c.URL, c.Client)
}

// New returns a key set for c. It needs no network.
func New(c Config) (*Remote, error) {
	if (c.URL == "") == (c.Issuer == "") {
		return nil, errors.New("keyset: one of Config.URL and Config.Issuer is required")
	}
	if c.SoftTTL < 0 {
		return nil, errors.New("keyset: Config.SoftTTL is negative")
	}
	if c.HardTTL != 0 && c.HardTTL < minHardTTL {
		return nil, fmt.Errorf("keyset: Config.HardTTL is %v, want at least %v", c.HardTTL, minHardTTL)
	}
	for _, alg := range c.Algorithms {
		if !alg.Known() {
			return nil, fmt.Errorf("keyset: Config.Algorithms: %w: %q", jose.ErrAlgorithm, alg)
		}
	}
	src, err := newSource(c)
	if err != nil {
		return nil, err
	}
	r := &Remote{
		source:     src,
		url:        cmp.Or(c.URL, c.Issuer),
		algorithms: slices.Clone(c.Algorithms),
		softTTL:    c.SoftTTL,
		hardTTL:    c.HardTTL,
		now:        c.Now,
		logger:     c.Logger,
	}
	if r.softTTL == 0 {
		r.softTTL = defaultSoftTTL
	}
	if r.hardTTL == 0 {
		r.hardTTL = defaultHardTTL
	}
	if r.now == nil {
		r.now = time.Now
	}
	if r.logger == nil {
		r.logger = slog.New(slog.DiscardHandler)
	}
	r.life, r.end = context.WithCancel(context.Background())
	return r, nil
}

// Close ends a fetch under way and waits for it. Known keys are found on, new ones
// are [ErrUnavailable]. Calling it is a courtesy: without it a fetch lives for five
// seconds at most.
func (r *Remote) Close() error {
	r.mu.Lock()
	r.end() // under mu, so that no fetch starts after Wait
	r.mu.Unlock()
	r.fetches.Wait()
	return nil
}

// Key implements [jose.KeySet]. An empty kid finds a key only if exactly one fits the
// algorithm. The error wraps [jose.ErrUnknownKey] if the issuer does not publish the
// key, [ErrUnavailable] if that could not be found out, or ctx's error.
func (r *Remote) Key(ctx context.Context, kid string, alg jose.Algorithm) (jose.PublicKey, error) {
	now := r.now()
	if s := r.snapshot.Load(); s.usable(now) {
		if key, ok, err := s.find(kid, alg); ok || err != nil {
			if due := r.refreshAt.Load(); now.UnixNano() >= due &&
				r.refreshAt.CompareAndSwap(due, now.Add(fetchInterval).UnixNano()) {
				r.refresh(now)
			}
			return key, err
		}
	}
	return r.await(ctx, kid, alg)
}

// VerifySignature implements go-oidc's KeySet: it returns the payload of a token that
// [jose.Parse] accepts and whose signature is of this set. Issuer, audience and times
// are the caller's business. Errors are those of [jose.Parse], [jose.Token.Verify] and
// [Remote.Key]; go-oidc passes on their text only.
func (r *Remote) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	t, err := jose.Parse(jwt)
	if err != nil {
		return nil, err
	}
	h := t.Header()
	if r.algorithms != nil && !slices.Contains(r.algorithms, h.Algorithm) {
		return nil, fmt.Errorf("%w: %s", jose.ErrAlgorithm, h.Algorithm)
	}
	key, err := r.Key(ctx, h.KeyID, h.Algorithm)
	if err != nil {
		return nil, err
	}
	if err := t.Verify(key); err != nil {
		return nil, err
	}
	return t.Payload(), nil
}

// await is the slow path of Key: the key is not in a usable snapshot.
func (r *Remote) await(ctx context.Context, kid string, alg jose.Algorithm) (jose.PublicKey, error) {
	f, starter, err := r.join(kid, alg)
	if err != nil {
		return jose.PublicKey{}, err
	}
	select {
	case <-ctx.Done():
		return jose.PublicKey{}, fmt.Errorf("keyset: waiting for keys: %w", ctx.Err())
	case <-f.done:
	}
	if f.err != nil {
		return jose.PublicKey{}, f.err
	}
	key, ok, err := f.result.find(kid, alg)
	if ok || err != nil {
		return key, err
	}
	// An answer that was under way already when we asked may be older than the key;
	// remembering that would hold off a rotation.
	if starter {
		r.mu.Lock()
		r.absent.add(kid, alg, r.now())
		r.mu.Unlock()
	}
	return jose.PublicKey{}, unknown(kid)
}

// join returns the fetch to wait for, and whether this call started it; or why there
// is nothing to wait for.
func (r *Remote) join(kid string, alg jose.Algorithm) (f *fetch, starter bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	s := r.snapshot.Load()
	if s.usable(now) {
		if _, ok, err := s.find(kid, alg); ok || err != nil {
			over := make(chan struct{})
			close(over)
			return &fetch{done: over, result: s}, false, nil // it came since we looked
		}
		if r.absent.has(kid, alg, now) {
			return nil, false, unknown(kid)
		}
	}
	switch {
	case r.inflight != nil:
		return r.inflight, false, nil
	case !now.Before(r.notBefore):
		f, err := r.start(now)
		return f, true, err
	case r.failures > 0: // waiting out a backoff helps nobody
		return nil, false, r.lastError
	}
	return nil, false, unknown(kid) // by an answer that is no older than fetchInterval
}

var errClosed = fmt.Errorf("%w: closed", ErrUnavailable)

// refresh starts a fetch that nobody waits for, if one is permitted.
func (r *Remote) refresh(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inflight == nil && !now.Before(r.notBefore) {
		_, _ = r.start(now) // after Close the keys at hand are all there is
	}
}

// start begins a fetch; mu is held. The goroutine ends with the fetch's timeout or
// with Close, which waits for it.
func (r *Remote) start(now time.Time) (*fetch, error) {
	if r.life.Err() != nil {
		return nil, errClosed
	}
	f := &fetch{started: now, done: make(chan struct{})}
	r.inflight = f
	r.notBefore = now.Add(fetchInterval)
	r.fetches.Go(func() {
		ctx, cancel := context.WithTimeout(r.life, fetchTimeout)
		defer cancel()
		keys, maxAge, err := r.source.fetch(ctx)
		if err != nil {
			r.fail(f, err)
			return
		}
		r.publish(f, keys, maxAge)
	})
	return f, nil
}

// publish makes the answer to f the set that callers see.
func (r *Remote) publish(f *fetch, keys []jose.PublicKey, maxAge time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer close(f.done)
	r.inflight = nil
	if maxAge == 0 {
		maxAge = r.softTTL
	}
	soft := min(max(maxAge, minSoftTTL), maxSoftTTL, r.hardTTL/2)
	f.result = newSnapshot(keys, f.started.Add(r.hardTTL))
	r.snapshot.Store(f.result)
	r.refreshAt.Store(f.started.Add(soft).UnixNano())
	r.failures, r.lastError = 0, nil
}

// fail answers those who wait for f and permits the next fetch some time later. The
// log comes last and without mu: one that is slow must hold up nobody.
func (r *Remote) fail(f *fetch, err error) {
	now := r.now()
	usable, failures, report := r.failed(f, now, err)
	if report {
		r.logger.Warn("fetching keys failed", "url", r.url, "failures", failures, "usable", usable, "error", err)
	}
}

func (r *Remote) failed(f *fetch, now time.Time, err error) (usable bool, failures int, report bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer close(f.done)
	r.inflight = nil
	closed := r.life.Err() != nil
	switch {
	case closed:
		f.err = errClosed
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		f.err = fmt.Errorf("%w: %v", ErrUnavailable, err) // not wrapped: a caller would take it for its own context's
	default:
		f.err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	r.lastError = f.err

	s := r.snapshot.Load()
	usable = s.usable(now)
	// Counted from the start, so that an issuer that hung is asked again no later than
	// one that refused.
	retry := later(f.started.Add(backoff(r.failures, usable)), now.Add(minBackoff))
	if usable {
		if s.until.Before(retry) {
			retry = s.until // nobody gets in from then on: no time to wait
		}
		// Unknown kids may ask no more often of an issuer that is down.
		retry = later(r.notBefore, retry)
	}
	r.notBefore = retry
	r.refreshAt.Store(retry.UnixNano())
	r.failures++
	if closed || !r.lastLog.IsZero() && now.Sub(r.lastLog) < logInterval {
		return usable, r.failures, false // closing is no fault of the issuer's
	}
	r.lastLog = now
	return usable, r.failures, true
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

func unknown(kid string) error {
	const limit = 64
	if len(kid) > limit {
		kid = kid[:limit] + "..."
	}
	return fmt.Errorf("%w: kid %q", jose.ErrUnknownKey, kid)
}
