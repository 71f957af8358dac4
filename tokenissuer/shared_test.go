package tokenissuer_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/tokenissuer"
)

// atOnce issues a token on each replica, all at the same time, and returns which keys signed.
func atOnce(t *testing.T, replicas []*tokenissuer.Issuer) map[string]bool {
	t.Helper()
	start := make(chan struct{})
	tokens := make([]string, len(replicas))
	errs := make([]error, len(replicas))
	var wg sync.WaitGroup
	for n, i := range replicas {
		wg.Go(func() {
			<-start
			tokens[n], errs[n] = i.IssueToken(t.Context(), jane)
		})
	}
	close(start)
	wg.Wait()
	signed := make(map[string]bool)
	for n, token := range tokens {
		require.NoError(t, errs[n])
		signed[kidOf(t, token)] = true
	}
	return signed
}

// Twenty replicas that start at once, and rotate at once, have one key a period.
func TestReplicasAgree(t *testing.T) {
	store, clock := new(tokenissuer.MemoryKeyStore), newClock()
	replicas := make([]*tokenissuer.Issuer, 20)
	for n := range replicas {
		replicas[n], _ = newReplica(t, store, clock)
	}
	seen := make(map[string]bool)
	for period := range 5 {
		signed := atOnce(t, replicas)
		require.Len(t, signed, 1)
		for kid := range signed {
			require.False(t, seen[kid])
			seen[kid] = true
		}
		clock.Advance(5 * 24 * time.Hour)
		require.Equal(t, signed, atOnce(t, replicas)) // all make the successor
		require.Len(t, servedKIDs(t, replicas[0]), 2)
		for _, i := range replicas[1:] {
			require.ElementsMatch(t, servedKIDs(t, replicas[0]), servedKIDs(t, i))
		}
		require.LessOrEqual(t, len(listed(t, store)), period+2)
		clock.Advance(2 * 24 * time.Hour)
	}
	// A replica that restarts, or is new, goes on with the same key.
	fresh, _ := newReplica(t, store, clock)
	require.Equal(t, kidOf(t, issue(t, replicas[0], jane)), kidOf(t, issue(t, fresh, jane)))
}

// Replicas of both modes on one store, while one mode is exchanged for the other.
func TestBothModesOnOneStore(t *testing.T) {
	store, clock := newStore()
	perReplica := func(c *tokenissuer.Config) { c.PerReplicaKeys = true }
	var replicas []*tokenissuer.Issuer
	for _, change := range []func(*tokenissuer.Config){perReplica, func(*tokenissuer.Config) {}, perReplica, func(*tokenissuer.Config) {}} {
		i, logged := newReplica(t, store, clock, change)
		issue(t, i, jane)
		require.Zero(t, logged.count("level=ERROR"))
		replicas = append(replicas, i)
	}
	require.Len(t, listed(t, store), 3)
	for range 40 {
		clock.Advance(11 * time.Hour)
		var tokens []string
		for _, i := range replicas {
			servedKeys(t, i)
			tokens = append(tokens, issue(t, i, jane))
		}
		require.Equal(t, kidOf(t, tokens[1]), kidOf(t, tokens[3]))
		require.NotEqual(t, kidOf(t, tokens[0]), kidOf(t, tokens[2]))
		clock.Advance(time.Minute)
		for _, i := range replicas {
			for _, token := range tokens {
				_, err := i.Verify(t.Context(), token)
				require.NoError(t, err)
			}
		}
	}
}

// lossyStore does what it is told, and its answer is lost.
type lossyStore struct {
	failingStore
	lose, again bool
}

func (s *lossyStore) CreateKey(ctx context.Context, r tokenissuer.KeyRecord) error {
	err := s.failingStore.CreateKey(ctx, r)
	if s.lose {
		s.lose = false
		if s.again { // some driver tried again, and found what it had made
			return s.failingStore.CreateKey(ctx, r)
		}
		return errDown
	}
	return err
}

// A key whose making was not confirmed is there all the same: it signs, and no second one is made.
func TestLostAnswer(t *testing.T) {
	for _, perReplica := range []bool{false, true} {
		for _, again := range []bool{false, true} {
			clock := newClock()
			store := &lossyStore{lose: true, again: again}
			issuer, _ := newReplica(t, store, clock, func(c *tokenissuer.Config) { c.PerReplicaKeys = perReplica })
			token, err := issuer.IssueToken(t.Context(), jane)
			if again {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, errDown)
				clock.Advance(10 * time.Second)
				token = issue(t, issuer, jane)
			}
			require.Len(t, listed(t, store), 1)
			require.Equal(t, []string{kidOf(t, token)}, servedKIDs(t, issuer))

			store.lose = true
			clock.Advance(5 * 24 * time.Hour)
			issue(t, issuer, jane)
			clock.Advance(time.Minute)
			issue(t, issuer, jane)
			require.Len(t, listed(t, store), 2)
			clock.Advance(2 * 24 * time.Hour)
			require.NotEqual(t, kidOf(t, token), kidOf(t, issue(t, issuer, jane)))
			require.Len(t, listed(t, store), 2)
		}
	}
}

