package openshift

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// UserIDMatchingUserEntityAnnotationWith signs in the one user whose annotation, such as "openshift.example.com/user-id", is the UID of the
// User object.
func UserIDMatchingUserEntityAnnotationWith(annotation string) authprovider.SignInResolver[Result] {
	return func(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return signin.ByAnnotation(ctx, rc, "openshift.UserIDMatchingUserEntityAnnotationWith", annotation, in.Result.FullProfile.UID)
	}
}

// DisplayNameMatchingUserEntityName signs in the user whose name in the catalog is the user name in the cluster, which Backstage calls the display
// name. A name is as good as the cluster's identity providers: where there are several, look at how the cluster maps their users to names.
func DisplayNameMatchingUserEntityName(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return signin.ByName(ctx, rc, "openshift.DisplayNameMatchingUserEntityName", in.Result.FullProfile.Username)
}
