package pinniped

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// UserIDMatchingUserEntityAnnotationWith signs in the one user whose annotation, such as "pinniped.example.com/user-id", is the person's subject.
func UserIDMatchingUserEntityAnnotationWith(annotation string) authprovider.SignInResolver[Result] {
	return func(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return signin.ByAnnotation(ctx, rc, "pinniped.UserIDMatchingUserEntityAnnotationWith", annotation, in.Result.FullProfile.Subject)
	}
}

// UsernameMatchingUserEntityName signs in the user whose name in the catalog is the user name in the clusters. It is as good as that name: right
// where the identity providers behind Pinniped never give one to somebody else, and the federation domain keeps those of several apart.
func UsernameMatchingUserEntityName(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return signin.ByName(ctx, rc, "pinniped.UsernameMatchingUserEntityName", in.Result.FullProfile.Username)
}
