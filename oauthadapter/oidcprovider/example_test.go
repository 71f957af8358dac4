package oidcprovider_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// staff is a resolver of the host's own: whoever is in a group of the provider's signs in under the name there.
func staff(ctx context.Context, in oidcprovider.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	var claims struct {
		Groups []string `json:"groups"`
	}
	if err := in.Result.FullProfile.Claims(&claims); err != nil {
		return nil, err
	}
	if !slices.Contains(claims.Groups, "staff") {
		return nil, authprovider.ErrNoMatch
	}
	ref, err := authprovider.UserRef(in.Result.FullProfile.PreferredUsername) // a name that holds ':' or '/' must not choose a namespace
	if err != nil {
		return nil, err
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: ref})
}

func Example() {
	const base = "https://portal.example.com/api/auth"
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: base})
	if err != nil {
		fmt.Println(err)
		return
	}
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: base,
		Secrets: [][]byte{[]byte("32 bytes from a random generator")},
		Issuer:  issuer,
		Users:   memcatalog.New(authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"}),
		Providers: map[string]authprovider.ProviderFactory{
			"sso": oidcprovider.Provider(oidcprovider.Config{
				Issuer:       "https://sso.example.com",
				ClientID:     "portal",
				ClientSecret: "the secret",
				Scopes:       []string{"openid", "profile", "email", "groups", "offline_access"},
			}, staff, resolver.EmailMatchingUserEntityProfileEmail), // a direct argument's type is inferred
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", auth)
	fmt.Println("ready")
	// Output: ready
}

// One call deeper, the type of a generic resolver is spelled out.
func ExampleProvider() {
	factory := oidcprovider.Provider(oidcprovider.Config{Issuer: "https://sso.example.com", ClientID: "portal"},
		resolver.RequireDomain("example.com", resolver.EmailMatchingUserEntityProfileEmail[oidcprovider.Result]))
	fmt.Println(factory != nil)
	// Output: true
}

// The authenticator alone, for a host with flows of its own: it keeps state, nonce and verifier in the browser's session, and hands them back
// in Authenticate with the code.
func ExampleNew() {
	a, err := oidcprovider.New(oidcprovider.Config{
		Issuer:     "https://sso.example.com",
		ClientID:   "portal",
		HTTPClient: &http.Client{Transport: ssoMetadata{}}, // a real host leaves it out
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	start, err := a.Start(context.Background(), oauthadapter.StartRequest{
		State:         "state",
		Nonce:         "nonce",
		CodeChallenge: "challenge",
		CallbackURL:   "https://portal.example.com/callback",
		Scopes:        a.RequiredScopes(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	u, err := url.Parse(start.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(u.Host, u.Path)
	fmt.Println(u.Query().Get("scope"))
	// Output:
	// sso.example.com /authorize
	// openid profile email
}

// A package for one vendor: its own profile, and who may sign in at all.
func ExampleNewVendor() {
	type profile struct{ ID, Team string }
	a, err := oidcprovider.NewVendor(oidcprovider.Config{
		Issuer:   "https://sso.example.com",
		ClientID: "portal",
		CheckIDToken: func(idToken oidcprovider.Profile) error {
			var claims struct {
				Active bool `json:"active"`
			}
			if err := idToken.Claims(&claims); err != nil {
				return err
			}
			if !claims.Active {
				return authprovider.ErrNotAllowed
			}
			return nil
		},
	}, func(_ context.Context, in oidcprovider.Result) (profile, authprovider.Profile, error) {
		var claims struct {
			Team string `json:"team"`
		}
		err := in.FullProfile.Claims(&claims)
		return profile{ID: in.FullProfile.Subject, Team: claims.Team}, in.Profile, err
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	factory := oauthadapter.Provider(a, oauthadapter.Options[profile]{})
	fmt.Println(factory != nil, a.RequiredScopes())
	// Output: true [openid profile email]
}

// ssoMetadata answers discovery without a network.
type ssoMetadata struct{}

func (ssoMetadata) RoundTrip(r *http.Request) (*http.Response, error) {
	const metadata = `{
		"issuer": "https://sso.example.com",
		"authorization_endpoint": "https://sso.example.com/authorize",
		"token_endpoint": "https://sso.example.com/token",
		"jwks_uri": "https://sso.example.com/keys"
	}`
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(metadata)), Request: r}, nil
}
