package google_test

import (
	"context"
	"fmt"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/google"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// contractors is a resolver of the host's own.
func contractors(ctx context.Context, in google.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	if in.Result.FullProfile.HostedDomain != "contractors.example" {
		return nil, authprovider.ErrNoMatch
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: "user:default/contractor"})
}

func ExampleProvider() {
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
		Users:   memcatalog.New(authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"google.com/user-id": "118133858486581853996"}}),
		Providers: map[string]authprovider.ProviderFactory{
			"google": google.Provider(google.Config{
				ClientID:      "1234.apps.googleusercontent.com",
				ClientSecret:  "the secret",
				HostedDomains: []string{"example.com", "contractors.example"},
			}, google.UserIDMatchingUserEntityAnnotation, contractors),
		},
	})
	fmt.Println(auth != nil, err)
	// Output: true <nil>
}
