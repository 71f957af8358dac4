package authprovider

import (
	"encoding"
	"fmt"
	"io"
	"log/slog"
	"strconv"
)

// Secret is a token or a key that does not show when it is printed, logged or marshalled. Use string(s) to read it.
//
// Two things cannot be kept from showing it: package fmt calls no method on unexported fields, so keep a Secret in an exported
// field of whatever may be printed whole; and encoding/json writes the key of a map as it is.
type Secret string

var (
	_ fmt.Formatter          = Secret("")
	_ fmt.GoStringer         = Secret("")
	_ slog.LogValuer         = Secret("")
	_ encoding.TextMarshaler = Secret("")
)

const redacted = "[redacted]"

// String returns a placeholder; so do the other forms of printing.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString implements [fmt.GoStringer].
func (s Secret) GoString() string { return strconv.Quote(s.String()) }

// Format implements [fmt.Formatter]. Without it a verb that is wrong for a string, such as %d, prints the bare value in its complaint.
func (s Secret) Format(f fmt.State, verb rune) {
	text := s.String()
	if verb == 'q' || verb == 'v' && f.Flag('#') {
		text = s.GoString()
	}
	_, _ = io.WriteString(f, text)
}

// LogValue implements [slog.LogValuer].
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements [encoding.TextMarshaler], which encoding/json uses too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
