package keyset_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
)

// 1,000 random kids from 64 goroutines at once, and then a lasting flood: ten fetches in
// a second at most, known keys are served without a wait and refreshed in time, and a
// new key is taken within 5 s after it.
func TestPerKeyFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket()
		b.put(t, newSigner(t, kid1, jose.ES256))
		n, h, p := newPerKeyStage(t, keyset.PerKeyConfig{}, after(roundTrip, b.ServeHTTP))
		require.NoError(t, find(t, p, kid1))
		known := func() {
			t.Helper()
			began := time.Now()
			require.NoError(t, find(t, p, kid1))
			require.Equal(t, began, time.Now(), "no wait for a key that is known")
		}
		time.Sleep(time.Minute)

		var all sync.WaitGroup
		for i := range 64 {
			all.Go(func() {
				for range 1000/64 + 1 {
					_, err := p.Key(t.Context(), randomUUID(), jose.ES256)
					if !isOnly(err, jose.ErrUnknownKey) && !isOnly(err, keyset.ErrUnavailable) {
						t.Error(err)
					}
				}
				_, err := p.Key(t.Context(), kid1, jose.ES256)
				if err != nil {
					t.Error(i, err)
				}
			})
		}
		all.Wait()
		synctest.Wait()
		require.LessOrEqual(t, len(n.fetches()), 1+10)

		time.Sleep(58 * time.Minute)
		stop := flood(p, randomUUID, 10_000)
		for range 2 * 60 { // on from when the known key is stale
			known()
			time.Sleep(time.Second)
		}
		require.Equal(t, 2, n.count(h.URL+"/keys/"+kid1), "the flood does not hold off a refresh")
		stop()
		fetches := n.fetches()
		requirePerKeyBudget(t, fetches)
		require.GreaterOrEqual(t, len(fetches), 2*60*5, "the flood went on")

		b.put(t, newSigner(t, kid2, jose.ES256))
		published := time.Now()
		for find(t, p, kid2) != nil {
			require.LessOrEqual(t, time.Since(published), 5*time.Second)
			time.Sleep(10 * time.Millisecond)
		}
		require.LessOrEqual(t, time.Since(published), 5*time.Second)
		known()
		require.Equal(t, 2, n.count(h.URL+"/keys/"+kid1), "and does not push it out")
	})
}

// The same when the server is down or hangs.
func TestPerKeyFloodWhileDown(t *testing.T) {
	for name, bad := range map[string]http.HandlerFunc{
		"failing": after(roundTrip, down),
		"hanging": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBucket()
				b.put(t, newSigner(t, kid1, jose.ES256))
				b.put(t, newSigner(t, kid2, jose.ES256))
				n, h, p := newPerKeyStage(t, keyset.PerKeyConfig{}, b.ServeHTTP)
				require.NoError(t, find(t, p, kid1))
				time.Sleep(2 * time.Hour)
				h.set(bad)
				stop := flood(p, randomUUID, 1_000)
				for range 120 {
					began := time.Now()
					require.NoError(t, find(t, p, kid1))
					require.Equal(t, began, time.Now())
					time.Sleep(time.Second)
				}
				stop()
				requirePerKeyBudget(t, n.fetches())
				require.LessOrEqual(t, p.Refused(), 1024)

				h.set(b.ServeHTTP)
				back := time.Now()
				for find(t, p, kid2) != nil {
					require.LessOrEqual(t, time.Since(back), 5*time.Second)
					time.Sleep(100 * time.Millisecond)
				}
			})
		})
	}
}

// Callers of one kid share a fetch, also while another kid's is under way.
func TestPerKeyCallersLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket()
		b.put(t, newSigner(t, kid1, jose.ES256))
		b.put(t, newSigner(t, kid2, jose.ES256))
		n, _, p := newPerKeyStage(t, keyset.PerKeyConfig{}, after(4*time.Second, b.ServeHTTP))
		other := make(chan error, 1)
		go func() { other <- find(t, p, kid2) }()
		requireCallersShare(t, p, kid1, 4*time.Second)
		require.NoError(t, <-other)
		require.Len(t, n.fetches(), 2)
	})
}

