// Two-services shows keys rotating under load. One service signs people in, on three replicas that share a key store; another one accepts
// its tokens, and fetches the keys from it. It needs no network and nothing else running:
//
//	go run ./examples/two-services
//
// A key signs for three hours at least, so the example does not wait for the time to pass: both services, and the store, have a clock
// that moves three minutes whenever all requests have been answered, which makes a rotation every few seconds. In between a replica
// restarts, or the store is down for half an hour. The count of failures stays 0.
//
// The wiring, which is what hosts of your own would have, is in cluster.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

type options struct {
	replicas  int
	people    int
	rotations int           // after which it ends; 0 if it does not
	pause     time.Duration // after each step
	logger    *slog.Logger
	terminal  bool // the last line may be written over
}

func main() {
	o := options{logger: slog.New(slog.DiscardHandler)}
	flag.IntVar(&o.replicas, "replicas", 3, "replicas of the service that signs people in")
	flag.IntVar(&o.people, "people", 8, "people who sign in at once")
	flag.IntVar(&o.rotations, "rotations", 0, "end after so many rotations; 0: on Ctrl-C")
	flag.DurationVar(&o.pause, "pause", 50*time.Millisecond, "pause after every three minutes of the services' clock")
	verbose := flag.Bool("v", false, "show warnings and errors that the services log")
	flag.Parse()
	if *verbose {
		o.logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	info, err := os.Stdout.Stat()
	o.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	t, err := run(ctx, os.Stdout, o)
	if err == nil && t.failures > 0 {
		err = fmt.Errorf("%d failures, the last one: %s", t.failures, t.failure)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "two-services:", err)
		os.Exit(1)
	}
}

// run lets time pass until ctx is done, or there were so many rotations as o wants.
func run(ctx context.Context, out io.Writer, o options) (tally, error) {
	if o.people < 1 || o.replicas < 1 {
		return tally{}, errors.New("-people and -replicas must be 1 or more")
	}
	clock := &clock{now: time.Date(2030, time.January, 1, 0, 0, 0, 0, time.UTC)}
	one, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return tally{}, err
	}
	defer one.Close()
	cluster, err := newCluster("http://"+one.Addr().String(), o.replicas, clock.Now, o.logger)
	if err != nil {
		return tally{}, err
	}
	two, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return tally{}, err
	}
	defer two.Close()
	acceptor, verifier, err := newAcceptor(cluster.baseURL, clock.Now, o.logger)
	if err != nil {
		return tally{}, err
	}
	defer func() { _ = verifier.Close() }() // it has no error
	for listener, handler := range map[net.Listener]http.Handler{one: cluster, two: acceptor} {
		server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
		go func() { _ = server.Serve(listener) }() // until Close: requests tell if it ends earlier
		defer func() { _ = server.Close() }()
	}

	v := &view{out: out, terminal: o.terminal, start: clock.Now()}
	hello := "http://" + two.Addr().String() + "/api/hello"
	fmt.Fprintf(out, "\n  Signs people in: %s (%d replicas)\n  Accepts its tokens: %s\n  Ctrl-C ends it.\n\n", cluster.baseURL, o.replicas, hello)
	l := newLoad(clock, cluster, hello, o.people, v.event)
	begin := time.Now()
	for ctx.Err() == nil && (o.rotations == 0 || l.tally.rotations < o.rotations) {
		// What was begun is ended: a request that Ctrl-C cuts off would count as a failure.
		if err := l.step(context.WithoutCancel(ctx)); err != nil {
			return l.tally, err
		}
		v.status(clock.Now(), &l.tally)
		select {
		case <-ctx.Done():
		case <-time.After(o.pause):
		}
	}
	v.summary(clock.Now(), time.Since(begin), &l.tally)
	return l.tally, nil
}
