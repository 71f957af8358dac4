package bitbucketserver

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// UserIDMatchingUserEntityAnnotationWith signs in the one user whose annotation, such as "bitbucket.example.com/user-id", is the number of
// the account at this Bitbucket; another gives the same numbers to other people. It is the resolver of choice: the number never goes to
// another person.
func UserIDMatchingUserEntityAnnotationWith(annotation string) authprovider.SignInResolver[Result] {
	return func(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return signin.ByAnnotation(ctx, rc, "bitbucketserver.UserIDMatchingUserEntityAnnotationWith", annotation, in.Result.FullProfile.ID)
	}
}
