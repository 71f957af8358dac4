package catalogtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver/memcatalog"
)

// list is a catalog that does all that the contract wants, but for what is broken about it.
type list struct {
	broken string
	users  []user
	last   atomic.Pointer[query]
	failed atomic.Bool
}

func newList(broken string, users []user) *list {
	l := &list{broken: broken}
	for _, u := range users {
		if broken == "only users" && kindOf(u.Ref) != "user" {
			continue
		}
		if broken == "unique e-mail" && u.Email != "" && slices.ContainsFunc(l.users, func(o user) bool { return lower(o.Email) == lower(u.Email) }) {
			continue
		}
		l.users = append(l.users, u.Clone())
	}
	return l
}

var errList = errors.New("catalog: cannot")

func (l *list) FindUsers(ctx context.Context, q query) ([]user, error) {
	if err := ctx.Err(); err != nil {
		switch l.broken {
		case "nobody when cancelled":
			return nil, nil
		case "cancelled for ever":
			l.failed.Store(true)
		}
		return nil, err
	}
	if l.failed.Load() {
		return nil, errList
	}
	switch l.broken {
	case "one question at a time":
		own := q
		l.last.Store(&own)
		for range 100 { // until others have asked
			runtime.Gosched()
		}
		q = *l.last.Load()
	case "lowers the query":
		for i, kind := range q.Kinds {
			q.Kinds[i] = strings.ToLower(kind)
		}
	case "injected":
		if strings.Contains(q.Email, "DROP TABLE") {
			l.failed.Store(true)
		}
	case "no e-mail: nobody":
		if q.Email != "" {
			return nil, nil
		}
	case "refuses e-mail":
		if q.Email != "" {
			return nil, errList
		}
	}
	conditions := 0
	for _, set := range []bool{q.Ref != "", q.Email != "", len(q.Annotations) > 0, len(q.Filter) > 0} {
		if set {
			conditions++
		}
	}
	switch {
	case conditions > 1 && l.broken != "the first condition":
		return nil, authprovider.ErrInput
	case conditions == 0 && l.broken == "nothing means everybody":
		return l.users, nil
	case conditions == 0:
		return nil, nil
	}
	var found []user
	for _, u := range l.users {
		if !l.matches(u, q) {
			continue
		}
		if l.broken != "hands out its own" {
			u = u.Clone()
		}
		if l.broken == "forgets groups" {
			u.MemberOf = nil
		}
		found = append(found, u)
	}
	switch {
	case l.broken == "the first of several" && len(found) > 1:
		found = found[:1]
	case l.broken == "none is an error" && len(found) == 0:
		return nil, errList
	case l.broken == "empty is an error" && len(l.users) == 0:
		return nil, errList
	}
	return found, nil
}

func (l *list) ParentGroups(_ context.Context, groups []string) ([]string, error) {
	var parents []string
	for _, group := range groups {
		if _, err := authprovider.ParseEntityRef(group); err != nil {
			return nil, err
		}
		for _, u := range l.users {
			if l.broken == "parents as they are" && u.Ref == group || l.broken != "parents as they are" && strings.EqualFold(u.Ref, group) {
				parents = append(parents, u.MemberOf...)
			}
		}
		if l.broken == "one group" {
			break
		}
	}
	switch l.broken {
	case "grandparents":
		for _, p := range parents {
			more, _ := newList("", l.users).ParentGroups(context.Background(), []string{p})
			parents = append(parents, more...)
		}
	case "no group is an error":
		if len(parents) == 0 {
			return nil, errList
		}
	}
	return parents, nil
}

func (l *list) matches(u user, q query) bool {
	kinds := q.Kinds
	if len(kinds) == 0 {
		kinds = []string{"user"}
	}
	if l.broken != "any kind" && !slices.ContainsFunc(kinds, func(k string) bool { return l.same(k, kindOf(u.Ref)) }) {
		return false
	}
	switch {
	case q.Ref != "":
		return l.sameRef(u.Ref, q.Ref)
	case q.Email != "":
		return u.Email != "" && l.sameEmail(u.Email, q.Email)
	case len(q.Annotations) > 0:
		hits := 0
		for name, value := range q.Annotations {
			if l.hasAnnotation(u, name, value) {
				hits++
			}
		}
		return hits == len(q.Annotations) || l.broken == "any annotation" && hits > 0
	}
	hits := 0
	for path, value := range q.Filter {
		if slices.ContainsFunc(l.values(u, path), func(v string) bool { return v != "" && l.sameValue(v, value) }) {
			hits++
		}
	}
	return hits == len(q.Filter) || l.broken == "any condition" && hits > 0
}

