package google

import (
	"context"
	"fmt"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/oauthclient"
)

// UserIDMatchingUserEntityAnnotation signs in the one user whose annotation google.com/user-id is the ID of the account. It is the
// resolver of choice: the ID never goes to another person.
func UserIDMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return oauthclient.SignInByAnnotation(ctx, rc, "google.com/user-id", in.Result.FullProfile.Subject)
}

// EmailMatchingUserEntityAnnotation signs in the one user whose annotation google.com/email is the address of the account. Addresses for which
// Google is not the authority pass on: see [Profile].
func EmailMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	p := in.Result.FullProfile
	if p.EmailVerified != authprovider.EmailVerified {
		return nil, fmt.Errorf("google: EmailMatchingUserEntityAnnotation: no address that Google vouches for: %w", authprovider.ErrNoMatch)
	}
	return oauthclient.SignInByAnnotation(ctx, rc, "google.com/email", p.Email)
}
