package tokenissuer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/tokenissuer"
)

// cachingVerifier keeps the key set for exactly as long as Cache-Control says, and never asks earlier, not even for a key
// that it misses.
type cachingVerifier struct {
	set   jwks
	until time.Time
}

func (v *cachingVerifier) verify(t *testing.T, i *tokenissuer.Issuer, token string, now time.Time) {
	t.Helper()
	if !now.Before(v.until) {
		w, err := serve(t, i.ServeJWKS)
		require.NoError(t, err)
		v.set = jwks{}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &v.set))
		require.LessOrEqual(t, len(v.set.Keys), 20)
		v.until = now
		if age, ok := strings.CutPrefix(w.Header().Get("Cache-Control"), "public, max-age="); ok {
			seconds, err := strconv.Atoi(age)
			require.NoError(t, err)
			v.until = now.Add(time.Duration(seconds) * time.Second)
		}
	}
	verifyAsBackstage(t, v.set, token, "vnd.backstage.user", now)
}

func TestRotationLeavesNoGap(t *testing.T) {
	for _, tt := range []struct{ ttl, period, step time.Duration }{
		{time.Hour, 7 * 24 * time.Hour, 20 * time.Minute},
		{10 * time.Minute, 3 * time.Hour, 3 * time.Minute},
		{24 * time.Hour, 24 * time.Hour, time.Hour},
	} {
		t.Run(fmt.Sprint(tt.ttl, tt.period), func(t *testing.T) {
			issuer, clock := newIssuer(t, func(c *tokenissuer.Config) { c.TTL, c.KeyPeriod = tt.ttl, tt.period })
			random := rand.New(rand.NewPCG(1, 2))
			verifiers := make([]cachingVerifier, 3)
			type live struct {
				token   string
				expires time.Time
			}
			var tokens []live
			signed := make(map[string]bool)
			verified := 0
			for end := clock.Now().Add(30 * tt.period); clock.Now().Before(end); {
				step := time.Duration(random.Int64N(int64(2 * tt.step)))
				if random.IntN(200) == 0 { // a night, a weekend, a month: nobody uses the issuer
					step = time.Duration(random.Int64N(int64(3 * tt.period)))
				}
				clock.Advance(step)
				now := clock.Now()
				if random.IntN(3) > 0 { // else this is a moment of verifiers only
					token := issue(t, issuer, jane)
					header, _ := texts(t, token)
					signed[header] = true
					tokens = append(tokens, live{token, now.Truncate(time.Second).Add(tt.ttl)})
				}
				tokens = slices.DeleteFunc(tokens, func(l live) bool { return !now.Before(l.expires) })
				for v := range verifiers {
					if len(tokens) == 0 || random.IntN(2) == 0 {
						continue
					}
					// The newest, which is the first of its key to be seen, and any other that is alive.
					verifiers[v].verify(t, issuer, tokens[len(tokens)-1].token, now)
					verifiers[v].verify(t, issuer, tokens[random.IntN(len(tokens))].token, now)
					verified += 2
				}
			}
			require.Greater(t, verified, 1000)
			require.Greater(t, len(signed), 10, "keys must rotate")
		})
	}
}

