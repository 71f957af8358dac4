package keyset

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/stagedoor/internal/jose"
)

const (
	// maxPEM bounds the answer for one key; a P-256 key takes 178 bytes.
	maxPEM = 16 << 10

	// reservedFetches of the maxFetches in a second are for refreshing known keys.
	// Otherwise a flood that lasts would carry them to their hard limit.
	reservedFetches = 2

	absentKeyTTL = time.Minute
)

// PerKeyConfig configures a [PerKey].
type PerKeyConfig struct {
	// URLPrefix is what stands before a kid in the address of its key: https, or http
	// on a loopback address, with a slash at its end. Required.
	URLPrefix string
	// Algorithm is the only one that the keys may be used with. Required.
	Algorithm jose.Algorithm
	// Client makes the requests. Redirects are never followed, whatever its policy. If
	// nil, a client of its own on http.DefaultTransport.
	Client *http.Client
	// Now is the clock. If nil, time.Now.
	Now func() time.Time
	// Logger hears of failed fetches, once a minute at most. If nil, nobody does.
	Logger *slog.Logger
}

// PerKey is the key set of an issuer that does not list its keys but publishes each as
// PEM under its kid, which is a UUID: AWS's load balancers. It is safe for concurrent
// use. Nothing is fetched before the first key is asked for.
//
// What differs from [Remote] is that anybody's kid leads to a request, so that there
// are more limits: see the package's documentation.
type PerKey struct {
	prefix    string
	algorithm jose.Algorithm
	client    *http.Client
	now       func() time.Time
	logger    *slog.Logger

	// known is never modified, but exchanged for a changed copy, under mu. Reading is
	// an atomic load and a look-up, as in Remote; a sync.Map would have to be counted
	// and searched under the lock all the same, to stay within its bound.
	known atomic.Pointer[map[string]*knownKey]

	life *lifetime

	mu       sync.Mutex // guards what follows; never held while waiting
	inflight map[string]*fetch[jose.PublicKey]
	budget   budget
	refused  recent[string, refusal]
	log      throttle
}

// refusal is what is answered for a kid without asking for it, until it is over.
type refusal struct {
	until    time.Time
	err      error
	failures int // in a row
}

var _ jose.KeySet = (*PerKey)(nil)

// NewPerKey returns a key set for c. It needs no network.
func NewPerKey(c PerKeyConfig) (*PerKey, error) {
	if c.URLPrefix == "" {
		return nil, errors.New("keyset: PerKeyConfig.URLPrefix is required")
	}
	if c.Algorithm == "" {
		return nil, errors.New("keyset: PerKeyConfig.Algorithm is required")
	}
	if !c.Algorithm.Known() {
		return nil, fmt.Errorf("keyset: PerKeyConfig.Algorithm: %w: %q", jose.ErrAlgorithm, c.Algorithm)
	}
	u, err := parseBase(c.URLPrefix)
	if err != nil {
		return nil, fmt.Errorf("keyset: PerKeyConfig.URLPrefix: %w", err)
	}
	if !strings.HasSuffix(u.Path, "/") {
		return nil, fmt.Errorf("keyset: PerKeyConfig.URLPrefix: %q does not end with a slash", c.URLPrefix)
	}
	p := &PerKey{
		prefix:    u.String(),
		algorithm: c.Algorithm,
		client:    newClient(c.Client),
		now:       c.Now,
		logger:    c.Logger,
		life:      newLifetime(),
		inflight:  make(map[string]*fetch[jose.PublicKey]),
	}
	p.known.Store(&map[string]*knownKey{})
	if p.now == nil {
		p.now = time.Now
	}
	if p.logger == nil {
		p.logger = slog.New(slog.DiscardHandler)
	}
	return p, nil
}

// Close ends the fetches under way and waits for them. Known keys are found on, new
// ones are [ErrUnavailable]. Calling it is a courtesy: without it a fetch lives for
// five seconds at most.
func (p *PerKey) Close() error {
	p.life.close(&p.mu)
	return nil
}

// Key implements [jose.KeySet]. The error wraps [jose.ErrUnknownKey] if the issuer does
// not publish the key, or cannot, as kid is no UUID or alg is not its algorithm;
// [ErrUnavailable] if that could not be found out; or ctx's error.
func (p *PerKey) Key(ctx context.Context, kid string, alg jose.Algorithm) (jose.PublicKey, error) {
	now := p.now()
	if k := (*p.known.Load())[kid]; k.usable(now) {
		k.ask(now)
		if k.due(now) {
			p.refresh(kid, now)
		}
		return k.key, nil
	}
	// kid is about to become a part of an address: nothing that could lead anywhere
	// else goes there.
	if !isUUID(kid) || alg != p.algorithm {
		return jose.PublicKey{}, unknown(kid)
	}
	f, err := p.join(kid)
	if err != nil {
		return jose.PublicKey{}, err
	}
	if err := f.wait(ctx); err != nil {
		return jose.PublicKey{}, err
	}
	return f.result, nil
}

