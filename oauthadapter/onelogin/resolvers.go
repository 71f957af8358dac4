package onelogin

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// UserIDMatchingUserEntityAnnotationWith signs in the one user whose annotation, such as "acme.onelogin.com/user-id", is the user's ID at
// OneLogin. It is the resolver of choice: the ID never goes to another person.
func UserIDMatchingUserEntityAnnotationWith(annotation string) authprovider.SignInResolver[Result] {
	return func(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return signin.ByAnnotation(ctx, rc, "onelogin.UserIDMatchingUserEntityAnnotationWith", annotation, in.Result.FullProfile.Subject)
	}
}

// UsernameMatchingUserEntityName signs in the user whose name in the catalog is the OneLogin user name. Whoever can change user names at
// OneLogin decides with that who is who here; a name that is given to somebody else takes the access with it.
func UsernameMatchingUserEntityName(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return signin.ByName(ctx, rc, "onelogin.UsernameMatchingUserEntityName", in.Result.FullProfile.PreferredUsername)
}
