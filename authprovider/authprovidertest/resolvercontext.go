package authprovidertest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"example.com/stagedoor/authprovider"
)

// ResolverContext returns a resolver context over these users, for the unit test of a sign-in resolver. The ownership rule is the default
// one. A user whose Ref is malformed fails the test.
func ResolverContext(t testing.TB, people ...authprovider.User) *authprovider.ResolverContext {
	t.Helper()
	return authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: Users(t, people...)})
}

// Users returns a catalog of these users, for [authprovider.Config.Users]. A user whose Ref is malformed fails the test.
func Users(t testing.TB, people ...authprovider.User) authprovider.UserCatalog {
	t.Helper()
	for _, u := range people {
		if _, err := authprovider.ParseEntityRef(u.Ref); err != nil {
			t.Fatalf("authprovidertest: user: %v", err)
		}
	}
	return users(slices.Clone(people))
}

type users []authprovider.User

var _ authprovider.UserCatalog = users(nil)

// FindUsers implements [authprovider.UserCatalog].
func (all users) FindUsers(_ context.Context, q authprovider.UserQuery) ([]authprovider.User, error) {
	var found []authprovider.User
	for _, u := range all {
		if matches(u, q) {
			found = append(found, u)
		}
	}
	return found, nil
}

func matches(u authprovider.User, q authprovider.UserQuery) bool {
	switch {
	case q.Ref != "":
		return canonical(u.Ref) == canonical(q.Ref)
	case q.Email != "":
		return asciiLower(u.Email) == asciiLower(q.Email)
	case len(q.Annotations) > 0:
		own := maps.Clone(u.Annotations)
		maps.DeleteFunc(own, func(name, value string) bool {
			wanted, asked := q.Annotations[name]
			return !asked || wanted != value
		})
		return len(own) == len(q.Annotations)
	}
	return false
}

// canonical writes a reference with its default namespace, in lower case.
func canonical(ref string) string {
	parsed, err := authprovider.ParseEntityRef(ref)
	if err != nil {
		return ref
	}
	return parsed.String()
}

// asciiLower leaves other alphabets alone: the Kelvin sign is no k, or two people would share an address.
func asciiLower(s string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'A' && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}, s)
}
