package authprovider_test

import (
	"context"
	"testing"

	"example.com/stagedoor/authprovider"
	"github.com/stretchr/testify/require"
)

// catalogFunc is a user catalog that answers by a function.
type catalogFunc func(authprovider.UserQuery) ([]authprovider.User, error)

func (f catalogFunc) FindUsers(_ context.Context, q authprovider.UserQuery) ([]authprovider.User, error) {
	return f(q)
}

func contextOf(users authprovider.UserCatalog) *authprovider.ResolverContext {
	return authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: users})
}

// A query that says nothing, or two things, never reaches a catalog: some would answer it with everybody.
func TestUserQuery(t *testing.T) {
	tests := []struct {
		name string
		q    authprovider.UserQuery
		ok   bool
	}{
		{"ref", authprovider.UserQuery{Ref: "user:default/jane"}, true},
		{"email", authprovider.UserQuery{Email: "jane@acme.example"}, true},
		{"annotations", authprovider.UserQuery{Annotations: map[string]string{"a": "1", "b": "2"}}, true},
		{"filter", authprovider.UserQuery{Filter: map[string]string{"metadata.name": "jane", "spec.employeeId": "1"}}, true},
		{"kinds", authprovider.UserQuery{Email: "jane@acme.example", Kinds: []string{"User", "group"}}, true},
		{"nothing", authprovider.UserQuery{}, false},
		{"kinds alone", authprovider.UserQuery{Kinds: []string{"user"}}, false},
		{"an empty kind", authprovider.UserQuery{Email: "jane@acme.example", Kinds: []string{"user", ""}}, false},
		{"an empty filter", authprovider.UserQuery{Filter: map[string]string{}}, false},
		{"an empty value in a filter", authprovider.UserQuery{Filter: map[string]string{"metadata.name": "jane", "spec.employeeId": ""}}, false},
		{"an empty path in a filter", authprovider.UserQuery{Filter: map[string]string{"": "jane"}}, false},
		{"filter and email", authprovider.UserQuery{Filter: map[string]string{"kind": "user"}, Email: "jane@acme.example"}, false},
		{"no annotations", authprovider.UserQuery{Annotations: map[string]string{}}, false},
		{"an empty value", authprovider.UserQuery{Annotations: map[string]string{"github.com/user-id": ""}}, false},
		{"an empty value among others", authprovider.UserQuery{Annotations: map[string]string{"a": "1", "b": ""}}, false},
		{"an empty key", authprovider.UserQuery{Annotations: map[string]string{"": "1"}}, false},
		{"malformed ref", authprovider.UserQuery{Ref: "jane"}, false},
		{"ref and email", authprovider.UserQuery{Ref: "user:default/jane", Email: "jane@acme.example"}, false},
		{"ref and annotations", authprovider.UserQuery{Ref: "user:default/jane", Annotations: map[string]string{"a": "1"}}, false},
		{"email and annotations", authprovider.UserQuery{Email: "jane@acme.example", Annotations: map[string]string{"a": "1"}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked := false
			rc := contextOf(catalogFunc(func(q authprovider.UserQuery) ([]authprovider.User, error) {
				asked = true
				require.Equal(t, tt.q, q)
				return nil, nil
			}))
			_, err := rc.FindUser(t.Context(), tt.q)
			require.Equal(t, tt.ok, asked)
			if tt.ok {
				require.ErrorIs(t, err, authprovider.ErrUserNotFound)
			} else {
				require.ErrorIs(t, err, authprovider.ErrInput)
				require.NotErrorIs(t, err, authprovider.ErrNoMatch)
			}
		})
	}
}

func TestUserValues(t *testing.T) {
	u := authprovider.User{
		Ref: "User:Default/Jane", Email: "Jane@acme.example", DisplayName: "Jane Doe", Picture: "https://acme.example/j.png",
		Annotations: map[string]string{"github.com/user-id": "MDQ6", "team": "dev", "empty": ""},
		MemberOf:    []string{"group:default/dev", "group:default/ops"},
		Fields: map[string][]string{"spec.employeeId": {"17"}, "spec.memberOf": {"dev"}, "metadata.labels.Team": {"a", "", "b"}, "kind": {"Robot"},
			"metadata.annotations.extra": {"x"}},
	}
	for path, want := range map[string][]string{
		"kind":                                    {"User", "Robot"},
		"metadata.name":                           {"Jane"},
		"METADATA.Name":                           {"Jane"},
		"metadata.namespace":                      {"Default"},
		"spec.profile.email":                      {"Jane@acme.example"},
		"spec.profile.Email":                      {"Jane@acme.example"},
		"spec.profile.picture":                    {"https://acme.example/j.png"},
		"spec.profile.displayName":                {"Jane Doe"},
		"relations.memberOf":                      {"group:default/dev", "group:default/ops"},
		"spec.memberof":                           {"group:default/dev", "group:default/ops", "dev"},
		"metadata.annotations.github.com/user-id": {"MDQ6"},
		"metadata.annotations.GitHub.com/User-ID": {"MDQ6"},
		"metadata.annotations.extra":              {"x"},
		"metadata.annotations.empty":              nil,
		"metadata.annotations.":                   nil,
		"metadata.annotations":                    nil,
		"metadata.labels.team":                    {"a", "b"},
		"spec.employeeid":                         {"17"},
		"spec.employee":                           nil,
		"\u212aind":                               nil, // the Kelvin sign is no k
		"":                                        nil,
	} {
		require.Equal(t, want, u.Values(path), path)
	}
	require.Empty(t, authprovider.User{Ref: "jane"}.Values("metadata.name"))
	require.Equal(t, []string{"default"}, authprovider.User{Ref: "user:jane"}.Values("metadata.namespace"))
}

