package tokenissuer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
)

const (
	maxServedKeys = 20
	// reloadInterval is how often the store is looked at for other replicas' keys and for withdrawn ones, when the keys are asked for.
	reloadInterval = time.Minute
	// signingReload is the same for issuing, which makes no query in between: within that time a withdrawn key signs nothing more.
	signingReload = 2 * time.Minute
	// retryInterval is how long a store that failed is left alone while there is no key to sign with.
	retryInterval = 10 * time.Second
	storeTimeout  = 3 * time.Second
)

// keyRing makes, publishes and retires keys. Readers take what they need from an immutable snapshot; whoever finds it out
// of date makes the next one, and the others go on with the old one meanwhile.
//
// In shared mode all replicas sign with the same key. They agree on it without a leader: the ID of a record is its generation, and of
// those who create one generation the store lets one succeed; the others take what it made.
type keyRing struct {
	store       KeyStore
	codec       *recordCodec
	shared      bool
	algorithm   jose.Algorithm
	period, ttl time.Duration
	logger      *slog.Logger

	snapshot   atomic.Pointer[keySnapshot]
	refreshing chan struct{}       // of capacity 1: holds a token while somebody refreshes
	known      map[string]knownKey // by record ID, guarded by refreshing
	revoked    map[string]bool     // by kid: those that were revoked here, guarded by refreshing
	trusted    bool                // whether a record was ever read or written under our secrets, guarded by refreshing
}

// knownKey is a record that has been read, so that the same record is the same key in all snapshots.
type knownKey struct {
	record KeyRecord
	key    *key
	err    error // why there is no key
}

// keySnapshot is the state of the keys at one time.
type keySnapshot struct {
	signer *key  // nil if there is none
	err    error // why there is none
	served []*key
	jwks   *document

	signDue   time.Time // from then on the signing key may have to change
	reloadDue time.Time // from then on the store may hold something new, which who asks for the keys should see
	staleAt   time.Time // from then on who issues should see it too
}

// signing returns the key to sign with. While it is in its period that takes no lock, and no query but one in two minutes.
func (r *keyRing) signing(ctx context.Context, now time.Time) (*key, error) {
	s := r.snapshot.Load()
	if s == nil || !now.Before(s.signDue) || !now.Before(s.staleAt) {
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
		if before != nil && before.signer != nil && !now.After(before.signer.signsUntil()) {
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
	if err == nil {
		keys, err = r.provide(ctx, now, keys)
	}
	if err != nil {
		r.logger.LogAttrs(ctx, slog.LevelError, "tokenissuer: keys not brought up to date", slog.Any("error", err))
		if keys == nil {
			keys = r.remembered(now)
		}
	}
	signer, successor := pick(keys, now)
	s := &keySnapshot{signer: signer, reloadDue: now.Add(reloadInterval), staleAt: now.Add(signingReload)}
	maxAge := jwksMaxAge
	switch {
	case signer == nil:
		s.err = fmt.Errorf("%w: no signing key: %w", authprovider.ErrUnavailable, err)
		s.signDue, s.reloadDue = now.Add(retryInterval), now.Add(retryInterval)
		maxAge = 0 // the next key will sign at once
	case successor != nil:
		s.signDue = earliest(successor.activates, signer.signsUntil())
	case now.Before(signer.renewal()):
		s.signDue = signer.renewal()
	default: // the successor is due and could not be made
		s.signDue = earliest(now.Add(reloadInterval), signer.signsUntil())
		maxAge = min(maxAge, signer.signsUntil().Sub(s.reloadDue)) // it may sign at once when this one has ceased to
	}
	s.served = r.choose(ctx, keys, signer, successor)
	if s.jwks, err = newJWKS(s.served, maxAge); err != nil {
		return nil, err
	}
	return s, nil
}

// maxConflicts bounds how often a replica that lost the race for a generation looks what the winner made. Losing twice in a row
// takes a second rotation in the same instant.
const maxConflicts = 3

// provide makes the keys that are due, or takes those that others made meanwhile, and returns all. Beside an error it returns
// what there is.
func (r *keyRing) provide(ctx context.Context, now time.Time, keys []*key) ([]*key, error) {
	for conflicts := 0; conflicts < maxConflicts; {
		signer, successor := pick(keys, now)
		var activates time.Time
		switch {
		case signer == nil:
			activates = now
		case successor == nil && !now.Before(signer.renewal()):
			activates = latest(now.Add(lead), signer.retires)
		default:
			return keys, nil
		}
		k, id, err := r.create(ctx, now, activates)
		if err == nil {
			keys = append(keys, k)
			continue
		}
		if !errors.Is(err, ErrKeyExists) {
			return keys, err
		}
		conflicts++
		found, err := r.load(ctx, now)
		if err != nil {
			return keys, err
		}
		keys = found
		if _, listed := r.known[id]; !listed { // what stands there is so broken that the store skips it
			r.known[id] = knownKey{err: errForeign}
		}
	}
	return keys, errors.New("tokenissuer: other replicas kept making keys in between")
}

// load reads the store and returns the unexpired keys. A key of ours that is no longer there has been withdrawn.
func (r *keyRing) load(ctx context.Context, now time.Time) ([]*key, error) {
	records, err := r.store.ListKeys(ctx)
	if err != nil {
		return nil, err
	}
	known := make(map[string]knownKey, len(records))
	keys := make([]*key, 0, len(records))
	var foreign error
	for _, rec := range records {
		k, seen := r.known[rec.ID]
		if !seen || !bytes.Equal(k.record.Data, rec.Data) || !k.record.Expires.Equal(rec.Expires) {
			k = knownKey{record: rec}
			if k.key, k.err = r.codec.read(rec, r.shared); k.err != nil {
				r.logger.LogAttrs(ctx, slog.LevelError, "tokenissuer: key record not served", slog.String("id", rec.ID), slog.Any("error", k.err))
			}
		}
		known[rec.ID] = k
		r.trusted = r.trusted || k.err == nil
		switch {
		case k.err == nil && r.revoked[k.key.public.KeyID]: // and put back by whoever can write to the store
		case k.err == nil && now.Before(k.key.expires):
			keys = append(keys, k.key)
		case k.err != nil && now.Before(rec.Expires):
			foreign = k.err
		}
	}
	r.known = known
	if len(keys) == 0 && foreign != nil && !r.trusted {
		// A key made now would be one that the other replicas refuse, and theirs are refused here. If our secrets are known to be right
		// the records are junk, which must not keep a key that was revoked from being replaced.
		return nil, fmt.Errorf("tokenissuer: no key record can be read (are Config.Secrets those of the other replicas?): %w", foreign)
	}
	return keys, nil
}

// remembered returns the unexpired keys of the last snapshot.
func (r *keyRing) remembered(now time.Time) []*key {
	s := r.snapshot.Load()
	if s == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.served), func(k *key) bool { return !now.Before(k.expires) || r.revoked[k.public.KeyID] })
}