// Keys of other people's load balancers exist, too. However many come, those that are
// in use stay; keys that nobody asks for make room first, and a newcomer always gets in.
func TestPerKeyEviction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := pemText(t, newSigner(t, kid1, jose.ES256).PublicKey().Key)
		n, h, p := newPerKeyStage(t, keyset.PerKeyConfig{}, after(roundTrip, say(200, "text/plain", key)))
		kids := func(group string, n int) (all []string) {
			for i := range n {
				all = append(all, fmt.Sprintf("00000000-0000-0000-%s-%012d", group, i))
			}
			return all
		}
		ask := func(kids []string) {
			t.Helper()
			for _, kid := range kids {
				for find(t, p, kid) != nil {
					time.Sleep(100 * time.Millisecond)
				}
			}
		}
		fetched := func(kids []string) (times int) {
			for _, kid := range kids {
				times += n.count(h.URL + "/keys/" + kid)
			}
			return times
		}
		const maxKnown = 64
		ours, idle := kids("aaaa", 20), kids("bbbb", maxKnown-20)
		ask(ours)
		ask(idle)
		require.Equal(t, maxKnown, len(n.fetches()))

		// Hundreds of others, within the hour, and used much more often than ours.
		foreign := kids("cccc", 300)
		ask(foreign[:200])
		require.Equal(t, maxKnown, p.Known())
		for range 5 {
			ask(ours)
			for range 100 {
				ask(foreign[:1])
			}
			time.Sleep(10 * time.Minute)
		}
		ask(ours)
		ask(idle[:len(idle)-1])
		require.Equal(t, len(ours)+len(idle), fetched(ours)+fetched(idle), "in use within the hour")

		// Those that nobody has asked for for an hour go before any other.
		time.Sleep(45 * time.Minute)
		ask(ours)
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		before := fetched(ours)
		ask(foreign[200:260])
		ask(ours)
		synctest.Wait()
		require.LessOrEqual(t, fetched(ours)-before, len(ours), "a refresh each, as they are stale")
		before = fetched(ours) + fetched(foreign[200:240])
		ask(ours)
		ask(foreign[200:240])
		synctest.Wait()
		require.Equal(t, before, fetched(ours)+fetched(foreign[200:240]), "they are known")
		requirePerKeyBudget(t, n.fetches())
	})
}

// Unknown kids leave next to nothing behind: a bounded list, without the tokens that
// they stood in.
func TestPerKeyFloodLeavesNoMemory(t *testing.T) {
	for name, status := range map[string]int{"absent": http.StatusForbidden, "failing": http.StatusBadGateway} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			p, err := keyset.NewPerKey(keyset.PerKeyConfig{
				URLPrefix: "https://keys.example.com/",
				Algorithm: jose.ES256,
				Now:       c.Now,
				Client: &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
					w := httptest.NewRecorder()
					w.WriteHeader(status)
					return w.Result(), nil
				})},
			})
			require.NoError(t, err)
			defer p.Close()
			before, _ := heap()
			for range 1_100 {
				kid := (randomUUID() + strings.Repeat("x", 48<<10))[:36] // of a token of 48 KB
				require.Error(t, find(t, p, kid))
				require.LessOrEqual(t, p.Refused(), 1024)
				c.Advance(time.Second)
			}
			after, _ := heap()
			require.Equal(t, 1024, p.Refused())
			require.Less(t, after-before, int64(4<<20), "bytes that 1,100 large tokens leave")
		})
	}
}

// A known key costs no allocation and no lock: it is found while somebody else holds it.
func TestPerKeyKnownKeyCostsNothing(t *testing.T) {
	b := newBucket()
	b.put(t, newSigner(t, kid1, jose.ES256))
	srv := httptest.NewServer(b)
	defer srv.Close()
	p, err := keyset.NewPerKey(keyset.PerKeyConfig{URLPrefix: srv.URL + "/keys/", Algorithm: jose.ES256})
	require.NoError(t, err)
	defer p.Close()
	require.NoError(t, find(t, p, kid1))
	ctx := t.Context()
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		if _, err := p.Key(ctx, kid1, jose.ES256); err != nil {
			panic(err)
		}
	}))
	requireNoLock(t, p.Lock, func() error {
		_, err := p.Key(ctx, kid1, jose.ES256)
		return err
	})
}

// A newcomer takes the place of the one before it, and a key that was just refreshed is
// no newcomer.
func TestPerKeyNewcomer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := pemText(t, newSigner(t, kid1, jose.ES256).PublicKey().Key)
		n, h, p := newPerKeyStage(t, keyset.PerKeyConfig{}, after(roundTrip, say(200, "text/plain", key)))
		fetched := func(kid string) int { return n.count(h.URL + "/keys/" + kid) }
		require.NoError(t, find(t, p, kid1))
		time.Sleep(10 * time.Minute)
		for p.Known() < 64 {
			require.NoError(t, find(t, p, randomUUID()))
			time.Sleep(time.Second)
		}
		time.Sleep(50 * time.Minute)
		require.NoError(t, find(t, p, kid1))
		time.Sleep(time.Second)
		require.Equal(t, 2, fetched(kid1), "refreshed")
		for range 3 {
			newcomer := randomUUID()
			require.NoError(t, find(t, p, newcomer))
			require.NoError(t, find(t, p, newcomer))
			require.Equal(t, 1, fetched(newcomer), "it is known")
			require.NoError(t, find(t, p, kid1))
			time.Sleep(time.Second)
		}
		require.Equal(t, 2, fetched(kid1), "it stayed")
		require.Equal(t, 64, p.Known())
	})
}

// A clock that is set back does not hold off new keys until it has caught up.
func TestPerKeyClockSetBack(t *testing.T) {
	b, c := newBucket(), newClock()
	srv := httptest.NewServer(b)
	defer srv.Close()
	p, err := keyset.NewPerKey(keyset.PerKeyConfig{URLPrefix: srv.URL + "/keys/", Algorithm: jose.ES256, Now: c.Now})
	require.NoError(t, err)
	defer p.Close()
	for range 8 {
		require.ErrorIs(t, find(t, p, randomUUID()), jose.ErrUnknownKey)
	}
	require.ErrorIs(t, find(t, p, randomUUID()), keyset.ErrUnavailable)
	c.Advance(-time.Hour)
	require.ErrorIs(t, find(t, p, randomUUID()), jose.ErrUnknownKey)
}
