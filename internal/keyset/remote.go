package keyset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/stagedoor/internal/jose"
)

const (
	fetchInterval = 5 * time.Second // between the starts of two fetches

	defaultSoftTTL = time.Hour
	minSoftTTL     = 5 * time.Minute
	maxSoftTTL     = 24 * time.Hour
	defaultHardTTL = 24 * time.Hour
	minHardTTL     = 2 * minSoftTTL
)

// Config configures a [Remote].
type Config struct {
	// URL is where the issuer publishes its JWK set: https, or http on a loopback
	// address. Exactly one of it and Issuer is required.
	URL string
	// Issuer is an OpenID Connect issuer, spelled exactly as it spells itself: https,
	// or http on a loopback address. Each fetch then reads its discovery document
	// first, and the JWK set where that says, within one timeout.
	//
	// So this address decides alone where requests go, and nothing in a token does.
	// The set may be on another https host (Google's is): whoever can sign us in as
	// anybody may name it, too.
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
	url        string // for the log: of the set or of the issuer
	algorithms []jose.Algorithm
	softTTL    time.Duration
	hardTTL    time.Duration
	now        func() time.Time
	logger     *slog.Logger

	snapshot atomic.Pointer[snapshot]
	// refreshAt is when a caller that finds its key should start a refresh, in
	// nanoseconds since the epoch. Whoever moves it on starts it; the others pass.
	refreshAt atomic.Int64

	life *lifetime

	mu        sync.Mutex // guards what follows; never held while waiting
	inflight  *fetch[*snapshot]
	notBefore time.Time // of the next fetch
	failures  int       // since the last good answer
	lastError error
	log       throttle
	absent    absentKeys
}

// source yields the issuer's present keys and how long it says that they are fresh
// (zero if it does not say).
type source interface {
	fetch(ctx context.Context) (keys []jose.PublicKey, maxAge time.Duration, err error)
}

var _ jose.KeySet = (*Remote)(nil)

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
	var src source
	var err error
	if c.Issuer != "" {
		src, err = newDiscoverySource(c.Issuer, c.Client)
	} else {
		src, err = newJWKSSource(c.URL, c.Client)
	}
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
		life:       newLifetime(),
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
	return r, nil
}

// Close ends a fetch under way and waits for it. Known keys are found on, new ones
// are [ErrUnavailable]. Calling it is a courtesy: without it a fetch lives for five
// seconds at most.
func (r *Remote) Close() error {
	r.life.close(&r.mu)
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
	if err := f.wait(ctx); err != nil {
		return jose.PublicKey{}, err
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
func (r *Remote) join(kid string, alg jose.Algorithm) (f *fetch[*snapshot], starter bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	s := r.snapshot.Load()
	if s.usable(now) {
		if _, ok, err := s.find(kid, alg); ok || err != nil {
			return finished(now, s), false, nil // it came since we looked
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

// refresh starts a fetch that nobody waits for, if one is permitted.
func (r *Remote) refresh(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inflight == nil && !now.Before(r.notBefore) {
		_, _ = r.start(now) // after Close the keys at hand are all there is
	}
}

// start begins a fetch; mu is held.
func (r *Remote) start(now time.Time) (*fetch[*snapshot], error) {
	if r.life.over() {
		return nil, errClosed
	}
	f := newFetch[*snapshot](now)
	r.inflight = f
	r.notBefore = now.Add(fetchInterval)
	r.life.run(func(ctx context.Context) {
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
func (r *Remote) publish(f *fetch[*snapshot], keys []jose.PublicKey, maxAge time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer close(f.done)
	r.inflight = nil
	if maxAge == 0 {
		maxAge = r.softTTL
	}
	soft := min(max(maxAge, minSoftTTL), maxSoftTTL, r.hardTTL/2)
	f.result = newSnapshot(r.snapshot.Load().keep(keys), f.started.Add(r.hardTTL))
	r.snapshot.Store(f.result)
	r.refreshAt.Store(f.started.Add(soft).UnixNano())
	r.failures, r.lastError = 0, nil
}

// fail answers those who wait for f and permits the next fetch some time later. The
// log comes last and without mu: one that is slow must hold up nobody.
func (r *Remote) fail(f *fetch[*snapshot], err error) {
	now := r.now()
	usable, failures, report := r.failed(f, now, err)
	if report {
		r.logger.Warn("fetching keys failed", "url", r.url, "failures", failures, "usable", usable, "error", err)
	}
}

func (r *Remote) failed(f *fetch[*snapshot], now time.Time, err error) (usable bool, failures int, report bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer close(f.done)
	r.inflight = nil
	f.err = r.life.unavailable(err)
	r.lastError = f.err

	s := r.snapshot.Load()
	usable = s.usable(now)
	retry := retryAt(f.started, now, r.failures, s.hardLimit())
	if usable {
		// Unknown kids may ask no more often of an issuer that is down.
		retry = later(r.notBefore, retry)
	}
	r.notBefore = retry
	r.refreshAt.Store(retry.UnixNano())
	r.failures++
	// Closing is no fault of the issuer's.
	return usable, r.failures, f.err != errClosed && r.log.pass(now)
}
