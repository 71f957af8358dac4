// Quickstart is a portal in one process: the library, an identity provider to sign in with, and an app that shows what comes
// of it. It needs no network, no configuration and nothing else running:
//
//	go run ./examples/quickstart
//
// Then open http://localhost:7007. To sign in with a vendor where you have registered a client:
//
//	CLIENT_SECRET=... go run ./examples/quickstart -provider github -client-id ...
//
// It prints the redirect URI to register, docs/providers.md says where, and -h lists the vendors and what else each of them needs. The secret may
// be given as -client-secret too, where other users of the machine can see it. Whoever the vendor vouches for is signed in, as a user of no
// catalog.
//
// Any other OpenID Provider can stand in for the demo's, with a person in the user catalog; its redirect URI is
// http://localhost:7007/api/auth/demo/handler/frame:
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
	o, err := parseOptions(os.Args[1:], os.Getenv, os.Stdout)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// run serves until ctx is done.
func run(ctx context.Context, o options) error {
	addr := o.addr
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
	handler, err := newHandler(origin, o, nil, logger)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	if o.provider != "" || o.issuer != "" {
		fmt.Printf("\n  Register this redirect URI with the provider; docs/providers.md says where:\n  %s\n", o.callback(origin))
	}
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
