package microsoft_test

import (
	"context"
	"fmt"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/microsoft"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// contractors is a resolver of the host's own: all people of one tenant share a user.
func contractors(ctx context.Context, in microsoft.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	if in.Result.FullProfile.TenantID != "bbbbcccc-1111-dddd-2222-eeee3333ffff" {
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
		Users: memcatalog.New(authprovider.User{Ref: "user:default/jane",
			Annotations: map[string]string{"graph.microsoft.com/user-id": "00aa00aa-bb11-cc22-dd33-44ee44ee44ee"}}),
		Providers: map[string]authprovider.ProviderFactory{
			"microsoft": microsoft.Provider(microsoft.Config{
				TenantID:       "organizations",
				AllowedTenants: []string{"aaaabbbb-0000-cccc-1111-dddd2222eeee", "bbbbcccc-1111-dddd-2222-eeee3333ffff"},
				ClientID:       "00001111-aaaa-2222-bbbb-3333cccc4444",
				ClientSecret:   "the secret",
			}, microsoft.UserIDMatchingUserEntityAnnotation, contractors),
		},
	})
	fmt.Println(auth != nil, err)
	// Output: true <nil>
}
