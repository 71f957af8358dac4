package atlassian

import (
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oauth2provider"
)

const profileURL = "https://api.atlassian.com/me"

// Result is what a sign-in resolver gets.
type Result = *oauthadapter.Result[Profile]

// SignInInfo is the argument of sign-in resolvers for Atlassian.
type SignInInfo = authprovider.SignInInfo[Result]

// Authenticator talks to Atlassian. [New] makes it.
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
	return oauth2provider.NewWithProfile(oauth2provider.Config{
		AuthURL:          "https://auth.atlassian.com/authorize",
		TokenURL:         "https://auth.atlassian.com/oauth/token",
		ClientID:         c.ClientID,
		ClientSecret:     c.ClientSecret,
		ClientAuthMethod: string(oauthclient.SecretPost),
		Scopes:           []string{"offline_access", "read:me"},
		AuthParams:       map[string]string{"audience": "api.atlassian.com", "prompt": "consent"},
		ErrorCodes: map[string]string{
			"unauthorized_client": "invalid_grant",  // of a refresh token that was spent; of another one it says so itself
			"access_denied":       "invalid_client", // of a wrong secret
		},
		HTTPClient: c.HTTPClient,
		Now:        c.Now,
		Logger:     c.Logger,
	}, read)
}
