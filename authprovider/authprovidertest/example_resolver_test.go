package authprovidertest_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// bySubject is a sign-in resolver of a host: it finds the user by the provider's stable ID.
func bySubject(ctx context.Context, in oidcprovider.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Annotations: map[string]string{"sso.example.com/id": in.Result.Session.Subject}})
}

// testBySubject is what the host's test calls TestBySubject.
func testBySubject(t *testing.T) {
	rc := authprovidertest.ResolverContext(t, authprovider.User{
		Ref: "user:default/jane", Annotations: map[string]string{"sso.example.com/id": "1234"}, MemberOf: []string{"group:default/ops"},
	})
	in := oidcprovider.SignInInfo{Result: &oauthadapter.Result[oidcprovider.Profile]{Session: oauthadapter.Session{Subject: "1234"}}}
	id, err := bySubject(t.Context(), in, rc)
	require.NoError(t, err)
	require.Equal(t, &authprovider.Identity{UserRef: "user:default/jane", OwnershipRefs: []string{"user:default/jane", "group:default/ops"}}, id)

	in.Result.Session.Subject = "somebody else"
	_, err = bySubject(t.Context(), in, rc)
	require.ErrorIs(t, err, authprovider.ErrUserNotFound)
}

// The unit test of a typed sign-in resolver.
func Example_resolver() {
	_ = testBySubject
}