// create makes a key and stores it under the ID that it returns; not before that can anybody see it.
func (r *keyRing) create(ctx context.Context, now, activates time.Time) (*key, string, error) {
	k, err := generateKey(r.algorithm, now, activates, r.period, r.ttl)
	if err != nil {
		return nil, "", err
	}
	id := k.public.KeyID
	if r.shared {
		id = r.nextID()
	}
	rec, err := r.codec.write(id, k, r.shared)
	if err != nil {
		return nil, "", err
	}
	// Before it is stored: if the answer is lost, the next load finds the record and knows whose it is.
	r.known[id] = knownKey{record: rec, key: k}
	if err := r.store.CreateKey(ctx, rec); err != nil {
		return nil, id, err
	}
	r.trusted = true
	r.logger.LogAttrs(ctx, slog.LevelInfo, "tokenissuer: signing key made", slog.String("kid", k.public.KeyID),
		slog.Time("activates", k.activates), slog.Time("expires", k.expires))
	return k, id, nil
}

// revoke withdraws a key: from the store, and here at once.
func (r *keyRing) revoke(ctx context.Context, now time.Time, kid string) error {
	select {
	case r.refreshing <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("tokenissuer: revoke: %w", ctx.Err())
	}
	defer func() { <-r.refreshing }()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if _, err := r.load(ctx, now); err != nil {
		return fmt.Errorf("%w: revoke: %w", authprovider.ErrUnavailable, err)
	}
	found := false
	for id, k := range r.known {
		if k.key == nil || k.key.public.KeyID != kid {
			continue
		}
		if err := r.store.DeleteKey(ctx, id); err != nil {
			return fmt.Errorf("%w: revoke: %w", authprovider.ErrUnavailable, err)
		}
		found = true
	}
	if !found {
		return fmt.Errorf("tokenissuer: revoke: %w: %q", ErrKeyNotFound, kid)
	}
	r.revoked[kid] = true
	r.logger.LogAttrs(ctx, slog.LevelWarn, "tokenissuer: key revoked", slog.String("kid", kid))
	s, err := r.next(ctx, now)
	if err != nil {
		return fmt.Errorf("tokenissuer: revoke: %w", err)
	}
	r.snapshot.Store(s)
	return nil
}

const generationPrefix = "generation-"

// nextID returns the ID that every replica which sees the same records gives the next key: that of the generation after the last. It passes
// over records that are not ours, so that whoever can write to the store cannot take the place of a key, or use the numbers up.
func (r *keyRing) nextID() string {
	var last uint64
	for id, k := range r.known {
		if k.err == nil {
			last = max(last, generationOf(id))
		}
	}
	for {
		last++
		id := recordID(last)
		if _, taken := r.known[id]; !taken {
			return id
		}
	}
}

// recordID is of fixed length, so that records sort in a database's console.
func recordID(generation uint64) string { return fmt.Sprintf(generationPrefix+"%012d", generation) }

// generationOf returns zero for the ID of a key that is not shared.
func generationOf(id string) uint64 {
	digits, ok := strings.CutPrefix(id, generationPrefix)
	n, err := strconv.ParseUint(digits, 10, 64)
	if !ok || err != nil || recordID(n) != id {
		return 0
	}
	return n
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
		if before := r.snapshot.Load(); before == nil || len(before.served) < maxServedKeys { // else it was said
			r.logger.LogAttrs(ctx, slog.LevelWarn, "tokenissuer: too many live keys, the oldest are not served",
				slog.Int("keys", len(keys)), slog.Int("served", maxServedKeys))
		}
		keys = keys[:maxServedKeys]
	}
	return keys
}

// pick returns the key of ours that signs now: of those in their period the youngest, else the one that will sign next
// and is published already. successor is the one after it. Replicas that see the same keys pick the same.
//
// A key that was made in the future is neither while there is another: a replica whose clock is days ahead must not keep the others from
// making a successor, and then from signing.
func pick(keys []*key, now time.Time) (signer, successor *key) {
	var future *key
	for _, k := range keys {
		switch {
		case k.signer == nil || now.After(k.signsUntil()):
		case k.created.Sub(now) > clockTolerance:
			future = k
		case k.activates.After(now):
			if successor == nil || k.before(successor) {
				successor = k
			}
		case signer == nil || signer.before(k):
			signer = k
		}
	}
	switch {
	case signer != nil:
		return signer, successor
	case successor != nil:
		return successor, nil
	}
	return future, nil // with which signing fails: ErrClock
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
