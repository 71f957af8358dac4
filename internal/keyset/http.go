package keyset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"example.com/stagedoor/internal/jose"
)

// maxBody bounds an answer after decompression.
const maxBody = 1 << 20

// httpSource fetches a JWK set.
type httpSource struct {
	url    string
	client *http.Client
}

var _ source = (*httpSource)(nil)

func newHTTPSource(rawURL string, client *http.Client) (*httpSource, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("keyset: Config.URL: %w", err)
	}
	switch {
	case u.Host == "" || u.User != nil || u.Fragment != "":
		return nil, fmt.Errorf("keyset: Config.URL %q is not an absolute URL without user and fragment", u.Redacted())
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
	default:
		// Whoever can write the keys on the way signs in as anybody.
		return nil, fmt.Errorf("keyset: Config.URL %q is neither https nor http on loopback", u.Redacted())
	}
	if client == nil {
		client = &http.Client{}
	}
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &httpSource{url: u.String(), client: &own}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s *httpSource) fetch(ctx context.Context) ([]jose.PublicKey, time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Accept", "application/json, application/jwk-set+json")
	res, err := s.client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("unexpected status %d", res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return nil, 0, err
	}
	if len(body) > maxBody {
		return nil, 0, fmt.Errorf("answer is larger than %d bytes", maxBody)
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
	return keys, maxAge(res.Header), nil
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
