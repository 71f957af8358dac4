package keyset

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"example.com/stagedoor/internal/jose"
)

// discoverySource finds the JWK set by the issuer's discovery document.
type discoverySource struct {
	issuer string
	client *http.Client
}

func newDiscoverySource(issuer string, client *http.Client) (*discoverySource, error) {
	src, err := newHTTPSource(issuer, client)
	if err != nil {
		return nil, err
	}
	return &discoverySource{issuer, src.client}, nil
}

func (s *discoverySource) fetch(ctx context.Context) ([]jose.PublicKey, time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(s.issuer, "/")+"/.well-known/openid-configuration", nil)
	if err != nil {
		return nil, 0, err
	}
	res, err := s.client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		return nil, 0, err
	}
	var document struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := jose.UnmarshalStrict(body, &document); err != nil {
		return nil, 0, err
	}
	if document.Issuer != s.issuer {
		return nil, 0, fmt.Errorf("discovery document is of issuer %q", document.Issuer)
	}
	keys, err := newHTTPSource(document.Keys, s.client)
	if err != nil {
		return nil, 0, err
	}
	return keys.fetch(ctx)
}
