package oidcprovider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
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

// Authenticator talks to one OpenID Connect provider. [New] makes it. It is safe for concurrent use.
type Authenticator struct {
	issuer         issuerRule
	clientID       string
	scopes         []string
	authParams     map[string]string
	authParamsFrom func(url.Values) (map[string]string, error)
	checkIDToken   func(Profile) error
	algorithms     []jose.Algorithm
	now            func() time.Time
	logger         *slog.Logger

	requireVerifiedEmail bool
	skipUserInfo         bool
	endSession           bool
	postLogoutRedirect   bool

	oauth     *oauthclient.Client
	discovery *discovery
}

var (
	_ oauthadapter.OAuthHandlers[Profile] = (*Authenticator)(nil)
	_ oauthadapter.Refresher[Profile]     = (*Authenticator)(nil)
	_ oauthadapter.ScopeRequirer          = (*Authenticator)(nil)
	_ oauthadapter.Revoker                = (*Authenticator)(nil)
	_ oauthadapter.SessionEnder           = (*Authenticator)(nil)
)

// New checks c and returns an authenticator. It needs no network: the provider is asked for its metadata at first use.
func New(c Config) (*Authenticator, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	oauth, err := oauthclient.New(oauthclient.Config{
		ClientID:     c.ClientID,
		ClientSecret: authprovider.Secret(c.ClientSecret),
		AuthMethod:   oauthclient.AuthMethod(c.ClientAuthMethod),
		HTTPClient:   c.HTTPClient,
		Now:          c.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("oidcprovider: Config.ClientAuthMethod: %w", err)
	}
	a := &Authenticator{
		issuer:               issuerRule(c.Issuer),
		clientID:             c.ClientID,
		scopes:               c.scopes(),
		authParams:           maps.Clone(c.AuthParams),
		authParamsFrom:       c.AuthParamsFrom,
		checkIDToken:         c.CheckIDToken,
		now:                  c.Now,
		logger:               c.Logger,
		requireVerifiedEmail: c.RequireVerifiedEmail,
		skipUserInfo:         c.SkipUserInfo,
		endSession:           c.EndSession,
		postLogoutRedirect:   c.PostLogoutRedirect,
		oauth:                oauth,
	}
	if c.Prompt != "" {
		if a.authParams == nil {
			a.authParams = make(map[string]string, 1)
		}
		a.authParams["prompt"] = c.Prompt
	}
	for _, alg := range c.Algorithms {
		a.algorithms = append(a.algorithms, jose.Algorithm(alg))
	}
	if a.algorithms == nil {
		a.algorithms = []jose.Algorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA}
	}
	if c.DiscoveryURL == "" {
		c.DiscoveryURL = c.Issuer
	}
	a.discovery = &discovery{issuer: c.Issuer, url: c.DiscoveryURL, client: oauth.HTTPClient(), now: c.Now, logger: c.Logger, newVerifier: a.newVerifier}
	return a, nil
}

// RequiredScopes implements [oauthadapter.ScopeRequirer].
func (a *Authenticator) RequiredScopes() []string { return slices.Clone(a.scopes) }

// Start implements [oauthadapter.OAuthHandlers]. Nothing of the caller's query is passed on but what Config.AuthParamsFrom makes of it.
func (a *Authenticator) Start(ctx context.Context, req oauthadapter.StartRequest) (oauthadapter.StartResponse, error) {
	params := a.authParams
	if a.authParamsFrom != nil {
		more, err := a.authParamsFrom(req.Query)
		if err != nil {
			return oauthadapter.StartResponse{}, err
		}
		if len(more) > 0 {
			merged := make(map[string]string, len(params)+len(more))
			maps.Copy(merged, params)
			maps.Copy(merged, more)
			params = merged
		}
	}
	m, err := a.discovery.metadata(ctx)
	if err != nil {
		return oauthadapter.StartResponse{}, err
	}
	return oauthadapter.StartResponse{
		URL:            a.oauth.AuthorizationURL(m.AuthorizationEndpoint, req, params),
		Issuer:         a.issuer.parameter(),
		IssuerRequired: m.IssParameterSupported && !a.issuer.perTenant(),
	}, nil
}

// Authenticate implements [oauthadapter.OAuthHandlers].
func (a *Authenticator) Authenticate(ctx context.Context, req oauthadapter.CallbackRequest) (Result, error) {
	if req.Nonce == "" {
		return nil, errors.New("oidcprovider: CallbackRequest.Nonce is required")
	}
	m, err := a.discovery.metadata(ctx)
	if err != nil {
		return nil, err
	}
	session, err := a.oauth.Exchange(ctx, m.TokenEndpoint, req)
	if err != nil {
		return nil, err
	}
	if session.IDToken == "" {
		return nil, refuse("id_token_missing", fmt.Errorf("%w: the token answer has none", ErrIDToken))
	}
	idToken, err := a.verifyIDToken(ctx, m, session, expectation{nonce: req.Nonce})
	if err != nil {
		return nil, err
	}
	if err := a.checkPerson(idToken); err != nil {
		return nil, err
	}
	return a.result(ctx, m, session, idToken)
}

