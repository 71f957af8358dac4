package cfaccess

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// ServiceTokenMatchingSubject is a sign-in resolver for service tokens: it signs one in as the user whom the Subject of its [ServiceToken]
// names, by address or by entity reference, and passes on people. The user must be in the catalog.
//
// People are signed in by the resolvers for e-mail addresses, which find a service token whose Subject is an address as well; this
// one is needed for a Subject that is an entity reference.
func ServiceTokenMatchingSubject(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	const name = "cfaccess.ServiceTokenMatchingSubject"
	s := in.Result.ServiceToken
	if s == nil || s.Subject == "" {
		return nil, signin.Pass(name, signin.ReasonNoServiceToken, "")
	}
	q := authprovider.UserQuery{Ref: s.Subject}
	if s.isAddress() {
		q = authprovider.UserQuery{Email: s.Subject}
	}
	return signin.ByQuery(ctx, rc, name, q)
}
