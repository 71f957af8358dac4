package keyset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// newClient returns a client like c that never follows a redirect: where keys come from
// is for the configuration to say.
func newClient(c *http.Client) *http.Client {
	if c == nil {
		c = &http.Client{}
	}
	own := *c
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// parseURL reads an address that keys, or what leads to them, may come from.
func parseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.Unwrap(err) // what url.Parse says around it repeats the text
	}
	switch {
	case u.Host == "" || u.User != nil || u.Fragment != "":
		return nil, fmt.Errorf("%q is not an absolute URL without user and fragment", excerpt(u.Redacted()))
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	}
	// Whoever can write the keys on the way signs in as anybody.
	return nil, fmt.Errorf("%q is neither https nor http on loopback", excerpt(u.Redacted()))
}

// parseBase reads an address that something is appended to.
func parseBase(raw string) (*url.URL, error) {
	u, err := parseURL(raw)
	if err != nil {
		return nil, err
	}
	if u.RawQuery != "" || u.ForceQuery {
		return nil, fmt.Errorf("%q has a query", u.Redacted())
	}
	return u, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// statusError is the status of an answer other than 200.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("unexpected status %d", int(e)) }

// get returns a body of at most limit bytes, after decompression, that came with
// status 200.
func get(ctx context.Context, client *http.Client, url, accept string, limit int64) (body []byte, header http.Header, err error) {
	defer func() {
		// The transport is the host's, and the goroutine ours: a panic would end the process, not a request.
		if v := recover(); v != nil {
			err = fmt.Errorf("the HTTP client panicked: %v", v)
		}
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Accept", accept)
	res, err := client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, nil, statusError(res.StatusCode)
	}
	body, err = io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		return nil, nil, err
	}
	if int64(len(body)) > limit {
		return nil, nil, fmt.Errorf("answer is larger than %d bytes", limit)
	}
	return body, res.Header, nil
}

// excerpt bounds what an error may repeat of a hostile text.
func excerpt(s string) string {
	const limit = 64
	if len(s) > limit {
		return s[:limit] + "..."
	}
	return s
}
