package tokenissuer_test

import (
	"context"
	"crypto"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/tokenissuer"
)

// clusterStore is the database of a cluster: it has a clock of its own, can be down, and counts the keys that were made.
type clusterStore struct {
	tokenissuer.MemoryKeyStore
	down bool
	made int
}

func (s *clusterStore) ListKeys(ctx context.Context) ([]tokenissuer.KeyRecord, error) {
	if s.down {
		return nil, errDown
	}
	return s.MemoryKeyStore.ListKeys(ctx)
}

func (s *clusterStore) CreateKey(ctx context.Context, r tokenissuer.KeyRecord) error {
	if s.down {
		return errDown
	}
	err := s.MemoryKeyStore.CreateKey(ctx, r)
	if err == nil {
		s.made++
	}
	return err
}

func (s *clusterStore) DeleteKey(ctx context.Context, id string) error {
	if s.down {
		return errDown
	}
	return s.MemoryKeyStore.DeleteKey(ctx, id)
}

// cluster is three replicas on one database. Every clock is off by up to two minutes either way, and the database is down for half an
// hour now and then.
type cluster struct {
	t        *testing.T
	clock    *authprovidertest.Clock // the true time
	random   *rand.Rand
	store    *clusterStore
	config   tokenissuer.Config
	replicas []*tokenissuer.Issuer
	upAgain  time.Time
	restarts bool

	parsed   map[string][]jose.PublicKey // by the body of a published set
	verified map[string]jose.PublicKey   // by token: the key that verifies it, which need not be found out twice
}

const clusterSkew = 2 * time.Minute

func newCluster(t *testing.T, random *rand.Rand, config tokenissuer.Config) *cluster {
	c := &cluster{t: t, clock: newClock(), random: random, store: new(clusterStore), config: config, replicas: make([]*tokenissuer.Issuer, 3),
		parsed: make(map[string][]jose.PublicKey), verified: make(map[string]jose.PublicKey)}
	c.store.Now = c.skewed()
	c.config.Keys, c.config.Secrets = c.store, [][]byte{secret}
	for n := range c.replicas {
		c.restart(n)
	}
	return c
}

// skewed returns a clock that is off by some fixed time, the extremes included.
func (c *cluster) skewed() func() time.Time {
	off := []time.Duration{-clusterSkew, clusterSkew, time.Duration(c.random.Int64N(int64(2*clusterSkew))) - clusterSkew}[c.random.IntN(3)]
	return func() time.Time { return c.clock.Now().Add(off) }
}

func (c *cluster) restart(n int) {
	config := c.config
	config.Now = c.skewed()
	issuer, err := tokenissuer.New(config)
	require.NoError(c.t, err)
	c.replicas[n] = issuer
}

// step lets time pass, and things happen.
func (c *cluster) step(longest time.Duration) {
	c.clock.Advance(time.Duration(c.random.Int64N(int64(longest))))
	switch now := c.clock.Now(); {
	case c.store.down:
		c.store.down = now.Before(c.upAgain)
	case c.random.IntN(60) == 0:
		c.store.down, c.upAgain = true, now.Add(30*time.Minute)
	}
	if c.restarts && c.random.IntN(40) == 0 {
		c.restart(c.random.IntN(len(c.replicas)))
	}
}

// issue returns a token of some replica; none if that started while the database was down, for then it has no key yet.
func (c *cluster) issue() (string, bool) {
	token, err := c.replicas[c.random.IntN(len(c.replicas))].IssueToken(c.t.Context(), jane)
	if errors.Is(err, errDown) {
		return "", false
	}
	require.NoError(c.t, err)
	return token, true
}

// clusterVerifier keeps the key set for exactly as long as Cache-Control says, and never asks earlier, not even for a key that it misses.
type clusterVerifier struct {
	keys  []jose.PublicKey
	until time.Time
}

