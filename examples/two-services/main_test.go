package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRotationsLoseNoToken(t *testing.T) {
	const rotations = 20
	var out bytes.Buffer
	got, err := run(t.Context(), &out, options{replicas: 3, people: 2, rotations: rotations, logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.Zero(t, got.failures, got.failure)
	require.Equal(t, rotations, got.rotations)
	require.Len(t, got.verified, rotations+1, "each key signed, and what it signed was accepted")
	require.Equal(t, rotations+1, got.made, "the replicas agree on one key a period")
	steps := int(keyPeriod/step)*rotations + 1
	require.Equal(t, 2*steps, got.issued)
	require.Equal(t, 4*steps-2, got.accepted, "the first ones have no older token")
	require.Equal(t, rotations/2, got.restarts)
	require.Equal(t, rotations/2, got.outages)
	require.Contains(t, out.String(), "day 3 12:00  rotation 20: key "+got.newest[:8]+" signs\n")
	require.Contains(t, out.String(), "21 keys made, 20 rotations, 0 failures\n  replica restarts: 10, outages of the key store: 10; 60h3m0s on the services' clock")
}

// TestFailuresAreCounted: else a count of 0 would say nothing.
func TestFailuresAreCounted(t *testing.T) {
	clock := &clock{now: time.Date(2030, time.January, 1, 0, 0, 0, 0, time.UTC)}
	logger := slog.New(slog.DiscardHandler)
	one := httptest.NewUnstartedServer(nil)
	cluster, err := newCluster("http://"+one.Listener.Addr().String(), 2, clock.Now, logger)
	require.NoError(t, err)
	one.Config.Handler = cluster
	one.Start()
	defer one.Close()
	acceptor, verifier, err := newAcceptor(cluster.baseURL, clock.Now, logger)
	require.NoError(t, err)
	defer verifier.Close()
	two := httptest.NewServer(acceptor)
	defer two.Close()
	l := newLoad(clock, cluster, two.URL+"/api/hello", 3, func(time.Time, string) {})

	cluster.store.down.Store(true) // before any replica has a key
	require.NoError(t, l.step(t.Context()))
	require.Equal(t, 3, l.tally.failures)
	require.Contains(t, l.tally.failure, "sign-in: 503")
	cluster.store.down.Store(false)
	require.NoError(t, l.step(t.Context()))
	require.Equal(t, 3, l.tally.failures)
	require.Equal(t, 3, l.tally.accepted)

	clock.advance(2 * tokenTTL)
	l.use(t.Context(), l.tokens[3])
	require.Equal(t, 4, l.tally.failures)
	require.Contains(t, l.tally.failure, "the other service: 401")
}

func TestEndsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := &writer{wrote: cancel}
	got, err := run(ctx, out, options{replicas: 1, people: 1, terminal: true, pause: time.Hour, logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.Zero(t, got.failures, got.failure)
	require.Equal(t, 1, got.issued)
	require.Contains(t, out.String(), "\r\x1b[K  day 1 00:03  1 tokens issued, 1 accepted, 1 keys made, 0 rotations, 0 failures")
	require.Contains(t, out.String(), "replica restarts: 0, outages of the key store: 0")
}

// writer tells when the counts are written.
type writer struct {
	bytes.Buffer
	wrote func()
}

func (w *writer) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("issued")) {
		w.wrote()
	}
	return w.Buffer.Write(p)
}

func TestOptions(t *testing.T) {
	for _, o := range []options{{replicas: 0, people: 1}, {replicas: 1, people: 0}} {
		_, err := run(t.Context(), io.Discard, o)
		require.EqualError(t, err, "-people and -replicas must be 1 or more")
	}
}
