package bitbucketserver

import (
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oauth2provider"
)

// Result is what a sign-in resolver gets.
type Result = *oauthadapter.Result[Profile]

// SignInInfo is the argument of sign-in resolvers for one Bitbucket Data Center.
type SignInInfo = authprovider.SignInInfo[Result]

// Authenticator talks to one Bitbucket Data Center. [New] makes it.
type Authenticator = oauth2provider.Authenticator[Profile]

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

// New checks c and returns an authenticator. It needs no network.
func New(c Config) (*Authenticator, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	base := strings.TrimRight(c.BaseURL, "/")
	return oauth2provider.NewWithProfile(oauth2provider.Config{
		AuthURL:          base + "/rest/oauth2/latest/authorize",
		TokenURL:         base + "/rest/oauth2/latest/token",
		ClientID:         c.ClientID,
		ClientSecret:     c.ClientSecret,
		ClientAuthMethod: string(oauthclient.SecretPost),
		HTTPClient:       c.HTTPClient,
		Now:              c.Now,
		Logger:           c.Logger,
	}, profileReader{base}.read)
}
