package oauthadapter

import (
	"errors"
	"slices"
	"strings"
)

const maxScopeLength = 4096

var errScope = errors.New("oauthadapter: scope holds characters that RFC 6749 section 3.3 does not allow, or is too long")

// parseScope reads the scope parameter. Backstage's frontend separates by spaces, commas or bars.
func parseScope(scope string) ([]string, error) {
	if len(scope) > maxScopeLength {
		return nil, errScope
	}
	for i := 0; i < len(scope); i++ {
		c := scope[i]
		// scope-token = 1*( %x21 / %x23-5B / %x5D-7E ); anything else could end a parameter or a header of the provider's.
		if c != ' ' && (c < 0x21 || c > 0x7e || c == '"' || c == '\\') {
			return nil, errScope
		}
	}
	return unique(splitScope(scope)), nil
}

// splitScope splits a provider's answer, or a checked request.
func splitScope(scope string) []string {
	return strings.FieldsFunc(scope, func(c rune) bool {
		return c == ' ' || c == ',' || c == '|' || c == '\t' || c == '\n' || c == '\r'
	})
}

// unique joins scopes, keeping the order of first appearance.
func unique(lists ...[]string) []string {
	most := 0
	for _, list := range lists {
		most += len(list)
	}
	if most == 0 {
		return nil
	}
	out := make([]string, 0, most)
	for _, list := range lists {
		for _, s := range list {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// covers reports whether all wanted scopes are among those granted.
func covers(granted, wanted []string) bool {
	for _, s := range wanted {
		if !slices.Contains(granted, s) {
			return false
		}
	}
	return true
}
