package keyset_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
)

// network connects real HTTP clients and servers by pipes, so that all of them can
// live in one bubble of testing/synctest: hours of outage pass at once, and a wait of a
// millisecond shows.
type network struct {
	mu        sync.Mutex
	listeners map[string]*listener
	down      bool
	attempts  []time.Time // of requests, those refused included
	urls      []string    // of the same
	trusted   *x509.CertPool
}

func newNetwork() *network {
	return &network{listeners: map[string]*listener{}, trusted: x509.NewCertPool()}
}

type listener struct {
	addr  string
	conns chan net.Conn
	once  sync.Once
	gone  chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.gone:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.gone) })
	return nil
}

func (l *listener) Addr() net.Addr  { return l }
func (l *listener) Network() string { return "pipe" }
func (l *listener) String() string  { return l.addr }

func (n *network) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	n.mu.Lock()
	l, down := n.listeners[addr], n.down
	n.mu.Unlock()
	if l == nil || down {
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	}
	here, there := net.Pipe()
	select {
	case l.conns <- there:
		return here, nil
	case <-l.gone:
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (n *network) setDown(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
}

// client returns a client that reaches only this network and notes when it was used.
func (n *network) client(t *testing.T) *http.Client {
	transport := &http.Transport{
		DialContext:       n.dial,
		TLSClientConfig:   &tls.Config{RootCAs: n.trusted},
		DisableKeepAlives: true, // so that an issuer that goes down is down
		// Endless headers end at net/http's limit; a small one spares us reading 10 MB.
		MaxResponseHeaderBytes: 64 << 10,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		n.mu.Lock()
		n.attempts = append(n.attempts, time.Now())
		n.urls = append(n.urls, r.URL.String())
		n.mu.Unlock()
		return transport.RoundTrip(r)
	})}
}

func (n *network) fetches() []time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]time.Time(nil), n.attempts...)
}

// count says how often a URL was asked for.
func (n *network) count(url string) (count int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, u := range n.urls {
		if u == url {
			count++
		}
	}
	return count
}

// requireBudget slides a window of 10 s over the fetches.
func requireBudget(t *testing.T, fetches []time.Time) {
	t.Helper()
	for i := range max(0, len(fetches)-2) {
		require.GreaterOrEqual(t, fetches[i+2].Sub(fetches[i]), 10*time.Second, "three fetches within 10 s, from the %dth", i)
	}
}

// host is a server on a network whose answer can be changed.
type host struct {
	*httptest.Server
	answer atomic.Pointer[http.HandlerFunc]
}

func (n *network) serve(t *testing.T, addr string, secure bool, answer http.HandlerFunc) *host {
	l := &listener{addr: addr, conns: make(chan net.Conn), gone: make(chan struct{})}
	n.mu.Lock()
	n.listeners[addr] = l
	n.mu.Unlock()
	h := &host{}
	h.set(answer)
	h.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		(*h.answer.Load())(w, r)
	}))
	h.Listener.Close() // the one on loopback that httptest opened
	h.Listener = l
	if secure {
		h.StartTLS()
		n.trusted.AddCert(h.Certificate())
	} else {
		h.Start()
	}
	t.Cleanup(h.Close)
	return h
}

func (h *host) set(answer http.HandlerFunc) { h.answer.Store(&answer) }

// newStage returns a network with one issuer, and a key set of it.
func newStage(t *testing.T, c keyset.Config, answer http.HandlerFunc) (*network, *host, *keyset.Remote) {
	n := newNetwork()
	h := n.serve(t, "127.0.0.1:80", false, answer)
	c.URL, c.Client = h.URL+"/keys", n.client(t)
	r, err := keyset.New(c)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return n, h, r
}

// after answers in the manner of answer, some time later.
func after(d time.Duration, answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(d):
			answer(w, r)
		case <-r.Context().Done():
		}
	}
}

func newToken(t *testing.T, s *jose.Signer) string {
	token, err := s.SignJWT("JWT", jose.Claim{Name: "sub", Value: "jane"})
	require.NoError(t, err)
	return token
}
