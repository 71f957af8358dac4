// Package acme signs people in with Acme, a vendor of plain OAuth 2.0 that nobody has a package for: an authorization endpoint, a token
// endpoint, and an address that says whose a token is. It is an example to copy: rename it, and change what it says about Acme.
//
// The protocol is oauth2provider's, which exchanges, refreshes and revokes, reads answers strictly and within bounds, and tells an outage
// from an ended session. A vendor that speaks OpenID Connect is one line of oidcprovider; one whose protocol is nobody's implements the two
// methods of [oauthadapter.OAuthHandlers] itself, as the Example of oauthadapter.Provider does on golang.org/x/oauth2.
package acme

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oauth2provider"
)

// Config configures one client of Acme.
type Config struct {
	// URL is that of Acme's server, such as "https://id.acme.example". Required.
	URL string
	// ClientID and ClientSecret are those of the registered client. Required.
	ClientID     string
	ClientSecret authprovider.Secret
	// HTTPClient and Now are the ProviderContext's if nil.
	HTTPClient *http.Client
	Now        func() time.Time
	// Options are those of every OAuth provider.
	Options oauthadapter.Options[Profile]
}

// Profile is what Acme's API says about a person. Only ID is theirs for good.
type Profile struct {
	ID            string   `json:"sub"`
	Login         string   `json:"preferred_username"`
	Name          string   `json:"name"`
	Email         string   `json:"email"`
	EmailVerified bool     `json:"email_verified"`
	Groups        []string `json:"groups"`
}

// Result is what transforms and sign-in resolvers get from Acme, and SignInInfo the argument of resolvers.
type (
	Result     = *oauthadapter.Result[Profile]
	SignInInfo = authprovider.SignInInfo[Result]
)

// Provider is what goes into authprovider.Config.
func Provider(c Config, signIn ...authprovider.SignInResolver[Result]) authprovider.ProviderFactory {
	return func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
		c := c // the factory may be called again
		if c.HTTPClient == nil {
			c.HTTPClient = pc.HTTPClient
		}
		if c.Now == nil {
			c.Now = pc.Now
		}
		a, err := New(c)
		if err != nil {
			return nil, err
		}
		return oauthadapter.Provider(a, c.Options, signIn...)(pc)
	}
}

// Authenticator talks to Acme. What it embeds is the protocol; its own methods are what is peculiar to Acme.
type Authenticator struct {
	*oauth2provider.Authenticator[Profile]
	logoutURL string
	clientID  string
}

var (
	_ oauthadapter.OAuthHandlers[Profile] = (*Authenticator)(nil)
	_ oauthadapter.Refresher[Profile]     = (*Authenticator)(nil) // these are found by what the type can do, so a mistyped method is a lost ability:
	_ oauthadapter.Revoker                = (*Authenticator)(nil) // have the compiler say so
	_ oauthadapter.SessionEnder           = (*Authenticator)(nil)
)

// New checks c. It needs no network.
func New(c Config) (*Authenticator, error) {
	switch {
	case c.URL == "":
		return nil, errors.New("acme: Config.URL is required")
	case c.ClientSecret == "":
		return nil, errors.New("acme: Config.ClientSecret is required")
	}
	base := strings.TrimSuffix(c.URL, "/")
	protocol, err := oauth2provider.NewWithProfile(oauth2provider.Config{
		AuthURL:       base + "/authorize",
		TokenURL:      base + "/token",
		RevocationURL: base + "/revoke",
		ClientID:      c.ClientID,
		ClientSecret:  string(c.ClientSecret),
		Scopes:        []string{"profile", "email", "groups"},
		HTTPClient:    c.HTTPClient,
		Now:           c.Now,
	}, readProfile(base+"/userinfo"))
	if err != nil {
		return nil, fmt.Errorf("acme: %w", err)
	}
	return &Authenticator{Authenticator: protocol, logoutURL: base + "/end_session", clientID: c.ClientID}, nil
}

// readProfile asks Acme whose a token is. It returns the API's errors as they are: they say whether Acme is down or the session has ended.
func readProfile(address string) oauth2provider.ProfileFunc[Profile] {
	return func(ctx context.Context, api *oauth2provider.API) (person oauth2provider.Person[Profile], err error) {
		p := &person.FullProfile
		if err := api.GetJSON(ctx, address, p); err != nil {
			return person, err
		}
		person.Subject = p.ID // never the login or the address: somebody else may have it next year
		person.Profile = authprovider.Profile{DisplayName: p.Name}
		if p.EmailVerified { // an address that nobody checked is anybody's
			person.Profile.Email, person.Profile.EmailVerification = p.Email, authprovider.EmailVerified
		}
		return person, nil
	}
}

// Start passes on one parameter of the caller's that Acme knows. Such a parameter is named here and comes from anybody.
func (a *Authenticator) Start(ctx context.Context, req oauthadapter.StartRequest) (oauthadapter.StartResponse, error) {
	resp, err := a.Authenticator.Start(ctx, req)
	if hint := req.Query.Get("login_hint"); hint != "" && err == nil {
		resp.URL += "&login_hint=" + url.QueryEscape(hint)
	}
	return resp, err
}

// EndSessionURL is Acme's own sign-out page. That there is this method is what makes the adapter's logout answer with it.
func (a *Authenticator) EndSessionURL(_ context.Context, req oauthadapter.LogoutRequest) (string, error) {
	return a.logoutURL + "?" + url.Values{"client_id": {a.clientID}, "post_logout_redirect_uri": {req.ReturnURL}}.Encode(), nil
}

// NameWithLogin is a profile transform: what the app shows. It decides nothing about who may sign in.
func NameWithLogin(_ context.Context, r Result, _ *authprovider.ResolverContext) (authprovider.Profile, error) {
	p := r.Profile
	p.DisplayName = strings.TrimSpace(p.DisplayName + " (" + r.FullProfile.Login + ")")
	return p, nil
}

// UserIDMatchingAnnotation is a sign-in resolver: the user whose annotation acme.example/user-id is the person's ID.
func UserIDMatchingAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Annotations: map[string]string{"acme.example/user-id": in.Result.FullProfile.ID}})
}

// Members wraps a resolver: it refuses whoever is not in the group at Acme, and asks next about the others.
func Members(group string, next authprovider.SignInResolver[Result]) authprovider.SignInResolver[Result] {
	return func(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		if !slices.Contains(in.Result.FullProfile.Groups, group) {
			return nil, authprovider.ErrNotAllowed // refuse: with ErrNoMatch a further resolver could still sign the person in
		}
		return next(ctx, in, rc)
	}
}
