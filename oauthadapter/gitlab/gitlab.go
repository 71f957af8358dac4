package gitlab

import (
	"context"
	"fmt"

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

// Authenticator talks to one GitLab instance. [New] makes it. It is safe for concurrent use.
type Authenticator struct{ *oidcprovider.Vendor[Profile] }

var (
	_ oauthadapter.OAuthHandlers[Profile] = (*Authenticator)(nil)
	_ oauthadapter.Refresher[Profile]     = (*Authenticator)(nil)
	_ oauthadapter.ScopeRequirer          = (*Authenticator)(nil)
	_ oauthadapter.Revoker                = (*Authenticator)(nil)
)

// New checks c and returns an authenticator. It needs no network.
func New(c Config) (*Authenticator, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	v, err := oidcprovider.NewVendor(oidcprovider.Config{
		Issuer:           c.baseURL(),
		ClientID:         c.ClientID,
		ClientSecret:     c.ClientSecret,
		ClientAuthMethod: "client_secret_post", // as GitLab documents it
		HTTPClient:       c.HTTPClient,
		Now:              c.Now,
		Logger:           c.Logger,
	}, profile)
	if err != nil {
		return nil, fmt.Errorf("gitlab: %w", err)
	}
	return &Authenticator{v}, nil
}

func profile(_ context.Context, in oidcprovider.Result) (Profile, authprovider.Profile, error) {
	p, err := newProfile(in.FullProfile)
	shown := in.Profile
	if shown.DisplayName == "" {
		shown.DisplayName = p.Username
	}
	return p, shown, err
}
