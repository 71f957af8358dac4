package cfaccess

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/proxyauth"
)

const (
	identityTimeout = 5 * time.Second
	maxIdentity     = 1 << 20
	// identityMaxAge is how late changed groups and a revoked session are noticed.
	identityMaxAge = 5 * time.Minute
	cacheTimeout   = time.Second
)

// directory finds out who people are, from the team's get-identity endpoint and a cache in front of it. Requests with the same token share
// one fetch.
type directory struct {
	url    string
	client *http.Client
	cache  Cache
	now    func() time.Time
	logger *slog.Logger

	mu      sync.Mutex
	flights map[string]*flight // guarded by mu; by cache key
}

// flight is one fetch. identity and err are written before done is closed.
type flight struct {
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

// key is where the person's identity is kept: by hash, since a cache is no place for credentials. A line feed is in neither issuer nor
// token, so that no two persons have one text.
func (p person) key() string {
	sum := sha256.Sum256([]byte(p.issuer + "\n" + p.audience + "\n" + p.token))
	return "cfaccess/identity/v1/" + hex.EncodeToString(sum[:])
}

// newClient returns a client like c that follows no redirect, which would take the token elsewhere, and sends no cookies but ours.
func newClient(c *http.Client) *http.Client {
	if c == nil {
		c = &http.Client{}
	}
	own := *c
	own.Jar = nil
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// find returns p's identity. It returns early only if ctx ends, and the fetch goes on for the others then.
func (d *directory) find(ctx context.Context, p person) (*Identity, error) {
	key := p.key()
	if id := d.cached(ctx, key, p); id != nil {
		return id, nil
	}
	f := d.join(ctx, key, p)
	select {
	case <-f.done:
		return f.identity, f.err
	case <-ctx.Done():
		return nil, identityUnavailable(ctx.Err())
	}
}

// cached returns what the cache has about p, if that is sound and fresh. A cache may be shared with others, and forget when
// it should have forgotten.
func (d *directory) cached(ctx context.Context, key string, p person) *Identity {
	bounded, cancel := context.WithTimeout(ctx, cacheTimeout)
	defer cancel()
	value, err := d.cache.Get(bounded, key)
	if err != nil {
		if ctx.Err() == nil { // else it is the caller who left
			d.logger.WarnContext(ctx, "cfaccess: Config.Cache failed to get an identity", slog.Any("error", err))
		}
		return nil
	}
	stamp, answer, found := bytes.Cut(value, []byte{'\n'})
	if !found || len(answer) > maxIdentity {
		return nil
	}
	seconds, err := strconv.ParseInt(string(stamp), 10, 64)
	if err != nil {
		return nil
	}
	if left := time.Unix(seconds, 0).Sub(d.now()); left <= 0 || left > identityMaxAge {
		return nil
	}
	id, err := parseIdentity(answer)
	if err != nil || !id.isOf(p.subject, p.email) {
		d.logger.WarnContext(ctx, "cfaccess: Config.Cache returned something that is not the identity of this person")
		return nil
	}
	return id
}

// join returns the flight for p's token, a new one if there is none.
func (d *directory) join(ctx context.Context, key string, p person) *flight {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f, ok := d.flights[key]; ok {
		return f
	}
	f := &flight{done: make(chan struct{})}
	d.flights[key] = f
	// It is nobody's request in particular, and ends by its own time-outs.
	go d.run(context.WithoutCancel(ctx), key, p, f)
	return f
}

func (d *directory) run(ctx context.Context, key string, p person, f *flight) {
	f.err = authprovider.Contain(func() (err error) {
		f.identity, err = d.fetch(ctx, key, p)
		return err
	})
	if f.err != nil {
		f.identity = nil
	}
	d.mu.Lock()
	delete(d.flights, key)
	d.mu.Unlock()
	close(f.done)
}

// fetch asks get-identity, and keeps an answer about p.
func (d *directory) fetch(ctx context.Context, key string, p person) (*Identity, error) {
	started := d.now()
	answer, err := d.get(ctx, p.token)
	if err != nil {
		return nil, err
	}
	id, err := parseIdentity(answer)
	if err != nil {
		return nil, identityUnavailable(err)
	}
	if !id.isOf(p.subject, p.email) {
		return nil, proxyauth.Refuse("identity_mismatch", errors.New("cfaccess: get-identity answered about somebody else than the token"))
	}
	expires := started.Add(identityMaxAge)
	if p.expires.Before(expires) {
		expires = p.expires
	}
	if ttl := expires.Sub(d.now()); ttl > 0 {
		d.keep(ctx, key, append(strconv.AppendInt(nil, expires.Unix(), 10), append([]byte{'\n'}, answer...)...), ttl)
	}
	return id, nil
}

func (d *directory) keep(ctx context.Context, key string, value []byte, ttl time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, cacheTimeout)
	defer cancel()
	if err := d.cache.Set(ctx, key, value, ttl); err != nil {
		d.logger.WarnContext(ctx, "cfaccess: Config.Cache failed to keep an identity", slog.Any("error", err))
	}
}

// get makes the request. Its errors never hold the answer, which is about a person.
func (d *directory) get(ctx context.Context, token string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, identityTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url, nil)
	if err != nil {
		return nil, fmt.Errorf("cfaccess: get-identity: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	// The token was read strictly: it has no character that could end the cookie.
	req.Header.Set("Cookie", tokenCookie+"="+token)
	res, err := d.client.Do(req)
	if err != nil {
		return nil, identityUnavailable(err)
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		// The token is well signed and has not expired: Access does not know its session any more. (400 is what it answers where it finds
		// no session at all.)
		return nil, proxyauth.Refuse("session_revoked", fmt.Errorf("cfaccess: get-identity answered with status %d", res.StatusCode))
	default:
		return nil, identityUnavailable(fmt.Errorf("unexpected status %d", res.StatusCode))
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxIdentity+1))
	if err != nil {
		return nil, identityUnavailable(err)
	}
	if len(answer) > maxIdentity {
		return nil, identityUnavailable(fmt.Errorf("the answer is larger than %d bytes", maxIdentity))
	}
	return answer, nil
}

func identityUnavailable(err error) error {
	return &authprovider.Error{Kind: authprovider.ErrUnavailable, Code: "identity_unavailable", Err: fmt.Errorf("cfaccess: get-identity: %w", err)}
}
