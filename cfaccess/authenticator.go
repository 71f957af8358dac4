package cfaccess

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
	"example.com/stagedoor/internal/proxytoken"
	"example.com/stagedoor/proxyauth"
)

// Provider returns the factory of a provider. The sign-in resolvers are tried in order; at least one is required. What is wrong with c
// shows when the factory is called.
func Provider(c Config, signIn ...authprovider.SignInResolver[Result]) authprovider.ProviderFactory {
	return func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
		c := c
		pc.Inherit(&c.HTTPClient, &c.Now, &c.Logger)
		a, err := New(c)
		if err != nil {
			return nil, err
		}
		return proxyauth.Provider(a, c.Options, signIn...)(pc)
	}
}

// Authenticator says who sent a request through Cloudflare Access. [New] makes it. It is safe for concurrent use.
type Authenticator struct {
	audience      []string
	credentials   []string
	serviceTokens map[string]ServiceToken // by ClientID
	verifier      *proxytoken.Verifier
	directory     *directory // nil with Config.SkipIdentity
}

var (
	_ proxyauth.Authenticator[Result] = (*Authenticator)(nil)
	_ proxyauth.Describer[Result]     = (*Authenticator)(nil)
	_ proxyauth.SignOuter             = (*Authenticator)(nil)
	_ proxyauth.CredentialHeaders     = (*Authenticator)(nil)
)

// New checks c and returns an authenticator. It needs no network: keys and identities are fetched at first use.
func New(c Config) (*Authenticator, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Header == "" {
		c.Header = defaultHeader
	}
	if c.Cookie == "" {
		c.Cookie = tokenCookie
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	issuer := c.issuer()
	keys, err := keyset.New(keyset.Config{URL: issuer + "/cdn-cgi/access/certs", Client: c.HTTPClient, Now: c.Now, Logger: c.Logger})
	if err != nil {
		return nil, fmt.Errorf("cfaccess: %w", err)
	}
	verifier, err := proxytoken.New(proxytoken.Config{
		Header: c.Header,
		Cookie: c.Cookie,
		Check:  checkType,
		Expected: jose.Expected{
			Issuer:     issuer,
			Audiences:  c.Audience,
			Types:      []string{"JWT"},
			Algorithms: []jose.Algorithm{jose.RS256}, // the one that Access signs with
			Now:        c.Now,
		},
		Keys: keys,
	})
	if err != nil {
		return nil, fmt.Errorf("cfaccess: Config: %w", err)
	}
	a := &Authenticator{
		audience: slices.Clone(c.Audience),
		// The second and third are what command-line clients and services send to Access; nothing signs the last.
		credentials:   []string{c.Header, "Cf-Access-Token", "Cf-Access-Client-Secret", defaultHeader, "Cf-Access-Authenticated-User-Email"},
		serviceTokens: make(map[string]ServiceToken, len(c.ServiceTokens)),
		verifier:      verifier,
	}
	for _, s := range c.ServiceTokens {
		a.serviceTokens[s.ClientID] = s
	}
	if !c.SkipIdentity {
		a.directory = &directory{
			url:     issuer + "/cdn-cgi/access/get-identity",
			client:  newClient(c.HTTPClient),
			cache:   c.Cache,
			now:     c.Now,
			logger:  c.Logger,
			lookups: make(map[personKey]*lookup),
		}
	}
	return a, nil
}

// checkType refuses the token of a person's session with the whole team ("org"), which is no word about this application. It looks
// at a token that nobody vouches for yet: to lie here is to have no signature.
func checkType(t *jose.Token) error {
	if kind, _ := t.String("type"); kind != "app" {
		return proxyauth.Refuse("token_type", errors.New("cfaccess: the token is not an application token"))
	}
	return nil
}

// Authenticate verifies the request's token, and asks who the person is.
func (a *Authenticator) Authenticate(ctx context.Context, r *http.Request) (Result, error) {
	t, raw, err := a.verifier.Verify(ctx, r)
	if err != nil {
		return Result{}, err
	}
	result := newResult(t)
	for _, aud := range t.Claims().Audiences {
		if slices.Contains(a.audience, aud) {
			result.Audience = aud
			break
		}
	}
	// Whether there is a person in the token decides, before anything is compared: a service token is never looked for by
	// a sub, nor a person by a common_name.
	if result.Subject == "" {
		if result.ServiceToken, err = a.serviceToken(t); err != nil {
			return Result{}, err
		}
		return result, nil
	}
	if a.directory == nil {
		return result, nil
	}
	result.Identity, err = a.directory.find(ctx, person{
		issuer:   result.Issuer,
		audience: result.Audience,
		token:    raw,
		subject:  result.Subject,
		email:    result.Email,
		expires:  result.ExpiresAt,
	})
	if err != nil {
		return Result{}, err
	}
	return result, nil
}

// serviceToken returns the configured service token that a token without a person is for.
func (a *Authenticator) serviceToken(t *jose.Token) (*ServiceToken, error) {
	id, _ := t.String("common_name")
	if id == "" {
		return nil, proxyauth.Refuse("subject_missing", errors.New("cfaccess: the token has neither a person nor a service token in it"))
	}
	s, ok := a.serviceTokens[id]
	if !ok {
		return nil, proxyauth.Refuse("service_token_unknown", fmt.Errorf("cfaccess: %.64q is not in Config.ServiceTokens", id))
	}
	return &s, nil
}

// Describe returns the default profile: the person's name and address or, for a service token, its Subject, which is its address too if
// it is one, verified since the host wrote it down.
func (a *Authenticator) Describe(result Result) proxyauth.Description {
	d := proxyauth.Description{ExpiresAt: result.ExpiresAt}
	switch {
	case result.ServiceToken != nil:
		d.Profile.DisplayName = result.ServiceToken.Subject
		if result.ServiceToken.isAddress() {
			d.Profile.Email, d.Profile.EmailVerification = result.ServiceToken.Subject, authprovider.EmailVerified
		}
		return d
	case result.Identity != nil:
		d.Profile.DisplayName = result.Identity.Name
	}
	if result.Email != "" {
		d.Profile.Email, d.Profile.EmailVerification = result.Email, authprovider.EmailVerified
	}
	return d
}

// SignOut returns where Access ends the person's sessions with all applications of the team. It answers so on the host of each.
func (a *Authenticator) SignOut(origin string) proxyauth.SignOut {
	return proxyauth.SignOut{URL: origin + "/cdn-cgi/access/logout"}
}

// CredentialHeaders returns the headers in which a token or a secret comes, and the unsigned one with the person's address.
func (a *Authenticator) CredentialHeaders() []string { return slices.Clone(a.credentials) }