func (l *list) sameRef(have, want string) bool {
	switch l.broken {
	case "references as they are":
		return have == want
	case "references by prefix":
		return strings.HasPrefix(strings.ToLower(have), strings.ToLower(want))
	case "references by pattern":
		return like(want, have)
	case "references by name":
		return strings.EqualFold(have[strings.LastIndexByte(have, '/')+1:], want[strings.LastIndexByte(want, '/')+1:])
	case "references are trimmed":
		want = strings.TrimSpace(want)
	case "references of two slashes":
		want = strings.TrimSuffix(want, "/x")
	}
	a, err := authprovider.ParseEntityRef(have)
	if err != nil {
		return false
	}
	b, err := authprovider.ParseEntityRef(want)
	return err == nil && a.String() == b.String()
}

// like is SQL's LIKE.
func like(pattern, text string) bool {
	pattern = strings.NewReplacer("%", ".*", "_", ".").Replace(regexp.QuoteMeta(strings.ToValidUTF8(pattern, "")))
	return regexp.MustCompile("(?is)^" + pattern + "$").MatchString(text)
}

var accents = strings.NewReplacer("\u00e9", "e", "\u00c9", "e", "\u0301", "", "\u00df", "ss", "\u00ed", "i", "\u00e8", "e")

func (l *list) sameEmail(have, want string) bool {
	switch l.broken {
	case "addresses as they are":
		return have == want
	case "addresses by pattern":
		return like(want, have)
	case "addresses by prefix":
		return strings.HasPrefix(strings.ToLower(have), strings.ToLower(want))
	case "addresses without tag":
		local, domain, _ := strings.Cut(want, "@")
		local, _, _ = strings.Cut(local, "+")
		want = local + "@" + domain
	case "unicode case":
		return strings.EqualFold(have, want)
	case "accents":
		return l.same(accents.Replace(have), accents.Replace(want))
	case "trailing spaces":
		return l.same(have, strings.TrimRight(want, " "))
	}
	return l.same(have, want)
}

func (l *list) hasAnnotation(u user, name, value string) bool {
	if l.broken == "annotations in any case" || l.broken == "annotation names in any case" {
		for k, v := range u.Annotations {
			if strings.EqualFold(k, name) && (v == value || l.broken == "annotations in any case" && strings.EqualFold(v, value)) {
				return true
			}
		}
		return false
	}
	if l.broken == "names are paths" {
		name = strings.ReplaceAll(name, "/", ".")
		for k, v := range u.Annotations {
			if strings.ReplaceAll(k, "/", ".") == name && v == value {
				return true
			}
		}
		return false
	}
	have, ok := u.Annotations[name]
	switch l.broken {
	case "absent is empty":
		return have == value
	case "empty is a value":
		return ok && have == value
	case "numbers":
		return ok && strings.TrimLeft(have, "0+") == strings.TrimSuffix(strings.TrimLeft(value, "0+"), ".0")
	case "annotations by pattern":
		return ok && value != "" && like(value, have)
	case "annotations in accents":
		return ok && value != "" && accents.Replace(have) == accents.Replace(value)
	case "cut at a comma":
		value, _, _ = strings.Cut(value, ",")
	case "no comma":
		if strings.Contains(value, ",") {
			return false
		}
	}
	return ok && value != "" && have == value
}

func (l *list) values(u user, path string) []string {
	ref, err := authprovider.ParseEntityRef(u.Ref)
	if err != nil {
		return nil
	}
	all := fields{"kind": {ref.Kind}, "metadata.name": {ref.Name}, "metadata.namespace": {ref.Namespace}, "spec.profile.email": {u.Email},
		"spec.profile.displayName": {u.DisplayName}, "spec.profile.picture": {u.Picture}, "relations.memberOf": u.MemberOf}
	for name, value := range u.Annotations {
		all["metadata.annotations."+name] = []string{value}
	}
	maps.Copy(all, u.Fields)
	var values []string
	for name, v := range all {
		if l.broken == "paths as they are" && name == path || l.broken != "paths as they are" && l.same(name, path) ||
			l.broken == "paths by prefix" && strings.HasPrefix(name, path) {
			values = append(values, v...)
		}
	}
	if l.broken == "the first value" {
		values = values[:min(1, len(values))]
	}
	return values
}

func (l *list) sameValue(have, want string) bool {
	switch l.broken {
	case "values as they are":
		return have == want
	case "values by prefix":
		return strings.HasPrefix(strings.ToLower(have), strings.ToLower(want))
	case "one of the values":
		return slices.ContainsFunc(strings.Split(want, ","), func(v string) bool { return l.same(have, v) })
	case "values by pattern":
		return like(want, have)
	case "values in unicode":
		return strings.EqualFold(have, want)
	}
	return l.same(have, want)
}

// same compares without regard to ASCII case.
func (l *list) same(a, b string) bool { return lower(a) == lower(b) }

func lower(s string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}, strings.ToValidUTF8(s, "\uffff"))
}

func rules() []rule { return slices.Concat(selection, behaviour) }

// brokenRules returns the rules that a catalog breaks.
func brokenRules(t *testing.T, broken string, rig Rig) (names []string) {
	rig.New = func(_ testing.TB, users []user) authprovider.UserCatalog { return newList(broken, users) }
	for _, r := range rules() {
		if r.missing(rig) != "" {
			continue
		}
		if err := r.run(t.Context(), t, rig); err != nil {
			t.Logf("%s: %s: %v", broken, r.name, err)
			names = append(names, r.name)
		}
	}
	return names
}