var errBusy = fmt.Errorf("%w: too many unknown keys are asked for", ErrUnavailable)

// join returns the fetch to wait for, or why there is nothing to wait for.
func (p *PerKey) join(kid string) (*fetch[jose.PublicKey], error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if k := (*p.known.Load())[kid]; k.usable(now) { // it came since we looked
		return finished(now, k.key), nil
	}
	if f := p.inflight[kid]; f != nil {
		return f, nil
	}
	if r := p.refused.get(kid); now.Before(r.until) {
		return nil, r.err
	}
	return p.start(kid, now, maxFetches-reservedFetches)
}

// refresh starts a fetch that nobody waits for, if one is permitted.
func (p *PerKey) refresh(kid string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inflight[kid] == nil {
		_, _ = p.start(kid, now, maxFetches) // if not now, then at the next due time
	}
}

// start begins a fetch, if there were fewer than most in the last second; mu is held.
func (p *PerKey) start(kid string, now time.Time, most int) (*fetch[jose.PublicKey], error) {
	if p.life.over() {
		return nil, errClosed
	}
	if !p.budget.take(now, most) {
		return nil, errBusy
	}
	kid = strings.Clone(kid) // it is a piece of a token and would keep all of it
	f := newFetch[jose.PublicKey](now)
	p.inflight[kid] = f
	p.life.run(func(ctx context.Context) {
		key, err := p.fetch(ctx, kid)
		if err != nil {
			p.fail(f, kid, err)
			return
		}
		p.publish(f, key)
	})
	return f, nil
}

func (p *PerKey) fetch(ctx context.Context, kid string) (jose.PublicKey, error) {
	body, _, err := get(ctx, p.client, p.prefix+kid, "*/*", maxPEM)
	if err != nil {
		return jose.PublicKey{}, err
	}
	return jose.ParsePublicKeyPEM(body, kid, p.algorithm)
}

// publish makes key one that callers see.
func (p *PerKey) publish(f *fetch[jose.PublicKey], key jose.PublicKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer close(f.done)
	delete(p.inflight, key.KeyID)
	f.result = key
	known := maps.Clone(*p.known.Load())
	known[key.KeyID] = newKnownKey(key, f.started, known[key.KeyID])
	if len(known) > maxKnown {
		delete(known, expendable(known, key.KeyID, p.now()))
	}
	p.known.Store(&known)
	if p.refused.get(key.KeyID).err != nil {
		p.refused.put(key.KeyID, refusal{})
	}
}

// fail answers those who wait for f. The log comes last and without mu: one that is
// slow must hold up nobody.
func (p *PerKey) fail(f *fetch[jose.PublicKey], kid string, err error) {
	if report := p.failed(f, kid, p.now(), err); report {
		p.logger.Warn("fetching a key failed", "url", p.prefix, "kid", kid, "error", err)
	}
}

func (p *PerKey) failed(f *fetch[jose.PublicKey], kid string, now time.Time, err error) (report bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer close(f.done)
	delete(p.inflight, kid)
	if isAbsent(err) {
		f.err = unknown(kid)
		p.drop(kid)
		p.refused.put(kid, refusal{until: f.started.Add(absentKeyTTL), err: f.err})
		return false // anybody can ask for what does not exist
	}
	f.err = p.life.unavailable(err)
	k := (*p.known.Load())[kid]
	failures := p.refused.get(kid).failures
	retry := retryAt(f.started, now, failures, k.hardLimit())
	p.refused.put(kid, refusal{until: retry, err: f.err, failures: failures + 1})
	if k.usable(now) {
		k.refreshAt.Store(retry.UnixNano())
	} else {
		p.drop(kid)
	}
	return f.err != errClosed && p.log.pass(now) // closing is no fault of the issuer's
}

// drop forgets a key that was withdrawn or has reached its limit; mu is held.
func (p *PerKey) drop(kid string) {
	if (*p.known.Load())[kid] == nil {
		return
	}
	known := maps.Clone(*p.known.Load())
	delete(known, kid)
	p.known.Store(&known)
}

// isAbsent reports whether a fetch failed because there is no such key. S3, where keys
// lie, says 403 to whoever may not list them.
func isAbsent(err error) bool {
	var status statusError
	return errors.As(err, &status) && (status == http.StatusNotFound || status == http.StatusForbidden)
}

// isUUID reports whether s is a UUID in its canonical text form (RFC 9562 section 4),
// in lower case.
func isUUID(s string) bool {
	const pattern = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	if len(s) != len(pattern) {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case pattern[i] == '-' && c == '-':
		case pattern[i] == 'x' && ('0' <= c && c <= '9' || 'a' <= c && c <= 'f'):
		default:
			return false
		}
	}
	return true
}
