package onelogin

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/oauthclient"
)

// UsernameMatchingUserEntityName signs in the user whose name in the catalog is the OneLogin user name. Whoever can change user names at
// OneLogin decides with that who is who here; a name that is given to somebody else takes the access with it.
func UsernameMatchingUserEntityName(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return oauthclient.SignInByName(ctx, rc, in.Result.FullProfile.PreferredUsername)
}
