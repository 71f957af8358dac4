package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/tokenissuer"
)

// rotation is what the processes need to know.
type rotation struct {
	Keys, UserInfo string
	Now            time.Time
}

// rotateInProcesses: 60 replicas in three processes start at once, again and again, each time later in the lives of their keys: there is one
// new key a period, and all sign with the same.
func rotateInProcesses(t *testing.T, s *databaseServer) {
	names := newTables()
	store := s.store(t, s.open(t), names)
	require.NoError(t, store.Migrate(t.Context()))
	const period = 7 * 24 * time.Hour // the default
	start := time.Now()
	var signing []string // the key of each step
	for _, step := range []struct {
		at   time.Duration
		keys int // that there are then
	}{{0, 1}, {period / 2, 1}, {period * 3 / 4, 2}, {period * 5 / 4, 2}, {period * 7 / 4, 3}} {
		argument, err := json.Marshal(rotation{names.keys, names.userInfo, start.Add(step.at)})
		require.NoError(t, err)
		kids := make(map[string]int)
		for _, tokens := range inProcesses[[]string](t, 3, databaseTask{Name: "issue tokens", Database: s.database, Argument: string(argument)}) {
			for _, token := range tokens {
				kids[kidOf(t, token)]++
			}
		}
		require.Len(t, kids, 1, "after %v all sign with one key", step.at)
		for kid, n := range kids {
			require.Equal(t, 3*racingGoroutines, n)
			signing = append(signing, kid)
		}
		records, err := store.ListKeys(t.Context())
		require.NoError(t, err)
		require.Len(t, records, step.keys, "after %v", step.at)
	}
	require.Equal(t, signing[0], signing[1])
	require.Equal(t, signing[0], signing[2], "the next one is published before it signs")
	require.NotEqual(t, signing[2], signing[3])
	require.Equal(t, signing[3], signing[4])
}

func issueTokensInProcess(t *testing.T, d database, argument string, begin func()) any {
	var r rotation
	require.NoError(t, json.Unmarshal([]byte(argument), &r))
	db := d.open(t)
	tokens := make([]string, racingGoroutines)
	errs := make([]error, racingGoroutines)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for n := range racingGoroutines {
		var later atomic.Int64 // seconds
		store := d.store(t, db, tables{r.Keys, r.UserInfo})
		issuer, err := tokenissuer.New(tokenissuer.Config{
			Issuer: "https://portal.example.com/api/auth", Keys: store, UserInfo: store, Secrets: [][]byte{bytes.Repeat([]byte{42}, 32)},
			Now: func() time.Time { return r.Now.Add(time.Duration(later.Load()) * time.Second) },
		})
		require.NoError(t, err)
		wg.Go(func() {
			<-start
			for range 10 {
				tokens[n], errs[n] = issuer.IssueToken(t.Context(), authprovider.TokenClaims{Subject: "user:default/jane"})
				if !errors.Is(errs[n], authprovider.ErrUnavailable) {
					return
				}
				later.Add(11) // sixty at once were too much for this machine: the issuer leaves the store alone for a while
			}
		})
	}
	begin()
	close(start)
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	return tokens
}

func kidOf(t *testing.T, token string) string {
	t.Helper()
	part, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(part)
	require.NoError(t, err)
	var header struct{ Kid string }
	require.NoError(t, json.Unmarshal(raw, &header))
	require.NotEmpty(t, header.Kid)
	return header.Kid
}
