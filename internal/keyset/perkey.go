package keyset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"example.com/stagedoor/internal/jose"
)

// PerKeyConfig configures a [PerKey].
type PerKeyConfig struct {
	// URLPrefix is what stands before a kid in the address of its key: https, or http
	// on a loopback address, with a slash at its end. Required.
	URLPrefix string
	// Algorithm is the one that all keys are for. Required.
	Algorithm jose.Algorithm
	// Client makes the requests. Redirects are never followed, whatever its policy. If
	// nil, a client of its own on http.DefaultTransport.
	Client *http.Client
	// Now is the clock. If nil, time.Now.
	Now func() time.Time
	// Logger hears of failed fetches, once a minute at most. If nil, nobody does.
	Logger *slog.Logger
}

// PerKey is the key set of an issuer that publishes each key at an address of its own.
type PerKey struct {
	config PerKeyConfig
	client *http.Client
}

var _ jose.KeySet = (*PerKey)(nil)

// NewPerKey returns a key set for c. It needs no network.
func NewPerKey(c PerKeyConfig) (*PerKey, error) {
	if c.URLPrefix == "" {
		return nil, errors.New("keyset: PerKeyConfig.URLPrefix is required")
	}
	if !strings.HasSuffix(c.URLPrefix, "/") {
		return nil, fmt.Errorf("keyset: PerKeyConfig.URLPrefix %q does not end with a slash", c.URLPrefix)
	}
	if !c.Algorithm.Known() {
		return nil, fmt.Errorf("keyset: PerKeyConfig.Algorithm: %w: %q", jose.ErrAlgorithm, c.Algorithm)
	}
	src, err := newHTTPSource(c.URLPrefix, c.Client)
	if err != nil {
		return nil, err
	}
	return &PerKey{config: c, client: src.client}, nil
}

// Close ends the fetches under way and waits for them.
func (p *PerKey) Close() error { return nil }

// Key implements [jose.KeySet].
func (p *PerKey) Key(ctx context.Context, kid string, _ jose.Algorithm) (jose.PublicKey, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.config.URLPrefix+kid, nil)
	if err != nil {
		return jose.PublicKey{}, err
	}
	res, err := p.client.Do(req)
	if err != nil {
		return jose.PublicKey{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return jose.PublicKey{}, unknown(kid)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, 16<<10))
	if err != nil {
		return jose.PublicKey{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return jose.ParsePublicKeyPEM(body, kid, p.config.Algorithm)
}
