package github

import (
	"log/slog"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oauth2provider"
)

// Result is what a sign-in resolver gets.
type Result = *oauthadapter.Result[Profile]

// SignInInfo is the argument of sign-in resolvers for GitHub.
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

// Authenticator talks to one GitHub. [New] makes it. It is safe for concurrent use.
type Authenticator struct {
	*base
	clientID     string
	clientSecret *authprovider.Secret // a pointer, because package fmt prints unexported fields without asking their methods
	tokenURL     string
	revokeURL    string
	oauth        *oauthclient.Client
}

// base implements what every plain OAuth 2.0 provider does.
type base = oauth2provider.Authenticator[Profile]

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
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	web, api := c.bases()
	secret := authprovider.Secret(c.ClientSecret)
	a := &Authenticator{clientID: c.ClientID, clientSecret: &secret, tokenURL: web + "/login/oauth/access_token", revokeURL: revokeURL(api, c.ClientID)}
	var err error
	if a.oauth, err = oauthclient.New(oauthclient.Config{
		ClientID: c.ClientID, ClientSecret: secret, AuthMethod: oauthclient.SecretPost, HTTPClient: c.HTTPClient, Now: c.Now,
	}); err != nil {
		return nil, err
	}
	reader := &profileReader{api: api, organizations: c.ReadOrganizations, teams: c.ReadTeams, logger: c.Logger}
	a.base, err = oauth2provider.NewWithProfile(oauth2provider.Config{
		AuthURL:          web + "/login/oauth/authorize",
		TokenURL:         a.tokenURL,
		ClientID:         c.ClientID,
		ClientSecret:     c.ClientSecret,
		ClientAuthMethod: string(oauthclient.SecretPost),
		Scopes:           c.scopes(),
		ErrorCodes: map[string]string{
			"bad_verification_code":        "invalid_grant",
			"bad_refresh_token":            "invalid_grant",
			"incorrect_client_credentials": "invalid_client",
			"unverified_user_email":        "access_denied", // the person's doing: GitHub lets nobody on without a verified address
		},
		HTTPClient: c.HTTPClient,
		Now:        c.Now,
	}, reader.read)
	if err != nil {
		return nil, err
	}
	return a, nil
}

// ImpliedScopes implements [oauthadapter.ScopeImplier]: GitHub leaves out of a grant what is included in another of its scopes.
func (a *Authenticator) ImpliedScopes(granted []string) []string { return implied(granted) }

func implied(granted []string) []string {
	out := make([]string, 0, len(granted))
	for _, scope := range granted {
		out = append(append(out, scope), included(scope)...)
	}
	return out
}

// included returns the scopes that are part of another one.
func included(scope string) []string {
	switch scope {
	case "repo":
		return []string{"repo:status", "repo_deployment", "public_repo", "repo:invite", "security_events"}
	case "user":
		return []string{"read:user", "user:email", "user:follow"}
	case "admin:org":
		return []string{"write:org", "read:org"}
	case "write:org":
		return []string{"read:org"}
	case "admin:repo_hook":
		return []string{"write:repo_hook", "read:repo_hook"}
	case "write:repo_hook":
		return []string{"read:repo_hook"}
	case "admin:public_key":
		return []string{"write:public_key", "read:public_key"}
	case "write:public_key":
		return []string{"read:public_key"}
	case "admin:gpg_key":
		return []string{"write:gpg_key", "read:gpg_key"}
	case "write:gpg_key":
		return []string{"read:gpg_key"}
	case "admin:enterprise":
		return []string{"manage_runners:enterprise", "manage_billing:enterprise", "read:enterprise"}
	case "project":
		return []string{"read:project"}
	case "write:packages":
		return []string{"read:packages"}
	}
	return nil
}
