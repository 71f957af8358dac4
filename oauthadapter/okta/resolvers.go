package okta

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// UserIDMatchingUserEntityAnnotation signs in the one user whose annotation okta.com/user-id is the user's ID at Okta. It is the resolver of
// choice: the ID never goes to another person.
func UserIDMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return signin.ByAnnotation(ctx, rc, "okta.UserIDMatchingUserEntityAnnotation", "okta.com/user-id", in.Result.FullProfile.Subject)
}

// EmailMatchingUserEntityAnnotation signs in the one user whose annotation okta.com/email is the user's address at Okta. It refuses addresses that
// Okta says are not verified.
func EmailMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	p := in.Result.FullProfile
	return signin.ByEmailAnnotation(ctx, rc, "okta.EmailMatchingUserEntityAnnotation", "okta.com/email", p.Email, p.EmailVerified)
}
