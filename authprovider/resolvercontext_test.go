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

// A catalog that looks less closely than it was asked to signs nobody in as somebody else, and its mistake is no "not found" either: on
// that, laxer resolvers try and fall-backs make users up.
func TestCatalogIsLookedAtAgain(t *testing.T) {
	user := func(ref, email, id string) authprovider.User {
		return authprovider.User{Ref: ref, Email: email, Annotations: map[string]string{"x/id": id}, Fields: map[string][]string{"spec.employeeId": {id}}}
	}
	byRef := authprovider.UserQuery{Ref: "user:default/kim"}
	byEmail := authprovider.UserQuery{Email: "kim@acme.example"}
	byID := authprovider.UserQuery{Annotations: map[string]string{"x/id": "aK_1"}}
	byFilter := authprovider.UserQuery{Filter: map[string]string{"spec.employeeId": "aK_1"}}
	kim := user("user:default/kim", "kim@acme.example", "aK_1")
	mistake := errors.New("a failure of no class")
	tests := []struct {
		name    string
		q       authprovider.UserQuery
		hits    []authprovider.User
		want    string
		wantErr error
	}{
		{"ref", byRef, []authprovider.User{kim}, "user:default/kim", nil},
		{"ref in another case", byRef, []authprovider.User{user("User:DEFAULT/Kim", "", "")}, "User:DEFAULT/Kim", nil},
		{"ref without namespace", byRef, []authprovider.User{user("user:kim", "", "")}, "user:kim", nil},
		{"ref in two cases", byRef, []authprovider.User{kim, user("user:default/KIM", "", "")}, "", authprovider.ErrAmbiguousUser},
		{"another name", byRef, []authprovider.User{user("user:default/kim2", "", "")}, "", mistake},
		{"another namespace", byRef, []authprovider.User{user("user:other/kim", "", "")}, "", mistake},
		{"another kind", byRef, []authprovider.User{user("group:default/kim", "", "")}, "", authprovider.ErrUserNotFound},

		{"email", byEmail, []authprovider.User{kim}, "user:default/kim", nil},
		{"email in another case", byEmail, []authprovider.User{user("user:default/kim", "KIM@acme.example", "")}, "user:default/kim", nil},
		{"email in two cases, one exact", byEmail, []authprovider.User{kim, user("user:default/kim2", "KIM@acme.example", "")}, "", authprovider.ErrAmbiguousUser},
		{"Kelvin sign", byEmail, []authprovider.User{user("user:default/kim", "\u212aim@acme.example", "")}, "", mistake},
		{"Kelvin sign beside the right one", byEmail, []authprovider.User{user("user:default/kim2", "\u212aim@acme.example", ""), kim}, "user:default/kim", nil},
		{"dotless i", byEmail, []authprovider.User{user("user:default/kim", "k\u0131m@acme.example", "")}, "", mistake},
		{"accent", byEmail, []authprovider.User{user("user:default/kim", "k\u00edm@acme.example", "")}, "", mistake},
		{"space at the end", byEmail, []authprovider.User{user("user:default/kim", "kim@acme.example ", "")}, "", mistake},
		{"no email", byEmail, []authprovider.User{user("user:default/kim", "", "")}, "", mistake},
		{"somebody else", byEmail, []authprovider.User{user("user:default/joe", "joe@acme.example", "")}, "", mistake},
		{"a group with another email", byEmail, []authprovider.User{user("group:default/kim", "joe@acme.example", "")}, "", authprovider.ErrUserNotFound},

		{"annotation", byID, []authprovider.User{kim}, "user:default/kim", nil},
		{"annotation in another case", byID, []authprovider.User{user("user:default/joe", "", "Ak_1")}, "", authprovider.ErrUserNotFound},
		{"annotation of a name in another case", byID, []authprovider.User{{Ref: "user:default/joe", Annotations: map[string]string{"X/ID": "aK_1"}}}, "", authprovider.ErrUserNotFound},
		{"annotation in two cases, one exact", byID, []authprovider.User{user("user:default/joe", "", "Ak_1"), kim}, "user:default/kim", nil},
		{"two exact annotations", byID, []authprovider.User{user("user:default/joe", "", "aK_1"), kim}, "", authprovider.ErrAmbiguousUser},
		{"a wildcard", byID, []authprovider.User{user("user:default/joe", "", "aKx1")}, "", mistake},
		{"Kelvin sign in an annotation", byID, []authprovider.User{user("user:default/joe", "", "a\u212a_1")}, "", mistake},
		{"no annotations", byID, []authprovider.User{{Ref: "user:default/kim"}}, "", mistake},
		{"another case and somebody else", byID, []authprovider.User{user("user:default/joe", "", "Ak_1"), user("user:default/ann", "", "2")}, "", mistake},

		{"filter", byFilter, []authprovider.User{kim}, "user:default/kim", nil},
		{"filter in another case", byFilter, []authprovider.User{user("user:default/kim", "", "AK_1")}, "user:default/kim", nil},
		{"filter in two cases", byFilter, []authprovider.User{kim, user("user:default/joe", "", "AK_1")}, "", authprovider.ErrAmbiguousUser},
		{"a wildcard in a filter", byFilter, []authprovider.User{user("user:default/kim", "", "aKx1")}, "", mistake},
		{"a field that does not come back", byFilter, []authprovider.User{{Ref: "user:default/kim"}}, "", mistake},

		{"no reference", byEmail, []authprovider.User{user("kim", "kim@acme.example", "")}, "", mistake},
		{"empty reference", byEmail, []authprovider.User{user("", "kim@acme.example", "")}, "", mistake},
		{"everybody", byEmail, []authprovider.User{user("user:default/joe", "joe@acme.example", ""), kim}, "user:default/kim", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, err := contextOf(catalogFunc(func(authprovider.UserQuery) ([]authprovider.User, error) { return tt.hits, nil })).FindUser(t.Context(), tt.q)
			require.Equal(t, tt.want, u.Ref)
			if tt.wantErr != mistake {
				require.ErrorIs(t, err, tt.wantErr)
				return
			}
			require.ErrorContains(t, err, "not what was asked for")
			for _, class := range []error{authprovider.ErrNoMatch, authprovider.ErrNotAllowed, authprovider.ErrConflict, authprovider.ErrInput} {
				require.NotErrorIs(t, err, class)
			}
		})
	}
}

