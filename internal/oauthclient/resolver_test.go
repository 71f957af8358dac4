package oauthclient_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/internal/oauthclient"
)

// folding is a catalog that finds annotations without regard to case, as Backstage's does.
type folding []authprovider.User

func (c folding) FindUsers(_ context.Context, q authprovider.UserQuery) (found []authprovider.User, err error) {
	for _, u := range c {
		for name, value := range q.Annotations {
			if strings.EqualFold(u.Annotations[name], value) {
				found = append(found, u)
			}
		}
	}
	return found, nil
}

func TestSignInByAnnotation(t *testing.T) {
	user := func(ref, id string) authprovider.User {
		return authprovider.User{Ref: ref, Annotations: map[string]string{"x/id": id}}
	}
	jane, joe := user("user:default/jane", "aB1"), user("user:default/joe", "Ab1")
	for _, tt := range []struct {
		name  string
		users []authprovider.User
		value string
		want  string
		err   error
	}{
		{"found", []authprovider.User{jane}, "aB1", "user:default/jane", nil},
		{"another case is another person", []authprovider.User{joe}, "aB1", "", authprovider.ErrUserNotFound},
		{"nobody", nil, "aB1", "", authprovider.ErrNoMatch},
		{"absent never matches absent", []authprovider.User{{Ref: "user:default/none"}, user("user:default/empty", "")}, "", "", authprovider.ErrNoMatch},
		{"two", []authprovider.User{jane, joe}, "aB1", "", authprovider.ErrAmbiguousUser},
		{"a group", []authprovider.User{user("group:default/g", "aB1")}, "aB1", "", authprovider.ErrUserNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: folding(tt.users)})
			id, err := oauthclient.SignInByAnnotation(t.Context(), rc, "x/id", tt.value)
			if tt.err != nil {
				require.ErrorIs(t, err, tt.err)
				require.Nil(t, id)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, id.UserRef)
		})
	}
}

func TestSignInByName(t *testing.T) {
	rc := authprovidertest.ResolverContext(t, authprovider.User{Ref: "user:default/jane"}, authprovider.User{Ref: "user:admins/root"})
	id, err := oauthclient.SignInByName(t.Context(), rc, "Jane")
	require.NoError(t, err)
	require.Equal(t, "user:default/jane", id.UserRef)
	for name, want := range map[string]error{"": authprovider.ErrNoMatch, "joe": authprovider.ErrUserNotFound,
		"user:admins/root": authprovider.ErrInput, "admins/root": authprovider.ErrInput} {
		id, err := oauthclient.SignInByName(t.Context(), rc, name)
		require.ErrorIs(t, err, want, name)
		require.Nil(t, id)
		require.Equal(t, !errors.Is(want, authprovider.ErrInput), errors.Is(err, authprovider.ErrNoMatch), name)
	}
}
