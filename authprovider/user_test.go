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
		{"nothing", authprovider.UserQuery{}, false},
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