func TestKinds(t *testing.T) {
	asked := false
	rc := contextOf(catalogFunc(func(q authprovider.UserQuery) ([]authprovider.User, error) {
		asked = true
		return []authprovider.User{{Ref: "Component:default/ci", Email: "ci@acme.example"}, {Ref: "user:default/ci", Email: "ci@acme.example"}}, nil
	}))
	byEmail := authprovider.UserQuery{Email: "ci@acme.example"}
	for _, tt := range []struct {
		name    string
		q       authprovider.UserQuery
		kinds   []string
		want    string
		wantErr error
		asked   bool
	}{
		{"user unless asked", byEmail, nil, "user:default/ci", nil, true},
		{"no kind is no kind", byEmail, []string{}, "user:default/ci", nil, true},
		{"another", byEmail, []string{"component"}, "component:default/ci", nil, true},
		{"in another case", byEmail, []string{"COMPONENT"}, "component:default/ci", nil, true},
		{"both", byEmail, []string{"component", "user"}, "", authprovider.ErrAmbiguousUser, true},
		{"none of them", byEmail, []string{"group"}, "", authprovider.ErrUserNotFound, true},
		{"a reference of another kind", authprovider.UserQuery{Ref: "component:default/ci"}, nil, "", authprovider.ErrUserNotFound, false},
		{"a reference of a kind asked for", authprovider.UserQuery{Ref: "component:default/ci"}, []string{"user", "component"}, "component:default/ci", nil, true},
		{"a reference of a kind not asked for", authprovider.UserQuery{Ref: "user:default/ci"}, []string{"component"}, "", authprovider.ErrUserNotFound, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked = false
			tt.q.Kinds = tt.kinds
			id, err := rc.SignInWithUser(t.Context(), tt.q)
			require.ErrorIs(t, err, tt.wantErr)
			require.Equal(t, tt.asked, asked)
			if tt.wantErr == nil {
				require.Equal(t, tt.want, id.UserRef)
			}
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
