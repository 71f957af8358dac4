package cfaccess

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/proxyauth"
)

// identityMaxAge is how late changed groups and a revoked session are noticed.
const identityMaxAge = 5 * time.Minute

// directory finds out who people are: from what this process knows, from the host's cache, from the team's get-identity endpoint.
// Requests with the same token share a lookup.
type directory struct {
	url    string
	client *http.Client
	cache  Cache // may be nil
	now    func() time.Time
	logger *slog.Logger

	mu      sync.Mutex
	recent  recentIdentities      // guarded by mu
	lookups map[personKey]*lookup // guarded by mu; under way
}

// lookup is one search for a person's identity. identity and err are written before done is closed.
type lookup struct {
	done     chan struct{}
	identity *Identity
	err      error
}

// person is whom a verified token names.
type person struct {
	issuer, audience string
	token            string
	subject, email   string
	expires          time.Time
}

// personKey is where a person's identity is kept: a hash, since a cache is no place for credentials.
type personKey [sha256.Size]byte

// key hashes issuer, audience and token. A line feed is in neither issuer nor token, so that no two persons have one text.
func (p person) key() personKey {
	return sha256.Sum256([]byte(p.issuer + "\n" + p.audience + "\n" + p.token))
}

func (k personKey) String() string { return "cfaccess/identity/v1/" + hex.EncodeToString(k[:]) }

// find returns p's identity. It returns early only if ctx ends, and the lookup goes on for the others then.
func (d *directory) find(ctx context.Context, p person) (*Identity, error) {
	id, l := d.join(ctx, p)
	if id != nil {
		return id, nil
	}
	select {
	case <-l.done:
		return l.identity, l.err
	case <-ctx.Done():
		return nil, unavailable(ctx.Err())
	}
}

// join returns p's identity if it is known, or the lookup for p's token, a new one if there is none under way.
func (d *directory) join(ctx context.Context, p person) (*Identity, *lookup) {
	key := p.key()
	d.mu.Lock()
	defer d.mu.Unlock()
	if id := d.recent.get(key, d.now()); id != nil {
		return id, nil
	}
	l, ok := d.lookups[key]
	if !ok {
		l = &lookup{done: make(chan struct{})}
		d.lookups[key] = l
		// It is nobody's request in particular, and ends by the time-outs of its steps.
		go d.run(context.WithoutCancel(ctx), key, p, l)
	}
	return nil, l
}

func (d *directory) run(ctx context.Context, key personKey, p person, l *lookup) {
	var expires time.Time
	var id *Identity
	// The host's cache and transport are called here: a panic in one of them must not end the process.
	err := authprovider.Contain(func() (err error) {
		id, expires, err = d.lookUp(ctx, key, p)
		return err
	})
	d.mu.Lock()
	if l.err = err; err == nil {
		l.identity = id
		if now := d.now(); fresh(expires, now) {
			d.recent.add(key, id, expires, now)
		}
	}
	delete(d.lookups, key)
	d.mu.Unlock()
	close(l.done)
}

// lookUp returns p's identity and until when it counts.
func (d *directory) lookUp(ctx context.Context, key personKey, p person) (*Identity, time.Time, error) {
	if d.cache != nil {
		if id, expires := d.shared(ctx, key, p); id != nil {
			return id, expires, nil
		}
	}
	expires := d.now().Add(identityMaxAge)
	if p.expires.Before(expires) {
		expires = p.expires
	}
	answer, err := getIdentity(ctx, d.client, d.url, p.token)
	if err != nil {
		return nil, time.Time{}, err
	}
	id, err := parseIdentity(answer)
	if err != nil {
		return nil, time.Time{}, unavailable(err)
	}
	if !id.isOf(p.subject, p.email) {
		return nil, time.Time{}, proxyauth.Refuse("identity_mismatch", errors.New("cfaccess: get-identity answered about somebody else than the token"))
	}
	if now := d.now(); d.cache != nil && fresh(expires, now) {
		d.share(ctx, key, encodeAnswer(expires, answer), expires.Sub(now))
	}
	return id, expires, nil
}

// shared returns what the host's cache has about p, if that is sound and fresh, and until when it counts.
func (d *directory) shared(ctx context.Context, key personKey, p person) (*Identity, time.Time) {
	ctx, cancel := context.WithTimeout(ctx, cacheTimeout)
	defer cancel()
	value, err := d.cache.Get(ctx, key.String())
	if err != nil {
		d.logger.WarnContext(ctx, "cfaccess: Config.Cache failed to get an identity", slog.Any("error", err))
		return nil, time.Time{}
	}
	answer, expires, ok := decodeAnswer(value)
	if p.expires.Before(expires) {
		expires = p.expires // whatever the cache says
	}
	if !ok || !fresh(expires, d.now()) {
		return nil, time.Time{}
	}
	if id, err := parseIdentity(answer); err == nil && id.isOf(p.subject, p.email) {
		return id, expires
	}
	d.logger.WarnContext(ctx, "cfaccess: Config.Cache returned something that is not the identity of this person")
	return nil, time.Time{}
}

// share gives an answer to the host's cache.
func (d *directory) share(ctx context.Context, key personKey, value []byte, ttl time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, cacheTimeout)
	defer cancel()
	if err := d.cache.Set(ctx, key.String(), value, ttl); err != nil {
		d.logger.WarnContext(ctx, "cfaccess: Config.Cache failed to keep an identity", slog.Any("error", err))
	}
}
