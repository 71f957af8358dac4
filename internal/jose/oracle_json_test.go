package jose_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// oracleObject reads a strict JSON object: what encoding/json takes, less what it is
// known to forgive.
func oracleObject(text string) (map[string]any, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("not UTF-8")
	}
	if !json.Valid([]byte(text)) {
		return nil, errors.New("not JSON")
	}
	if err := pairedSurrogates(text); err != nil {
		return nil, err
	}
	if err := uniqueNames(text); err != nil {
		return nil, err
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil {
		return nil, err
	}
	if object == nil {
		return nil, errors.New("null")
	}
	return object, nil
}

var escape = regexp.MustCompile(`(?s)\\(u[0-9A-Fa-f]{4}|.)`)

// pairedSurrogates refuses escapes of half a character. Outside of strings valid JSON
// has no backslash, so that all of them are escapes.
func pairedSurrogates(text string) error {
	high := -1 // where the second half must begin
	for _, at := range escape.FindAllStringIndex(text, -1) {
		unit := uint64(0)
		if at[1]-at[0] == 6 {
			unit, _ = strconv.ParseUint(text[at[0]+2:at[1]], 16, 16)
		}
		low := 0xDC00 <= unit && unit <= 0xDFFF
		if high >= 0 && (at[0] != high || !low) || high < 0 && low {
			return errors.New("half a surrogate pair")
		}
		if high = -1; 0xD800 <= unit && unit <= 0xDBFF {
			high = at[1]
		}
	}
	if high >= 0 {
		return errors.New("half a surrogate pair")
	}
	return nil
}

// uniqueNames streams the tokens of valid JSON and refuses names that are equal but
// for case within one object, and more than 32 levels.
func uniqueNames(text string) error {
	type level struct {
		object bool
		name   bool // a name comes next
		names  []string
	}
	var levels []level
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var top *level
		if len(levels) > 0 {
			top = &levels[len(levels)-1]
		}
		if top != nil && top.object && top.name {
			if name, ok := token.(string); ok {
				for _, seen := range top.names {
					if strings.EqualFold(seen, name) {
						return fmt.Errorf("%q and %q in one object", seen, name)
					}
				}
				top.names, top.name = append(top.names, name), false
				continue
			}
		}
		if top != nil && token != json.Delim('}') && token != json.Delim(']') {
			top.name = true
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			if len(levels) == 32 {
				return errors.New("too deep")
			}
			levels = append(levels, level{object: token == json.Delim('{'), name: true})
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:len(levels)-1]
		}
	}
}