func TestKeyLifecycle(t *testing.T) {
	const period = 7 * 24 * time.Hour
	store := new(tokenissuer.MemoryKeyStore)
	issuer, clock := newIssuer(t, func(c *tokenissuer.Config) {
		c.Keys = store
		store.Now = c.Now
	})
	kid := func() string {
		header, _ := texts(t, issue(t, issuer, jane))
		return header
	}
	kids := func() (ids []string) {
		for _, k := range servedKeys(t, issuer).Keys {
			ids = append(ids, k["kid"])
		}
		return ids
	}
	first := kid()
	require.Len(t, kids(), 1)
	clock.Advance(period/10*7 - time.Second)
	require.Len(t, kids(), 1)
	clock.Advance(time.Second)
	require.Len(t, kids(), 2, "the next key is published at 70 % of the period")
	require.Equal(t, first, kid())
	clock.Advance(period/10*3 - time.Second)
	require.Equal(t, first, kid())
	clock.Advance(time.Second)
	second := kid()
	require.NotEqual(t, first, second)
	require.Contains(t, second, kids()[0])
	require.Len(t, kids(), 2, "the first key is served for the tokens that it signed")
	clock.Advance(3*time.Hour + 14*time.Minute)
	require.Len(t, kids(), 1)
	records, err := store.ListKeys(t.Context())
	require.NoError(t, err)
	require.Len(t, records, 2, "an expired record stays for replicas whose clocks are behind")

	// A key that nobody asked for at 70 % is published for ten minutes all the same.
	clock.Advance(period - 3*time.Hour)
	require.Equal(t, second, kid())
	require.Len(t, kids(), 2)
	clock.Advance(10*time.Minute - time.Second)
	require.Equal(t, second, kid())
	clock.Advance(time.Second)
	third := kid()
	require.NotEqual(t, second, third)
	records, err = store.ListKeys(t.Context())
	require.NoError(t, err)
	require.Len(t, records, 2, "records long expired are deleted")

	// After a long silence there is one new key, at once.
	clock.Advance(10 * period)
	require.NotEqual(t, third, kid())
	require.Len(t, kids(), 1)

	// A successor that is made at the very end of the hour of grace signs as soon as that is over, so that no token outlives
	// its key.
	last := kid()
	clock.Advance(period + time.Hour - time.Minute)
	require.Equal(t, last, kid())
	clock.Advance(time.Minute + time.Second)
	require.NotEqual(t, last, kid())
	require.Len(t, kids(), 2)
}

// Whoever deletes records is ahead of others' clocks, perhaps.
func TestExpiredRecordsStayForAnHour(t *testing.T) {
	store := new(tokenissuer.MemoryKeyStore)
	issuer, clock := newIssuer(t, func(c *tokenissuer.Config) {
		c.Keys, c.TTL, c.KeyPeriod = store, 10*time.Minute, 3*time.Hour
		store.Now = c.Now
	})
	issue(t, issuer, jane)
	records, err := store.ListKeys(t.Context())
	require.NoError(t, err)
	first := records[0]
	deleted := func() bool {
		records, err := store.ListKeys(t.Context())
		require.NoError(t, err)
		return !slices.ContainsFunc(records, func(r tokenissuer.KeyRecord) bool { return r.ID == first.ID })
	}
	for !clock.Now().After(first.Expires.Add(time.Hour)) {
		require.False(t, deleted())
		clock.Advance(time.Minute)
		issue(t, issuer, jane)
	}
	for range 180 { // until the next key is made
		clock.Advance(time.Minute)
		issue(t, issuer, jane)
	}
	require.True(t, deleted())
}

func TestClockSetBack(t *testing.T) {
	issuer, clock := newIssuer(t)
	clock.Advance(time.Minute)
	require.EqualValues(t, 1800000060, claimsOf(t, issue(t, issuer, jane))["iat"])
	clock.Advance(-2 * time.Minute)
	token := issue(t, issuer, jane)
	claims := claimsOf(t, token)
	require.EqualValues(t, 1800000060, claims["iat"], "iat never goes back")
	require.EqualValues(t, 1800003660, claims["exp"])
	_, err := issuer.Verify(t.Context(), token)
	require.NoError(t, err, "made by ourselves, so not from the future")
	_, err = userInfo(t, issuer, limited(t, token))
	require.NoError(t, err)
	clock.Advance(-time.Hour)
	_, err = issuer.IssueToken(t.Context(), jane)
	require.ErrorIs(t, err, tokenissuer.ErrClock)
	clock.Advance(2 * time.Hour)
	issue(t, issuer, jane)
	clock.Advance(-50 * time.Minute) // the key is older than that, the last token is not
	_, err = issuer.IssueToken(t.Context(), jane)
	require.ErrorIs(t, err, tokenissuer.ErrClock)

	issuer, clock = newIssuer(t)
	servedKeys(t, issuer) // a key, but no token yet
	clock.Advance(-5*time.Minute - time.Second)
	_, err = issuer.IssueToken(t.Context(), jane)
	require.ErrorIs(t, err, tokenissuer.ErrClock)
	clock.Advance(time.Second)
	issue(t, issuer, jane)
}

