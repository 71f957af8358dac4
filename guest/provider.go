package guest

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/proxyauth"
)

// Result is what a sign-in resolver gets: nobody in particular.
type Result struct {
	// UserRef is the entity reference of the user that guests are.
	UserRef string
	// OwnershipRefs are what it owns if the catalog does not have it.
	OwnershipRefs []string
}

// SignInInfo is the argument of sign-in resolvers for this provider.
type SignInInfo = authprovider.SignInInfo[Result]

// Provider returns the factory of a provider. Without a sign-in resolver it is [SignInAsGuest]. What is wrong with c shows when the
// factory is called.
func Provider(c Config, signIn ...authprovider.SignInResolver[Result]) authprovider.ProviderFactory {
	return func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
		guest, err := c.check(pc.BaseURL)
		if err != nil {
			return nil, err
		}
		o, signIn := c.Options, signIn
		if o.ProfileTransform == nil {
			o.ProfileTransform = catalogProfile
		}
		if len(signIn) == 0 {
			signIn = []authprovider.SignInResolver[Result]{SignInAsGuest}
		}
		return proxyauth.Provider(&authenticator{guest: guest, anyHost: c.DangerouslyAllowOutsideDevelopment}, o, signIn...)(pc)
	}
}

// SignInAsGuest signs in the guest: with what it owns by the catalog, or, if the catalog says that it has no such user, as the
// configuration has it. A catalog that fails says nothing of the kind, and neither does one that has several.
func SignInAsGuest(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	id, err := rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: in.Result.UserRef})
	if errors.Is(err, authprovider.ErrUserNotFound) {
		return &authprovider.Identity{UserRef: in.Result.UserRef, OwnershipRefs: in.Result.OwnershipRefs}, nil
	}
	return id, err
}

// catalogProfile is the profile of the catalog's user.
func catalogProfile(ctx context.Context, guest Result, rc *authprovider.ResolverContext) (authprovider.Profile, error) {
	u, err := rc.FindUser(ctx, authprovider.UserQuery{Ref: guest.UserRef})
	if errors.Is(err, authprovider.ErrUserNotFound) {
		return authprovider.Profile{}, nil
	}
	if err != nil {
		return authprovider.Profile{}, err
	}
	return authprovider.Profile{Email: u.Email, DisplayName: u.DisplayName, Picture: u.Picture}, nil
}

type authenticator struct {
	guest   Result
	anyHost bool
}

var _ proxyauth.Authenticator[Result] = (*authenticator)(nil)

func (a *authenticator) Authenticate(_ context.Context, r *http.Request) (Result, error) {
	if !a.anyHost && !isLoopback(r.Host) {
		return Result{}, proxyauth.Refuse("guest_outside_development",
			fmt.Errorf("guest: the request is for host %.100q; Config.DangerouslyAllowOutsideDevelopment permits others than loopback", r.Host))
	}
	return a.guest, nil
}
