package jose

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// AppendString appends s as a JSON string to dst, byte for byte as JavaScript's
// JSON.stringify writes it: only the quote, the backslash and control characters
// are escaped, everything else is raw UTF-8. A Backstage backend rebuilds signed
// texts with JSON.stringify, which encoding/json cannot match: it always escapes
// U+2028 and U+2029. Invalid UTF-8 is an [ErrJSON].
func AppendString(dst []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return dst, fmt.Errorf("%w: invalid UTF-8", ErrJSON)
	}
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(dst, s[start:]...), '"'), nil
}

// appendValue appends v as JSON. Maps are written in the order of their names.
// Types without a case of their own go through encoding/json first, so that their
// tags and methods count, but their text is still written here.
func appendValue(dst []byte, v any, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, fmt.Errorf("%w: nested too deep", ErrJSON)
	}
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case string:
		return AppendString(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case json.Number:
		// Written raw, so it must be one number and nothing else.
		n := scanner{text: string(v)}
		if err := n.number(); err != nil || n.pos != len(v) {
			return dst, fmt.Errorf("%w: %q is not a number", ErrJSON, excerpt(string(v)))
		}
		return append(dst, v...), nil
	case []string:
		return appendArray(dst, v, depth)
	case []any:
		return appendArray(dst, v, depth)
	case map[string]any:
		dst = append(dst, '{')
		for i, name := range slices.Sorted(maps.Keys(v)) {
			var err error
			if dst, err = appendMember(dst, i, name, v[name], depth+1); err != nil {
				return dst, err
			}
		}
		return append(dst, '}'), nil
	}
	plain, err := toPlain(v)
	if err != nil {
		return dst, err
	}
	return appendValue(dst, plain, depth+1)
}

func appendArray[T any](dst []byte, list []T, depth int) ([]byte, error) {
	if list == nil {
		return append(dst, "null"...), nil
	}
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendValue(dst, v, depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

// appendMember appends one name and its value to an object, i being its index.
func appendMember(dst []byte, i int, name string, v any, depth int) ([]byte, error) {
	if i > 0 {
		dst = append(dst, ',')
	}
	dst, err := AppendString(dst, name)
	if err != nil {
		return dst, err
	}
	return appendValue(append(dst, ':'), v, depth)
}

// toPlain turns v into nil, bool, string, json.Number, []any or map[string]any.
func toPlain(v any) (any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJSON, err)
	}
	// A json.RawMessage may hold duplicate names, of which a map would keep one.
	if err := scanValue(string(text)); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var plain any
	if err := d.Decode(&plain); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJSON, err)
	}
	return plain, nil
}
