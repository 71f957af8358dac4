package cfaccess

import (
	"context"
	"fmt"

	"example.com/stagedoor/authprovider"
)

// ServiceTokenMatchingSubject is a sign-in resolver for service tokens: it signs one in as the user whom the Subject of its [ServiceToken]
// names, by address or by entity reference, and passes on people. The user must be in the catalog.
//
// People are signed in by the resolvers for e-mail addresses, which find a service token whose Subject is an address as well; this
// one is needed for a Subject that is an entity reference.
func ServiceTokenMatchingSubject(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	s := in.Result.ServiceToken
	if s == nil || s.Subject == "" {
		return nil, fmt.Errorf("cfaccess: ServiceTokenMatchingSubject: not a service token: %w", authprovider.ErrNoMatch)
	}
	if s.isAddress() {
		return rc.SignInWithUser(ctx, authprovider.UserQuery{Email: s.Subject})
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: s.Subject})
}
