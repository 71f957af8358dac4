package gcpiap

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// The annotations that Backstage's catalog uses.
const (
	emailAnnotation  = "google.com/email"
	userIDAnnotation = "google.com/user-id"
)

// IDMatchingUserEntityAnnotation signs in the one user whose annotation google.com/user-id is the ID of the Google account. It is the
// resolver of choice: the ID never goes to another person. Accounts of other providers pass on: somebody else gives them their IDs.
func IDMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	const name = "gcpiap.IDMatchingUserEntityAnnotation"
	if in.Result.IdentityProvider != GoogleAccounts {
		return nil, signin.Pass(name, signin.ReasonAnnotationValueMissing, "not a Google account")
	}
	return signin.ByAnnotation(ctx, rc, name, userIDAnnotation, in.Result.UserID)
}

// EmailMatchingUserEntityAnnotation signs in the one user whose annotation google.com/email is the verified e-mail address of the
// sign-in. Others pass on, because anybody can claim them.
func EmailMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	const name = "gcpiap.EmailMatchingUserEntityAnnotation"
	if in.Result.Email != "" && in.Result.EmailVerified != authprovider.EmailVerified {
		return nil, signin.Pass(name, signin.ReasonEmailUnverified, "")
	}
	return signin.ByEmailAnnotation(ctx, rc, name, emailAnnotation, in.Result.Email, in.Result.EmailVerified)
}
