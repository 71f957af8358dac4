package keycloak

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// UserIDMatchingUserEntityAnnotation signs in the one user whose annotation keycloak.org/id is the user's ID in the realm. It is the resolver
// of choice: the ID never goes to another person.
func UserIDMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return signin.ByAnnotation(ctx, rc, "keycloak.UserIDMatchingUserEntityAnnotation", "keycloak.org/id", in.Result.FullProfile.Subject)
}

// UsernameMatchingUserEntityName signs in the user whose name in the catalog is the Keycloak user name. It is for realms in which nobody
// chooses a user name for themselves, by registration or later: there, whoever takes the name of a user of the catalog is that user.
func UsernameMatchingUserEntityName(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return signin.ByName(ctx, rc, "keycloak.UsernameMatchingUserEntityName", in.Result.FullProfile.PreferredUsername)
}
