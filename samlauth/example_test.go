package samlauth_test

import (
	"context"
	"fmt"
	"slices"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/samlauth"
	"example.com/stagedoor/tokenissuer"
)

// staff is a resolver of the host's own: only those of a group, by an attribute that never goes to another person.
func staff(ctx context.Context, in samlauth.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	if !slices.Contains(in.Result.FullProfile.Values("http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"), "e07ecb2c-6f6b-4d0a-9d3c-62bb8d5a6f0b") {
		return nil, authprovider.ErrNotAllowed
	}
	byObjectID := samlauth.AttributeMatchingUserEntityAnnotation("http://schemas.microsoft.com/identity/claims/objectidentifier", "graph.microsoft.com/user-id")
	return byObjectID(ctx, in, rc)
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
		Users:   memcatalog.New(authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"graph.microsoft.com/user-id": "9cf51b5d-e066-4ed8-940c-dc6da77f81a5"}}),
		Providers: map[string]authprovider.ProviderFactory{
			"entra": samlauth.Provider(samlauth.Config{
				IDPMetadataURL: "https://login.microsoftonline.com/3c1f5a77-1f3a-4f2a-8f2e-0e5a4e6b7c8d/federationmetadata/2007-06/federationmetadata.xml?appid=8d7c6b5a",
				Attributes: []string{
					"http://schemas.microsoft.com/identity/claims/objectidentifier",
					"http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
				},
			}, staff),
		},
	})
	fmt.Println(auth != nil, err)
	// Output: true <nil>
}
