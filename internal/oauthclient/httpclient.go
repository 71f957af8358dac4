package oauthclient

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	requestTimeout = 10 * time.Second
	maxAnswer      = 1 << 20
)

var errTooLarge = fmt.Errorf("%w: larger than 1 MiB", ErrAnswer)

// NewHTTPClient returns a client with the transport of host, or http.DefaultTransport if host is nil, that follows no redirect (a 307
// would send code and client secret on), gives up after ten seconds (or host's time-out if that is shorter), keeps no cookies and
// fails the reading of a body at one mebibyte, counted after decompression.
func NewHTTPClient(host *http.Client) *http.Client {
	c := &http.Client{
		Timeout:       requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	bounded := boundedTransport{http.DefaultTransport}
	if host != nil {
		if host.Transport != nil {
			bounded.next = host.Transport
		}
		if host.Timeout > 0 {
			c.Timeout = min(c.Timeout, host.Timeout)
		}
	}
	c.Transport = bounded
	return c
}

// boundedTransport bounds bodies. http.Transport has decompressed them when they get here.
type boundedTransport struct{ next http.RoundTripper }

func (t boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if res.Body == nil { // against the contract of http.RoundTripper, but http.Client forgives it too
		res.Body = http.NoBody
	}
	res.Body = &boundedBody{ReadCloser: res.Body, left: maxAnswer}
	return res, nil
}

// boundedBody fails, where io.LimitReader would make a part look like the whole.
type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		n, err = int(b.left), errTooLarge
	}
	b.left -= int64(n)
	return n, err
}
