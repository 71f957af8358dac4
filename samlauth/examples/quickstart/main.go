// Quickstart is a portal in one process that people sign in to with SAML: the library, an identity provider, and an app. It needs no network,
// no configuration and nothing else running:
//
//	cd samlauth && go run ./examples/quickstart
//
// Then open http://localhost:7008. To use an identity provider of your own, give it the metadata at
// http://localhost:7008/api/auth/sso/metadata (most want https: put a proxy in front, and say -origin https://...), and run
//
//	go run ./examples/quickstart -metadata https://idp.example.com/metadata -email you@example.com
//
// The wiring, which is what a host of your own would have, is in portal.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	var o options
	addr := flag.String("addr", "localhost:7008", "host and port to serve on")
	flag.StringVar(&o.origin, "origin", "", "where browsers find the portal, if not at http:// and the address")
	flag.StringVar(&o.metadataURL, "metadata", "", "metadata URL of an identity provider, instead of the demo one")
	flag.StringVar(&o.email, "email", "", "with -metadata: e-mail address of the person who is in the user catalog")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	if err := run(ctx, *addr, o); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// run serves until ctx is done.
func run(ctx context.Context, addr string, o options) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("cannot serve on %q: %w; choose another address with -addr", addr, err)
	}
	defer listener.Close()
	if o.origin == "" {
		host, _, _ := net.SplitHostPort(addr) // it has been listened on
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			host = "localhost"
		}
		o.origin = "http://" + net.JoinHostPort(host, port)
	}
	o.origin = strings.TrimSuffix(o.origin, "/")
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	handler, err := newHandler(o, logger)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Printf("\n  Open %s in your browser. Ctrl-C ends it.\n\n", o.origin)
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return server.Close()
	}
	return nil
}
