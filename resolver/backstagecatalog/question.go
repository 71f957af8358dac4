package backstagecatalog

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"example.com/stagedoor/authprovider"
)

const (
	// maxIndexed is how many characters of a path and of a value Backstage indexes. A longer value is in no answer, whoever has it.
	maxIndexed = 200
	// maxRefs is how many references one request asks for.
	maxRefs = 100
)

// question is a query as the API understands it: references, or kinds and conditions.
type question struct {
	refs       []string
	kinds      []string
	conditions map[string]string // values by their path
	exact      bool              // they are annotations, which are compared exactly afterwards
}

// newQuestion returns nil if nobody can match.
func newQuestion(q authprovider.UserQuery) (*question, error) {
	set := 0
	asked := &question{conditions: make(map[string]string)}
	if q.Ref != "" {
		set++
		ref, err := authprovider.ParseEntityRef(q.Ref)
		if err != nil {
			return nil, fmt.Errorf("backstagecatalog: %w", err)
		}
		if q.AllowsKind(ref.Kind) {
			asked.refs = []string{ref.String()}
		}
	}
	if q.Email != "" {
		set++
		asked.conditions["spec.profile.email"] = q.Email
	}
	if len(q.Annotations) > 0 {
		set++
		asked.exact = true
		for name, value := range q.Annotations {
			if name == "" {
				return nil, fmt.Errorf("backstagecatalog: an annotation without a name: %w", authprovider.ErrInput)
			}
			asked.conditions["metadata.annotations."+name] = value
		}
	}
	if len(q.Filter) > 0 {
		set++
		maps.Copy(asked.conditions, q.Filter)
	}
	switch {
	case set > 1:
		return nil, fmt.Errorf("backstagecatalog: a query has one of Ref, Email, Annotations and Filter: %w", authprovider.ErrInput)
	case asked.refs != nil:
		return asked, nil
	case len(asked.conditions) == 0:
		return nil, nil // nothing is asked for, or a kind that is not allowed
	}
	for path, value := range asked.conditions {
		switch {
		case path == "" || value == "":
			return nil, fmt.Errorf("backstagecatalog: a condition without a path or a value: %w", authprovider.ErrInput)
		case !isText(path) || !isText(value):
			return nil, nil // no entity has it
		case utf16Length(path) > maxIndexed || utf16Length(value) > maxIndexed:
			return nil, fmt.Errorf("backstagecatalog: Backstage finds nobody by a value or a path of more than %d characters: %w",
				maxIndexed, authprovider.ErrInput)
		}
	}
	if asked.kinds = kinds(q); len(asked.kinds) == 0 {
		return nil, nil
	}
	return asked, nil
}

// kinds returns those that an entity can have: others would be parts of the filter.
func kinds(q authprovider.UserQuery) []string {
	if len(q.Kinds) == 0 {
		return []string{"user"}
	}
	var names []string
	for _, kind := range q.Kinds {
		if ref, err := authprovider.ParseEntityRef(kind + ":default/x"); err == nil && isExpressible("kind", ref.Kind) {
			names = append(names, strings.ToLower(kind))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// isText reports whether s can stand in JSON and in a database.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func utf16Length(s string) int { return len(utf16.Encode([]rune(strings.ToLower(s)))) }

// key tells questions apart.
func (a *question) key() string {
	text, err := json.Marshal([]any{a.refs, a.kinds, a.exact, a.conditions}) // maps are sorted
	if err != nil {
		panic(err) // texts only
	}
	return string(text)
}

// filters writes the question as parameters of GET /entities/by-query: each is one alternative, with conditions between commas. It
// returns nil if that cannot be written.
func (a *question) filters() []string {
	all := ""
	for _, path := range slices.Sorted(maps.Keys(a.conditions)) {
		value := a.conditions[path]
		if !isExpressible(path, value) {
			return nil
		}
		all += "," + path + "=" + value
	}
	filters := make([]string, 0, len(a.kinds))
	for _, kind := range a.kinds {
		filters = append(filters, "kind="+kind+all)
	}
	return filters
}

// isExpressible reports whether Backstage reads back what stands in a filter: it splits at commas and at the first equals sign, and cuts
// white space off.
func isExpressible(path, value string) bool {
	return !strings.ContainsAny(path, ",=") && !strings.Contains(value, ",") && trimmed(path) == path && trimmed(value) == value
}

// trimmed cuts off what JavaScript does.
func trimmed(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' })
}

// predicate writes the question as the query of POST /entities/by-query.
func (a *question) predicate() (map[string]any, error) {
	anyOf := make([]any, 0, len(a.kinds))
	for _, kind := range a.kinds {
		anyOf = append(anyOf, map[string]any{"kind": kind})
	}
	all := []any{map[string]any{"$any": anyOf}}
	for _, path := range slices.Sorted(maps.Keys(a.conditions)) {
		if strings.HasPrefix(path, "$") { // an operator
			return nil, fmt.Errorf("the path %.100q begins with a dollar sign: %w", path, authprovider.ErrInput)
		}
		all = append(all, map[string]any{path: a.conditions[path]})
	}
	return map[string]any{"$all": all}, nil
}

// parameters are those of a page of GET /entities/by-query.
func parameters(filters []string, cursor string) url.Values {
	values := url.Values{"fields": {strings.Join(wantedFields(), ",")}, "limit": {fmt.Sprint(pageSize)}}
	if cursor != "" {
		values.Set("cursor", cursor)
	} else {
		values["filter"] = filters
	}
	return values
}

// wantedFields leaves out the status, which can be long.
func wantedFields() []string { return []string{"kind", "metadata", "spec", "relations"} }
