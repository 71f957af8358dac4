package oidcprovider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/oauthclient"
)

const (
	discoveryTimeout = 5 * time.Second
	rereadAfter      = time.Hour
	keepFor          = 24 * time.Hour // after the last good answer
	minBackoff       = time.Second
	maxBackoff       = 8 * time.Second // so that sign-in works again within seconds
)

// metadata is one good discovery answer (OpenID Connect Discovery 1.0 section 3, RP-Initiated Logout 1.0 section 2.1, RFC 8414
// section 2, RFC 9207 section 3). It is immutable.
type metadata struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
	JWKSURI               string `json:"jwks_uri"`
	UserInfoEndpoint      string `json:"userinfo_endpoint"`
	RevocationEndpoint    string `json:"revocation_endpoint"`
	EndSessionEndpoint    string `json:"end_session_endpoint"`
	IssParameterSupported bool   `json:"authorization_response_iss_parameter_supported"`

	verifier *oidc.IDTokenVerifier
	readAt   time.Time
}

// discovery keeps the metadata of one issuer.
type discovery struct {
	issuer      string
	url         string // below which the metadata is
	client      *http.Client
	now         func() time.Time
	logger      *slog.Logger
	newVerifier func(jwksURI string) (*oidc.IDTokenVerifier, error)

	mu       sync.Mutex // guards the fields below; never held while waiting
	current  *metadata
	inflight *reading
	failures int
	retryAt  time.Time
	failure  error
}

// reading is a request under way. metadata or err is set once done is closed.
type reading struct {
	done     chan struct{}
	metadata *metadata
	err      error
}

// metadata returns what is known, or waits for it. Old metadata is read again behind the caller's back.
func (d *discovery) metadata(ctx context.Context) (*metadata, error) {
	known, r, err := d.join()
	if known != nil || err != nil {
		return known, err
	}
	select {
	case <-r.done:
		return r.metadata, r.err
	case <-ctx.Done():
		return nil, oauthclient.Unavailable(fmt.Errorf("oidcprovider: waiting for discovery: %w", ctx.Err()), 0)
	}
}

// join returns usable metadata, or the reading to wait for, or why there is neither. It starts a reading if one is due.
func (d *discovery) join() (*metadata, *reading, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	if d.current != nil && now.Sub(d.current.readAt) < rereadAfter {
		return d.current, nil, nil
	}
	// The second condition holds when the clock was set back.
	due := !now.Before(d.retryAt) || d.retryAt.Sub(now) > maxBackoff
	if d.inflight == nil && due {
		r := &reading{done: make(chan struct{})}
		d.inflight = r
		// It ends by its own time-out: no caller's cancellation may fail the others that wait.
		go d.read(r, d.current)
	}
	switch {
	case d.current != nil && now.Sub(d.current.readAt) < keepFor:
		return d.current, nil, nil
	case d.inflight != nil:
		return nil, d.inflight, nil
	}
	return nil, nil, oauthclient.Unavailable(d.failure, d.retryAt.Sub(now))
}

func (d *discovery) read(r *reading, last *metadata) {
	ctx, cancel := context.WithTimeout(context.Background(), discoveryTimeout)
	defer cancel()
	var m *metadata
	err := authprovider.Contain(func() (err error) { // the host's transport may panic, and nobody above would recover
		m, err = d.fetch(ctx, last)
		return err
	})
	failures := d.finish(r, m, err)
	if err != nil { // without mu: a log that is slow must hold up nobody
		d.logger.Warn("oidcprovider: discovery failed", "issuer", d.issuer, "failures", failures, "usable", last != nil, "error", err)
	}
}

// finish gives those who wait for r its outcome and returns how many readings have failed in a row.
func (d *discovery) finish(r *reading, m *metadata, err error) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer close(r.done)
	d.inflight = nil
	now := d.now()
	if err == nil {
		m.readAt = now
		r.metadata, d.current = m, m
		d.failures, d.retryAt, d.failure = 0, time.Time{}, nil
		return 0
	}
	backoff := min(minBackoff<<min(d.failures, 3), maxBackoff)
	d.failures++
	d.failure = err
	d.retryAt = now.Add(backoff/2 + rand.N(backoff/2)) // apart from other replicas
	r.err = oauthclient.Unavailable(err, d.retryAt.Sub(now))
	return d.failures
}

// fetch reads the metadata. The verifier of last, and with it its keys, is kept as long as their address is the same.
func (d *discovery) fetch(ctx context.Context, last *metadata) (*metadata, error) {
	if d.url != d.issuer {
		ctx = oidc.InsecureIssuerURLContext(ctx, d.issuer) // without it go-oidc wants d.url; what counts is checked below
	}
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, d.client), d.url)
	if err != nil {
		return nil, discoveryError(err)
	}
	// go-oidc reads with encoding/json, which folds case and takes the last of two equal names.
	var raw json.RawMessage
	var m metadata
	if err := provider.Claims(&raw); err != nil {
		return nil, fmt.Errorf("oidcprovider: discovery: %w", err)
	}
	if err := jose.UnmarshalStrict(raw, &m); err != nil {
		return nil, fmt.Errorf("oidcprovider: discovery: %w", err)
	}
	if m.Issuer != d.issuer { // Discovery section 4.3: exactly; checked above, but by the laxer reader
		return nil, &oidc.IssuerMismatchError{Provided: d.issuer, Discovered: m.Issuer}
	}
	if err := m.checkEndpoints(); err != nil {
		return nil, err
	}
	if last != nil && last.JWKSURI == m.JWKSURI {
		m.verifier = last.verifier
		return &m, nil
	}
	if m.verifier, err = d.newVerifier(m.JWKSURI); err != nil {
		return nil, err
	}
	return &m, nil
}

// checkEndpoints: codes, tokens and secrets go there, so they are https. Only an issuer on loopback may have others there.
func (m *metadata) checkEndpoints() error {
	issuer, err := url.Parse(m.Issuer)
	if err != nil {
		return fmt.Errorf("oidcprovider: discovery: %w", err)
	}
	loopback := issuer.Scheme == "http"
	for _, e := range []struct {
		name, url string
		required  bool
	}{
		{"authorization_endpoint", m.AuthorizationEndpoint, true},
		{"token_endpoint", m.TokenEndpoint, true},
		{"jwks_uri", m.JWKSURI, true},
		{"userinfo_endpoint", m.UserInfoEndpoint, false},
		{"revocation_endpoint", m.RevocationEndpoint, false},
		{"end_session_endpoint", m.EndSessionEndpoint, false},
	} {
		if e.url == "" && !e.required {
			continue
		}
		if err := checkURL(e.url, loopback); err != nil {
			return fmt.Errorf("oidcprovider: discovery: %s %w", e.name, err)
		}
	}
	return nil
}

// discoveryError shortens go-oidc's error, which holds the whole body of an answer that is not 200.
func discoveryError(err error) error {
	var mismatch *oidc.IssuerMismatchError
	var transport *url.Error
	switch {
	case errors.As(err, &mismatch):
		return fmt.Errorf("oidcprovider: discovery: the issuer calls itself %.200q, Config.Issuer is %.200q", mismatch.Discovered, mismatch.Provided)
	case errors.As(err, &transport):
		return fmt.Errorf("oidcprovider: discovery: %w", err)
	}
	return fmt.Errorf("oidcprovider: discovery: %.200q", err.Error())
}
