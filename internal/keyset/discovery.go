package keyset

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"example.com/stagedoor/internal/jose"
)

// maxURL bounds what may become a part of errors and log lines.
const maxURL = 2048

// discoverySource fetches the JWK set that an issuer's discovery document names
// (OpenID Connect Discovery 1.0). The document is read each time: an issuer that moves
// its keys is followed as soon as they are looked for.
type discoverySource struct {
	issuer   string
	url      string // of the document
	loopback bool   // the issuer is one of plain http, on this machine
	client   *http.Client
}

var _ source = (*discoverySource)(nil)

func newDiscoverySource(issuer string, client *http.Client) (*discoverySource, error) {
	u, err := parseBase(issuer)
	if err != nil {
		return nil, fmt.Errorf("keyset: Config.Issuer: %w", err)
	}
	return &discoverySource{
		issuer: issuer,
		// Section 4: a terminating slash is removed first.
		url:      strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration",
		loopback: u.Scheme == "http",
		client:   newClient(client),
	}, nil
}

func (s *discoverySource) fetch(ctx context.Context) ([]jose.PublicKey, time.Duration, error) {
	url, err := s.discover(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("discovery: %w", err)
	}
	keys := jwksSource{url: url, client: s.client}
	return keys.fetch(ctx)
}

// discover returns the document's jwks_uri.
func (s *discoverySource) discover(ctx context.Context) (string, error) {
	body, _, err := get(ctx, s.client, s.url, "application/json", maxJSON)
	if err != nil {
		return "", err
	}
	var document struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if err := jose.UnmarshalStrict(body, &document); err != nil {
		return "", err
	}
	// Section 4.3: identical, or one tenant of a host could answer for another.
	if document.Issuer != s.issuer {
		return "", fmt.Errorf("the document is of issuer %q", excerpt(document.Issuer))
	}
	if n := len(document.JWKSURI); n == 0 || n > maxURL {
		return "", fmt.Errorf("jwks_uri of %d bytes", n)
	}
	u, err := parseURL(document.JWKSURI)
	if err != nil {
		return "", fmt.Errorf("jwks_uri: %w", err)
	}
	// A remote issuer has no business with servers on our own machine that speak http.
	if u.Scheme != "https" && !s.loopback {
		return "", fmt.Errorf("jwks_uri: %q is not https", excerpt(u.Redacted()))
	}
	return u.String(), nil
}
