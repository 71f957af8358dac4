package azureeasyauth

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// userIDAnnotation is what Backstage's import of Microsoft Graph writes.
const userIDAnnotation = "graph.microsoft.com/user-id"

// IDMatchingUserEntityAnnotation signs in the user whose annotation "graph.microsoft.com/user-id" is [Result].ObjectID.
func IDMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return signin.ByAnnotation(ctx, rc, "azureeasyauth.IDMatchingUserEntityAnnotation", userIDAnnotation, in.Result.ObjectID)
}
