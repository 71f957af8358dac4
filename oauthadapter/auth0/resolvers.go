package auth0

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// UserIDMatchingUserEntityAnnotationWith signs in the one user whose annotation, such as "acme.eu.auth0.com/user-id", is the user's ID at
// Auth0, such as "auth0|507f1f77bcf86cd799439020". It is the resolver of choice: the ID never goes to another person. A person with
// several accounts has several IDs, unless they are linked at Auth0.
func UserIDMatchingUserEntityAnnotationWith(annotation string) authprovider.SignInResolver[Result] {
	return func(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return signin.ByAnnotation(ctx, rc, "auth0.UserIDMatchingUserEntityAnnotationWith", annotation, in.Result.FullProfile.Subject)
	}
}
