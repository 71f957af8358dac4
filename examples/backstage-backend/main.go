// Backstage-backend serves the auth API of a Backstage app from the app's own app-config.yaml: an unmodified frontend signs in through it, and
// unmodified backends take its tokens.
//
//	export AUTH_GOOGLE_CLIENT_ID=... AUTH_GOOGLE_CLIENT_SECRET=...
//	go run . --config app-config.yaml
//
// In development that is Google, with keys in memory and the users of org.yaml. In production it is Google's Identity-Aware Proxy, with keys in a
// database and the users of the Backstage catalog:
//
//	export AUTH_SESSION_SECRET=$(openssl rand -base64 32) BASE_URL=https://portal.example.com DATABASE_URL=postgres://... \
//		CATALOG_URL=http://backstage.internal:7007/api/catalog CATALOG_TOKEN=... IAP_AUDIENCE=/projects/...
//	go run . --config app-config.yaml --config app-config.production.yaml
//
// A load balancer sends /api/auth/ here and everything else to Backstage's own backend, which finds the keys by its discovery of the plugin "auth". What
// Backstage has no key for stands in the block "stagedoor": see the two files. The wiring, which is what a host of your own would have, is in backend.go.
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
	o := options{open: func(address string) (net.Listener, error) { return net.Listen("tcp", address) }}
	flag.Func("config", "YAML `file`; may be given several times, a later one is laid over those before it", func(name string) error {
		o.files = append(o.files, name)
		return nil
	})
	flag.Parse()
	if len(o.files) == 0 {
		o.files = []string{"app-config.yaml"}
	}
	o.logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until ctx is done.
func run(ctx context.Context, o options) error {
	b, err := newBackend(o)
	if err != nil {
		return err
	}
	defer b.close()
	listener, err := o.open(b.listen)
	if err != nil {
		return fmt.Errorf("backstage-backend: %w", err)
	}
	server := &http.Server{Handler: b.handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(o.logger.Handler(), slog.LevelWarn)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	o.logger.Info("serving", "address", listener.Addr().String(), "base", b.baseURL)

	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	b.leaving.Store(true) // a load balancer that asks sends nobody here any more
	grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}
