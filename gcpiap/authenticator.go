package gcpiap

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
	"example.com/stagedoor/internal/proxytoken"
	"example.com/stagedoor/proxyauth"
)

// Authenticator verifies the assertion of Google's Identity-Aware Proxy. [New] makes it. It is safe for concurrent use.
type Authenticator struct {
	header        string
	hostedDomains []string
	lifetime      time.Duration
	verifier      *proxytoken.Verifier
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
	if c.Header == "" {
		c.Header = DefaultHeader
	}
	if c.Leeway == 0 {
		c.Leeway = defaultLeeway
	}
	keys, err := keyset.New(keyset.Config{URL: keysURL, Client: c.HTTPClient, Now: c.Now, Logger: c.Logger})
	if err != nil {
		return nil, fmt.Errorf("gcpiap: %w", err)
	}
	verifier, err := proxytoken.New(proxytoken.Config{Header: c.Header, Expected: c.expected(), Keys: keys})
	if err != nil {
		return nil, fmt.Errorf("gcpiap: Config: %w", err)
	}
	return &Authenticator{
		header:        c.Header,
		hostedDomains: slices.Clone(c.HostedDomains),
		lifetime:      maxLifetime + 2*c.Leeway,
		verifier:      verifier,
	}, nil
}

// Authenticate verifies the request's assertion. Nothing else of the request is looked at.
func (a *Authenticator) Authenticate(ctx context.Context, r *http.Request) (Result, error) {
	t, _, err := a.verifier.Verify(ctx, r)
	if err != nil {
		return Result{}, err
	}
	if err := a.checkForm(t); err != nil {
		return Result{}, err
	}
	result, err := newResult(t)
	if err != nil {
		return Result{}, proxytoken.Invalid(err)
	}
	// hd is of Google accounts alone: whatever else had a claim of that name would not be vouched for by the domain.
	if a.hostedDomains != nil && !(result.IdentityProvider == GoogleAccounts && slices.Contains(a.hostedDomains, result.HostedDomain)) {
		return Result{}, &authprovider.Error{
			Kind: authprovider.ErrNotAllowed,
			Code: "hosted_domain_refused",
			Err:  fmt.Errorf("gcpiap: hosted domain %q is not one of Config.HostedDomains", result.HostedDomain),
		}
	}
	return result, nil
}

// checkForm is what Google's documentation demands beyond a good JWT.
func (a *Authenticator) checkForm(t *jose.Token) error {
	// "Must be a string": IAP makes an assertion for one application.
	if raw, _ := t.Raw("aud"); len(raw) == 0 || raw[0] != '"' {
		return proxytoken.Invalid(fmt.Errorf("gcpiap: %w: not one text", jose.ErrAudience))
	}
	// One that lives longer was not made by IAP as we know it; whoever stole it could use it for as long.
	claims := t.Claims()
	if lifetime := claims.Expiry.Sub(claims.IssuedAt); lifetime > a.lifetime {
		return proxyauth.Refuse("lifetime_too_long", fmt.Errorf("gcpiap: the assertion is made for %v, at most %v", lifetime, a.lifetime))
	}
	if claims.Subject == "" {
		return proxyauth.Refuse("subject_missing", errors.New("gcpiap: the assertion has no subject"))
	}
	return nil
}

// Describe returns the profile in the assertion and when the assertion ends. An address of which Identity Platform says that nobody checked
// it is left out. Google accounts have no name or picture in it.
func (a *Authenticator) Describe(result Result) proxyauth.Description {
	p := authprovider.Profile{DisplayName: result.Name, Picture: result.Picture}
	// Anybody can claim an address that nobody checked.
	if result.EmailVerified != authprovider.EmailUnverified {
		p.Email, p.EmailVerification = result.Email, result.EmailVerified
	}
	return proxyauth.Description{Profile: p, ExpiresAt: result.ExpiresAt}
}

// SignOut returns the URL at which IAP forgets the browser. A person with one Google account only is signed in again without a question.
func (a *Authenticator) SignOut(origin string) proxyauth.SignOut {
	return proxyauth.SignOut{URL: origin + "/?gcp-iap-mode=CLEAR_LOGIN_COOKIE"}
}

// CredentialHeaders returns the assertion's header, and the plain headers beside it: a resolver that read an identity from those
// would believe whoever reaches the application around IAP.
func (a *Authenticator) CredentialHeaders() []string {
	return []string{a.header, DefaultHeader, "X-Goog-Authenticated-User-Email", "X-Goog-Authenticated-User-Id"}
}
