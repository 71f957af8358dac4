package keyset

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"example.com/stagedoor/internal/jose"
)

// maxJSON bounds what an issuer may answer in JSON.
const maxJSON = 1 << 20

// jwksSource fetches the JWK set at an address.
type jwksSource struct {
	url    string
	client *http.Client
}

var _ source = (*jwksSource)(nil)

func newJWKSSource(url string, client *http.Client) (*jwksSource, error) {
	u, err := parseURL(url)
	if err != nil {
		return nil, fmt.Errorf("keyset: Config.URL: %w", err)
	}
	return &jwksSource{url: u.String(), client: newClient(client)}, nil
}

func (s *jwksSource) fetch(ctx context.Context) ([]jose.PublicKey, time.Duration, error) {
	body, header, err := get(ctx, s.client, s.url, "application/json, application/jwk-set+json", maxJSON)
	if err != nil {
		return nil, 0, err
	}
	keys, skipped, err := jose.ParseJWKSet(body)
	if err != nil {
		return nil, 0, err
	}
	if len(keys) == 0 {
		if len(skipped) == 0 {
			return nil, 0, errors.New("no keys")
		}
		// One reason: a hundred would flood the log.
		return nil, 0, fmt.Errorf("none of %d keys is usable: %w", len(skipped), skipped[0])
	}
	return keys, maxAge(header), nil
}

// maxAge reads how long an answer says that it is fresh, zero if it does not say:
// Cache-Control's first max-age (RFC 9111 section 4.2.1) less the Age that the answer
// had already when a cache on the way passed it on (section 4.2.3). One that must not
// be cached at all counts as fresh for the shortest time that we know. Expires is
// ignored, as it needs clocks that agree.
func maxAge(h http.Header) time.Duration {
	var fresh time.Duration
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store", "no-cache":
			return minSoftTTL
		case "max-age":
			if d, ok := deltaSeconds(strings.Trim(value, `"`)); ok && fresh == 0 {
				fresh = max(d, time.Second)
			}
		}
	}
	if age, ok := deltaSeconds(h.Get("Age")); ok && fresh > 0 {
		fresh = max(fresh-age, time.Second)
	}
	return fresh
}

// deltaSeconds reads RFC 9111 section 1.2.2, where what is too large to represent
// counts as 2^31.
func deltaSeconds(s string) (time.Duration, bool) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	return time.Duration(n) * time.Second, true // the largest, if out of range
}
