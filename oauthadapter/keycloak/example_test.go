package keycloak_test

import (
	"context"
	"fmt"
	"slices"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/keycloak"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// staff is a resolver of the host's own: only those who have a role, by their ID.
func staff(ctx context.Context, in keycloak.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	if !slices.Contains(in.Result.FullProfile.RealmRoles, "staff") {
		return nil, authprovider.ErrNotAllowed
	}
	return keycloak.UserIDMatchingUserEntityAnnotation(ctx, in, rc)
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
		Users:   memcatalog.New(authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"keycloak.org/id": "9cf51b5d-e066-4ed8-940c-dc6da77f81a5"}}),
		Providers: map[string]authprovider.ProviderFactory{
			"keycloak": keycloak.Provider(keycloak.Config{
				RealmURL:     "https://sso.example.com/realms/acme",
				ClientID:     "portal",
				ClientSecret: "the secret",
			}, staff),
		},
	})
	fmt.Println(auth != nil, err)
	// Output: true <nil>
}
