package jose

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDepth bounds nesting, and with it the recursion of the scanner.
const maxDepth = 32

// linearNames is how many names of one object are compared pairwise before a
// set is used instead: cheap for real tokens, linear for hostile ones.
const linearNames = 32

// memberSize is about what a member of a JWT has in bytes, so that there is room for
// all of a real one at once.
const memberSize = 24

// member is one name of a JSON object with its value as it stands in the text.
type member struct {
	name  string // unescaped
	value string // raw JSON, without white space around it
}

// scanner reads one JSON text (RFC 8259) in a single pass and refuses what
// readers are known to disagree on: duplicate names, names that differ in case
// alone (encoding/json and whatever is built on it would let the last one win),
// invalid UTF-8, lone surrogates, deep nesting, and anything after the value.
type scanner struct {
	text  string
	pos   int
	depth int
	names []string // of all open objects, innermost last
}

// scanObject checks that text is one strict JSON object and returns its members,
// in order.
func scanObject(text string) ([]member, error) { return new(scanner).scanObject(text, nil) }

// scanObject is that for a scanner that may have been used before, in the room that
// members has, if that is enough.
func (s *scanner) scanObject(text string, members []member) ([]member, error) {
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("%w: invalid UTF-8", ErrJSON)
	}
	usual := min(max(4, 1+len(text)/memberSize), linearNames)
	if cap(members) < usual {
		members = make([]member, 0, usual)
	}
	if cap(s.names) < usual {
		s.names = make([]string, 0, usual)
	}
	members = members[:0]
	*s = scanner{text: text, names: s.names[:0]}
	s.space()
	if s.peek() != '{' {
		return nil, s.fail("not an object")
	}
	if err := s.object(&members); err != nil {
		return nil, err
	}
	return members, s.end()
}

// scanValue checks that text is one strict JSON value.
func scanValue(text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("%w: invalid UTF-8", ErrJSON)
	}
	s := scanner{text: text}
	s.space()
	if err := s.value(); err != nil {
		return err
	}
	return s.end()
}

func (s *scanner) fail(what string) error {
	return fmt.Errorf("%w: %s at byte %d", ErrJSON, what, s.pos)
}

// peek returns the next byte, or 0 at the end; a literal NUL is valid nowhere.
func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

func (s *scanner) space() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

func (s *scanner) end() error {
	s.space()
	if s.pos != len(s.text) {
		return s.fail("data after the value")
	}
	return nil
}

func (s *scanner) value() error {
	switch c := s.peek(); {
	case c == '{':
		return s.object(nil)
	case c == '[':
		return s.array()
	case c == '"':
		_, err := s.str()
		return err
	case c == '-' || '0' <= c && c <= '9':
		return s.number()
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	}
	return s.fail("no value")
}

func (s *scanner) literal(word string) error {
	if !strings.HasPrefix(s.text[s.pos:], word) {
		return s.fail("no value")
	}
	s.pos += len(word)
	return nil
}

// object reads an object. If members is not nil, its members are appended to it.
func (s *scanner) object(members *[]member) error {
	if s.depth++; s.depth > maxDepth {
		return s.fail("nested too deep")
	}
	s.pos++ // {
	first := len(s.names)
	var many map[string]struct{}
	s.space()
	if s.peek() == '}' {
		return s.leave(first)
	}
	for {
		if s.peek() != '"' {
			return s.fail("no member name")
		}
		name, err := s.str()
		if err != nil {
			return err
		}
		if many, err = s.admit(name, first, many); err != nil {
			return err
		}
		s.space()
		if s.peek() != ':' {
			return s.fail("no colon")
		}
		s.pos++
		s.space()
		start := s.pos
		if err := s.value(); err != nil {
			return err
		}
		if members != nil {
			*members = append(*members, member{name: name, value: s.text[start:s.pos]})
		}
		s.space()
		switch s.peek() {
		case ',':
			s.pos++
			s.space()
		case '}':
			return s.leave(first)
		default:
			return s.fail("no comma or brace")
		}
	}
}

func (s *scanner) leave(first int) error {
	s.pos++ // }
	s.depth--
	s.names = s.names[:first]
	return nil
}

// admit records name in the object whose names start at s.names[first], unless it
// stands there already, in whatever case. Names are compared pairwise while they are few
// and ASCII, which all real ones are; otherwise each is folded once and looked up, so
// that no choice of names costs more than linear time.
func (s *scanner) admit(name string, first int, many map[string]struct{}) (map[string]struct{}, error) {
	if many == nil {
		if len(s.names)-first < linearNames && isASCII(name) {
			for _, seen := range s.names[first:] {
				if strings.EqualFold(seen, name) {
					return nil, s.fail("duplicate member name")
				}
			}
			s.names = append(s.names, name)
			return nil, nil
		}
		many = make(map[string]struct{}, 2*linearNames)
		for _, seen := range s.names[first:] {
			many[fold(seen)] = struct{}{}
		}
	}
	key := fold(name)
	if _, dup := many[key]; dup {
		return nil, s.fail("duplicate member name")
	}
	many[key] = struct{}{}
	return many, nil
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// fold maps all texts that are equal under [strings.EqualFold] to one.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, name)
}

func (s *scanner) array() error {
	if s.depth++; s.depth > maxDepth {
		return s.fail("nested too deep")
	}
	s.pos++ // [
	s.space()
	if s.peek() == ']' {
		s.pos++
		s.depth--
		return nil
	}
	for {
		if err := s.value(); err != nil {
			return err
		}
		s.space()
		switch s.peek() {
		case ',':
			s.pos++
			s.space()
		case ']':
			s.pos++
			s.depth--
			return nil
		default:
			return s.fail("no comma or bracket")
		}
	}
}

func (s *scanner) number() error {
	if s.peek() == '-' {
		s.pos++
	}
	switch c := s.peek(); {
	case c == '0':
		s.pos++
	case '1' <= c && c <= '9':
		s.digits()
	default:
		return s.fail("no digit")
	}
	if s.peek() == '.' {
		s.pos++
		if !s.digits() {
			return s.fail("no digit")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if !s.digits() {
			return s.fail("no digit")
		}
	}
	return nil
}

func (s *scanner) digits() bool {
	start := s.pos
	for c := s.peek(); '0' <= c && c <= '9'; c = s.peek() {
		s.pos++
	}
	return s.pos > start
}
