package bitbucket

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/oauthclient"
)

// UserIDMatchingUserEntityAnnotation signs in the user whose annotation bitbucket.org/user-id is the person's UUID, braces included.
func UserIDMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return oauthclient.SignInByAnnotation(ctx, rc, "bitbucket.org/user-id", in.Result.FullProfile.UUID)
}

// UsernameMatchingUserEntityAnnotation signs in the user whose annotation bitbucket.org/username is the person's user name, which can change:
// prefer the ID.
func UsernameMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return oauthclient.SignInByAnnotation(ctx, rc, "bitbucket.org/username", in.Result.FullProfile.Username)
}
