package auth0

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

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

// Authenticator talks to one Auth0 tenant. [New] makes it. It is safe for concurrent use.
type Authenticator struct {
	*oidcprovider.Vendor[Profile]
	logoutURL string
}

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
	params := make(map[string]string)
	for name, value := range map[string]string{
		"audience": c.Audience, "connection": c.Connection, "connection_scope": c.ConnectionScope, "organization": c.Organization,
	} {
		if value != "" {
			params[name] = value
		}
	}
	oidc := oidcprovider.Config{
		Issuer:           c.baseURL(),
		ClientID:         c.ClientID,
		ClientSecret:     c.ClientSecret,
		ClientAuthMethod: "client_secret_post", // the default of Auth0's web applications
		Scopes:           []string{"openid", "profile", "email", "offline_access"},
		Prompt:           c.Prompt,
		AuthParams:       params,
		AuthParamsFrom:   startQuery{organization: c.Organization}.params,
		// Auth0 puts all claims into the ID token, and allows few calls of its userinfo endpoint.
		SkipUserInfo: true,
		HTTPClient:   c.HTTPClient,
		Now:          c.Now,
		Logger:       c.Logger,
	}
	if c.Organization != "" {
		oidc.CheckIDToken = func(p oidcprovider.Profile) error { return checkOrganization(p, c.Organization) }
	}
	v, err := oidcprovider.NewVendor(oidc, profile)
	if err != nil {
		return nil, fmt.Errorf("auth0: %w", err)
	}
	q := url.Values{"client_id": {c.ClientID}}
	if c.FederatedLogout {
		q.Set("federated", "")
	}
	return &Authenticator{v, c.baseURL() + "v2/logout?" + q.Encode()}, nil
}

func profile(_ context.Context, in oidcprovider.Result) (Profile, authprovider.Profile, error) {
	p, err := newProfile(in.FullProfile)
	return p, in.Profile, err
}

// Authenticate implements [oauthadapter.OAuthHandlers].
func (a *Authenticator) Authenticate(ctx context.Context, req oauthadapter.CallbackRequest) (Result, error) {
	result, err := a.Vendor.Authenticate(ctx, req)
	return result, standard(err)
}

// Refresh implements [oauthadapter.Refresher].
func (a *Authenticator) Refresh(ctx context.Context, req oauthadapter.RefreshRequest) (Result, error) {
	result, err := a.Vendor.Refresh(ctx, req)
	return result, standard(err)
}

// standard gives an error its usual code: of a client whose secret is wrong Auth0 says what others say of a person who refused.
func standard(err error) error {
	var answer *oauthadapter.ProviderError
	if !errors.As(err, &answer) || answer.Code != "access_denied" || answer.Status != http.StatusUnauthorized {
		return err
	}
	translated := *answer
	translated.Code, translated.Description = "invalid_client", answer.Code+": "+answer.Description
	return &translated
}

// EndSessionURL implements [oauthadapter.SessionEnder] with Auth0's own sign-out page.
func (a *Authenticator) EndSessionURL(_ context.Context, req oauthadapter.LogoutRequest) (string, error) {
	if req.ReturnURL == "" {
		return a.logoutURL, nil
	}
	return a.logoutURL + "&" + url.Values{"returnTo": {req.ReturnURL}}.Encode(), nil
}

// Revoke implements [oauthadapter.Revoker]. Auth0 revokes refresh tokens and no others.
func (a *Authenticator) Revoke(ctx context.Context, s oauthadapter.Session) error {
	if s.RefreshToken == "" {
		return nil
	}
	return a.Vendor.Revoke(ctx, s)
}
