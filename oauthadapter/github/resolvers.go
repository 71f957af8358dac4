package github

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// userIDAnnotation is where Backstage's catalog keeps NodeID.
const userIDAnnotation = "github.com/user-id"

// UserIDMatchingUserEntityAnnotation signs in the user whose annotation github.com/user-id is the person's NodeID.
//
// An ID is unique within one GitHub only. A host with several must use [UserIDMatchingUserEntityAnnotationWith] for all but one of them, or
// a person of one could be taken for somebody of the other.
func UserIDMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return signin.ByAnnotation(ctx, rc, "github.UserIDMatchingUserEntityAnnotation", userIDAnnotation, in.Result.FullProfile.NodeID)
}

// UserIDMatchingUserEntityAnnotationWith is [UserIDMatchingUserEntityAnnotation] with an annotation of one's own, such as
// "ghe.example.com/user-id".
func UserIDMatchingUserEntityAnnotationWith(annotation string) authprovider.SignInResolver[Result] {
	return func(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return signin.ByAnnotation(ctx, rc, "github.UserIDMatchingUserEntityAnnotationWith", annotation, in.Result.FullProfile.NodeID)
	}
}

// UsernameMatchingUserEntityName signs in the user whose name in the catalog is the person's login. On github.com a login that has become free
// is anybody's to take: prefer the ID, or make sure that users leave the catalog before their logins do.
func UsernameMatchingUserEntityName(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return signin.ByName(ctx, rc, "github.UsernameMatchingUserEntityName", in.Result.FullProfile.Username)
}
