package keyset_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
)

const roundTrip = 50 * time.Millisecond // to the issuer, in virtual time

// flood asks for random kids from 64 goroutines, each at random moments, n in 10 s
// and all, until it is stopped.
func flood(keys jose.KeySet, kid func() string, n int) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for ctx.Err() == nil {
				_, _ = keys.Key(ctx, kid(), jose.ES256)
				time.Sleep(rand.N(2 * 64 * 10 * time.Second / time.Duration(n)))
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
	}
}

func randomID() string { return fmt.Sprint(rand.Uint64()) }

// Whatever the rate of unknown kids, no 10 s see more than two fetches, tokens with
// known kids verify without a fetch or a wait, and a new key is accepted within 5 s
// and a round trip, during the flood and right after it.
func TestFloodOfUnknownKeys(t *testing.T) {
	for _, rate := range []int{1_000, 20_000} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			old, next, last := newSigner(t, "old", jose.ES256), newSigner(t, "next", jose.ES256), newSigner(t, "last", jose.ES256)
			token := newToken(t, old)
			synctest.Test(t, func(t *testing.T) {
				n, h, r := newStage(t, keyset.Config{}, after(roundTrip, serveKeys(t, "", old)))
				require.NoError(t, find(t, r, "old"))
				time.Sleep(time.Minute)
				accepted := func(kid string) {
					t.Helper()
					published := time.Now()
					for find(t, r, kid) != nil {
						require.LessOrEqual(t, time.Since(published), fetchInterval+roundTrip)
						time.Sleep(10 * time.Millisecond)
					}
					require.LessOrEqual(t, time.Since(published), fetchInterval+roundTrip)
				}
				verify := func(d time.Duration) {
					t.Helper()
					for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(rand.N(100 * time.Millisecond)) {
						began := time.Now()
						_, err := r.VerifySignature(t.Context(), token)
						require.NoError(t, err)
						require.Equal(t, began, time.Now(), "no wait for a key that is known")
					}
				}

				stop := flood(r, randomID, rate)
				verify(10 * time.Second)
				h.set(after(roundTrip, serveKeys(t, "", old, next)))
				accepted("next")
				verify(30*time.Second + rand.N(10*time.Second))
				stop()
				h.set(after(roundTrip, serveKeys(t, "", old, next, last)))
				accepted("last")
				synctest.Wait()
				requireBudget(t, n.fetches())
				require.GreaterOrEqual(t, len(n.fetches()), 8, "the flood went on")
			})
		})
	}
}

// The same when the issuer is down: it is asked less often, not more.
func TestFloodWhileDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newSigner(t, "k", jose.ES256)
		n, h, r := newStage(t, keyset.Config{}, after(roundTrip, serveKeys(t, "", k)))
		require.NoError(t, find(t, r, "k"))
		h.set(after(roundTrip, down))
		stop := flood(r, randomID, 1_000)
		for range 600 {
			began := time.Now()
			require.NoError(t, find(t, r, "k"))
			require.Equal(t, began, time.Now())
			time.Sleep(time.Second)
		}
		stop()
		requireBudget(t, n.fetches())
		require.LessOrEqual(t, len(n.fetches()), 600/15+10, "backing off to 15 to 30 s")
	})
}

// On a quiet day a new key costs its first token one round trip.
func TestNewKeyOnAQuietDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := newSigner(t, "old", jose.ES256), newSigner(t, "next", jose.ES256)
		_, h, r := newStage(t, keyset.Config{}, after(roundTrip, serveKeys(t, "", old)))
		require.NoError(t, find(t, r, "old"))
		time.Sleep(fetchInterval)
		h.set(after(roundTrip, serveKeys(t, "", old, next)))
		began := time.Now()
		require.NoError(t, find(t, r, "next"))
		require.Equal(t, roundTrip, time.Since(began))
	})
}

// kids are public: bad signatures under a known one cost no fetch, no wait, no lock.
func TestFloodOfBadSignatures(t *testing.T) {
	good, forger := newSigner(t, "k", jose.EdDSA), newSigner(t, "k", jose.EdDSA)
	token, forged := newToken(t, good), newToken(t, forger)
	synctest.Test(t, func(t *testing.T) {
		n, _, r := newStage(t, keyset.Config{}, after(roundTrip, serveKeys(t, "", good)))
		_, err := r.VerifySignature(t.Context(), token)
		require.NoError(t, err)
		time.Sleep(time.Minute) // a fetch would be permitted
		start := time.Now()
		var all sync.WaitGroup
		var wrong atomic.Int64
		for range 50 {
			all.Go(func() {
				for range 200 {
					_, bad := r.VerifySignature(t.Context(), forged)
					_, other := r.Key(t.Context(), "k", jose.RS256) // another algorithm neither
					if bad != jose.ErrSignature || other != nil {
						wrong.Add(1)
					}
				}
			})
		}
		all.Wait()
		require.Zero(t, wrong.Load())
		require.Equal(t, start, time.Now())
		synctest.Wait()
		require.Len(t, n.fetches(), 1)
	})
}

