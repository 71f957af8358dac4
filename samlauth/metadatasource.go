package samlauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"example.com/stagedoor/authprovider"
)

const (
	fetchTimeout    = 5 * time.Second
	defaultCacheFor = 6 * time.Hour
	minCacheFor     = 5 * time.Minute
	maxCacheFor     = 24 * time.Hour
	keepFor         = 7 * 24 * time.Hour // after the last good answer, where it does not say
	retryAfter      = 10 * time.Second
	rolloverAfter   = time.Minute
	maxRedirects    = 3
)

// metadataSource keeps the newest good metadata of an identity provider. It is read at first use, and then again in the background when it
// is due and somebody asks for it. What was good stays in use while the source is down.
type metadataSource struct {
	url      string // empty if there is only current
	entityID string
	client   *http.Client
	now      func() time.Time
	logger   *slog.Logger

	mu       sync.Mutex // guards the fields below; never held while waiting
	current  *identityProvider
	readAt   time.Time
	inflight *reading
	retryAt  time.Time
	failure  error
}

// reading is a request under way. provider or err is set once done is closed.
type reading struct {
	done     chan struct{}
	provider *identityProvider
	err      error
}

func newMetadataSource(c Config) (*metadataSource, error) {
	s := &metadataSource{url: c.IDPMetadataURL, entityID: c.IDPEntityID, now: c.Now, logger: c.Logger}
	if s.url == "" {
		p, err := parseMetadata(c.IDPMetadata, c.IDPEntityID)
		if err != nil {
			return nil, fmt.Errorf("samlauth: Config.IDPMetadata: %w", err)
		}
		s.current = p
		return s, nil
	}
	client := *c.HTTPClient
	client.CheckRedirect = sameHost
	s.client = &client
	return s, nil
}

// sameHost keeps the fetch where the host sent it: whoever answers at another address would say whose signatures count.
func sameHost(r *http.Request, via []*http.Request) error {
	if first := via[0].URL; len(via) > maxRedirects || r.URL.Scheme != first.Scheme || r.URL.Host != first.Host {
		return errors.New("a redirect to another host, or too many")
	}
	return nil
}

// get returns usable metadata, or waits for it. Old metadata is read again behind the caller's back.
func (s *metadataSource) get(ctx context.Context) (*identityProvider, error) {
	s.mu.Lock()
	now := s.now()
	usable := s.usable(now)
	if s.url == "" {
		s.mu.Unlock()
		if !usable {
			return nil, unavailable(fmt.Errorf("samlauth: Config.IDPMetadata was valid until %s", s.current.validUntil))
		}
		return s.current, nil
	}
	if usable && now.Before(s.readAt.Add(s.freshFor())) && !now.Before(s.readAt) {
		defer s.mu.Unlock()
		return s.current, nil
	}
	r := s.readIfDue(now)
	current, failure := s.current, s.failure
	s.mu.Unlock()
	switch {
	case usable:
		return current, nil
	case r == nil:
		return nil, unavailable(failure)
	}
	return r.wait(ctx)
}

// knownEntityID returns the identity provider's entity ID as far as it is known without the network, or "".
func (s *metadataSource) knownEntityID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil {
		return s.current.entityID
	}
	return s.entityID
}

// newer returns metadata that was read after p, for a signature that no key in p made: the identity provider may have a new one. Whoever sends
// bad signatures causes one fetch a minute with that.
func (s *metadataSource) newer(ctx context.Context, p *identityProvider) *identityProvider {
	if s.url == "" {
		return nil
	}
	s.mu.Lock()
	now := s.now()
	if s.current != p && s.current != nil {
		defer s.mu.Unlock()
		return s.current
	}
	if since := now.Sub(s.readAt); since >= 0 && since < rolloverAfter {
		s.mu.Unlock()
		return nil
	}
	r := s.readIfDue(now)
	s.mu.Unlock()
	if r == nil {
		return nil
	}
	if next, err := r.wait(ctx); err == nil {
		return next
	}
	return nil
}

// usable: validUntil is the identity provider's own word. Without it the metadata is kept for a week.
func (s *metadataSource) usable(now time.Time) bool {
	switch {
	case s.current == nil:
		return false
	case !s.current.validUntil.IsZero():
		return now.Before(s.current.validUntil)
	}
	return s.url == "" || now.Before(s.readAt.Add(keepFor))
}

func (s *metadataSource) freshFor() time.Duration {
	if s.current.cacheFor == 0 {
		return defaultCacheFor
	}
	return min(max(s.current.cacheFor, minCacheFor), maxCacheFor)
}

// readIfDue returns the reading under way, or begins one unless the last failed just now. Called with mu held.
func (s *metadataSource) readIfDue(now time.Time) *reading {
	if s.inflight == nil && (!now.Before(s.retryAt) || s.retryAt.Sub(now) > retryAfter) {
		s.inflight = &reading{done: make(chan struct{})}
		go s.read(s.inflight) // it ends by its own time-out: no caller's leaving may fail the others that wait
	}
	return s.inflight
}

func (r *reading) wait(ctx context.Context) (*identityProvider, error) {
	select {
	case <-r.done:
		return r.provider, r.err
	case <-ctx.Done():
		return nil, unavailable(fmt.Errorf("samlauth: waiting for the metadata: %w", ctx.Err()))
	}
}

func (s *metadataSource) read(r *reading) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	var p *identityProvider
	err := authprovider.Contain(func() (err error) { // the host's transport may panic, and nobody above would recover
		p, err = s.fetch(ctx)
		return err
	})
	s.mu.Lock()
	now := s.now()
	if err == nil && !p.validUntil.IsZero() && !now.Before(p.validUntil) {
		err = fmt.Errorf("metadata: was valid until %s", p.validUntil)
	}
	if err == nil && s.current != nil && p.entityID != s.current.entityID {
		err = fmt.Errorf("metadata: of %.200q now, and of %q before", p.entityID, s.current.entityID)
	}
	s.inflight = nil
	if err == nil {
		s.current, s.readAt, s.retryAt, s.failure = p, now, time.Time{}, nil
		r.provider = p
	} else {
		s.retryAt, s.failure = now.Add(retryAfter), err
		r.err = unavailable(err)
	}
	usable := s.usable(now)
	s.mu.Unlock()
	close(r.done)
	if err != nil {
		s.logger.Warn("samlauth: cannot read the identity provider's metadata", "url", s.url, "usable", usable, "error", err)
	}
}

func (s *metadataSource) fetch(ctx context.Context) (*identityProvider, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		var transport *url.Error
		if errors.As(err, &transport) {
			err = transport.Err
		}
		return nil, fmt.Errorf("metadata: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("metadata: status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxMetadata+1))
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	return parseMetadata(body, s.entityID)
}

func unavailable(err error) error {
	return &authprovider.Error{Kind: authprovider.ErrUnavailable, Code: CodeMetadata, Err: err, RetryAfter: retryAfter}
}
