package resolver

import (
	"context"
	"errors"

	"example.com/stagedoor/authprovider"
)

const usernameMatching = "UsernameMatchingUserEntityName"

// UsernameMatchingUserEntityName signs in the catalog user whose name is the user name that the function takes from the provider's result,
// without regard to case. It is a name and never a reference: one with ':' or '/' in it is refused. An empty one passes on.
//
// It is as good as the provider's rule for who may be called what. Where people choose that name themselves they choose who they
// are, and where a name that has become free can be taken, its next owner is its last one. Prefer [AnnotationMatching] with an ID.
func UsernameMatchingUserEntityName[R any](username func(result R) string) authprovider.SignInResolver[R] {
	return UsernameMatchingUserEntityNameWith(username, EmailOptions{})
}

// UsernameMatchingUserEntityNameWith is [UsernameMatchingUserEntityName] with options. With AllowedDomains or RequireVerifiedEmail the
// person needs an e-mail address for which they hold, too. StripPlusTag and DangerouslyAllowAnyDomain are mistakes here.
func UsernameMatchingUserEntityNameWith[R any](username func(result R) string, o EmailOptions) authprovider.SignInResolver[R] {
	r, err := o.gate(usernameMatching)
	if err == nil && username == nil {
		err = errors.New("resolver: " + usernameMatching + ": the function is nil")
	}
	if err != nil {
		return misconfigured[R](err)
	}
	return func(ctx context.Context, in authprovider.SignInInfo[R], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return r.signInByUsername(ctx, in.Profile, rc, username(in.Result))
	}
}
