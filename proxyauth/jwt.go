package proxyauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
	"example.com/stagedoor/internal/proxytoken"
)

// JWTConfig configures [JWT]. Header or Cookie, Issuer and Audiences are required.
type JWTConfig struct {
	// Header is where the proxy puts the token, such as "X-Pomerium-Jwt-Assertion". A "Bearer " in front of the token is taken off, and
	// demanded if Header is "Authorization".
	Header string
	// Cookie is a cookie in which the token is looked for if the header is absent, and only then. If empty, none is.
	Cookie string
	// Issuer is the exact iss of the tokens.
	Issuer string
	// JWKSURL is where the proxy publishes its keys: https, or http on loopback. If empty, it is found through the Issuer's OpenID Connect
	// discovery.
	JWKSURL string
	// Audiences lists what stands in aud for this application; one of them must.
	Audiences []string
	// DangerouslyAcceptAnyAudience accepts tokens that the proxy made for other applications: whoever runs one of them can
	// sign in here as each of its users.
	DangerouslyAcceptAnyAudience bool
	// Algorithms lists the permitted ones, such as "ES256". If nil, those that fit the published keys. HMAC and "none" do not exist.
	Algorithms []string
	// Types lists the permitted values of typ; an empty one permits tokens without. If nil, typ must be JWT or absent.
	Types []string
	// MaxAge refuses tokens whose iat is longer ago. If zero, exp alone counts.
	MaxAge time.Duration
	// Leeway is how far clocks may differ, at most 5 minutes. If zero, it is one minute.
	Leeway time.Duration

	// HTTPClient fetches the keys. If nil, it is a client of its own. Redirects are never followed.
	HTTPClient *http.Client
	// Now is the clock. If nil, it is time.Now.
	Now func() time.Time
	// Logger hears of failed fetches of keys. If nil, nobody does.
	Logger *slog.Logger
}

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

// JWT returns an authenticator for a token in a header. It needs no network: keys are fetched at first use.
func JWT(c JWTConfig) (*JWTAuthenticator, error) {
	switch {
	case c.Header == "" && c.Cookie == "":
		return nil, errors.New("proxyauth: JWTConfig.Header is required")
	case c.Issuer == "":
		return nil, errors.New("proxyauth: JWTConfig.Issuer is required")
	case len(c.Audiences) == 0 && !c.DangerouslyAcceptAnyAudience:
		return nil, errors.New("proxyauth: JWTConfig.Audiences is required")
	}
	algorithms := make([]jose.Algorithm, len(c.Algorithms))
	for i, alg := range c.Algorithms {
		algorithms[i] = jose.Algorithm(alg)
	}
	if c.Algorithms == nil {
		algorithms = nil
	}
	source := keyset.Config{URL: c.JWKSURL, Client: c.HTTPClient, Now: c.Now, Logger: c.Logger}
	if c.JWKSURL == "" {
		source.Issuer = c.Issuer
	}
	keys, err := keyset.New(source)
	if err != nil {
		return nil, fmt.Errorf("proxyauth: JWTConfig: %w", err)
	}
	verifier, err := proxytoken.New(proxytoken.Config{
		Header: c.Header,
		Cookie: c.Cookie,
		Expected: jose.Expected{
			Issuer:               c.Issuer,
			Audiences:            c.Audiences,
			InsecureSkipAudience: c.DangerouslyAcceptAnyAudience,
			Types:                c.Types,
			Algorithms:           algorithms,
			Leeway:               c.Leeway,
			MaxAge:               c.MaxAge,
			Now:                  c.Now,
		},
		Keys: keys,
	})
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
	claims := t.Claims()
	if claims.Subject == "" {
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

// CredentialHeaders returns the header that holds the token.
func (a *JWTAuthenticator) CredentialHeaders() []string { return []string{a.header} }
