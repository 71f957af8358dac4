package keystoretest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/tokenissuer"
)

func TestMemoryKeyStore(t *testing.T) {
	TestKeyStore(t, func(testing.TB) KeyRig { return KeyRig{Store: new(tokenissuer.MemoryKeyStore), Now: time.Now} })
}

// keyStore does all that the contract wants, but for what is broken about it.
type keyStore struct {
	broken string
	shared *keyTable
	seen   []tokenissuer.KeyRecord // by this replica
}

type keyTable struct {
	mu      sync.Mutex
	records []tokenissuer.KeyRecord
}

func (s *keyStore) index(id string) int {
	return slices.IndexFunc(s.shared.records, func(r tokenissuer.KeyRecord) bool {
		if s.broken == "IDs fold case" {
			return strings.EqualFold(r.ID, id)
		}
		return r.ID == id
	})
}

func (s *keyStore) drop(by time.Duration) {
	s.shared.records = slices.DeleteFunc(s.shared.records, func(r tokenissuer.KeyRecord) bool { return time.Since(r.Expires) > by })
}

func (s *keyStore) ListKeys(context.Context) ([]tokenissuer.KeyRecord, error) {
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	switch s.broken {
	case "ends with the context":
		return nil, nil
	case "a reader drops":
		s.drop(time.Hour)
	case "a cache":
		if len(s.seen) > 0 {
			return s.seen, nil
		}
		s.seen = slices.Clone(s.shared.records)
	}
	return slices.Clone(s.shared.records), nil
}

func (s *keyStore) CreateKey(ctx context.Context, r tokenissuer.KeyRecord) error {
	if s.broken == "nil and nothing done" && ctx.Err() != nil {
		return nil
	}
	switch s.broken {
	case "text":
		r.Data = []byte(strings.ToValidUTF8(string(r.Data), "?"))
	case "short data":
		r.Data = r.Data[:min(len(r.Data), 4096)]
	case "short IDs":
		r.ID = r.ID[:min(len(r.ID), 63)]
	case "local times":
		r.Expires = time.Date(r.Expires.Year(), r.Expires.Month(), r.Expires.Day(), r.Expires.Hour(), r.Expires.Minute(), r.Expires.Second(), 0, time.UTC)
	case "32 bits":
		r.Expires = time.Unix(int64(int32(r.Expires.Unix())), 0)
	}
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	if i := s.index(r.ID); i >= 0 {
		switch s.broken {
		case "overwrites":
			s.shared.records[i] = r
			return nil
		case "overwrites and says so":
			s.shared.records[i] = r
		case "an equal one is fine":
			if string(s.shared.records[i].Data) == string(r.Data) {
				return nil
			}
		case "an error of its own":
			return context.DeadlineExceeded
		}
		return tokenissuer.ErrKeyExists
	}
	if s.broken == "look before you leap" {
		s.shared.mu.Unlock()
		time.Sleep(time.Millisecond)
		s.shared.mu.Lock()
	}
	switch s.broken {
	case "drops at once":
		s.drop(0)
	case "never drops":
	default:
		s.drop(time.Hour)
	}
	s.shared.records = append(s.shared.records, r)
	return nil
}

func (s *keyStore) DeleteKey(_ context.Context, id string) error {
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	i := s.index(id)
	switch {
	case s.broken == "not found" && i < 0:
		return context.Canceled
	case s.broken == "deletes nothing":
		return nil
	case s.broken == "LIKE":
		s.shared.records = slices.DeleteFunc(s.shared.records, func(r tokenissuer.KeyRecord) bool {
			prefix, wild := strings.CutSuffix(id, "%")
			return r.ID == id || wild && strings.HasPrefix(r.ID, prefix)
		})
	case i >= 0:
		s.shared.records = slices.Delete(s.shared.records, i, i+1)
	}
	return nil
}

// brokenKeyRules returns the rules that a store breaks.
func brokenKeyRules(t *testing.T, broken string) (rules []string) {
	for _, r := range keyRules {
		shared := new(keyTable)
		rig := KeyRig{Store: &keyStore{broken: broken, shared: shared}, Now: time.Now,
			Another: func() tokenissuer.KeyStore { return &keyStore{broken: broken, shared: shared} }}
		if err := r.check(t.Context(), rig); err != nil {
			t.Logf("%s: %s: %v", broken, r.name, err)
			rules = append(rules, r.name)
		}
	}
	return rules
}

// TestBrokenKeyStores proves that each rule is worth something: a store that breaks it does not pass.
func TestBrokenKeyStores(t *testing.T) {
	require.Empty(t, brokenKeyRules(t, ""))
	for broken, rule := range map[string]string{
		"text":                   "bytes",
		"short data":             "bytes",
		"IDs fold case":          "IDs",
		"short IDs":              "IDs",
		"LIKE":                   "IDs",
		"local times":            "times",
		"32 bits":                "times",
		"overwrites":             "exists",
		"overwrites and says so": "exists",
		"an equal one is fine":   "exists",
		"an error of its own":    "exists",
		"look before you leap":   "one winner",
		"deletes nothing":        "delete",
		"not found":              "delete nothing",
		"a cache":                "replicas",
		"drops at once":          "kept for an hour",
		"a reader drops":         "dropped",
		"never drops":            "dropped",
		"ends with the context":  "concurrent",
		"nil and nothing done":   "context",
	} {
		require.Contains(t, brokenKeyRules(t, broken), rule, broken)
	}
}
