package google

import (
	"context"
	"errors"
	"fmt"
	"slices"

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

// Authenticator talks to Google. [New] makes it. It is safe for concurrent use.
type Authenticator struct{ *oidcprovider.Vendor[Profile] }

var (
	_ oauthadapter.OAuthHandlers[Profile] = (*Authenticator)(nil)
	_ oauthadapter.Refresher[Profile]     = (*Authenticator)(nil)
	_ oauthadapter.ScopeRequirer          = (*Authenticator)(nil)
	_ oauthadapter.ScopeImplier           = (*Authenticator)(nil)
	_ oauthadapter.Revoker                = (*Authenticator)(nil)
)

// New checks c and returns an authenticator. It needs no network.
func New(c Config) (*Authenticator, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	oidc := oidcprovider.Config{
		Issuer:           issuer,
		ClientID:         c.ClientID,
		ClientSecret:     c.ClientSecret,
		ClientAuthMethod: "client_secret_post", // as Google documents it
		Prompt:           c.Prompt,
		// Incremental authorization: a new token holds what was granted before as well.
		AuthParams: map[string]string{"access_type": "offline", "include_granted_scopes": "true"},
		HTTPClient: c.HTTPClient,
		Now:        c.Now,
		Logger:     c.Logger,
	}
	if c.OnlineAccess {
		oidc.AuthParams["access_type"] = "online"
	} else if c.Prompt == "" {
		oidc.Prompt = "consent"
	}
	if domains := slices.Clone(c.HostedDomains); domains != nil {
		// A hint for the account chooser, which the browser can change: what counts is the claim.
		oidc.AuthParams["hd"] = "*"
		if len(domains) == 1 {
			oidc.AuthParams["hd"] = domains[0]
		}
		oidc.CheckIDToken = func(p oidcprovider.Profile) error { return checkHostedDomain(p, domains) }
	}
	v, err := oidcprovider.NewVendor(oidc, profile)
	if err != nil {
		return nil, fmt.Errorf("google: %w", err)
	}
	return &Authenticator{v}, nil
}

func profile(_ context.Context, in oidcprovider.Result) (Profile, authprovider.Profile, error) {
	p, err := newProfile(in.FullProfile)
	shown := in.Profile
	if shown.Email != "" {
		shown.EmailVerification = p.EmailVerified
	}
	return p, shown, err
}

func checkHostedDomain(idToken oidcprovider.Profile, domains []string) error {
	p, err := newProfile(idToken)
	if err != nil {
		return err
	}
	if !slices.Contains(domains, p.HostedDomain) {
		return &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "hosted_domain_refused",
			Err: fmt.Errorf("google: hosted domain %.253q is not one of Config.HostedDomains", p.HostedDomain)}
	}
	return nil
}

// Revoke implements [oauthadapter.Revoker]. It ends the grant, with all its tokens. Google refuses a token that has ended already, which is
// what was wanted.
func (a *Authenticator) Revoke(ctx context.Context, s oauthadapter.Session) error {
	err := a.Vendor.Revoke(ctx, s)
	var answer *oauthadapter.ProviderError
	if errors.As(err, &answer) && answer.Code == "invalid_token" {
		return nil
	}
	return err
}

// ImpliedScopes implements [oauthadapter.ScopeImplier]: Google grants the OpenID Connect scopes under names of its own.
func (a *Authenticator) ImpliedScopes(granted []string) []string {
	implied := slices.Clone(granted)
	for _, names := range [][2]string{
		{"email", "https://www.googleapis.com/auth/userinfo.email"},
		{"profile", "https://www.googleapis.com/auth/userinfo.profile"},
	} {
		if slices.Contains(granted, names[0]) || slices.Contains(granted, names[1]) {
			implied = append(implied, names[:]...)
		}
	}
	return implied
}