// verify verifies a token with the keys that v has.
func (c *cluster) verify(v *clusterVerifier, token string) {
	c.t.Helper()
	key, seen := c.verified[token]
	if !seen {
		parsed, err := jose.Parse(token)
		require.NoError(c.t, err)
		n := slices.IndexFunc(v.keys, func(k jose.PublicKey) bool { return k.KeyID == parsed.Header().KeyID })
		require.GreaterOrEqual(c.t, n, 0, "the verifier does not have the key")
		key = v.keys[n]
		require.NoError(c.t, parsed.Verify(key))
		c.verified[token] = key
	}
	require.True(c.t, slices.ContainsFunc(v.keys, func(k jose.PublicKey) bool {
		return k.KeyID == key.KeyID && k.Key.(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Key)
	}), "the verifier does not have the key")
}

// fetch fills the cache of v from some replica that can answer, if it has run out.
func (c *cluster) fetch(v *clusterVerifier) bool {
	now := c.clock.Now()
	if now.Before(v.until) {
		return true
	}
	w, err := serve(c.t, c.replicas[c.random.IntN(len(c.replicas))].ServeJWKS)
	if errors.Is(err, errDown) {
		return false
	}
	require.NoError(c.t, err)
	body := w.Body.String()
	if c.parsed[body] == nil {
		keys, skipped, err := jose.ParseJWKSet([]byte(body))
		require.NoError(c.t, err)
		require.Empty(c.t, skipped)
		c.parsed[body] = keys
	}
	v.keys = c.parsed[body]
	age, ok := strings.CutPrefix(w.Header().Get("Cache-Control"), "public, max-age=")
	require.True(c.t, ok, w.Header())
	seconds, err := strconv.Atoi(age)
	require.NoError(c.t, err)
	require.EqualValues(c.t, 300, seconds)
	v.until = now.Add(5 * time.Minute)
	return true
}

// TestClusterSimulation: a hundred rotations without one token that some verifier cannot verify, and one new key a period.
func TestClusterSimulation(t *testing.T) {
	const rotations = 100
	for _, tt := range []struct {
		name        string
		ttl, period time.Duration
		algorithm   string
		perReplica  bool
	}{
		{"shared, shortest period", 10 * time.Minute, 3 * time.Hour, "", false},
		{"shared, a day", time.Hour, 24 * time.Hour, "EdDSA", false},
		{"a key for each replica", time.Hour, 24 * time.Hour, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(5, uint64(tt.period)))
			c := newCluster(t, random, tokenissuer.Config{Issuer: issuerURL, TTL: tt.ttl, KeyPeriod: tt.period, Algorithm: tt.algorithm, PerReplicaKeys: tt.perReplica})
			// A key of a replica's own dies with it, and its next one signs before others have it: see Config.PerReplicaKeys.
			c.restarts = !tt.perReplica
			for _, replica := range c.replicas { // so that none is cold before the first outage
				issue(t, replica, jane)
			}
			verifiers := make([]clusterVerifier, 4)
			type live struct {
				token   string
				expires time.Time
			}
			var tokens []live
			signed := make(map[string]bool)
			start, verified := c.clock.Now(), 0
			for end := start.Add(rotations * tt.period); c.clock.Now().Before(end); {
				c.step(tt.period / 24)
				if token, ok := c.issue(); ok {
					header, _ := texts(t, token)
					signed[header] = true
					exp := time.Unix(int64(claimsOf(t, token)["exp"].(float64)), 0)
					tokens = append(tokens, live{token, exp})
				}
				now := c.clock.Now()
				tokens = slices.DeleteFunc(tokens, func(l live) bool { return !now.Before(l.expires) })
				v := &verifiers[random.IntN(len(verifiers))]
				if len(tokens) == 0 || !c.fetch(v) {
					continue
				}
				for _, l := range []live{tokens[len(tokens)-1], tokens[random.IntN(len(tokens))]} {
					c.verify(v, l.token)
					verified++
				}
			}
			require.Greater(t, verified, 3000)
			require.GreaterOrEqual(t, len(signed), rotations)
			if !tt.perReplica {
				require.InDelta(t, rotations, c.store.made, 2, "one new key a period: the first, and the one that is published already")
			}
		})
	}
}
