package cfaccess

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// Cache keeps answers of get-identity for an [Authenticator]: set [Config].Cache to share them between replicas. Keys are short texts of
// letters, digits, "/" and ":" that say nothing about the token. It is called concurrently, must not modify values, and need not be
// exact: the Authenticator bounds and reads strictly what it gets, looks at its age and whether it is about the right person. An error is
// logged, and the answer fetched. It is given one second.
type Cache interface {
	// Get returns the value of a key, or nil if there is none.
	Get(ctx context.Context, key string) ([]byte, error)
	// Set keeps a value for ttl.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
}

const (
	maxEntries    = 4096
	maxCacheBytes = 32 << 20
)

// memoryCache is the Cache of one process, bounded in entries and bytes. Beyond them the oldest goes first: all live about as long.
type memoryCache struct {
	now func() time.Time

	mu      sync.Mutex
	entries map[string]*list.Element // guarded by mu; of *memoryEntry
	byAge   list.List                // guarded by mu; the oldest in front
	bytes   int                      // guarded by mu; of all values
}

type memoryEntry struct {
	key     string
	value   []byte
	expires time.Time
}

var _ Cache = (*memoryCache)(nil)

func newMemoryCache(now func() time.Time) *memoryCache {
	return &memoryCache{now: now, entries: make(map[string]*list.Element)}
}

func (c *memoryCache) Get(_ context.Context, key string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok {
		return nil, nil
	}
	entry := e.Value.(*memoryEntry)
	if !c.now().Before(entry.expires) {
		c.remove(e)
		return nil, nil
	}
	return entry.value, nil
}

func (c *memoryCache) Set(_ context.Context, key string, value []byte, ttl time.Duration) error {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[key]; ok {
		c.remove(e)
	}
	c.entries[key] = c.byAge.PushBack(&memoryEntry{key: key, value: value, expires: now.Add(ttl)})
	c.bytes += len(value)
	for e := c.byAge.Front(); e != nil && (len(c.entries) > maxEntries || c.bytes > maxCacheBytes || !now.Before(e.Value.(*memoryEntry).expires)); e = c.byAge.Front() {
		c.remove(e)
	}
	return nil
}

// remove is called with mu held.
func (c *memoryCache) remove(e *list.Element) {
	entry := c.byAge.Remove(e).(*memoryEntry)
	c.bytes -= len(entry.value)
	delete(c.entries, entry.key)
}
