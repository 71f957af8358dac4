package oidcprovider

import (
	"context"
	"errors"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
)

// ProfileFunc makes a vendor's own profile of what has been verified, and the profile that the app shows, which is usually in.Profile. The
// tokens of in.Session are there for calls to the vendor. It runs with every sign-in and refresh, and may turn the person down with an
// error that wraps [authprovider.ErrNotAllowed] or [authprovider.ErrAuthentication]. It may be called concurrently.
type ProfileFunc[P any] func(ctx context.Context, in Result) (P, authprovider.Profile, error)

// Vendor is an [Authenticator] with a profile of the vendor's own: the base of package google and its siblings, and of packages
// for other vendors that speak OpenID Connect. [NewVendor] makes it. It is safe for concurrent use.
type Vendor[P any] struct {
	*Authenticator
	profile ProfileFunc[P]
}

var (
	_ oauthadapter.OAuthHandlers[Profile] = (*Vendor[Profile])(nil)
	_ oauthadapter.Refresher[Profile]     = (*Vendor[Profile])(nil)
)

// NewVendor is [New] for a vendor's own profile. It does not look at c.Options.
func NewVendor[P any](c Config, profile ProfileFunc[P]) (*Vendor[P], error) {
	if profile == nil {
		return nil, errors.New("oidcprovider: NewVendor: a ProfileFunc is required")
	}
	a, err := New(c)
	if err != nil {
		return nil, err
	}
	return &Vendor[P]{a, profile}, nil
}

// Authenticate implements [oauthadapter.OAuthHandlers].
func (v *Vendor[P]) Authenticate(ctx context.Context, req oauthadapter.CallbackRequest) (*oauthadapter.Result[P], error) {
	in, err := v.Authenticator.Authenticate(ctx, req)
	if err != nil {
		return nil, err
	}
	return v.result(ctx, in)
}

// Refresh implements [oauthadapter.Refresher], as that of [Authenticator] does.
func (v *Vendor[P]) Refresh(ctx context.Context, req oauthadapter.RefreshRequest) (*oauthadapter.Result[P], error) {
	in, err := v.Authenticator.Refresh(ctx, req)
	if in == nil {
		return nil, err
	}
	if err == nil {
		var result *oauthadapter.Result[P]
		if result, err = v.result(ctx, in); err == nil {
			return result, nil
		}
		if err = endsSession(err); errors.Is(err, oauthadapter.ErrSessionEnded) {
			return nil, err
		}
	}
	return &oauthadapter.Result[P]{Session: in.Session}, err // the old refresh token may be spent
}

func (v *Vendor[P]) result(ctx context.Context, in Result) (*oauthadapter.Result[P], error) {
	full, shown, err := v.profile(ctx, in)
	if err != nil {
		return nil, err
	}
	return &oauthadapter.Result[P]{Profile: shown, FullProfile: full, Session: in.Session}, nil
}
