package oauthadapter

import (
	"encoding/binary"
	"errors"
)

// Attempts and sessions are written as a list of length-prefixed fields: nothing to be parsed leniently, and no reflection
// on the request path. They are read only after their seal has opened.

var errFields = errors.New("oauthadapter: malformed fields")

func appendField(dst []byte, field string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(field)))
	return append(dst, field...)
}

func appendInt(dst []byte, n int64) []byte { return binary.AppendVarint(dst, n) }

// fieldReader reads fields in order; after the first failure everything reads as zero and done reports the failure.
type fieldReader struct {
	rest   []byte
	failed bool
}

func (r *fieldReader) string() string {
	n, size := binary.Uvarint(r.rest)
	if r.failed || size <= 0 || n > uint64(len(r.rest)-size) {
		r.failed = true
		return ""
	}
	field := string(r.rest[size : size+int(n)])
	r.rest = r.rest[size+int(n):]
	return field
}

func (r *fieldReader) int() int64 {
	n, size := binary.Varint(r.rest)
	if r.failed || size <= 0 {
		r.failed = true
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

// done reports whether everything was read and nothing is left.
func (r *fieldReader) done() error {
	if r.failed || len(r.rest) != 0 {
		return errFields
	}
	return nil
}
