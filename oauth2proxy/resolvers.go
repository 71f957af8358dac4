package oauth2proxy

import (
	"context"
	"fmt"

	"example.com/stagedoor/authprovider"
)

// ForwardedUserMatchingUserEntityName signs in the user of the default namespace whose name is [Result].User: sub where there is an ID
// token, X-Forwarded-User where there are only headers. It is a name and never a reference: one with ':' or '/' in it is refused.
func ForwardedUserMatchingUserEntityName(
	ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext,
) (*authprovider.Identity, error) {
	return signInByName(ctx, "user", in.Result.User, rc)
}

// ForwardedPreferredUsernameMatchingUserEntityName is [ForwardedUserMatchingUserEntityName] for [Result].PreferredUsername. It is as good
// as the identity provider's rule for who may be called what: where people choose that name themselves, they choose who they are.
func ForwardedPreferredUsernameMatchingUserEntityName(
	ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext,
) (*authprovider.Identity, error) {
	return signInByName(ctx, "preferred username", in.Result.PreferredUsername, rc)
}

func signInByName(ctx context.Context, what, name string, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	if name == "" {
		return nil, fmt.Errorf("oauth2proxy: there is no %s: %w", what, authprovider.ErrNoMatch)
	}
	ref, err := authprovider.UserRef(name)
	if err != nil {
		// The person's doing; UserRef's own class would make it the app's.
		return nil, &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "name_malformed",
			Err: fmt.Errorf("oauth2proxy: the %s %.300q cannot be the name of a user", what, name)}
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: ref})
}
