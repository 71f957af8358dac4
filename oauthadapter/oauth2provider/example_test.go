package oauth2provider_test

import (
	"context"
	"fmt"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oauth2provider"
)

// A provider with a userinfo address: a ready-made resolver, and one of the host's own behind it.
func ExampleProvider() {
	partners := func(ctx context.Context, in oauth2provider.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		var claims struct {
			Company string `json:"company"`
		}
		if err := in.Result.FullProfile.Claims(&claims); err != nil {
			return nil, err
		}
		if claims.Company != "Partner Ltd" {
			return nil, authprovider.ErrNoMatch
		}
		return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: "user:default/partner"})
	}
	_, err := authprovider.New(authprovider.Config{
		BaseURL: "https://portal.example.com/api/auth",
		Secrets: [][]byte{[]byte("32 bytes from a random generator")},
		Issuer:  hostIssuer{}, // the host's own token issuer
		Providers: map[string]authprovider.ProviderFactory{
			"acme": oauth2provider.Provider(oauth2provider.Config{
				AuthURL:      "https://acme.example/oauth/authorize",
				TokenURL:     "https://acme.example/oauth/token",
				UserInfoURL:  "https://acme.example/api/me",
				Fields:       oauth2provider.Fields{ID: "id", Username: "login", Name: "full_name", Email: "contact.email"},
				ClientID:     "portal",
				ClientSecret: "...",
			}, oauth2provider.UserIDMatchingUserEntityAnnotationWith("acme.example/user-id"), partners),
		},
	})
	fmt.Println(err)
	// Output: <nil>
}

// A vendor package: a profile of its own, read with the person's access token.
func ExampleNewWithProfile() {
	type profile struct {
		ID    string   `json:"id"`
		Login string   `json:"login"`
		Teams []string `json:"-"`
	}
	read := func(ctx context.Context, api *oauth2provider.API) (person oauth2provider.Person[profile], err error) {
		p := &person.FullProfile
		if err := api.GetJSON(ctx, "https://acme.example/api/me", p); err != nil {
			return person, err
		}
		if err := api.GetJSON(ctx, "https://acme.example/api/me/teams", &p.Teams); err != nil {
			return person, err
		}
		person.Subject = p.ID
		person.Profile = authprovider.Profile{DisplayName: p.Login}
		return person, nil
	}
	acme, err := oauth2provider.NewWithProfile(oauth2provider.Config{
		AuthURL:  "https://acme.example/oauth/authorize",
		TokenURL: "https://acme.example/oauth/token",
		ClientID: "portal", ClientSecret: "...",
		Scopes: []string{"read:me"},
	}, read)
	if err != nil {
		fmt.Println(err)
		return
	}
	factory := oauthadapter.Provider(acme, oauthadapter.Options[profile]{})
	fmt.Println(factory != nil)
	// Output: true
}

type hostIssuer struct{}

func (hostIssuer) IssueToken(context.Context, authprovider.TokenClaims) (string, error) {
	return "e30.e30.sig", nil
}
