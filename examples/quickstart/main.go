// Quickstart is a portal in one process: the library, an identity provider to sign in with, and an app that shows what comes
// of it. It needs no network, no configuration and nothing else running:
//
//	go run ./examples/quickstart
//
// Then open http://localhost:7007. To sign in with a provider of your own, register the redirect URI
// http://localhost:7007/api/auth/demo/handler/frame with it, and run
//
//	CLIENT_SECRET=... go run ./examples/quickstart -issuer https://id.example.com -client-id ... -email you@example.com
//
// The wiring, which is what a host of your own would have, is in app.go.
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
	"syscall"
	"time"
)

func main() {
	var o options
	addr := flag.String("addr", "localhost:7007", "host and port to serve on")
	flag.StringVar(&o.issuer, "issuer", "", "issuer URL of an OpenID Provider, instead of the demo provider")
	flag.StringVar(&o.clientID, "client-id", "", "client ID at that provider")
	flag.StringVar(&o.clientSecret, "client-secret", "", "client secret at that provider (or the variable CLIENT_SECRET, which other users do not see)")
	flag.StringVar(&o.email, "email", "", "with -issuer: e-mail address of the person who is in the user catalog")
	flag.Parse()
	if o.clientSecret == "" {
		o.clientSecret = os.Getenv("CLIENT_SECRET")
	}
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
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is taken by another program: stop it, or choose another port, such as -addr localhost:7017", addr)
	case err != nil:
		return fmt.Errorf("cannot serve on %q: %w; choose another address with -addr", addr, err)
	}
	defer listener.Close()
	origin := originOf(addr, listener.Addr())
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	handler, err := newHandler(origin, o, logger)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Printf("\n  Open %s in your browser. Ctrl-C ends it.\n\n", origin)

	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	fmt.Println("\n  Good bye.")
	// Requests under way get a moment. What is still open then is a connection that a browser holds in reserve.
	grace, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return server.Close()
	}
	return nil
}

// originOf is where a browser on this machine finds the listener. The host is the one that was asked for, since cookies and redirect
// URIs belong to a name; the port is the one that was got.
func originOf(addr string, got net.Addr) string {
	host, _, _ := net.SplitHostPort(addr) // it has been listened on
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "localhost"
	}
	_, port, _ := net.SplitHostPort(got.String())
	return "http://" + net.JoinHostPort(host, port)
}
