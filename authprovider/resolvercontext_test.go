package authprovider_test

import (
	"context"
	"errors"
	"testing"

	"example.com/stagedoor/authprovider"
	"github.com/stretchr/testify/require"
)

var byEmail = authprovider.UserQuery{Email: "jane@acme.example"}

func found(refs ...string) catalogFunc {
	return func(authprovider.UserQuery) ([]authprovider.User, error) {
		var users []authprovider.User
		for _, ref := range refs {
			users = append(users, authprovider.User{Ref: ref, Email: byEmail.Email})
		}
		return users, nil
	}
}

func TestFindUser(t *testing.T) {
	tests := []struct {
		name    string
		users   catalogFunc
		want    string
		wantErr error
	}{
		{"one", found("user:default/jane"), "user:default/jane", nil},
		{"kind in another case", found("User:default/jane"), "User:default/jane", nil},
		{"none", found(), "", authprovider.ErrUserNotFound},
		{"two", found("user:default/jane", "user:other/jane"), "", authprovider.ErrAmbiguousUser},
		{"the same one twice", found("user:default/jane", "user:default/jane"), "", authprovider.ErrAmbiguousUser},
		{"a group", found("group:default/jane"), "", authprovider.ErrUserNotFound},
		{"a kind that begins with user", found("users:default/jane"), "", authprovider.ErrUserNotFound},
		{"a user and a group", found("group:default/jane", "user:default/jane"), "user:default/jane", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, err := contextOf(tt.users).FindUser(t.Context(), byEmail)
			require.ErrorIs(t, err, tt.wantErr)
			require.Equal(t, tt.want, u.Ref)
		})
	}
}

func TestLookupErrorClasses(t *testing.T) {
	require.ErrorIs(t, authprovider.ErrUserNotFound, authprovider.ErrNoMatch, "the next resolver may try")
	require.NotErrorIs(t, authprovider.ErrAmbiguousUser, authprovider.ErrNoMatch)
	require.ErrorIs(t, authprovider.ErrAmbiguousUser, authprovider.ErrConflict)
}

func TestContextWithoutCatalog(t *testing.T) {
	contexts := map[string]*authprovider.ResolverContext{
		"nil":    nil,
		"zero":   {},
		"config": authprovider.NewResolverContext(authprovider.ResolverContextConfig{}),
	}
	for name, rc := range contexts {
		t.Run(name, func(t *testing.T) {
			_, err := rc.FindUser(t.Context(), byEmail)
			require.ErrorIs(t, err, authprovider.ErrUserNotFound)
			id, err := rc.SignInWithUser(t.Context(), byEmail)
			require.ErrorIs(t, err, authprovider.ErrUserNotFound)
			require.Nil(t, id)
			_, err = rc.FindUser(t.Context(), authprovider.UserQuery{})
			require.ErrorIs(t, err, authprovider.ErrInput)
			refs, err := rc.ResolveOwnership(t.Context(), authprovider.User{Ref: "user:default/jane"})
			require.NoError(t, err)
			require.Equal(t, []string{"user:default/jane"}, refs)
		})
	}
}

func TestSignInWithUser(t *testing.T) {
	jane := func(authprovider.UserQuery) ([]authprovider.User, error) {
		return []authprovider.User{{Ref: "User:Jane", Email: "JANE@acme.example", MemberOf: []string{"group:default/dev"}}}, nil
	}
	id, err := contextOf(catalogFunc(jane)).SignInWithUser(t.Context(), byEmail)
	require.NoError(t, err)
	require.Equal(t, &authprovider.Identity{UserRef: "user:default/jane", OwnershipRefs: []string{"user:default/jane", "group:default/dev"}}, id)
}

func TestResolveOwnership(t *testing.T) {
	tests := []struct {
		name     string
		memberOf []string
		want     []string
	}{
		{"nothing", nil, []string{"user:default/jane"}},
		{"groups in order", []string{"group:default/b", "group:default/a"}, []string{"user:default/jane", "group:default/b", "group:default/a"}},
		{"each once", []string{"group:default/a", "Group:A", "group:default/A"}, []string{"user:default/jane", "group:default/a"}},
		{"groups alone", []string{"user:default/root", "component:default/x", "group:default/a"}, []string{"user:default/jane", "group:default/a"}},
		{"no references", []string{"a", "", "group:", "group:default/a/b"}, []string{"user:default/jane"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var rc *authprovider.ResolverContext
			refs, err := rc.ResolveOwnership(t.Context(), authprovider.User{Ref: "user:default/Jane", MemberOf: tt.memberOf})
			require.NoError(t, err)
			require.Equal(t, tt.want, refs)
		})
	}
	t.Run("a rule of the host", func(t *testing.T) {
		rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{
			Users: found("user:default/jane"),
			Ownership: func(_ context.Context, u authprovider.User) ([]string, error) {
				return []string{u.Ref, "group:default/everybody"}, nil
			},
		})
		id, err := rc.SignInWithUser(t.Context(), byEmail)
		require.NoError(t, err)
		require.Equal(t, []string{"user:default/jane", "group:default/everybody"}, id.OwnershipRefs)
	})
	t.Run("a user without a reference", func(t *testing.T) {
		var rc *authprovider.ResolverContext
		_, err := rc.ResolveOwnership(t.Context(), authprovider.User{})
		require.ErrorIs(t, err, authprovider.ErrInput)
	})
}

// An outage is never "not me, try the next", whatever the catalog or the ownership rule wraps.
func TestOutageIsNoMiss(t *testing.T) {
	outage := errors.New("connection refused")
	for name, err := range map[string]error{
		"plain":         outage,
		"no match":      authprovider.ErrNoMatch,
		"not found":     authprovider.ErrUserNotFound,
		"both together": errors.Join(outage, authprovider.ErrUserNotFound),
	} {
		failing := map[string]authprovider.ResolverContextConfig{
			"catalog": {Users: catalogFunc(func(authprovider.UserQuery) ([]authprovider.User, error) { return nil, err })},
			"ownership": {Users: found("user:default/jane"),
				Ownership: func(context.Context, authprovider.User) ([]string, error) { return nil, err }},
		}
		for where, config := range failing {
			t.Run(where+"/"+name, func(t *testing.T) {
				id, got := authprovider.NewResolverContext(config).SignInWithUser(t.Context(), byEmail)
				require.Nil(t, id)
				require.ErrorContains(t, got, err.Error())
				require.NotErrorIs(t, got, authprovider.ErrNoMatch)
			})
		}
	}
	unavailable := contextOf(catalogFunc(func(authprovider.UserQuery) ([]authprovider.User, error) { return nil, authprovider.ErrUnavailable }))
	_, err := unavailable.FindUser(t.Context(), byEmail)
	require.ErrorIs(t, err, authprovider.ErrUnavailable, "a class that asks the person to come back is kept")
}

func TestIdentityOf(t *testing.T) {
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{})
	id, err := rc.IdentityOf(t.Context(), authprovider.User{Ref: "User:Default/Jane", MemberOf: []string{"group:default/ops"}})
	require.NoError(t, err)
	require.Equal(t, &authprovider.Identity{UserRef: "user:default/jane", OwnershipRefs: []string{"user:default/jane", "group:default/ops"}}, id)

	id, err = rc.IdentityOf(t.Context(), authprovider.User{Ref: "jane"})
	require.ErrorIs(t, err, authprovider.ErrInput)
	require.Nil(t, id)
}
