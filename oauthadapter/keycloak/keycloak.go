package keycloak

import (
	"context"
	"fmt"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// Result is what a sign-in resolver gets.
type Result = *oauthadapter.Result[Profile]

// SignInInfo is the argument of sign-in resolvers for this provider.
type SignInInfo = authprovider.SignInInfo[Result]

// Provider returns the factory of a provider. The sign-in resolvers are tried in order; without one the app gets tokens and a profile,
// but no identity. What is wrong with c shows when the factory is called.
func Provider(c Config, signIn ...authprovider.SignInResolver[Result]) authprovider.ProviderFactory {
	return func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
		c := c
		pc.Inherit(&c.HTTPClient, &c.Now, &c.Logger)
		a, err := New(c)
		if err != nil {
			return nil, err
		}
		return oauthadapter.Provider(a, c.Options, signIn...)(pc)
	}
}

// Authenticator talks to one realm. [New] makes it. It is safe for concurrent use.
type Authenticator struct{ *oidcprovider.Vendor[Profile] }

var (
	_ oauthadapter.OAuthHandlers[Profile] = (*Authenticator)(nil)
	_ oauthadapter.Refresher[Profile]     = (*Authenticator)(nil)
	_ oauthadapter.ScopeRequirer          = (*Authenticator)(nil)
	_ oauthadapter.Revoker                = (*Authenticator)(nil)
	_ oauthadapter.SessionEnder           = (*Authenticator)(nil)
)

// New checks c and returns an authenticator. It needs no network.
func New(c Config) (*Authenticator, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	oidc := oidcprovider.Config{
		Issuer:             strings.TrimRight(c.RealmURL, "/"),
		ClientID:           c.ClientID,
		ClientSecret:       c.ClientSecret,
		EndSession:         c.EndSession,
		PostLogoutRedirect: c.PostLogoutRedirect,
		HTTPClient:         c.HTTPClient,
		Now:                c.Now,
		Logger:             c.Logger,
	}
	if c.IDPHint != "" {
		oidc.AuthParams = map[string]string{"kc_idp_hint": c.IDPHint}
	}
	v, err := oidcprovider.NewVendor(oidc, profile)
	if err != nil {
		return nil, fmt.Errorf("keycloak: %w", err)
	}
	return &Authenticator{v}, nil
}

func profile(_ context.Context, in oidcprovider.Result) (Profile, authprovider.Profile, error) {
	p, err := newProfile(in.FullProfile)
	return p, in.Profile, err
}