// failingStore is a store that can be switched off.
type failingStore struct {
	tokenissuer.MemoryKeyStore
	down    bool
	queries int
}

var errDown = errors.New("connection refused")

func (s *failingStore) ListKeys(ctx context.Context) ([]tokenissuer.KeyRecord, error) {
	s.queries++
	if s.down {
		return nil, errDown
	}
	return s.MemoryKeyStore.ListKeys(ctx)
}

func (s *failingStore) CreateKey(ctx context.Context, r tokenissuer.KeyRecord) error {
	s.queries++
	if s.down {
		return errDown
	}
	return s.MemoryKeyStore.CreateKey(ctx, r)
}

func TestStoreOutage(t *testing.T) {
	store := new(failingStore)
	issuer, clock := newIssuer(t, func(c *tokenissuer.Config) { c.Keys, c.KeyPeriod = store, 3*time.Hour })
	first := issue(t, issuer, jane)
	queries := store.queries
	for range 119 {
		clock.Advance(time.Second)
		issue(t, issuer, jane)
	}
	require.Equal(t, queries, store.queries, "issuing with a warm key makes no query")
	for range 120 {
		clock.Advance(time.Minute)
		issue(t, issuer, jane)
	}
	require.LessOrEqual(t, store.queries-queries, 61, "but one in two minutes, for keys that were withdrawn")

	// The store is down from before the next key is due until well after the key's period.
	store.down = true
	for range 90 {
		clock.Advance(time.Minute)
		verifyAsBackstage(t, servedKeys(t, issuer), issue(t, issuer, jane), "vnd.backstage.user", clock.Now())
	}
	store.down = false
	clock.Advance(time.Minute)
	before, _ := texts(t, issue(t, issuer, jane))
	require.Len(t, servedKeys(t, issuer).Keys, 2)
	clock.Advance(10 * time.Minute)
	after, _ := texts(t, issue(t, issuer, jane))
	require.NotEqual(t, before, after)
	header, _ := texts(t, first)
	require.Equal(t, header, before)

	// Down for so long that no key may sign any more: what is still good is served, but nobody may keep it.
	store.down = true
	clock.Advance(4*time.Hour + time.Second)
	_, err := issuer.IssueToken(t.Context(), jane)
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.ErrorIs(t, err, errDown)
	queries = store.queries
	_, err = issuer.IssueToken(t.Context(), jane)
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.Equal(t, queries, store.queries, "a store that failed is left alone for a while")
	w, err := serve(t, issuer.ServeJWKS)
	require.NoError(t, err)
	require.Equal(t, "no-cache", w.Header().Get("Cache-Control"))
	store.down = false
	clock.Advance(30 * time.Second)
	verifyAsBackstage(t, servedKeys(t, issuer), issue(t, issuer, jane), "vnd.backstage.user", clock.Now())

	// Down from the start.
	issuer, _ = newIssuer(t, func(c *tokenissuer.Config) { c.Keys = &failingStore{down: true} })
	_, err = issuer.IssueToken(t.Context(), jane)
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	_, err = serve(t, issuer.ServeJWKS)
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	_, err = issuer.Verify(t.Context(), first)
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.NotErrorIs(t, err, tokenissuer.ErrInvalidToken)
}

// Two issuers on one store, as replicas or as a process and the one that it replaced.
func TestSharedStore(t *testing.T) {
	store := new(tokenissuer.MemoryKeyStore)
	shared := func(c *tokenissuer.Config) { c.Keys, c.PerReplicaKeys = store, true }
	a, clock := newIssuer(t, shared)
	token := issue(t, a, jane)
	b, _ := newIssuer(t, shared, func(c *tokenissuer.Config) { c.Now = clock.Now })
	verified, err := b.Verify(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, jane.Subject, verified.Subject)

	token = issue(t, b, jane)
	clock.Advance(time.Minute)
	_, err = a.Verify(t.Context(), token)
	require.NoError(t, err)
	require.Len(t, servedKeys(t, a).Keys, 2)
	require.ElementsMatch(t, servedKeys(t, a).Keys, servedKeys(t, b).Keys)

	// A record that is gone is withdrawn, whoever's it is.
	header, _ := texts(t, token)
	for _, k := range servedKeys(t, a).Keys {
		if strings.Contains(header, k["kid"]) {
			require.NoError(t, store.DeleteKey(t.Context(), k["kid"]))
		}
	}
	clock.Advance(time.Minute)
	for _, i := range []*tokenissuer.Issuer{a, b} {
		_, err = i.Verify(t.Context(), token)
		require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)
	}
	renewed, _ := texts(t, issue(t, b, jane))
	require.NotEqual(t, header, renewed)
}