// A key that the issuer withdraws verifies until max-age has passed and the refresh
// that its first use then starts is done, and not again before it is published again.
func TestWithdrawnKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const maxAge = 10 * time.Minute
		k, other := newSigner(t, "k", jose.ES256), newSigner(t, "other", jose.ES256)
		token := newToken(t, k)
		n, h, r := newStage(t, keyset.Config{}, after(roundTrip, serveKeys(t, "max-age=600", k, other)))
		start := time.Now()
		require.NoError(t, find(t, r, "k"))
		h.set(after(roundTrip, serveKeys(t, "max-age=600", other)))
		for {
			_, err := r.VerifySignature(t.Context(), token)
			if err != nil {
				require.ErrorIs(t, err, jose.ErrUnknownKey)
				break
			}
			require.LessOrEqual(t, time.Since(start), maxAge+roundTrip)
			if time.Since(start) < maxAge-time.Second {
				time.Sleep(time.Second)
			} else {
				time.Sleep(10 * time.Millisecond)
			}
		}
		require.GreaterOrEqual(t, time.Since(start), maxAge, "fresh keys are used")
		for range 100 {
			require.ErrorIs(t, find(t, r, "k"), jose.ErrUnknownKey)
			time.Sleep(time.Second)
		}
		requireBudget(t, n.fetches())

		h.set(after(roundTrip, serveKeys(t, "max-age=600", other, k)))
		published := time.Now()
		for find(t, r, "k") != nil {
			require.LessOrEqual(t, time.Since(published), 30*time.Second+roundTrip, "it was asked for while it was absent")
			time.Sleep(100 * time.Millisecond)
		}
	})
}

func TestCallersLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _, r := newStage(t, keyset.Config{}, after(4*time.Second, serveKeys(t, "", newSigner(t, "k", jose.ES256))))
		requireCallersShare(t, r, "k", 4*time.Second)
		require.Len(t, n.fetches(), 1)
	})
}

// requireCallersShare proves that callers share a fetch, which takes latency. Each that
// gives up gets its own error at its own time, the one that started the fetch included,
// and harms no other.
func requireCallersShare(t *testing.T, keys jose.KeySet, kid string, latency time.Duration) {
	start := time.Now()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	call := func(ctx context.Context, want error, at time.Duration) {
		all.Go(func() {
			_, err := keys.Key(ctx, kid, jose.ES256)
			if took := time.Since(start); want == nil && err != nil || want != nil && !isOnly(err, want) || took != at {
				t.Errorf("got %v after %v, want %v after %v", err, took, want, at)
			}
		})
	}
	call(ctx, context.Canceled, 10*time.Millisecond)
	synctest.Wait()
	for i := range 64 {
		d := time.Duration(i+1) * 100 * time.Millisecond
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		switch {
		case d < latency:
			call(ctx, context.DeadlineExceeded, d)
		case d > latency:
			call(ctx, nil, latency)
		}
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	call(gone, context.Canceled, 0)
	time.Sleep(10 * time.Millisecond)
	cancel()
	all.Wait()

	_, err := keys.Key(gone, kid, jose.ES256)
	require.NoError(t, err, "a known key needs nobody's time")
}

func isOnly(err, want error) bool {
	for _, e := range []error{context.Canceled, context.DeadlineExceeded, keyset.ErrUnavailable, jose.ErrUnknownKey} {
		if errors.Is(err, e) != (e == want) {
			return false
		}
	}
	return true
}

// Many key sets at work, over real sockets, end with Close: no goroutine of theirs is
// left, whatever they were doing.
func TestCloseLeavesNothing(t *testing.T) {
	arrived := make(chan struct{}, 1000)
	serve := serveKeys(t, "", newSigner(t, "k", jose.ES256))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		switch r.URL.Path {
		case "/hang":
			<-r.Context().Done()
		case "/body":
			fmt.Fprint(w, `{"keys":[`)
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		default:
			serve(w, r)
		}
	}))
	defer srv.Close()
	var callers, closers sync.WaitGroup
	for i := range 30 {
		r, err := keyset.New(keyset.Config{URL: srv.URL + []string{"/hang", "/body", "/good"}[i%3]})
		require.NoError(t, err)
		for range 8 {
			callers.Go(func() { _, _ = r.Key(context.Background(), "k", jose.ES256) })
		}
		<-arrived
		for range 2 { // closing twice, at once, is fine
			closers.Go(func() { _ = r.Close() })
		}
		callers.Go(func() { _, _ = r.Key(context.Background(), "unknown", jose.ES256) }) // while it closes
	}
	closers.Wait()
	callers.Wait()
	buf := make([]byte, 4<<20)
	for {
		stacks := string(buf[:runtime.Stack(buf, true)])
		if !strings.Contains(stacks, "keyset.(*Remote)") && !strings.Contains(stacks, "keyset.(*jwksSource)") {
			break
		}
		runtime.Gosched() // Close may return just before the last frame is gone; a leak hangs here
	}
}

