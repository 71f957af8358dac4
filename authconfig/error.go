package authconfig

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Error is one thing that is wrong with the configuration, and where.
type Error struct {
	// File is the name as it stands in [Source.Files]. It is empty if the fault is in no file.
	File string
	// Line and Column count from 1; they are 0 if the fault is in no line.
	Line, Column int
	// Key is the path of the key, such as "auth.providers.github.development.clientId". It is empty if a whole file is at fault.
	Key string
	// Message says what is wrong. It shows no value that came from the environment or another file, and no secret.
	Message string
	// Paste is the YAML that would mend it, or empty.
	Paste string

	order int // the place of File among Source.Files
}

// Error returns all of it: "app-config.yaml:12:9: auth.providers.github.development.clientID: unknown key, did you mean \"clientId\"?".
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
		}
		b.WriteString(": ")
	}
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(e.Message)
	if e.Paste != "" {
		b.WriteString("; add:")
		for line := range strings.Lines(e.Paste) {
			b.WriteString("\n\t" + strings.TrimRight(line, "\n"))
		}
	}
	return b.String()
}

// Errors is everything that is wrong with a configuration, by file, line and column.
type Errors []*Error

// Error returns one line for each, and what can be pasted below it.
func (e Errors) Error() string {
	texts := make([]string, len(e))
	for i, err := range e {
		texts[i] = "authconfig: " + err.Error()
	}
	return strings.Join(texts, "\n")
}

// Unwrap returns each as an error.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, err := range e {
		errs[i] = err
	}
	return errs
}

// sorted returns the errors in order, without those that say the same of one place.
func sorted(errs []*Error) Errors {
	slices.SortStableFunc(errs, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Key, b.Key))
	})
	return slices.CompactFunc(errs, func(a, b *Error) bool { return *a == *b })
}

// nearest returns the candidate that a name was probably meant to be, or nothing.
func nearest(name string, candidates []string) string {
	best, least := "", max(2, len(name)/3)+1
	for _, c := range candidates {
		if strings.EqualFold(c, name) {
			return c
		}
		if d := distance(name, c); d < least {
			best, least = c, d
		}
	}
	return best
}

// maxNamed bounds what distance is asked to compare: a key can be as long as a file.
const maxNamed = 64

// distance is the number of bytes to insert, delete or replace that make b of a.
func distance(a, b string) int {
	if len(a) > maxNamed || len(b) > maxNamed {
		return max(len(a), len(b))
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			next := diagonal
			if a[i] != b[j] {
				next = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}

// suggest is the end of a message about an unknown name.
func suggest(name string, candidates []string) string {
	if near := nearest(name, candidates); near != "" {
		return fmt.Sprintf(", did you mean %q?", near)
	}
	if len(candidates) == 0 {
		return ""
	}
	slices.Sort(candidates)
	const shown = 12
	if len(candidates) > shown {
		candidates = append(slices.Clone(candidates[:shown]), "...")
	}
	return "; there are " + strings.Join(candidates, ", ")
}

// quoted finds what package fmt wrote with %q.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// withoutSecrets takes out of another package's message what quotes one of the secrets, or a part of one. What still
// holds one then is not shown at all: a message is worth less than a secret.
func withoutSecrets(message string, secrets []string) string {
	const least = 4 // shorter ones are no secrets, and are part of any text
	message = quoted.ReplaceAllStringFunc(message, func(q string) string {
		text, err := strconv.Unquote(q)
		if err != nil {
			return `"..."`
		}
		text = strings.ToLower(text)
		for _, s := range secrets {
			s = strings.ToLower(s)
			if len(s) >= least && strings.Contains(text, s) || len(text) >= least && strings.Contains(s, text) {
				return `"..."`
			}
		}
		return q
	})
	for _, s := range secrets {
		if len(s) >= least && strings.Contains(strings.ToLower(message), strings.ToLower(s)) {
			return "is not valid"
		}
	}
	return message
}
