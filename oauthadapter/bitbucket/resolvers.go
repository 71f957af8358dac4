package bitbucket

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// UserIDMatchingUserEntityAnnotation signs in the user whose annotation bitbucket.org/user-id is the person's UUID, braces included.
func UserIDMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return signin.ByAnnotation(ctx, rc, "bitbucket.UserIDMatchingUserEntityAnnotation", "bitbucket.org/user-id", in.Result.FullProfile.UUID)
}

// UsernameMatchingUserEntityAnnotation signs in the user whose annotation bitbucket.org/username is the person's user name, which can change:
// prefer the ID.
func UsernameMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return signin.ByAnnotation(ctx, rc, "bitbucket.UsernameMatchingUserEntityAnnotation", "bitbucket.org/username", in.Result.FullProfile.Username)
}
