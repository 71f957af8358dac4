package jose

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// UnmarshalStrict is [json.Unmarshal] for what an outside party answers: data
// must be one strict JSON value (no duplicate names, no names that differ in case
// alone, valid UTF-8, at most 32 levels), and a member that matches a struct
// field in the wrong case is an error, where encoding/json would accept it:
// {"Email_verified":true} must not become email_verified. Unknown members are
// ignored. Every error wraps [ErrJSON].
//
// Types that implement [json.Unmarshaler] see their piece of the checked text and
// are trusted to match names exactly.
func UnmarshalStrict(data []byte, v any) error {
	if err := scanValue(string(data)); err != nil {
		return err
	}
	return decodeExact(data, v)
}

// decodeExact decodes a text that was scanned already.
func decodeExact(data []byte, v any) error {
	t := reflect.TypeOf(v)
	if t == nil || t.Kind() != reflect.Pointer {
		return fmt.Errorf("%w: cannot decode into %T", ErrJSON, v)
	}
	if err := matchNames(string(data), t.Elem()); err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%w: %w", ErrJSON, err)
	}
	return nil
}

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// matchNames walks text along type t and refuses members that only encoding/json's
// folding of case would store in a field.
func matchNames(text string, t reflect.Type) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if p := reflect.PointerTo(t); p.Implements(jsonUnmarshaler) || p.Implements(textUnmarshaler) {
		return nil
	}
	text = strings.TrimLeft(text, " \t\r\n")
	switch t.Kind() {
	case reflect.Struct:
		if !strings.HasPrefix(text, "{") {
			return nil
		}
		members, err := scanObject(text)
		if err != nil {
			return err
		}
		fields := jsonFields(t)
		for _, m := range members {
			if i := slices.IndexFunc(fields, func(f jsonField) bool { return f.name == m.name }); i >= 0 {
				if err := matchNames(m.value, fields[i].typ); err != nil {
					return err
				}
				continue
			}
			if i := slices.IndexFunc(fields, func(f jsonField) bool { return strings.EqualFold(f.name, m.name) }); i >= 0 {
				return fmt.Errorf("%w: member %q instead of %q", ErrJSON, excerpt(m.name), fields[i].name)
			}
		}
	case reflect.Map:
		if !strings.HasPrefix(text, "{") {
			return nil
		}
		members, err := scanObject(text)
		if err != nil {
			return err
		}
		for _, m := range members {
			if err := matchNames(m.value, t.Elem()); err != nil {
				return err
			}
		}
	case reflect.Slice, reflect.Array:
		if !strings.HasPrefix(text, "[") {
			return nil
		}
		return eachElement(text, func(element string) error { return matchNames(element, t.Elem()) })
	}
	return nil
}

// jsonField is what encoding/json fills with the member of that name.
type jsonField struct {
	name string
	typ  reflect.Type
}

// jsonFields returns the fields of a struct, those of embedded structs included.
func jsonFields(t reflect.Type) []jsonField {
	visible := make([]reflect.StructField, t.NumField())
	for i := range visible {
		if visible[i] = t.Field(i); visible[i].Anonymous {
			visible = reflect.VisibleFields(t) // dear, so only where something is embedded
			break
		}
	}
	fields := make([]jsonField, 0, len(visible))
	for _, f := range visible {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Tag.Get("json") == "-" || f.Anonymous && name == "" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		fields = append(fields, jsonField{name, f.Type})
	}
	return fields
}

// eachElement calls f with each element of a JSON array that was scanned already.
func eachElement(text string, f func(string) error) error {
	s := scanner{text: text, pos: 1}
	for {
		s.space()
		switch s.peek() {
		case ']', 0:
			return nil
		case ',':
			s.pos++
			s.space()
		}
		start := s.pos
		if s.peek() == ']' {
			return nil
		}
		if err := s.value(); err != nil {
			return err
		}
		if err := f(text[start:s.pos]); err != nil {
			return err
		}
	}
}
