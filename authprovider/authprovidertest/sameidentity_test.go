package authprovidertest_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/proxyauth"
	"example.com/stagedoor/resolver"
)

func janesConfig(t testing.TB) authprovider.Config {
	return authprovider.Config{Users: authprovidertest.Users(t, authprovider.User{
		Ref: "user:default/jane", Email: "jane@example.com", MemberOf: []string{"group:default/ops"},
	})}
}

// jwtConfig is what a host would write for the edge.
func jwtConfig(e *authprovidertest.SignedHeaderEdge) proxyauth.JWTConfig {
	return proxyauth.JWTConfig{Header: e.Header, Issuer: e.Issuer, JWKSURL: e.JWKSURL, Audiences: []string{e.Audience}, HTTPClient: e.Client()}
}

func oidcWay(c authprovider.Config, idp *authprovidertest.Provider) authprovidertest.Way {
	return idp.Way("oidc", c, oidcprovider.Provider(oidcConfig(idp), resolver.EmailMatchingUserEntityProfileEmail))
}

func TestSameIdentity(t *testing.T) {
	c := janesConfig(t)
	idp := authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{})
	edge := authprovidertest.NewSignedHeaderEdge(t, authprovidertest.SignedHeader{}, authprovidertest.EdgeConfig{})
	identity := authprovidertest.SameIdentity(t, authprovidertest.Jane, oidcWay(c, idp),
		edge.Way("proxy", c, proxyauth.JWTProvider(jwtConfig(edge), resolver.EmailMatchingUserEntityProfileEmail)))
	require.Equal(t, authprovider.UserIdentity{
		Type: "user", UserEntityRef: "user:default/jane", OwnershipEntityRefs: []string{"user:default/jane", "group:default/ops"},
	}, identity)
}

func TestAnotherIdentityFails(t *testing.T) {
	c := janesConfig(t)
	tests := []struct {
		name    string
		resolve authprovider.SignInResolver[proxyauth.JWTResult]
		want    string
	}{
		{"another user", func(context.Context, authprovider.SignInInfo[proxyauth.JWTResult], *authprovider.ResolverContext) (*authprovider.Identity, error) {
			return &authprovider.Identity{UserRef: "user:default/other", OwnershipRefs: []string{"user:default/jane", "group:default/ops"}}, nil
		}, `proxy: "jane-1" is user:default/other, but user:default/jane through oidc`},
		{"other groups", func(context.Context, authprovider.SignInInfo[proxyauth.JWTResult], *authprovider.ResolverContext) (*authprovider.Identity, error) {
			return &authprovider.Identity{UserRef: "user:default/jane", OwnershipRefs: []string{"user:default/jane"}}, nil
		}, `proxy: "jane-1" owns through [user:default/jane], but through [group:default/ops user:default/jane] by oidc`},
		{"refused", func(context.Context, authprovider.SignInInfo[proxyauth.JWTResult], *authprovider.ResolverContext) (*authprovider.Identity, error) {
			return nil, authprovider.ErrNoMatch
		}, "proxy: nobody was signed in: sign_in_refused, status 403"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			idp := authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{})
			edge := authprovidertest.NewSignedHeaderEdge(t, authprovidertest.SignedHeader{}, authprovidertest.EdgeConfig{})
			r := &recorder{TB: t}
			r.run(func() {
				authprovidertest.SameIdentity(r, authprovidertest.Jane, oidcWay(c, idp), edge.Way("proxy", c, proxyauth.JWTProvider(jwtConfig(edge), test.resolve)))
			})
			require.Contains(t, r.failures, test.want)
		})
	}
}

// run calls f where a fatal failure ends it alone.
func (r *recorder) run(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}
