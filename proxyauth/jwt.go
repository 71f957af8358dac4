package proxyauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/proxytoken"
)

// JWTAuthenticator is the authenticator for proxies that forward a signed token: Pomerium, Istio, Envoy, Kong, Teleport and their like.
// [JWT] makes it. It is safe for concurrent use.
type JWTAuthenticator struct {
	header   string
	verifier *proxytoken.Verifier
}

var (
	_ Authenticator[JWTResult] = (*JWTAuthenticator)(nil)
	_ Describer[JWTResult]     = (*JWTAuthenticator)(nil)
	_ CredentialHeaders        = (*JWTAuthenticator)(nil)
)

// JWTProvider returns the factory of a provider for a token in a header; see [Provider]. What is wrong with c shows when the factory
// is called.
func JWTProvider(c JWTConfig, signIn ...authprovider.SignInResolver[JWTResult]) authprovider.ProviderFactory {
	return func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
		c := c
		pc.Inherit(&c.HTTPClient, &c.Now, &c.Logger)
		a, err := JWT(c)
		if err != nil {
			return nil, err
		}
		return Provider(a, c.Options, signIn...)(pc)
	}
}

// JWT returns an authenticator for a token in a header. It needs no network: keys are fetched at first use.
func JWT(c JWTConfig) (*JWTAuthenticator, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	keys, err := c.keys()
	if err != nil {
		return nil, err
	}
	verifier, err := proxytoken.New(proxytoken.Config{Header: c.Header, Cookie: c.Cookie, Expected: c.expected(), Keys: keys})
	if err != nil {
		return nil, fmt.Errorf("proxyauth: JWTConfig: %w", err)
	}
	return &JWTAuthenticator{header: c.Header, verifier: verifier}, nil
}

// Authenticate verifies the request's token.
func (a *JWTAuthenticator) Authenticate(ctx context.Context, r *http.Request) (JWTResult, error) {
	t, _, err := a.verifier.Verify(ctx, r)
	if err != nil {
		return JWTResult{}, err
	}
	if t.Claims().Subject == "" {
		return JWTResult{}, Refuse("subject_missing", errors.New("proxyauth: the token has no subject"))
	}
	return newJWTResult(t), nil
}

// Describe returns the profile in the token and when the token ends.
func (a *JWTAuthenticator) Describe(result JWTResult) Description {
	p := authprovider.Profile{DisplayName: result.Name, Picture: result.Picture}
	if p.DisplayName == "" {
		p.DisplayName = result.PreferredUsername
	}
	// Anybody can claim an address that nobody checked.
	if result.EmailVerified != authprovider.EmailUnverified {
		p.Email, p.EmailVerification = result.Email, result.EmailVerified
	}
	return Description{Profile: p, ExpiresAt: result.ExpiresAt}
}

// CredentialHeaders returns the header that holds the token. Cookies are never shown to resolvers.
func (a *JWTAuthenticator) CredentialHeaders() []string {
	if a.header == "" {
		return nil
	}
	return []string{a.header}
}