// Close returns when the fetch has ended, not when it was told to.
func TestCloseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := false
		r, err := keyset.New(keyset.Config{
			URL: "https://issuer.example.com/keys",
			Client: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				time.Sleep(time.Second)
				ended = true
				return nil, r.Context().Err()
			})},
		})
		require.NoError(t, err)
		go func() { _ = find(t, r, "k") }()
		synctest.Wait()
		require.NoError(t, r.Close())
		require.True(t, ended)
	})
}

// Unknown kids leave next to nothing behind: a bounded list, without the tokens that
// they stood in.
func TestFloodLeavesNoMemory(t *testing.T) {
	k := newSigner(t, "k", jose.EdDSA)
	c := newClock()
	answer := serveKeys(t, "", k)
	r, err := keyset.New(keyset.Config{
		URL: "https://issuer.example.com/keys",
		Now: c.Now,
		Client: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			answer(w, r)
			return w.Result(), nil
		})},
	})
	require.NoError(t, err)
	defer r.Close()
	require.NoError(t, find(t, r, "k"))

	before, allocated := heap()
	for n := range 1_000_000 {
		_, err := r.Key(t.Context(), fmt.Sprintf("%032d", n), jose.ES256)
		if err == nil {
			t.Fatal("a random kid was found")
		}
		c.Advance(10 * time.Microsecond)
	}
	after, total := heap()
	require.Less(t, after-before, int64(1<<20), "bytes that 1,000,000 kids leave")
	require.Less(t, (total-allocated)/1_000_000, int64(1<<10), "bytes that one kid costs")

	// Those that do cost a fetch, in tokens of 48 KB: 1,024 of them would be 48 MB.
	padding := jose.Claim{Name: "padding", Value: strings.Repeat("x", 40<<10)}
	key, err := jose.GenerateKey(jose.EdDSA)
	require.NoError(t, err)
	before, _ = heap()
	for n := range 1_100 {
		s, err := jose.NewSigner(key, jose.EdDSA, fmt.Sprint("random-", n))
		require.NoError(t, err)
		token, err := s.SignJWT("JWT", padding)
		require.NoError(t, err)
		for range 2 { // a second time when it is known to be absent no more
			_, err = r.VerifySignature(t.Context(), token)
			require.ErrorIs(t, err, jose.ErrUnknownKey)
			c.Advance(30 * time.Second)
		}
		require.LessOrEqual(t, r.Absent(), 1024)
	}
	after, _ = heap()
	require.Equal(t, 1024, r.Absent())
	require.Less(t, after-before, int64(4<<20), "bytes that 1,100 large tokens leave")
}

func heap() (inUse, total int64) {
	runtime.GC()
	runtime.GC() // what the first one's finalizers and pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc), int64(m.TotalAlloc)
}

// A known key costs no allocation and no lock: it is found while somebody else holds it.
func TestKnownKeyCostsNothing(t *testing.T) {
	i, c := newIssuer(t), newClock()
	i.publish(t, newSigner(t, "k", jose.ES256), newSigner(t, "rsa", jose.RS256))
	r := newRemote(t, i, c)
	require.NoError(t, find(t, r, "k"))
	r.Idle()
	ctx := t.Context()
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		if _, err := r.Key(ctx, "k", jose.ES256); err != nil {
			panic(err)
		}
	}))

	requireNoLock(t, r.Lock, func() error {
		_, err := r.Key(ctx, "k", jose.ES256)
		return err
	})
}

// requireNoLock runs f while somebody else holds the lock.
func requireNoLock(t *testing.T, lock func() (unlock func()), f func() error) {
	t.Helper()
	unlock := lock()
	defer unlock()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(time.Minute): // reached only by code that takes the lock
		t.Fatal("a known key waits for the lock")
	}
}

// Of many callers that find a stale set at once, one starts a refresh and none waits.
func TestStaleSetIsRefreshedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _, r := newStage(t, keyset.Config{}, after(4*time.Second, serveKeys(t, "", newSigner(t, "k", jose.ES256))))
		require.NoError(t, find(t, r, "k"))
		time.Sleep(2 * time.Hour)
		askAtOnce(t, r, "k")
		synctest.Wait()
		require.Len(t, n.fetches(), 2)
		time.Sleep(5 * time.Second)
		require.NoError(t, find(t, r, "k"))
		synctest.Wait()
		require.Len(t, n.fetches(), 2, "it is fresh again")
	})
}

// askAtOnce asks for a key from many goroutines, none of which has to wait.
func askAtOnce(t *testing.T, keys jose.KeySet, kid string) {
	t.Helper()
	start := time.Now()
	var all sync.WaitGroup
	var failed atomic.Int64
	for range 64 {
		all.Go(func() {
			for range 100 {
				if _, err := keys.Key(t.Context(), kid, jose.ES256); err != nil {
					failed.Add(1)
				}
			}
		})
	}
	all.Wait()
	require.Zero(t, failed.Load())
	require.Equal(t, start, time.Now())
}
