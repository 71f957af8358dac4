package tokenissuer_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/tokenissuer"
)

// Many goroutines issue, publish and verify while keys rotate under them. Exactly one key is made for each period.
func TestConcurrentUse(t *testing.T) {
	store := new(tokenissuer.MemoryKeyStore)
	issuer, clock := newIssuer(t, func(c *tokenissuer.Config) { c.Keys, c.KeyPeriod = store, time.Hour })
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
