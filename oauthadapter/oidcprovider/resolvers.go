package oidcprovider

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// UserIDMatchingUserEntityAnnotationWith signs in the one user whose annotation, such as "sso.example.com/user-id", is the claim sub, which
// the issuer never gives to another person. Another issuer may: each needs an annotation of its own.
func UserIDMatchingUserEntityAnnotationWith(annotation string) authprovider.SignInResolver[Result] {
	return func(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return signin.ByAnnotation(ctx, rc, "oidcprovider.UserIDMatchingUserEntityAnnotationWith", annotation, in.Result.FullProfile.Subject)
	}
}
