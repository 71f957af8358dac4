package google

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// UserIDMatchingUserEntityAnnotation signs in the one user whose annotation google.com/user-id is the ID of the account. It is the
// resolver of choice: the ID never goes to another person.
func UserIDMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return signin.ByAnnotation(ctx, rc, "google.UserIDMatchingUserEntityAnnotation", "google.com/user-id", in.Result.FullProfile.Subject)
}

// EmailMatchingUserEntityAnnotation signs in the one user whose annotation google.com/email is the address of the account. Addresses for which
// Google is not the authority pass on: see [Profile].
func EmailMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	const name = "google.EmailMatchingUserEntityAnnotation"
	p := in.Result.FullProfile
	if p.Email != "" && p.EmailVerified != authprovider.EmailVerified {
		return nil, signin.Pass(name, signin.ReasonEmailUnverified, "Google is not the authority on the address")
	}
	return signin.ByEmailAnnotation(ctx, rc, name, "google.com/email", p.Email, p.EmailVerified)
}
