// Behind-a-proxy is a backend behind Cloudflare Access: a stand-in for Access's edge on one port, in front of a backend on another that
// signs people in with package cfaccess. It needs no network, no account and nothing else running:
//
//	go run ./examples/behind-a-proxy
//
// Then open http://localhost:7007, which is the edge: it asks who you are, as Access does, and the page shows whom the backend takes you
// for. The backend's own address is http://localhost:7008; a request that goes there around the edge is refused.
//
// The wiring of the backend, which is what a host of your own would have, is in backend.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	edge := flag.String("edge", "localhost:7007", "host and port of the edge")
	backend := flag.String("backend", "localhost:7008", "host and port of the backend behind it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	if err := run(ctx, *edge, *backend); err != nil {
		fmt.Fprintln(os.Stderr, "behind-a-proxy:", err)
		os.Exit(1)
	}
}

// run serves both until ctx is done.
func run(ctx context.Context, edgeAddr, backendAddr string) error {
	front, err := listen(edgeAddr, "-edge")
	if err != nil {
		return err
	}
	defer front.Close()
	behind, err := listen(backendAddr, "-backend")
	if err != nil {
		return err
	}
	defer behind.Close()
	public, direct := originOf(edgeAddr, front.Addr()), originOf(backendAddr, behind.Addr())

	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	access, err := newAccess()
	if err != nil {
		return err
	}
	backend, err := newBackend(public, direct, access, logger)
	if err != nil {
		return err
	}
	target, err := url.Parse(direct)
	if err != nil {
		return err
	}
	edge := access.Protect(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }})

	errs := make(chan error, 2)
	servers := []*http.Server{serve(front, edge, errs), serve(behind, backend, errs)}
	fmt.Printf("\n  Open %s in your browser: that is the edge. Ctrl-C ends it.\n  Around it, a request is refused: curl -i %s/me\n\n", public, direct)
	select {
	case err := <-errs:
		return err
	case <-ctx.Done():
	}
	fmt.Println("\n  Good bye.")
	grace, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for _, s := range servers {
		// Requests under way get a moment. What is still open then is a connection that a browser holds in reserve.
		if s.Shutdown(grace) != nil {
			_ = s.Close()
		}
	}
	return nil
}

func serve(l net.Listener, h http.Handler, errs chan<- error) *http.Server {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			errs <- err
		}
	}()
	return s
}

func listen(addr, name string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot serve on %q: %w; choose another address with %s", addr, err, name)
	}
	return l, nil
}

// originOf is where a browser on this machine finds a listener: under the host that was asked for, at the port that was got.
func originOf(addr string, got net.Addr) string {
	host, _, _ := net.SplitHostPort(addr) // it has been listened on
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "localhost"
	}
	_, port, _ := net.SplitHostPort(got.String())
	return "http://" + net.JoinHostPort(host, port)
}
