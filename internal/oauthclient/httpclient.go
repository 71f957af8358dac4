package oauthclient

import (
	"context"
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
	bounded := boundedTransport{next: http.DefaultTransport, timeout: requestTimeout}
	if host != nil {
		if host.Transport != nil {
			bounded.next = host.Transport
		}
		if host.Timeout > 0 {
			bounded.timeout = min(bounded.timeout, host.Timeout)
		}
	}
	return &http.Client{
		Transport:     bounded,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// boundedTransport bounds requests in time and bodies in size. As no redirect is followed, a round trip and its body are the whole of a
// request. (The client's own Timeout would take a goroutine for each, since it does not know this transport.)
type boundedTransport struct {
	next    http.RoundTripper
	timeout time.Duration
}

var _ http.RoundTripper = boundedTransport{}

func (t boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), t.timeout)
	res, err := t.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	if res.Body == nil { // against the contract of http.RoundTripper, but http.Client forgives it too
		res.Body = http.NoBody
	}
	// http.Transport has decompressed it when it gets here.
	res.Body = &boundedBody{ReadCloser: res.Body, left: maxAnswer, cancel: cancel}
	return res, nil
}

// boundedBody fails, where io.LimitReader would make a part look like the whole.
type boundedBody struct {
	io.ReadCloser
	left   int64
	cancel context.CancelFunc
}

// Close releases the request's time-out as well.
func (b *boundedBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
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
