package gitlab

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// UserIDMatchingUserEntityAnnotation signs in the one user whose annotation "{host}/user-id", such as "gitlab.com/user-id", is the numeric
// ID of the user at that instance. It is the resolver of choice: the ID never goes to another person.
func UserIDMatchingUserEntityAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	const name = "gitlab.UserIDMatchingUserEntityAnnotation"
	p := in.Result.FullProfile
	host := p.host()
	if host == "" {
		return nil, signin.Pass(name, signin.ReasonAnnotationValueMissing, "the profile does not say which instance it is of")
	}
	return signin.ByAnnotation(ctx, rc, name, host+"/user-id", p.Subject)
}

// UsernameMatchingUserEntityName signs in the user whose name in the catalog is the GitLab user name. Who gives a user name up leaves it to
// whoever takes it next, and with it the access of the user of that name.
func UsernameMatchingUserEntityName(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return signin.ByName(ctx, rc, "gitlab.UsernameMatchingUserEntityName", in.Result.FullProfile.Username)
}
