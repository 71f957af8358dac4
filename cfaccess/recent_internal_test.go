package cfaccess

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRecentIdentitiesAreBounded(t *testing.T) {
	now := time.Unix(1893499200, 0)
	var r recentIdentities
	key := func(i int) (k personKey) {
		binary.BigEndian.PutUint64(k[:], uint64(i))
		return k
	}
	keep := func(i, size int) {
		r.add(key(i), &Identity{answer: make([]byte, size)}, now.Add(time.Minute), now)
	}
	has := func(i int) bool { return r.get(key(i), now) != nil }
	for i := range maxRecent {
		keep(i, 1)
	}
	require.True(t, has(0))
	keep(0, 1) // the same key takes no more room, and is the youngest now
	require.True(t, has(1))
	keep(-1, 1)
	require.False(t, has(1), "the oldest goes")
	require.True(t, has(0))
	require.Len(t, r.byKey, maxRecent)
	require.Equal(t, maxRecent, r.byAge.Len())
	require.Equal(t, maxRecent, r.bytes)

	keep(-2, maxRecentBytes-1)
	require.True(t, has(-1))
	require.False(t, has(2))
	require.Equal(t, maxRecentBytes, r.bytes)
	keep(-3, maxRecentBytes+1)
	require.False(t, has(-3))
	require.Zero(t, r.bytes)

	// Expired ones go when they are asked for, and with the next one.
	keep(1, 1)
	keep(2, 1)
	now = now.Add(time.Minute)
	require.False(t, has(1))
	require.Len(t, r.byKey, 1)
	keep(3, 1)
	require.Len(t, r.byKey, 1)
	require.Equal(t, 1, r.bytes)

	// A clock that is set back keeps nothing for longer.
	require.True(t, has(3))
	now = now.Add(-time.Hour)
	require.False(t, has(3))
}
