package microsoft

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// UserIDMatchingUserEntityAnnotation signs in the one user whose annotation graph.microsoft.com/user-id is the person's object ID. It is the
// resolver of choice: the ID never goes to another person.
func UserIDMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return signin.ByAnnotation(ctx, rc, "microsoft.UserIDMatchingUserEntityAnnotation", "graph.microsoft.com/user-id", in.Result.FullProfile.ObjectID)
}

// EmailMatchingUserEntityAnnotation signs in the one user whose annotation microsoft.com/email is the person's address. It refuses addresses that
// are not verified, which without the claim xms_edov are all if several tenants sign in: see [Profile]. A user principal name is never taken for one.
func EmailMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	p := in.Result.FullProfile
	return signin.ByEmailAnnotation(ctx, rc, "microsoft.EmailMatchingUserEntityAnnotation", "microsoft.com/email", p.Email, p.EmailVerified)
}
