package cfaccess

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMemoryCacheIsBounded(t *testing.T) {
	now := time.Unix(1893499200, 0)
	ctx := context.Background()
	c := newMemoryCache(func() time.Time { return now })
	keep := func(key string, size int) { require.NoError(t, c.Set(ctx, key, make([]byte, size), time.Minute)) }
	has := func(key string) bool {
		value, err := c.Get(ctx, key)
		require.NoError(t, err)
		return value != nil
	}
	for i := range maxEntries {
		keep(strconv.Itoa(i), 1)
	}
	require.True(t, has("0"))
	keep("0", 1) // the same key takes no more room, and is the youngest now
	require.True(t, has("1"))
	keep("x", 1)
	require.False(t, has("1"), "the oldest goes")
	require.True(t, has("0"))
	require.Len(t, c.entries, maxEntries)
	require.Equal(t, maxEntries, c.byAge.Len())
	require.Equal(t, maxEntries, c.bytes)

	keep("large", maxCacheBytes-1)
	require.LessOrEqual(t, c.bytes, maxCacheBytes)
	require.True(t, has("x"))
	require.False(t, has("2"))
	keep("huge", maxCacheBytes+1)
	require.False(t, has("huge"))
	require.Zero(t, c.bytes)

	// Expired ones go when they are asked for, and with the next Set.
	keep("a", 1)
	keep("b", 1)
	now = now.Add(time.Minute)
	require.False(t, has("a"))
	require.Len(t, c.entries, 1)
	keep("c", 1)
	require.Len(t, c.entries, 1)
	require.Equal(t, 1, c.bytes)
	require.Equal(t, 1, c.byAge.Len())
}
