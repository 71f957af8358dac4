package gitea

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// UserIDMatchingUserEntityAnnotationWith signs in the one user whose annotation, such as "git.example.com/user-id", is the number of the
// account. It is the resolver of choice: the number never goes to another person. It is unique within one instance only.
func UserIDMatchingUserEntityAnnotationWith(annotation string) authprovider.SignInResolver[Result] {
	return func(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return signin.ByAnnotation(ctx, rc, "gitea.UserIDMatchingUserEntityAnnotationWith", annotation, in.Result.FullProfile.Subject)
	}
}

// UsernameMatchingUserEntityName signs in the user whose name in the catalog is the user name. It is for instances on which nobody chooses a user
// name for themselves: elsewhere, whoever takes the name of a user of the catalog is that user.
func UsernameMatchingUserEntityName(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return signin.ByName(ctx, rc, "gitea.UsernameMatchingUserEntityName", in.Result.FullProfile.PreferredUsername)
}
