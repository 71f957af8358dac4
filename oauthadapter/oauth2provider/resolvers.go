package oauth2provider

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// UsernameMatchingUserEntityName signs in the user whose name in the catalog is the user name at the provider. Right where nobody can take
// over a user name that has become free.
func UsernameMatchingUserEntityName(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return signin.ByName(ctx, rc, "oauth2provider.UsernameMatchingUserEntityName", in.Result.FullProfile.Username)
}

// UserIDMatchingUserEntityAnnotationWith signs in the user whose annotation, such as "acme.example/user-id", is the person's stable ID.
func UserIDMatchingUserEntityAnnotationWith(annotation string) authprovider.SignInResolver[Result] {
	return func(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return signin.ByAnnotation(ctx, rc, "oauth2provider.UserIDMatchingUserEntityAnnotationWith", annotation, in.Result.FullProfile.ID)
	}
}
