package tokenissuer

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"example.com/stagedoor/authprovider"
)

const (
	maxServedKeys = 20
	// reloadInterval is how often the store is looked at for other replicas' keys and for withdrawn ones.
	reloadInterval = time.Minute
	// retryInterval is how long a store that failed is left alone.
	retryInterval = 10 * time.Second
	storeTimeout  = 3 * time.Second
	// deleteAfter keeps an expired record for those whose clocks are behind.
	deleteAfter = time.Hour
)

// keyRing makes, publishes and retires keys. Readers take what they need from an immutable snapshot; whoever finds it out
// of date makes the next one, and the others go on with the old one meanwhile.
type keyRing struct {
	store       KeyStore
	period, ttl time.Duration
	logger      *slog.Logger

	snapshot   atomic.Pointer[keySnapshot]
	refreshing chan struct{}   // of capacity 1: holds a token while somebody refreshes
	own        map[string]*key // by kid, guarded by refreshing
}

// keySnapshot is the state of the keys at one time.
type keySnapshot struct {
	signer *key  // nil if there is none
	err    error // why there is none
	served []*key
	jwks   *document

	signDue   time.Time // from then on the signing key may have to change
	reloadDue time.Time // from then on the store may hold something new
}

func newKeyRing(store KeyStore, period, ttl time.Duration, logger *slog.Logger) *keyRing {
	return &keyRing{store: store, period: period, ttl: ttl, logger: logger,
		refreshing: make(chan struct{}, 1), own: make(map[string]*key)}
}

// signing returns the key to sign with. While it is in its period that takes no lock and no query.
func (r *keyRing) signing(ctx context.Context, now time.Time) (*key, error) {
	s := r.snapshot.Load()
	if s == nil || !now.Before(s.signDue) {
		var err error
		if s, err = r.refresh(ctx, now, s); err != nil {
			return nil, err
		}
	}
	if s.signer == nil {
		return nil, s.err
	}
	if back := s.signer.created.Sub(now); back > clockTolerance {
		return nil, fmt.Errorf("%w: by %v since the key was made", ErrClock, back)
	}
	return s.signer, nil
}

// current returns a snapshot to publish and to verify with. It holds at least one key.
func (r *keyRing) current(ctx context.Context, now time.Time) (*keySnapshot, error) {
	s := r.snapshot.Load()
	if s == nil || !now.Before(s.signDue) || !now.Before(s.reloadDue) {
		var err error
		if s, err = r.refresh(ctx, now, s); err != nil {
			return nil, err
		}
	}
	if len(s.served) == 0 {
		return nil, s.err // an empty set would be cached
	}
	return s, nil
}

// refresh makes the snapshot after before. If somebody else does so already, it returns before, or waits if before has no
// key to sign with: the next key will sign at once then, and a set that is published without it would be cached.
func (r *keyRing) refresh(ctx context.Context, now time.Time, before *keySnapshot) (*keySnapshot, error) {
	select {
	case r.refreshing <- struct{}{}:
	default:
		if before != nil && before.signer != nil && !now.After(before.signer.signsUntil) {
			return before, nil
		}
		select {
		case r.refreshing <- struct{}{}:
		case <-ctx.Done():
			return nil, fmt.Errorf("tokenissuer: waiting for a key: %w", ctx.Err())
		}
	}
	defer func() { <-r.refreshing }()
	if s := r.snapshot.Load(); s != before {
		return s, nil // somebody else did it
	}
	// The next snapshot is for everybody: it must not fail because this caller goes away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	s, err := r.next(ctx, now)
	if err != nil {
		return nil, err
	}
	r.snapshot.Store(s)
	return s, nil
}

