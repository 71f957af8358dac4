package azureeasyauth

import (
	"context"
	"fmt"

	"example.com/stagedoor/authprovider"
)

// userIDAnnotation is what Backstage's import of Microsoft Graph writes.
const userIDAnnotation = "graph.microsoft.com/user-id"

// IDMatchingUserEntityAnnotation signs in the user whose annotation "graph.microsoft.com/user-id" is [Result].ObjectID.
func IDMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	if in.Result.ObjectID == "" {
		return nil, fmt.Errorf("azureeasyauth: there is no object ID: %w", authprovider.ErrNoMatch)
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Annotations: map[string]string{userIDAnnotation: in.Result.ObjectID}})
}