// A replica whose clock is a month ahead leaves its keys in the store. The others serve them, and go on with keys of their own time.
func TestReplicaFarAhead(t *testing.T) {
	store, clock := newStore()
	good, _ := newReplica(t, store, clock)
	issue(t, good, jane)
	ahead := authprovidertest.NewClock(clock.Now().Add(30 * 24 * time.Hour))
	broken, _ := newReplica(t, store, ahead)
	issue(t, broken, jane)
	for range 60 * 24 {
		clock.Advance(time.Hour)
		ahead.Advance(time.Hour)
		token := issue(t, good, jane)
		require.Contains(t, servedKIDs(t, good), kidOf(t, token))
		_, err := good.Verify(t.Context(), token)
		require.NoError(t, err)
		issue(t, broken, jane)
	}
	// One that is a month behind makes none of its own.
	before := len(listed(t, store))
	behind, _ := newReplica(t, store, authprovidertest.NewClock(clock.Now().Add(-90*24*time.Hour)))
	_, err := behind.IssueToken(t.Context(), jane)
	require.ErrorIs(t, err, tokenissuer.ErrClock)
	require.Len(t, listed(t, store), before)
}

// A deployment raises the TTL: no key is given up before its time, and no token outlives its key.
func TestTTLRaised(t *testing.T) {
	store, clock := newStore()
	short := func(c *tokenissuer.Config) { c.TTL, c.KeyPeriod = 10*time.Minute, 3*time.Hour }
	long := func(c *tokenissuer.Config) { c.TTL, c.KeyPeriod = 24*time.Hour, 24*time.Hour }
	old, _ := newReplica(t, store, clock, short)
	first := issue(t, old, jane)
	expires := listed(t, store)[0].Expires
	raised, _ := newReplica(t, store, clock, long)
	for clock.Now().Before(time.Unix(1_800_000_000, 0).Add(3*time.Hour - time.Minute)) {
		for _, i := range []*tokenissuer.Issuer{old, raised} {
			token := issue(t, i, jane)
			require.Equal(t, kidOf(t, first), kidOf(t, token))
			exp := time.Unix(int64(claimsOf(t, token)["exp"].(float64)), 0)
			require.False(t, exp.After(expires.Add(-15*time.Minute)))
			require.GreaterOrEqual(t, exp.Sub(clock.Now()), 10*time.Minute)
			require.Equal(t, exp, time.Unix(int64(claimsOf(t, limited(t, token))["exp"].(float64)), 0))
			body, err := userInfo(t, i, limited(t, token))
			require.NoError(t, err)
			require.Equal(t, janeInfo, body)
		}
		clock.Advance(time.Minute)
	}
	clock.Advance(30 * time.Hour)
	require.EqualValues(t, 24*3600, claimsOf(t, issue(t, raised, jane))["exp"].(float64)-claimsOf(t, issue(t, raised, jane))["iat"].(float64))
}

// When the key that signs is about to be the last one, the set may be kept no longer than it signs: the next one will not have been in it.
func TestMaxAgeBeforeTheLastKeyEnds(t *testing.T) {
	store, clock := newStore()
	issuer, _ := newReplica(t, store, clock, func(c *tokenissuer.Config) { c.TTL, c.KeyPeriod = 10*time.Minute, 3*time.Hour })
	issue(t, issuer, jane)
	clock.Advance(time.Hour)
	store.down = true
	var v cachingVerifier
	ages := make(map[string]bool)
	for range 3*60*6 + 6 {
		clock.Advance(10 * time.Second)
		if token, err := issuer.IssueToken(t.Context(), jane); err == nil {
			v.verify(t, issuer, token, clock.Now())
			w, err := serve(t, issuer.ServeJWKS)
			require.NoError(t, err)
			ages[w.Header().Get("Cache-Control")] = true
		}
	}
	require.Contains(t, ages, "public, max-age=300")
	require.Contains(t, ages, "public, max-age=60")
	// The database comes back when the key has just ended: the next one signs at once, and everybody asks for it.
	store.down = false
	for range 60 {
		clock.Advance(10 * time.Second)
		v.verify(t, issuer, issue(t, issuer, jane), clock.Now())
	}
}

// Twenty-one keys are said once.
func TestTooManyKeysAreSaidOnce(t *testing.T) {
	store, clock := newStore()
	perReplica := func(c *tokenissuer.Config) { c.PerReplicaKeys = true }
	first, logged := newReplica(t, store, clock, perReplica)
	issue(t, first, jane)
	for range 25 {
		i, _ := newReplica(t, store, clock, perReplica)
		issue(t, i, jane)
	}
	for range 10 {
		clock.Advance(time.Minute)
		require.Len(t, servedKIDs(t, first), 20)
	}
	require.Equal(t, 1, logged.count("too many live keys"))
}