func TestMatches(t *testing.T) {
	jane := authprovider.User{Ref: "user:default/Jane", Email: "Jane@acme.example", Annotations: map[string]string{"x/id": "aB1", "x/team": "dev"},
		Fields: map[string][]string{"spec.employeeId": {"17", "18"}}}
	type query = authprovider.UserQuery
	type pairs = map[string]string
	for name, tt := range map[string]struct {
		q    query
		want bool
	}{
		"ref":                             {query{Ref: "USER:default/jANE"}, true},
		"ref without namespace":           {query{Ref: "user:jane"}, true},
		"another name":                    {query{Ref: "user:default/jane2"}, false},
		"another namespace":               {query{Ref: "user:other/jane"}, false},
		"another kind":                    {query{Ref: "group:default/jane", Kinds: []string{"group", "user"}}, false},
		"malformed ref":                   {query{Ref: "jane"}, false},
		"email":                           {query{Email: "jANE@ACME.example"}, true},
		"another email":                   {query{Email: "jane@acme.examples"}, false},
		"annotation":                      {query{Annotations: pairs{"x/id": "aB1"}}, true},
		"annotations":                     {query{Annotations: pairs{"x/id": "aB1", "x/team": "dev"}}, true},
		"annotation in another case":      {query{Annotations: pairs{"x/id": "ab1"}}, false},
		"annotation's name":               {query{Annotations: pairs{"X/id": "aB1"}}, false},
		"one annotation of two":           {query{Annotations: pairs{"x/id": "aB1", "x/team": "ops"}}, false},
		"absent is not absent":            {query{Annotations: pairs{"x/absent": ""}}, false},
		"filter":                          {query{Filter: pairs{"metadata.name": "jane", "spec.employeeid": "18"}}, true},
		"one condition of two":            {query{Filter: pairs{"metadata.name": "jane", "spec.employeeId": "19"}}, false},
		"a filter on what is not there":   {query{Filter: pairs{"spec.absent": "18"}}, false},
		"absent is not absent, by filter": {query{Filter: pairs{"spec.absent": ""}}, false},
		"kind":                            {query{Email: "jane@acme.example", Kinds: []string{"robot", "USER"}}, true},
		"not of the kinds":                {query{Email: "jane@acme.example", Kinds: []string{"group"}}, false},
		"no kinds":                        {query{Email: "jane@acme.example", Kinds: []string{}}, true},
		"nothing":                         {query{}, false},
		"kinds alone":                     {query{Kinds: []string{"user"}}, false},
		"two conditions":                  {query{Ref: "user:default/jane", Email: "jane@acme.example"}, false},
	} {
		require.Equal(t, tt.want, tt.q.Matches(jane), name)
	}
	require.False(t, query{Email: "jane@acme.example"}.Matches(authprovider.User{Ref: "jane", Email: "jane@acme.example"}), "a user without a reference")
	require.False(t, query{Email: "kim@acme.example"}.Matches(authprovider.User{Ref: "user:default/kim", Email: "\u212aim@acme.example"}), "the Kelvin sign is no k")
}

func TestUserClone(t *testing.T) {
	full := func() authprovider.User {
		return authprovider.User{Ref: "user:default/jane", Email: "jane@acme.example", DisplayName: "Jane", Picture: "p",
			Annotations: map[string]string{"a": "1"}, MemberOf: []string{"group:default/dev"}, Fields: map[string][]string{"spec.a": {"1"}}}
	}
	u := full()
	c := u.Clone()
	require.Equal(t, u, c)
	c.Annotations["a"], c.MemberOf[0], c.Fields["spec.a"][0], c.Fields["spec.b"] = "2", "group:default/admins", "2", nil
	require.Equal(t, full(), u)
	require.Equal(t, authprovider.User{}, authprovider.User{}.Clone())
}
