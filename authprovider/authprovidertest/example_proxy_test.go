package authprovidertest_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/cfaccess"
)

// admins is a sign-in resolver of a host: it lets in those whom the identity provider has in a group, whoever they are here.
func admins(ctx context.Context, in cfaccess.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	if in.Result.Identity == nil || !slices.ContainsFunc(in.Result.Identity.Groups, func(g cfaccess.Group) bool { return g.Name == "ops" }) {
		return nil, authprovider.ErrNoMatch
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Email: in.Result.Email})
}

// testAdmins is what the host's test calls TestAdmins.
func testAdmins(t *testing.T) {
	edge := authprovidertest.NewAccessEdge(t, authprovidertest.AccessProxy{TeamName: "acme", Audience: "aud-tag"}, authprovidertest.EdgeConfig{})
	a, err := cfaccess.New(cfaccess.Config{TeamName: "acme", Audience: []string{"aud-tag"}, HTTPClient: edge.Client()})
	require.NoError(t, err)
	result, err := a.Authenticate(t.Context(), edge.Request(authprovidertest.Jane))
	require.NoError(t, err)
	rc := authprovidertest.ResolverContext(t, authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"})
	id, err := admins(t.Context(), cfaccess.SignInInfo{Result: result}, rc)
	require.NoError(t, err)
	require.Equal(t, "user:default/jane", id.UserRef)
}

// The test of a sign-in resolver behind a proxy, with what the proxy really sends.
func Example_proxy() {
	_ = testAdmins
}
