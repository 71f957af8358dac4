package atlassian_test

import (
	"context"
	"fmt"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/atlassian"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// colleagues is a resolver of the host's own: no customers of a service desk, and the others by the ID of their account.
func colleagues(ctx context.Context, in atlassian.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	var claims struct {
		AccountType string `json:"account_type"`
	}
	if err := in.Result.FullProfile.Claims(&claims); err != nil {
		return nil, err
	}
	if claims.AccountType != "atlassian" {
		return nil, authprovider.ErrNotAllowed
	}
	return atlassian.UserIDMatchingUserEntityAnnotationWith("acme.example/atlassian-id")(ctx, in, rc)
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
		Users:   memcatalog.New(authprovider.User{Ref: "user:default/mia", Annotations: map[string]string{"acme.example/atlassian-id": "112233aa-bb11-cc22-33dd-445566abcabc"}}),
		Providers: map[string]authprovider.ProviderFactory{
			"atlassian": atlassian.Provider(atlassian.Config{ClientID: "portal", ClientSecret: "the secret"}, colleagues),
		},
	})
	fmt.Println(auth != nil, err)
	// Output: true <nil>
}