// Refresh implements [oauthadapter.Refresher]. Without a refresh token it reads the profile again with the access token. If the tokens were
// renewed but the provider could not be reached after that, the result with the new session is returned beside the error: a provider that
// rotates refresh tokens takes the old one for stolen when it comes back.
func (a *Authenticator) Refresh(ctx context.Context, req oauthadapter.RefreshRequest) (Result, error) {
	if req.Session.Subject == "" { // anybody's tokens would fit
		return nil, errors.New("oidcprovider: RefreshRequest.Session.Subject is required")
	}
	m, err := a.discovery.metadata(ctx)
	if err != nil {
		return nil, err
	}
	if req.Session.RefreshToken == "" {
		return a.reread(ctx, m, req.Session)
	}
	session, err := a.oauth.Refresh(ctx, m.TokenEndpoint, req.Session.RefreshToken, req.Scopes)
	if err != nil {
		return nil, err
	}
	session.Subject = req.Session.Subject
	result, err := a.refreshed(ctx, m, req.Session, session)
	if errors.Is(err, oauthadapter.ErrSessionEnded) {
		return nil, err
	}
	if err != nil {
		session.IDToken = req.Session.IDToken // the new one may not have been verified
		return &oauthadapter.Result[Profile]{Session: session}, err
	}
	return result, nil
}

// refreshed verifies what came back from a refresh (OpenID Connect Core section 12.2).
func (a *Authenticator) refreshed(ctx context.Context, m *metadata, old, session oauthadapter.Session) (Result, error) {
	var idToken *jose.Token
	if session.IDToken != "" { // section 12.2 lets a provider leave it out
		var err error
		if idToken, err = a.verifyIDToken(ctx, m, session, expectation{refreshOf: &old}); err != nil {
			return nil, endsSession(err)
		}
	}
	if idToken == nil {
		session.IDToken = old.IDToken // still the hint for sign-out
	}
	result, err := a.checkedResult(ctx, m, session, idToken)
	if err != nil {
		return nil, endsSession(err)
	}
	return result, nil
}

// checkedResult is result for a refresh, which may have brought no ID token: the last that was verified is then in the session.
func (a *Authenticator) checkedResult(ctx context.Context, m *metadata, session oauthadapter.Session, idToken *jose.Token) (Result, error) {
	last := idToken
	if last == nil {
		t, err := jose.Parse(string(session.IDToken))
		if err == nil && a.issuer.allows(t) && t.Claims().Subject == session.Subject {
			last = t
		}
	}
	if err := a.checkPerson(last); err != nil {
		return nil, err
	}
	result, err := a.result(ctx, m, session, idToken)
	if err == nil && last != nil {
		result.FullProfile.Issuer = last.Claims().Issuer // which tenant's it was
	}
	return result, err
}

// checkPerson is the host's own condition on who may sign in.
func (a *Authenticator) checkPerson(idToken *jose.Token) error {
	switch {
	case a.checkIDToken == nil:
		return nil
	case idToken == nil:
		return refuse("id_token_missing", fmt.Errorf("%w: there is none to check the person by", ErrIDToken))
	}
	return a.checkIDToken(a.newProfile(idToken, nil))
}

// reread vouches for a session without refresh token: the access token still opens the userinfo endpoint, or, where there is
// none, the ID token has not expired. While it has not, the profile has its claims too.
func (a *Authenticator) reread(ctx context.Context, m *metadata, session oauthadapter.Session) (Result, error) {
	if session.AccessToken == "" {
		return nil, ended("userinfo", "the session has neither refresh token nor access token")
	}
	session.Scope = ""
	var idToken *jose.Token
	if session.IDToken != "" {
		var err error
		if idToken, err = a.verifyIDToken(ctx, m, session, expectation{refreshOf: &session}); err != nil && !errors.Is(err, ErrIDToken) {
			return nil, err
		}
	}
	result, err := a.checkedResult(ctx, m, session, idToken)
	var answer *oauthadapter.ProviderError
	if errors.As(err, &answer) && answer.Status == http.StatusUnauthorized {
		return nil, ended("userinfo", "the access token is not valid any more")
	}
	if err != nil {
		return nil, endsSession(err)
	}
	return result, nil
}

// result reads the profile. Without an ID token it rests on the userinfo answer alone, which must be about session.Subject.
func (a *Authenticator) result(ctx context.Context, m *metadata, session oauthadapter.Session, idToken *jose.Token) (Result, error) {
	subject := session.Subject
	if idToken != nil {
		subject = idToken.Claims().Subject
	}
	var userinfo claimSet
	switch {
	case m.UserInfoEndpoint != "" && !(a.skipUserInfo && idToken != nil):
		var err error
		if userinfo, err = a.readUserInfo(ctx, m, session.AccessToken, subject); err != nil {
			return nil, err
		}
	case idToken == nil:
		return nil, ended("userinfo", "there is neither an ID token nor a userinfo endpoint")
	}
	profile := a.newProfile(idToken, userinfo)
	session.Subject = profile.Subject
	return &oauthadapter.Result[Profile]{Profile: a.defaultProfile(profile), FullProfile: profile, Session: session}, nil
}
