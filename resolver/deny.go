package resolver

import (
	"context"

	"example.com/stagedoor/authprovider"
)

// Deny refuses everybody who reaches it. It stands inside [WhenDomain] or [WhenClaim], to keep some people from the resolvers that follow.
// (At the end of a list it is not needed: whom nobody knows is refused.)
func Deny[R any](context.Context, authprovider.SignInInfo[R], *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return nil, &Error{Resolver: "Deny", Reason: ReasonDenied, Err: authprovider.ErrNotAllowed}
}