// next brings the keys up to date with the store and the clock. It runs while holding refreshing. A store that fails is no
// error: what is in memory goes on working, and the snapshot says when to try again.
func (r *keyRing) next(ctx context.Context, now time.Time) (*keySnapshot, error) {
	keys, err := r.load(ctx, now)
	if err != nil {
		r.logger.LogAttrs(ctx, slog.LevelError, "tokenissuer: key store not readable", slog.Any("error", err))
		keys = nil
		if old := r.snapshot.Load(); old != nil {
			keys = unexpired(old.served, now)
		}
	}
	s := &keySnapshot{reloadDue: now.Add(reloadInterval)}
	if err != nil {
		s.reloadDue = now.Add(retryInterval)
	}
	var successor *key
	s.signer, successor = pick(keys, now)
	create := func(activates time.Time) (k *key) {
		if err != nil {
			return nil // the store has failed already
		}
		if k, err = r.create(ctx, now, activates); err != nil {
			r.logger.LogAttrs(ctx, slog.LevelError, "tokenissuer: no new signing key", slog.Any("error", err))
			return nil
		}
		keys = append(keys, k)
		return k
	}
	if s.signer == nil {
		s.signer = create(now)
	}
	if s.signer != nil && successor == nil && !now.Before(s.signer.renewal()) {
		successor = create(latest(now.Add(lead), s.signer.retires))
	}

	switch {
	case s.signer == nil:
		s.err = fmt.Errorf("%w: no signing key: %w", authprovider.ErrUnavailable, err)
		s.signDue = now.Add(retryInterval)
	case successor != nil:
		s.signDue = successor.activates
	case now.Before(s.signer.renewal()):
		s.signDue = s.signer.renewal()
	default: // the successor is due and could not be made
		s.signDue = now.Add(retryInterval)
	}
	if s.signer != nil {
		s.signDue = earliest(s.signDue, s.signer.signsUntil)
	}
	s.served = r.choose(ctx, keys, s.signer, successor)
	if s.jwks, err = newJWKS(s.served, s.signer != nil); err != nil {
		return nil, err
	}
	return s, nil
}

// load reads the store. Own keys that are no longer there have been withdrawn.
func (r *keyRing) load(ctx context.Context, now time.Time) ([]*key, error) {
	records, err := r.store.ListKeys(ctx)
	if err != nil {
		return nil, err
	}
	own := make(map[string]*key, len(r.own))
	var keys []*key
	for _, rec := range records {
		k := r.own[rec.ID]
		if k != nil {
			own[rec.ID] = k
		} else if k, err = readKey(rec); err != nil {
			r.logger.LogAttrs(ctx, slog.LevelWarn, "tokenissuer: key record not readable, not served",
				slog.String("kid", rec.ID), slog.Any("error", err))
			continue
		}
		keys = append(keys, k)
	}
	r.own = own
	return unexpired(keys, now), nil
}

// create makes a key and stores its public half; not before that can anybody see the key.
func (r *keyRing) create(ctx context.Context, now, activates time.Time) (*key, error) {
	k, err := generateKey(now, activates, r.period, r.ttl)
	if err != nil {
		return nil, err
	}
	rec, err := k.record()
	if err != nil {
		return nil, err
	}
	if err := r.store.CreateKey(ctx, rec); err != nil {
		return nil, err
	}
	r.own[k.public.KeyID] = k
	r.logger.LogAttrs(ctx, slog.LevelInfo, "tokenissuer: signing key made", slog.String("kid", k.public.KeyID),
		slog.Time("activates", activates), slog.Time("expires", k.expires))
	r.deleteExpired(ctx, now)
	return k, nil
}

func (r *keyRing) deleteExpired(ctx context.Context, now time.Time) {
	records, err := r.store.ListKeys(ctx)
	for _, rec := range records {
		if err == nil && now.After(rec.Expires.Add(deleteAfter)) {
			err = r.store.DeleteKey(ctx, rec.ID)
		}
	}
	if err != nil {
		r.logger.LogAttrs(ctx, slog.LevelWarn, "tokenissuer: expired keys not deleted", slog.Any("error", err))
	}
}

// choose returns at most maxServedKeys of keys, those that sign and those that expire last: were there no limit, replicas
// that restart in a loop would make every verifier fetch a set that grows for days.
func (r *keyRing) choose(ctx context.Context, keys []*key, signer, successor *key) []*key {
	rank := func(k *key) int {
		if k == signer || k == successor {
			return 0
		}
		return 1
	}
	keys = slices.SortedFunc(slices.Values(keys), func(a, b *key) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), b.expires.Compare(a.expires), cmp.Compare(a.public.KeyID, b.public.KeyID))
	})
	if len(keys) > maxServedKeys {
		r.logger.LogAttrs(ctx, slog.LevelWarn, "tokenissuer: too many live keys, the oldest are not served",
			slog.Int("keys", len(keys)), slog.Int("served", maxServedKeys))
		keys = keys[:maxServedKeys]
	}
	return keys
}

// pick returns the key of ours that signs now: of those in their period the youngest, else the one that will sign next
// and is published already. successor is the one after it.
func pick(keys []*key, now time.Time) (signer, successor *key) {
	for _, k := range keys {
		switch {
		case k.signer == nil || now.After(k.signsUntil):
		case k.activates.After(now):
			if successor == nil || k.activates.Before(successor.activates) {
				successor = k
			}
		case signer == nil || k.activates.After(signer.activates):
			signer = k
		}
	}
	if signer == nil {
		return successor, nil
	}
	return signer, successor
}

func unexpired(keys []*key, now time.Time) []*key {
	return slices.DeleteFunc(slices.Clone(keys), func(k *key) bool { return !now.Before(k.expires) })
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
