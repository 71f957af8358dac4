package tokenissuer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"sync"
	"time"
)

// UserInfoStore keeps one record for each sign-in until its token has expired. The methods are called concurrently.
type UserInfoStore interface {
	// PutUserInfo adds a record, which may be dropped when the time expires (in whole seconds) has come. If there is an equal one under
	// the key, it returns nil; if there is another, it leaves that as it is and returns an error that wraps [ErrUserInfoExists]: the
	// issuer then makes another token. It is called while a token is issued, and should fail soon rather than wait: then the token
	// carries what the record would have said.
	PutUserInfo(ctx context.Context, key [sha256.Size]byte, record []byte, expires time.Time) error
	// UserInfo returns a record, and whether there is one. The caller does not modify it. An error means that this could
	// not be found out.
	UserInfo(ctx context.Context, key [sha256.Size]byte) (record []byte, found bool, err error)
}

const (
	memoryUserInfoLimit = 64 << 20
	// userInfoOverhead is about what an entry takes besides its record.
	userInfoOverhead = 256
)

// memoryUserInfo keeps records in the order in which they were put, which is that in which they expire, since all tokens of
// an issuer live equally long. When it is full, the oldest go.
type memoryUserInfo struct {
	now   func() time.Time
	limit int

	mu      sync.Mutex // guards the fields below
	records map[[sha256.Size]byte][]byte
	queue   []userInfoEntry // the oldest at queue[0]
	size    int
}

// userInfoEntry has no pointers, so that the garbage collector need not look at a long queue.
type userInfoEntry struct {
	key     [sha256.Size]byte
	expires int64 // in seconds since the epoch
}

var _ UserInfoStore = (*memoryUserInfo)(nil)

func newMemoryUserInfo(now func() time.Time) *memoryUserInfo {
	return &memoryUserInfo{now: now, limit: memoryUserInfoLimit, records: make(map[[sha256.Size]byte][]byte)}
}

func (m *memoryUserInfo) PutUserInfo(_ context.Context, key [sha256.Size]byte, record []byte, expires time.Time) error {
	now := m.now().Unix()
	m.mu.Lock()
	defer m.mu.Unlock()
	if present, ok := m.records[key]; ok {
		if !bytes.Equal(present, record) {
			return ErrUserInfoExists
		}
		return nil
	}
	m.records[key] = record
	m.queue = append(m.queue, userInfoEntry{key, expires.Unix()}) // append moves the queue to a new array when the old one is used up
	m.size += len(record) + userInfoOverhead
	for len(m.queue) > 0 && (m.size > m.limit || now >= m.queue[0].expires) {
		oldest := m.queue[0].key
		m.size -= len(m.records[oldest]) + userInfoOverhead
		delete(m.records, oldest)
		m.queue = m.queue[1:]
	}
	return nil
}

func (m *memoryUserInfo) UserInfo(_ context.Context, key [sha256.Size]byte) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	record, ok := m.records[key]
	return record, ok, nil
}