// TestRules proves that each rule is worth something: a catalog that breaks it does not pass.
func TestRules(t *testing.T) {
	require.Empty(t, brokenRules(t, "", Rig{}))
	caught := make(map[string]bool)
	for broken, rule := range map[string]string{
		"references as they are":       "reference",
		"references by prefix":         "other references",
		"references by pattern":        "other references",
		"references by name":           "other references",
		"references are trimmed":       "malformed references",
		"references of two slashes":    "malformed references",
		"addresses as they are":        "e-mail",
		"addresses by pattern":         "other e-mail addresses",
		"addresses by prefix":          "other e-mail addresses",
		"addresses without tag":        "other e-mail addresses",
		"trailing spaces":              "other e-mail addresses",
		"unicode case":                 "letters",
		"accents":                      "letters",
		"any annotation":               "annotations",
		"annotations in any case":      "other annotations",
		"annotation names in any case": "other annotations",
		"annotations by pattern":       "other annotations",
		"annotations in accents":       "other annotations",
		"numbers":                      "other annotations",
		"cut at a comma":               "characters",
		"no comma":                     "characters",
		"names are paths":              "paths",
		"absent is empty":              "absent",
		"empty is a value":             "absent",
		"nothing means everybody":      "absent",
		"paths as they are":            "filter",
		"values as they are":           "filter",
		"the first value":              "filter",
		"any condition":                "other filters",
		"values by prefix":             "other filters",
		"values by pattern":            "other filters",
		"one of the values":            "other filters",
		"paths by prefix":              "other filters",
		"values in unicode":            "other filters",
		"any kind":                     "kinds",
		"the first of several":         "several",
		"none is an error":             "nobody",
		"empty is an error":            "empty",
		"the first condition":          "one condition",
		"forgets groups":               "whole",
		"hands out its own":            "copies",
		"lowers the query":             "copies",
		"injected":                     "hostile",
		"one question at a time":       "concurrent",
		"nobody when cancelled":        "context",
		"parents as they are":          "parent groups",
		"one group":                    "parent groups",
		"grandparents":                 "parent groups",
		"no group is an error":         "parent groups",
		"cancelled for ever":           "context",
	} {
		require.Contains(t, brokenRules(t, broken, Rig{}), rule, broken)
		caught[rule] = true
	}
	require.Contains(t, brokenRules(t, "no e-mail: nobody", Rig{WithoutEmail: true}), "refused")
	caught["refused"] = true
	for _, r := range rules() {
		require.True(t, caught[r.name], "no broken catalog shows that the rule %q is worth something", r.name)
	}
}

// TestLeftOut: a catalog passes that says what it cannot do, and the rules that are left out are those about that alone.
func TestLeftOut(t *testing.T) {
	require.Empty(t, brokenRules(t, "refuses e-mail", Rig{WithoutEmail: true}))
	require.NotEmpty(t, brokenRules(t, "refuses e-mail", Rig{}))
	require.Empty(t, brokenRules(t, "forgets groups", Rig{WithoutGroups: true}))
	require.Empty(t, brokenRules(t, "only users", Rig{OnlyUsers: true}))
	require.NotEmpty(t, brokenRules(t, "only users", Rig{}))
	require.Empty(t, brokenRules(t, "unique e-mail", Rig{UniqueEmail: true}))
	require.NotEmpty(t, brokenRules(t, "unique e-mail", Rig{}))
	left := 0
	for _, r := range rules() {
		if r.missing(Rig{WithoutEmail: true, WithoutAnnotations: true, WithoutFilter: true}) != "" {
			left++
		}
	}
	require.Less(t, left, len(rules())/2)
}

func TestSuiteOnAGoodCatalog(t *testing.T) {
	TestUserCatalog(t, Rig{New: func(_ testing.TB, users []user) authprovider.UserCatalog { return newList("", users) }})
}

func TestMemcatalog(t *testing.T) {
	TestUserCatalog(t, Rig{New: func(t testing.TB, users []user) authprovider.UserCatalog {
		c := &memcatalog.Catalog{}
		if err := c.Set(users...); err != nil {
			t.Fatal(err)
		}
		return c
	}})
}

// The messages name what was asked, and no more of it than fits a line.
func TestShown(t *testing.T) {
	require.Equal(t, `Ref: "user:default/jane", Kinds: ["group"]`, shown(query{Ref: jane, Kinds: []string{"group"}}))
	require.Equal(t, `Annotations: map["a":"b"]`, shown(query{Annotations: annotations{"a": "b"}}))
	require.Less(t, len(shown(query{Email: strings.Repeat("x", 10_000)})), 300)
	require.Empty(t, shown(query{}))
	require.ErrorContains(t, wantUsers(t.Context(), newList("", people()), query{Ref: jane}, bob), fmt.Sprintf("returned [%q], want [%q]", jane, bob))
}
