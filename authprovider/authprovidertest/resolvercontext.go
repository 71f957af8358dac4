package authprovidertest

import (
	"context"
	"slices"
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
		if q.Matches(u) {
			found = append(found, u.Clone())
		}
	}
	return found, nil
}
