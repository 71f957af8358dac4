package atlassian

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// UserIDMatchingUserEntityAnnotationWith signs in the one user whose annotation, such as "acme.example/atlassian-id", is the ID of the
// Atlassian account. It is the resolver of choice: the ID never goes to another person.
func UserIDMatchingUserEntityAnnotationWith(annotation string) authprovider.SignInResolver[Result] {
	return func(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return signin.ByAnnotation(ctx, rc, "atlassian.UserIDMatchingUserEntityAnnotationWith", annotation, in.Result.FullProfile.AccountID)
	}
}
