package azureeasyauth

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
	"example.com/stagedoor/internal/proxytoken"
	"example.com/stagedoor/proxyauth"
)

// Headers of the platform.
const (
	idTokenHeader       = "X-Ms-Token-Aad-Id-Token"
	accessTokenHeader   = "X-Ms-Token-Aad-Access-Token"
	principalHeader     = "X-Ms-Client-Principal"
	principalIDHeader   = "X-Ms-Client-Principal-Id"
	principalIDPHeader  = "X-Ms-Client-Principal-Idp"
	principalNameHeader = "X-Ms-Client-Principal-Name" // never read
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

// Authenticator believes Easy Auth for one tenant. [New] makes it. It is safe for concurrent use.
type Authenticator struct {
	verifier    *proxytoken.Verifier   // nil if the client principal is believed
	principal   principalRule          // used without a verifier
	trust       *proxyauth.TrustAnchor // may be nil if there is a verifier
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
	c.TenantID, c.ClientID = strings.ToLower(c.TenantID), strings.ToLower(c.ClientID)
	a := &Authenticator{credentials: []string{
		idTokenHeader, accessTokenHeader, "X-Ms-Token-Aad-Refresh-Token",
		"X-Zumo-Auth", // opens an Easy Auth session without its cookie
		principalHeader, principalIDHeader, principalIDPHeader, principalNameHeader,
	}}
	var err error
	if c.Trust != nil {
		if a.trust, err = proxyauth.NewTrustAnchor(*c.Trust); err != nil {
			return nil, fmt.Errorf("azureeasyauth: Config.Trust: %w", err)
		}
		a.credentials = append(a.credentials, a.trust.CredentialHeaders()...)
	}
	if c.ClientPrincipal {
		a.principal = principalRule{tenantID: c.TenantID, clientID: c.ClientID}
		return a, nil
	}
	a.verifier, err = newVerifier(c)
	return a, err
}

func newVerifier(c Config) (*proxytoken.Verifier, error) {
	keys, err := keyset.New(keyset.Config{URL: c.authority() + "/discovery/v2.0/keys", Client: c.HTTPClient, Now: c.Now, Logger: c.Logger})
	if err != nil {
		return nil, fmt.Errorf("azureeasyauth: Config: %w", err)
	}
	issuer := c.authority() + "/v2.0"
	v, err := proxytoken.New(proxytoken.Config{
		Header: idTokenHeader,
		Check:  tokenRule{tenantID: c.TenantID, clientID: c.ClientID, issuer: issuer}.check,
		Expected: jose.Expected{
			Issuer:          issuer,
			Audiences:       []string{c.ClientID},
			Algorithms:      []jose.Algorithm{jose.RS256}, // the only one that Entra signs ID tokens with
			RequireIssuedAt: true,                         // OpenID Connect Core section 2
			Now:             c.Now,
		},
		Keys: keys,
	})
	if err != nil {
		return nil, fmt.Errorf("azureeasyauth: Config: %w", err)
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
	result, err := a.identify(ctx, r)
	if err != nil {
		return Result{}, err
	}
	accessToken, err := optionalHeader(r, accessTokenHeader)
	if err != nil {
		return Result{}, err
	}
	result.AccessToken = authprovider.Secret(accessToken)
	return result, nil
}

func (a *Authenticator) identify(ctx context.Context, r *http.Request) (Result, error) {
	if a.verifier == nil {
		return a.principal.authenticate(r)
	}
	t, _, err := a.verifier.Verify(ctx, r)
	if err != nil {
		return Result{}, err
	}
	return tokenResult(t), nil
}

// Describe returns name, or else preferred username, and the e-mail address, unless xms_edov says that it is not verified.
func (a *Authenticator) Describe(result Result) proxyauth.Description {
	p := authprovider.Profile{DisplayName: result.Name}
	if p.DisplayName == "" {
		p.DisplayName = result.PreferredUsername
	}
	if result.EmailVerified != authprovider.EmailUnverified {
		p.Email, p.EmailVerification = result.Email, result.EmailVerified
	}
	return proxyauth.Description{Profile: p, ExpiresAt: result.ExpiresAt}
}

// SignOut ends the platform's session.
func (a *Authenticator) SignOut(origin string) proxyauth.SignOut {
	return proxyauth.SignOut{URL: origin + "/.auth/logout"}
}

// CredentialHeaders returns the headers that hold tokens or the trust anchor's secret, and the unsigned ones with the client principal.
func (a *Authenticator) CredentialHeaders() []string { return slices.Clone(a.credentials) }
