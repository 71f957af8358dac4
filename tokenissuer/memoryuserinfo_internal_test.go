package tokenissuer

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMemoryUserInfoIsBounded(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	m := newMemoryUserInfo(func() time.Time { return now })
	m.limit = 100 * (50 + userInfoOverhead)
	key := func(n int) (k [sha256.Size]byte) {
		binary.BigEndian.PutUint64(k[:], uint64(n))
		return k
	}
	put := func(n int) {
		require.NoError(t, m.PutUserInfo(t.Context(), key(n), make([]byte, 50), now.Add(time.Hour)))
	}
	found := func(n int) bool {
		_, ok, err := m.UserInfo(t.Context(), key(n))
		require.NoError(t, err)
		return ok
	}
	for n := range 1000 {
		put(n)
	}
	require.Len(t, m.records, 100)
	require.Len(t, m.queue, 100)
	require.Equal(t, m.limit, m.size)
	require.False(t, found(899))
	require.True(t, found(900), "the oldest go first")

	put(999) // again: nothing is counted twice
	require.Len(t, m.queue, 100)
	now = now.Add(time.Hour)
	put(1000)
	require.Len(t, m.records, 1, "what has expired goes")
	require.Equal(t, 50+userInfoOverhead, m.size)
	require.LessOrEqual(t, cap(m.queue), 1000, "the queue does not grow for ever")
}
