package oauth2proxy

import (
	"context"
	"fmt"
	"net/http"
	"slices"

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

// Authenticator believes one oauth2-proxy. [New] makes it. It is safe for concurrent use.
type Authenticator struct {
	verifier    *proxytoken.Verifier // nil if there are only headers
	groupsClaim string
	style       HeaderStyle
	trust       *proxyauth.TrustAnchor // may be nil if there is a verifier
	signOutPath string
	credentials []string
}

var (
	_ proxyauth.Authenticator[Result] = (*Authenticator)(nil)
	_ proxyauth.Describer[Result]     = (*Authenticator)(nil)
	_ proxyauth.SignOuter             = (*Authenticator)(nil)
	_ proxyauth.CredentialHeaders     = (*Authenticator)(nil)
)

// New checks c and returns an authenticator. It needs no network: keys are fetched at first use.
func New(c Config) (*Authenticator, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	a := &Authenticator{
		groupsClaim: c.GroupsClaim,
		style:       c.HeaderStyle,
		signOutPath: c.ProxyPrefix,
		credentials: []string{c.tokenHeader(), idTokenHeader, forwardedAccessToken, authRequestAccessToken},
	}
	if a.groupsClaim == "" {
		a.groupsClaim = defaultGroupsClaim
	}
	if a.signOutPath == "" {
		a.signOutPath = defaultProxyPrefix
	}
	a.signOutPath += "/sign_out"
	// What counts of them is in Result.Headers.
	for _, style := range [...]HeaderStyle{ForwardedHeaders, AuthRequestHeaders} {
		a.credentials = append(a.credentials, style.names()...)
	}
	var err error
	if c.Trust != nil {
		if a.trust, err = proxyauth.NewTrustAnchor(*c.Trust); err != nil {
			return nil, fmt.Errorf("oauth2proxy: Config.Trust: %w", err)
		}
		a.credentials = append(a.credentials, a.trust.CredentialHeaders()...)
	}
	if c.Issuer != "" {
		if a.verifier, err = newVerifier(c); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func newVerifier(c Config) (*proxytoken.Verifier, error) {
	source := keyset.Config{URL: c.JWKSURL, Client: c.HTTPClient, Now: c.Now, Logger: c.Logger}
	field := "JWKSURL"
	if c.JWKSURL == "" {
		source.Issuer, field = c.Issuer, "Issuer"
	}
	keys, err := keyset.New(source)
	if err != nil {
		return nil, fmt.Errorf("oauth2proxy: Config.%s: %w", field, err)
	}
	v, err := proxytoken.New(proxytoken.Config{
		Header: c.tokenHeader(),
		Check:  idTokenRule{slices.Clone(c.Audience)}.check,
		Expected: jose.Expected{
			Issuer:          c.Issuer,
			Audiences:       c.Audience,
			RequireIssuedAt: true, // OpenID Connect Core section 2
			Now:             c.Now,
		},
		Keys: keys,
	})
	if err != nil {
		return nil, fmt.Errorf("oauth2proxy: Config: %w", err)
	}
	return v, nil
}

// Authenticate implements [proxyauth.Authenticator].
func (a *Authenticator) Authenticate(ctx context.Context, r *http.Request) (Result, error) {
	if a.trust != nil {
		if err := a.trust.Check(r); err != nil {
			return Result{}, err
		}
	}
	var headers Headers
	if a.style != "" {
		var err error
		if headers, err = a.style.read(r); err != nil {
			return Result{}, err
		}
	}
	if a.verifier == nil {
		if headers.User == "" {
			return Result{}, proxyauth.Refuse(proxytoken.CodeMissing, fmt.Errorf("oauth2proxy: %w: header %s-User", proxyauth.ErrMissing, a.style))
		}
		return headerResult(headers), nil
	}
	t, _, err := a.verifier.Verify(ctx, r)
	if err != nil {
		return Result{}, err
	}
	result := tokenResult(t, a.groupsClaim)
	result.Headers = headers
	return result, nil
}

// Describe returns the e-mail address, unless the token says that nobody checked it, and the preferred username, or else the name or the
// user.
func (a *Authenticator) Describe(result Result) proxyauth.Description {
	var p authprovider.Profile
	p.Picture = result.Picture
	for _, name := range [...]string{result.PreferredUsername, result.Name, result.User} {
		if p.DisplayName == "" {
			p.DisplayName = name
		}
	}
	// Anybody can claim an address that nobody checked.
	if result.EmailVerified != authprovider.EmailUnverified {
		p.Email, p.EmailVerification = result.Email, result.EmailVerified
	}
	return proxyauth.Description{Profile: p, ExpiresAt: result.ExpiresAt}
}

// SignOut ends oauth2-proxy's session, and not that at the identity provider: while that lasts, the next visit signs the person in again
// without a question.
func (a *Authenticator) SignOut(origin string) proxyauth.SignOut {
	return proxyauth.SignOut{URL: origin + a.signOutPath}
}

// CredentialHeaders returns the headers that hold tokens or the trust anchor's secret, and the plain headers.
func (a *Authenticator) CredentialHeaders() []string { return slices.Clone(a.credentials) }
