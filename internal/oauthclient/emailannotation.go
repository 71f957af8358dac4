package oauthclient

import (
	"context"
	"errors"

	"example.com/stagedoor/authprovider"
)

// SignInByEmailAnnotation is [SignInByAnnotation] with the person's address at the vendor. One of which the vendor says that nobody checked
// it is refused: whoever types Jane's address would be Jane.
func SignInByEmailAnnotation(ctx context.Context, rc *authprovider.ResolverContext, annotation, email string, verification authprovider.EmailVerification) (*authprovider.Identity, error) {
	if email != "" && verification == authprovider.EmailUnverified {
		return nil, &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "email_unverified", Err: errors.New("the vendor says that the address is not verified")}
	}
	return SignInByAnnotation(ctx, rc, annotation, email)
}
