package jose

import (
	"encoding/json"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads a string and returns its value. Without escapes that is a piece of
// the text itself, so that nothing is copied.
func (s *scanner) str() (string, error) {
	s.pos++ // opening quote
	text, start := s.text, s.pos
	for i := start; i < len(text); i++ {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		s.pos = i
		switch c {
		case '"':
			s.pos++
			return text[start:i], nil
		case '\\':
			return s.escaped(start)
		}
		return "", s.fail("control character in a string")
	}
	return "", s.fail("unterminated string")
}

// escaped goes on where str met the first backslash.
func (s *scanner) escaped(start int) (string, error) {
	out := append(make([]byte, 0, 2*(s.pos-start)+16), s.text[start:s.pos]...)
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		s.pos++
		switch {
		case c == '"':
			return string(out), nil
		case c < ' ':
			return "", s.fail("control character in a string")
		case c != '\\':
			out = append(out, c)
			continue
		}
		c = s.peek()
		s.pos++
		switch c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, err := s.unicode()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
		default:
			return "", s.fail("unknown escape")
		}
	}
	return "", s.fail("unterminated string")
}

// unicode reads the digits after \u, and the second half of a surrogate pair.
func (s *scanner) unicode() (rune, error) {
	r, ok := s.hex4()
	if !ok {
		return 0, s.fail("invalid escape")
	}
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	// A lone surrogate has no UTF-8 form: readers replace it, each in its own way.
	if !strings.HasPrefix(s.text[s.pos:], `\u`) {
		return 0, s.fail("lone surrogate")
	}
	s.pos += 2
	low, ok := s.hex4()
	if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
		return 0, s.fail("lone surrogate")
	}
	return r, nil
}

func (s *scanner) hex4() (rune, bool) {
	if len(s.text)-s.pos < 4 {
		return 0, false
	}
	var r rune
	for range 4 {
		c := s.text[s.pos]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
		s.pos++
	}
	return r, true
}

// Text returns the value of a JSON string, and whether raw is one. raw is a piece of a
// text that was read strictly, such as [Token.Raw] or [UnmarshalStrict] gives.
func Text(raw json.RawMessage) (string, bool) { return unquote(string(raw)) }

// unquote returns the value of a raw JSON string that was scanned already.
func unquote(raw string) (string, bool) {
	if raw == "" || raw[0] != '"' {
		return "", false
	}
	s := scanner{text: raw}
	v, err := s.str()
	return v, err == nil
}
