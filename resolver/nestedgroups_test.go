package resolver_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"github.com/stretchr/testify/require"
)

// parents knows the parents of groups, in whatever spelling.
type parents map[string][]string

func (p parents) ParentGroups(_ context.Context, groups []string) ([]string, error) {
	var all []string
	for _, g := range groups {
		all = append(all, p[g]...)
	}
	return all, nil
}

type failingParents struct{ err error }

func (p failingParents) ParentGroups(context.Context, []string) ([]string, error) { return nil, p.err }

// chain is a group in a group in a group, of so many.
func chain(groups int) parents {
	p := make(parents)
	for i := 1; i < groups; i++ {
		p[fmt.Sprintf("group:default/g%d", i)] = []string{fmt.Sprintf("group:default/g%d", i+1)}
	}
	return p
}

func TestNestedGroups(t *testing.T) {
	tests := []struct {
		name     string
		memberOf []string
		parents  parents
		want     []string
	}{
		{"no groups", nil, nil, []string{}},
		{"direct", []string{"group:default/b", "group:default/a"}, nil, []string{"b", "a"}},
		{"level by level", []string{"group:default/b", "group:default/a"},
			parents{"group:default/b": {"group:default/c"}, "group:default/a": {"group:default/d"}, "group:default/c": {"group:default/e"}},
			[]string{"b", "a", "c", "d", "e"}},
		{"each once", []string{"group:default/b", "Group:A", "group:default/A"},
			parents{"group:default/b": {"group:default/c", "group:default/a"}, "group:default/a": {"GROUP:C"}}, []string{"b", "a", "c"}},
		{"in itself", []string{"group:default/a"}, parents{"group:default/a": {"group:default/a"}}, []string{"a"}},
		{"in each other", []string{"group:default/a"},
			parents{"group:default/a": {"group:default/b"}, "group:default/b": {"group:default/c", "group:default/a"}, "group:default/c": {"group:default/a"}},
			[]string{"a", "b", "c"}},
		{"groups alone", []string{"user:default/root", "a", "", "group:default/a"},
			parents{"group:default/a": {"user:default/root", "component:default/x", "b", "group:default/b"}, "user:default/root": {"group:default/admins"}},
			[]string{"a", "b"}},
		{"deep", []string{"group:default/g1"}, chain(3), []string{"g1", "g2", "g3"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := []string{"user:default/jane"}
			for _, g := range tt.want {
				want = append(want, "group:default/"+g)
			}
			for range 2 { // it keeps nothing
				refs, err := resolver.NestedGroups(tt.parents)(t.Context(), authprovider.User{Ref: "User:Jane", MemberOf: tt.memberOf})
				require.NoError(t, err)
				require.Equal(t, want, refs)
			}
		})
	}
}

func TestNestedGroupsBounds(t *testing.T) {
	inFirst := authprovider.User{Ref: "user:default/jane", MemberOf: []string{"group:default/g1"}}
	many := authprovider.User{Ref: "user:default/jane"}
	for i := range 1001 {
		many.MemberOf = append(many.MemberOf, fmt.Sprintf("group:default/g%d", i))
	}
	for _, tt := range []struct {
		name    string
		user    authprovider.User
		parents parents
		options resolver.NestedGroupsOptions
		groups  int
		wantErr string
	}{
		{"as deep as may be", inFirst, chain(21), resolver.NestedGroupsOptions{}, 21, ""},
		{"too deep", inFirst, chain(22), resolver.NestedGroupsOptions{}, 0, "the groups of user:default/jane are nested more than 20 deep"},
		{"a depth of one's own", inFirst, chain(3), resolver.NestedGroupsOptions{MaxDepth: 2}, 3, ""},
		{"beyond it", inFirst, chain(4), resolver.NestedGroupsOptions{MaxDepth: 2}, 0, "nested more than 2 deep"},
		{"endless, yet bounded by depth", inFirst, chain(100_000), resolver.NestedGroupsOptions{}, 0, "nested more than 20 deep"},
		{"too many", many, nil, resolver.NestedGroupsOptions{}, 0, "user:default/jane is in more than 1000 groups"},
		{"a number of one's own", many, nil, resolver.NestedGroupsOptions{MaxGroups: 1001}, 1001, ""},
		{"too many above", inFirst, parents{"group:default/g1": many.MemberOf}, resolver.NestedGroupsOptions{}, 0, "in more than 1000 groups"},
		{"bad depth", inFirst, nil, resolver.NestedGroupsOptions{MaxDepth: -1}, 0, "NestedGroupsOptions.MaxDepth"},
		{"bad number", inFirst, nil, resolver.NestedGroupsOptions{MaxGroups: -1}, 0, "NestedGroupsOptions.MaxGroups"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			refs, err := resolver.NestedGroupsWith(tt.parents, tt.options)(t.Context(), tt.user)
			if tt.wantErr != "" {
				require.ErrorContains(t, err, tt.wantErr)
				require.Nil(t, refs)
				return
			}
			require.NoError(t, err)
			require.Len(t, refs, 1+tt.groups)
		})
	}
}

// Whatever goes wrong with groups, the sign-in fails: it neither passes on nor leaves groups out.
func TestNestedGroupsFailures(t *testing.T) {
	outage := errors.New("connection refused")
	users := memcatalog.New(authprovider.User{Ref: "user:default/jane", Email: "jane@acme.example", MemberOf: []string{"group:default/a"}})
	for name, source := range map[string]resolver.GroupParents{
		"outage": failingParents{outage}, "careless": failingParents{authprovider.ErrUserNotFound}, "too deep": chain(50), "no source": nil,
	} {
		t.Run(name, func(t *testing.T) {
			user := authprovider.User{Ref: "user:default/jane", Email: "jane@acme.example", MemberOf: []string{"group:default/g1"}}
			require.NoError(t, users.Set(user))
			rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: users, Ownership: resolver.NestedGroups(source)})
			id, err := resolver.EmailMatchingUserEntityProfileEmail(t.Context(), info{Profile: verified("jane@acme.example")}, rc)
			require.Nil(t, id)
			require.Error(t, err)
			for _, class := range []error{authprovider.ErrNoMatch, authprovider.ErrNotAllowed, authprovider.ErrInput} {
				require.NotErrorIs(t, err, class)
			}
			if name == "outage" {
				require.ErrorIs(t, err, outage)
			}
		})
	}
}
