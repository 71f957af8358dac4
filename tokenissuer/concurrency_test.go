package tokenissuer_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/tokenissuer"
)

// Many goroutines issue, publish and verify while keys rotate under them. Exactly one key is made for each period.
func TestConcurrentUse(t *testing.T) {
	store := new(tokenissuer.MemoryKeyStore)
	issuer, clock := newIssuer(t, func(c *tokenissuer.Config) { c.Keys, c.KeyPeriod = store, 3*time.Hour })
	const rounds = 40
	for round := range rounds {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				token, err := issuer.IssueToken(t.Context(), jane)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := issuer.Verify(t.Context(), token); err != nil {
					t.Error(err)
				}
				for _, presented := range []string{token, limited(t, token)} {
					if body, err := userInfo(t, issuer, presented); err != nil || body != janeInfo {
						t.Error(body, err)
					}
				}
				if len(servedKeys(t, issuer).Keys) == 0 {
					t.Error("no keys")
				}
			})
		}
		wg.Wait()
		records, err := store.ListKeys(t.Context())
		require.NoError(t, err)
		made := make(map[time.Time]bool)
		for _, r := range records {
			made[r.Expires] = true
		}
		require.Len(t, made, len(records), "round %d: two keys of one period", round)
		clock.Advance(17 * time.Minute)
	}
}

// slowStore answers when its gate opens, or when whoever asks gives up.
type slowStore struct {
	failingStore
	gate chan struct{}
}

func (s *slowStore) ListKeys(ctx context.Context) ([]tokenissuer.KeyRecord, error) {
	select {
	case <-s.gate:
		return s.failingStore.ListKeys(ctx)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestColdStartWithSlowStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slowStore{gate: make(chan struct{})}
		issuer, _ := newIssuer(t, func(c *tokenissuer.Config) { c.Keys = store })
		gone, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := issuer.IssueToken(gone, jane); err != nil { // the first, who makes the key for all
				t.Error(err)
			}
		})
		synctest.Wait()
		for range 20 {
			wg.Go(func() {
				if _, err := issuer.IssueToken(t.Context(), jane); err != nil {
					t.Error(err)
				}
			})
		}
		waiting, giveUp := context.WithCancel(t.Context())
		wg.Go(func() {
			_, err := issuer.IssueToken(waiting, jane)
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		synctest.Wait()
		leave()
		giveUp()
		synctest.Wait()
		close(store.gate)
		wg.Wait()
		require.Equal(t, 2, store.queries, "one list, one key")

		// A store that never answers costs three seconds, and not each of those who wait.
		issuer, _ = newIssuer(t, func(c *tokenissuer.Config) { c.Keys = &slowStore{gate: make(chan struct{})} })
		start := time.Now()
		for range 20 {
			wg.Go(func() {
				if _, err := issuer.IssueToken(t.Context(), jane); !errors.Is(err, authprovider.ErrUnavailable) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 3*time.Second, time.Since(start))
	})
}
