package authprovider

import "log/slog"

// Secret is a token or a key that does not show when it is printed, logged or marshalled. Use string(s) to read it.
type Secret string

const redacted = "[redacted]"

// String returns a placeholder; so do the other forms of printing.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString implements [fmt.GoStringer].
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// LogValue implements [slog.LogValuer].
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements [encoding.TextMarshaler], which encoding/json uses too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
