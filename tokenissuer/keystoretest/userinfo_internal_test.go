package keystoretest

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/tokenissuer"
)

// userInfoStore does all that the contract wants, but for what is broken about it.
type userInfoStore struct {
	broken string
	shared *userInfoTable
}

type userInfoTable struct {
	mu      sync.Mutex
	records map[key][]byte
	order   []key
}

func (s *userInfoStore) fold(k key) key {
	if s.broken == "keys lose their end" {
		copy(k[:], bytes.TrimRight(k[:], " \x00"))
		n := len(bytes.TrimRight(k[:], " \x00"))
		clear(k[n:])
	}
	return k
}

func (s *userInfoStore) PutUserInfo(ctx context.Context, k key, record []byte, expires time.Time) error {
	if s.broken == "nil and nothing done" && ctx.Err() != nil {
		return nil
	}
	switch s.broken {
	case "64 KiB":
		record = record[:min(len(record), 64<<10)]
	case "text":
		record = bytes.ToValidUTF8(record, nil)
	}
	k = s.fold(k)
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	present, ok := s.shared.records[k]
	if ok && s.broken == "look before you leap" {
		ok = false
	}
	switch {
	case ok && bytes.Equal(present, record) && s.broken != "unequal to itself":
		return nil
	case ok && s.broken == "the first stays silently":
		return nil
	case ok && s.broken != "overwrites":
		return tokenissuer.ErrUserInfoExists
	}
	s.shared.records[k] = slices.Clone(record)
	s.shared.order = append(s.shared.order, k)
	if s.broken == "holds a hundred" && len(s.shared.order) > 100 {
		delete(s.shared.records, s.shared.order[0])
		s.shared.order = s.shared.order[1:]
	}
	return nil
}

func (s *userInfoStore) UserInfo(ctx context.Context, k key) ([]byte, bool, error) {
	if s.broken == "none, if it cannot know" && ctx.Err() != nil {
		return nil, false, nil
	}
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	record, ok := s.shared.records[s.fold(k)]
	if !ok && s.broken == "none is an error" {
		return nil, false, context.Canceled
	}
	return record, ok, nil
}

// brokenUserInfoRules returns the rules that a store breaks.
func brokenUserInfoRules(t *testing.T, broken string) (rules []string) {
	for _, r := range userInfoRules {
		shared := &userInfoTable{records: make(map[key][]byte)}
		rig := UserInfoRig{Store: &userInfoStore{broken: broken, shared: shared}, Now: time.Now, Another: func() tokenissuer.UserInfoStore {
			if broken == "a memory for each replica" {
				return &userInfoStore{shared: &userInfoTable{records: make(map[key][]byte)}}
			}
			return &userInfoStore{broken: broken, shared: shared}
		}}
		if err := r.check(t.Context(), rig); err != nil {
			t.Logf("%s: %s: %v", broken, r.name, err)
			rules = append(rules, r.name)
		}
	}
	return rules
}

// TestUserInfoRules proves that each rule is worth something: a store that breaks it does not pass.
func TestUserInfoRules(t *testing.T) {
	require.Empty(t, brokenUserInfoRules(t, ""))
	for broken, rule := range map[string]string{
		"none is an error":          "none",
		"64 KiB":                    "bytes",
		"text":                      "bytes",
		"keys lose their end":       "keys",
		"unequal to itself":         "equal",
		"overwrites":                "exists",
		"the first stays silently":  "exists",
		"look before you leap":      "one winner",
		"a memory for each replica": "replicas",
		"holds a hundred":           "kept",
		"nil and nothing done":      "context",
		"none, if it cannot know":   "context",
	} {
		require.Contains(t, brokenUserInfoRules(t, broken), rule, broken)
	}
}

func TestUserInfoSuiteOnAGoodStore(t *testing.T) {
	TestUserInfoStore(t, func(testing.TB) UserInfoRig {
		return UserInfoRig{Store: &userInfoStore{shared: &userInfoTable{records: make(map[key][]byte)}}, Now: time.Now}
	})
}
