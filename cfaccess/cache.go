package cfaccess

import (
	"bytes"
	"context"
	"strconv"
	"time"
)

// Cache shares answers of get-identity between replicas. Keys are short texts of letters, digits and "/" that say nothing about the
// token. It is called concurrently, must not modify values, and need not be exact: what it returns is bounded, read strictly and
// checked for its age and for being about the right person. An error is logged, and the answer fetched. It is given one second.
type Cache interface {
	// Get returns the value of a key, or nil if there is none.
	Get(ctx context.Context, key string) ([]byte, error)
	// Set keeps a value for ttl.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
}

const cacheTimeout = time.Second

// encodeAnswer writes what a Cache keeps: until when the answer counts, in seconds since the epoch, and the answer. A cache may
// forget later than it should.
func encodeAnswer(expires time.Time, answer []byte) []byte {
	value := strconv.AppendInt(make([]byte, 0, len(answer)+16), expires.Unix(), 10)
	return append(append(value, '\n'), answer...)
}

// decodeAnswer reads what encodeAnswer wrote. It trusts nobody to have written it.
func decodeAnswer(value []byte) (answer []byte, expires time.Time, ok bool) {
	stamp, answer, found := bytes.Cut(value, []byte{'\n'})
	if !found || len(answer) > maxIdentity {
		return nil, time.Time{}, false
	}
	seconds, err := strconv.ParseInt(string(stamp), 10, 64)
	if err != nil {
		return nil, time.Time{}, false
	}
	return answer, time.Unix(seconds, 0), true
}
