package vmwarecloud

import (
	"context"
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

// Authenticator talks to VMware Cloud services for one organization. [New] makes it. It is safe for concurrent use.
type Authenticator struct{ *oidcprovider.Vendor[Profile] }

var (
	_ oauthadapter.OAuthHandlers[Profile] = (*Authenticator)(nil)
	_ oauthadapter.Refresher[Profile]     = (*Authenticator)(nil)
	_ oauthadapter.ScopeRequirer          = (*Authenticator)(nil)
)

// New checks c and returns an authenticator. It needs no network.
func New(c Config) (*Authenticator, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	client := c.HTTPClient
	if c.ClientSecret == "" {
		client = withPublicClient(client, c.ClientID)
	}
	v, err := oidcprovider.NewVendor(oidcprovider.Config{
		Issuer:       c.issuer(),
		DiscoveryURL: c.consoleURL() + "/csp/gateway/am/api",
		ClientID:     c.ClientID,
		ClientSecret: c.ClientSecret,
		Scopes:       []string{"openid", "offline_access"},
		AuthParams:   map[string]string{"orgId": c.OrganizationID},
		CheckIDToken: organization(c.OrganizationID).check,
		SkipUserInfo: true,
		HTTPClient:   client,
		Now:          c.Now,
		Logger:       c.Logger,
	}, profile)
	if err != nil {
		return nil, fmt.Errorf("vmwarecloud: %w", err)
	}
	return &Authenticator{v}, nil
}

// organization is the one whose people may sign in. The parameter orgId only chooses it for the person, who can choose another.
type organization string

func (o organization) check(idToken oidcprovider.Profile) error {
	p, err := newProfile(idToken)
	if err != nil {
		return err
	}
	if p.OrganizationID != string(o) {
		return &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "organization_refused",
			Err: fmt.Errorf("vmwarecloud: organization %.100q, Config.OrganizationID is %q", p.OrganizationID, string(o))}
	}
	return nil
}

func profile(_ context.Context, in oidcprovider.Result) (Profile, authprovider.Profile, error) {
	p, err := newProfile(in.FullProfile)
	shown := in.Profile
	if shown.DisplayName == "" {
		shown.DisplayName = p.fullName()
	}
	return p, shown, err
}

// withPublicClient returns client with the authentication that VMware wants of apps without a secret: Basic, with an empty password.
func withPublicClient(client *http.Client, clientID string) *http.Client {
	with := new(http.Client)
	if client != nil {
		*with = *client
	}
	if with.Transport == nil {
		with.Transport = http.DefaultTransport
	}
	with.Transport = publicClient{next: with.Transport, id: clientID}
	return with
}

type publicClient struct {
	next http.RoundTripper
	id   string
}

var _ http.RoundTripper = publicClient{}

// RoundTrip adds the client's ID to the requests for tokens, the only ones that are posted.
func (p publicClient) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost {
		r = r.Clone(r.Context())
		r.SetBasicAuth(url.QueryEscape(p.id), "") // RFC 6749 section 2.3.1: form-encoded first
	}
	return p.next.RoundTrip(r)
}
