package oauth2proxy

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// ForwardedUserMatchingUserEntityName signs in the user of the default namespace whose name is [Result].User: sub where there is an ID
// token, X-Forwarded-User where there are only headers. It is a name and never a reference: one with ':' or '/' in it is refused.
func ForwardedUserMatchingUserEntityName(
	ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext,
) (*authprovider.Identity, error) {
	return signin.ByName(ctx, rc, "oauth2proxy.ForwardedUserMatchingUserEntityName", in.Result.User)
}

// ForwardedPreferredUsernameMatchingUserEntityName is [ForwardedUserMatchingUserEntityName] for [Result].PreferredUsername. It is as good
// as the identity provider's rule for who may be called what: where people choose that name themselves, they choose who they are.
func ForwardedPreferredUsernameMatchingUserEntityName(
	ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext,
) (*authprovider.Identity, error) {
	return signin.ByName(ctx, rc, "oauth2proxy.ForwardedPreferredUsernameMatchingUserEntityName", in.Result.PreferredUsername)
}
