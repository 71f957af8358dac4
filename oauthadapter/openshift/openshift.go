package openshift

import (
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oauth2provider"
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

// Authenticator talks to one cluster. [New] makes it. It is safe for concurrent use.
type Authenticator struct {
	*base
	tokensURL    string
	identityOnly bool
	oauth        *oauthclient.Client
}

// base implements what every plain OAuth 2.0 provider does.
type base = oauth2provider.Authenticator[Profile]

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
	oauth, err := oauthclient.New(oauthclient.Config{
		ClientID: c.ClientID, ClientSecret: authprovider.Secret(c.ClientSecret), AuthMethod: oauthclient.SecretPost, HTTPClient: c.HTTPClient, Now: c.Now,
	})
	if err != nil {
		return nil, err
	}
	server, api := strings.TrimRight(c.OAuthURL, "/"), strings.TrimRight(c.APIURL, "/")
	b, err := oauth2provider.NewWithProfile(oauth2provider.Config{
		AuthURL:          server + "/oauth/authorize",
		TokenURL:         server + "/oauth/token",
		ClientID:         c.ClientID,
		ClientSecret:     c.ClientSecret,
		ClientAuthMethod: string(oauthclient.SecretPost), // as OpenShift documents it
		Scopes:           c.scopes(),
		HTTPClient:       c.HTTPClient,
		Now:              c.Now,
		Logger:           c.Logger,
	}, profileReader{api}.read)
	if err != nil {
		return nil, err
	}
	return &Authenticator{base: b, tokensURL: api + "/apis/oauth.openshift.io/v1/oauthaccesstokens/", identityOnly: c.IdentityOnly, oauth: oauth}, nil
}
