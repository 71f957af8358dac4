package pinniped

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/oauthclient"
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

// Authenticator talks to one federation domain. [New] makes it. It is safe for concurrent use.
type Authenticator struct {
	*oidcprovider.Vendor[Profile]
	tokenURL     string
	clientID     string
	clientSecret *authprovider.Secret // a pointer, because package fmt prints unexported fields without asking their methods
	audiences    []string
	oauth        *oauthclient.Client
}

var (
	_ oauthadapter.OAuthHandlers[Profile] = (*Authenticator)(nil)
	_ oauthadapter.Refresher[Profile]     = (*Authenticator)(nil)
	_ oauthadapter.ScopeRequirer          = (*Authenticator)(nil)
)

// New checks c and returns an authenticator. It needs no network.
func New(c Config) (*Authenticator, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c.FederationDomain = strings.TrimRight(c.FederationDomain, "/") // Pinniped takes none with a slash at the end
	var params map[string]string
	if c.IDPName != "" {
		params = map[string]string{"pinniped_idp_name": c.IDPName}
	}
	v, err := oidcprovider.NewVendor(oidcprovider.Config{
		Issuer:           c.FederationDomain,
		ClientID:         c.ClientID,
		ClientSecret:     c.ClientSecret,
		ClientAuthMethod: string(oauthclient.SecretBasic), // no other is supported
		Scopes:           c.scopes(),
		AuthParams:       params,
		Algorithms:       []string{"ES256"},
		HTTPClient:       c.HTTPClient,
		Now:              c.Now,
		Logger:           c.Logger,
	}, profile)
	if err != nil {
		return nil, fmt.Errorf("pinniped: %w", err)
	}
	secret := authprovider.Secret(c.ClientSecret)
	oauth, err := oauthclient.New(oauthclient.Config{ClientID: c.ClientID, ClientSecret: secret, HTTPClient: c.HTTPClient, Now: c.Now})
	if err != nil {
		return nil, fmt.Errorf("pinniped: %w", err)
	}
	return &Authenticator{
		Vendor:       v,
		tokenURL:     c.FederationDomain + "/oauth2/token", // at every federation domain
		clientID:     c.ClientID,
		clientSecret: &secret,
		audiences:    slices.Clone(c.Audiences),
		oauth:        oauth,
	}, nil
}

func profile(_ context.Context, in oidcprovider.Result) (Profile, authprovider.Profile, error) {
	p, err := newProfile(in.FullProfile)
	shown := in.Profile
	if shown.DisplayName == "" {
		shown.DisplayName = p.Username
	}
	return p, shown, err
}
