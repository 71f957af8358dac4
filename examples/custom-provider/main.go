// Custom-provider is a portal with three providers of its own, each in a package to copy from:
//
//   - providerA is an OAuth vendor that nobody has a package for (acme),
//   - providerB believes a gateway's plain headers, on requests that pass a trust anchor (gate),
//   - providerC is neither: a form for name and password (password).
//
// It needs no network, no account and nothing else running:
//
//	go run ./examples/custom-provider
//	curl -i localhost:7007/api/auth/providerA/start
//
// docs/adding-a-provider.md explains it step by step. The wiring is in portal.go.
package main

import (
	"crypto/rand"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"example.com/stagedoor/authprovider"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("custom-provider: ")
	addr := flag.String("addr", "localhost:7007", "host and port to serve on, on this machine")
	flag.Parse()
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatalf("%v; choose another port with -addr, such as -addr localhost:7017", err)
	}
	host, _, _ := net.SplitHostPort(*addr) // it has been listened on
	if host == "" {
		log.Fatalf("-addr %q has no host: this is for one machine, such as -addr localhost:7007", *addr)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	origin := "http://" + net.JoinHostPort(host, port)
	gateSecret := authprovider.Secret(rand.Text() + rand.Text())
	handler, err := newHandler(origin, gateSecret, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf(`
  Open %[1]s in your browser. Ctrl-C ends it.

  providerA  curl -i %[1]s/api/auth/providerA/start
  providerB  curl -i -H 'X-Requested-With: XMLHttpRequest' -H 'X-Gate-Secret: %[2]s' -H 'X-Gate-User: nora' \
               %[1]s/api/auth/providerB/refresh
  providerC  sign in as nora with the password %[3]q

`, origin, string(gateSecret), demoPassword)
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: time.Minute}
	log.Fatal(server.Serve(listener))
}
