package microsoft

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
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

// Authenticator talks to Microsoft Entra ID. [New] makes it. It is safe for concurrent use.
type Authenticator struct {
	tenant *tenant
	scopes scopeRule
}

var (
	_ oauthadapter.OAuthHandlers[Profile] = (*Authenticator)(nil)
	_ oauthadapter.Refresher[Profile]     = (*Authenticator)(nil)
	_ oauthadapter.ScopeRequirer          = (*Authenticator)(nil)
	_ oauthadapter.ScopeImplier           = (*Authenticator)(nil)
	_ oauthadapter.SessionEnder           = (*Authenticator)(nil)
)

// New checks c and returns an authenticator. It needs no network.
func New(c Config) (*Authenticator, error) {
	c = c.normalized()
	if err := c.check(); err != nil {
		return nil, err
	}
	client, err := oauthclient.New(oauthclient.Config{
		ClientID:     c.ClientID,
		ClientSecret: authprovider.Secret(c.ClientSecret),
		AuthMethod:   oauthclient.SecretPost, // as Microsoft documents it
		HTTPClient:   c.HTTPClient,
		Now:          c.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("microsoft: %w", err)
	}
	scopes := scopeRule{graphHost: c.GraphHost, profile: !c.SkipProfile}
	reader := profileReader{
		severalTenants: c.severalTenants(),
		scopes:         scopes,
		graph:          graph{host: c.GraphHost, client: client, logger: c.Logger, skipPhoto: c.SkipPhoto},
	}
	oidc := oidcprovider.Config{
		ClientID:           c.ClientID,
		ClientSecret:       c.ClientSecret,
		ClientAuthMethod:   string(oauthclient.SecretPost),
		Scopes:             signInScopes(),
		Prompt:             c.Prompt,
		AuthParamsFrom:     loginHint,
		SkipUserInfo:       true, // it is Graph's, and says less than the ID token
		EndSession:         c.EndSession,
		PostLogoutRedirect: c.PostLogoutRedirect,
		HTTPClient:         c.HTTPClient,
		Now:                c.Now,
		Logger:             c.Logger,
	}
	if c.DomainHint != "" {
		oidc.AuthParams = map[string]string{"domain_hint": c.DomainHint}
	}
	t, err := newTenant(c, oidc, reader.read, client)
	if err != nil {
		return nil, err
	}
	return &Authenticator{t, scopes}, nil
}

// RequiredScopes implements [oauthadapter.ScopeRequirer]. User.Read is asked for beside them where the token is for Microsoft Graph.
func (a *Authenticator) RequiredScopes() []string { return signInScopes() }

// ImpliedScopes implements [oauthadapter.ScopeImplier]: Entra's answer names the scopes of the access token's resource, so that those of the
// sign-in itself may be missing, and a permission of Microsoft Graph has a short and a long name.
func (a *Authenticator) ImpliedScopes(granted []string) []string { return a.scopes.implied(granted) }

// Start implements [oauthadapter.OAuthHandlers]. Of the scopes, those of one resource are asked for, that of the first: a token has no other.
// Of the caller's query, login_hint is passed on.
func (a *Authenticator) Start(ctx context.Context, req oauthadapter.StartRequest) (oauthadapter.StartResponse, error) {
	v, err := a.tenant.vendor(ctx)
	if err != nil {
		return oauthadapter.StartResponse{}, err
	}
	req.Scopes = a.scopes.ofOneResource(req.Scopes)
	return v.Start(ctx, req)
}

// Authenticate implements [oauthadapter.OAuthHandlers].
func (a *Authenticator) Authenticate(ctx context.Context, req oauthadapter.CallbackRequest) (Result, error) {
	v, err := a.tenant.vendor(ctx)
	if err != nil {
		return nil, err
	}
	return v.Authenticate(ctx, req)
}

// Refresh implements [oauthadapter.Refresher]. One refresh token serves all resources: the scopes say which the new access token is for, or,
// if there are none, those of the session. A session without refresh token ends.
func (a *Authenticator) Refresh(ctx context.Context, req oauthadapter.RefreshRequest) (Result, error) {
	if req.Session.RefreshToken == "" { // which resource its access token is for, nobody knows any more
		return nil, fmt.Errorf("%w: microsoft: there is no refresh token", oauthadapter.ErrSessionEnded)
	}
	v, err := a.tenant.vendor(ctx)
	if err != nil {
		return nil, err
	}
	if len(req.Scopes) == 0 {
		req.Scopes = strings.Fields(req.Session.Scope)
	}
	if len(req.Scopes) > 0 {
		req.Scopes = a.scopes.ofOneResource(append(req.Scopes[:len(req.Scopes):len(req.Scopes)], signInScopes()...))
	}
	return v.Refresh(ctx, req)
}

// EndSessionURL implements [oauthadapter.SessionEnder]. It is empty unless Config.EndSession is set.
func (a *Authenticator) EndSessionURL(ctx context.Context, req oauthadapter.LogoutRequest) (string, error) {
	v, err := a.tenant.vendor(ctx)
	if err != nil {
		return "", err
	}
	return v.EndSessionURL(ctx, req)
}

var loginHintForm = regexp.MustCompile(`^[!-?A-~]{1,64}@[0-9A-Za-z.-]{1,253}$`)

// loginHint passes on who is likely to sign in: a name that Entra's page shows, so nothing but the form of one.
func loginHint(q url.Values) (map[string]string, error) {
	if !q.Has("login_hint") {
		return nil, nil
	}
	hint := q["login_hint"]
	if len(hint) != 1 || !loginHintForm.MatchString(hint[0]) {
		return nil, &authprovider.Error{Kind: authprovider.ErrInput, Code: "login_hint_invalid", Message: "The login hint is not valid.",
			Err: errors.New("microsoft: login_hint has not the form of a user principal name")}
	}
	return map[string]string{"login_hint": hint[0]}, nil
}
