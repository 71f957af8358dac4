package gcpiap

import (
	"context"
	"fmt"

	"example.com/stagedoor/authprovider"
)

// The annotations that Backstage's catalog uses.
const (
	emailAnnotation  = "google.com/email"
	userIDAnnotation = "google.com/user-id"
)

// IDMatchingUserEntityAnnotation signs in the one user whose annotation google.com/user-id is the ID of the Google account. It is the
// resolver of choice: the ID never goes to another person. Accounts of other providers pass on: somebody else gives them their IDs.
func IDMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	if in.Result.IdentityProvider != GoogleAccounts || in.Result.UserID == "" {
		return nil, fmt.Errorf("gcpiap: IDMatchingUserEntityAnnotation: not a Google account: %w", authprovider.ErrNoMatch)
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Annotations: map[string]string{userIDAnnotation: in.Result.UserID}})
}

// EmailMatchingUserEntityAnnotation signs in the one user whose annotation google.com/email is the verified e-mail address of the
// sign-in. Others pass on, because anybody can claim them.
func EmailMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	if in.Result.Email == "" || in.Result.EmailVerified != authprovider.EmailVerified {
		return nil, fmt.Errorf("gcpiap: EmailMatchingUserEntityAnnotation: no verified address: %w", authprovider.ErrNoMatch)
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Annotations: map[string]string{emailAnnotation: in.Result.Email}})
}
