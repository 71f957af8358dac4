package gitea

import (
	"context"
	"errors"
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

// Authenticator talks to one instance. [New] makes it. It is safe for concurrent use.
type Authenticator struct{ *oidcprovider.Vendor[Profile] }

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
	issuer, discovery := c.issuer()
	v, err := oidcprovider.NewVendor(oidcprovider.Config{
		Issuer:       issuer,
		DiscoveryURL: discovery,
		ClientID:     c.ClientID,
		ClientSecret: c.ClientSecret,
		// Without a scope of its API, Gitea gives a token that may do all that the person may.
		Scopes:     []string{"openid", "profile", "email", "read:user"},
		HTTPClient: c.HTTPClient,
		Now:        c.Now,
		Logger:     c.Logger,
	}, profileMaker{confirmsEmail: c.ConfirmsEmail}.profile)
	if err != nil {
		return nil, fmt.Errorf("gitea: %w", err)
	}
	return &Authenticator{v}, nil
}

// Authenticate implements [oauthadapter.OAuthHandlers].
func (a *Authenticator) Authenticate(ctx context.Context, req oauthadapter.CallbackRequest) (Result, error) {
	result, err := a.Vendor.Authenticate(ctx, req)
	return result, standard(err)
}

// Refresh implements [oauthadapter.Refresher].
func (a *Authenticator) Refresh(ctx context.Context, req oauthadapter.RefreshRequest) (Result, error) {
	// Gitea keeps one nonce for a person and an application: a sign-in in another browser changes that of this session's next ID token.
	// Without the old token there is nothing to compare it with; issuer and subject are compared all the same.
	req.Session.IDToken = ""
	result, err := a.Vendor.Refresh(ctx, req)
	return result, standard(err)
}

// standard translates what Gitea says, beside "invalid_grant", of codes and refresh tokens that are of no use. The log gets both. It says the same of
// a wrong secret, which is not the person's doing.
func standard(err error) error {
	var answer *oauthadapter.ProviderError
	if !errors.As(err, &answer) || answer.Endpoint != "token" || answer.Code != "unauthorized_client" || strings.Contains(answer.Description, "client secret") {
		return err
	}
	translated := *answer
	translated.Code, translated.Description = "invalid_grant", answer.Code+": "+answer.Description
	return &translated
}