func TestManyReplicasServeAtMostTwentyKeys(t *testing.T) {
	store := new(tokenissuer.MemoryKeyStore)
	clock := newClock()
	for n := range 30 { // a process that restarts in a loop, the last time with a shorter period
		issuer, _ := newIssuer(t, func(c *tokenissuer.Config) {
			c.Keys, c.PerReplicaKeys, c.Now = store, true, clock.Now
			if n == 29 {
				c.KeyPeriod = 3 * time.Hour
			}
		})
		clock.Advance(time.Second)
		token := issue(t, issuer, jane)
		set := servedKeys(t, issuer)
		require.LessOrEqual(t, len(set.Keys), 20)
		verifyAsBackstage(t, set, token, "vnd.backstage.user", clock.Now())
	}
}

func TestMemoryKeyStore(t *testing.T) {
	var store tokenissuer.MemoryKeyStore
	ctx := t.Context()
	record := tokenissuer.KeyRecord{ID: "a", Data: []byte("1"), Expires: time.Unix(1, 0)}
	require.NoError(t, store.CreateKey(ctx, record))
	require.ErrorIs(t, store.CreateKey(ctx, tokenissuer.KeyRecord{ID: "a", Data: []byte("2")}), tokenissuer.ErrKeyExists)
	records, err := store.ListKeys(ctx)
	require.NoError(t, err)
	require.Equal(t, []tokenissuer.KeyRecord{record}, records)
	require.NoError(t, store.DeleteKey(ctx, "a"))
	require.NoError(t, store.DeleteKey(ctx, "a"))
	records, err = store.ListKeys(ctx)
	require.NoError(t, err)
	require.Empty(t, records)
}

// FuzzKeyRecord: whatever somebody writes into a store's rows, they publish no key that we did not make, and cost no key that we did.
func FuzzKeyRecord(f *testing.F) {
	store := new(tokenissuer.MemoryKeyStore)
	issuer, clock := newIssuer(f, func(c *tokenissuer.Config) { c.Keys = store })
	if _, err := issuer.IssueToken(f.Context(), jane); err != nil {
		f.Fatal(err)
	}
	records, err := store.ListKeys(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	good := records[0]
	want := servedKeys(f, issuer)
	f.Add(good.ID, good.Data, good.Expires.Unix())
	f.Add("generation-000000000002", good.Data, good.Expires.Unix())
	f.Add("generation-999999999999", good.Data, good.Expires.Unix()+1)
	f.Add("a", good.Data[32:], int64(1<<62))
	f.Add("", []byte(`{"v":1,"jwk":{"kty":"oct","k":"AAAA"},"expires":9e9}`), int64(-1))
	f.Fuzz(func(t *testing.T, id string, data []byte, expires int64) {
		store := new(tokenissuer.MemoryKeyStore)
		require.NoError(t, store.CreateKey(t.Context(), good))
		if id != good.ID {
			require.NoError(t, store.CreateKey(t.Context(), tokenissuer.KeyRecord{ID: id, Data: data, Expires: time.Unix(expires, 0)}))
		}
		issuer, _ := newIssuer(t, func(c *tokenissuer.Config) { c.Keys, c.Now = store, clock.Now })
		token := issue(t, issuer, jane)
		set := servedKeys(t, issuer)
		require.Equal(t, want, set)
		verifyAsBackstage(t, set, token, "vnd.backstage.user", clock.Now())
	})
}
