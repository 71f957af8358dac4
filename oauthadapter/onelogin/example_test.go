package onelogin_test

import (
	"context"
	"fmt"
	"slices"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/onelogin"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// operators is a resolver of the host's own: the people of one group share a user.
func operators(ctx context.Context, in onelogin.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	if !slices.Contains(in.Result.FullProfile.Groups, "operators") {
		return nil, authprovider.ErrNoMatch
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: "user:default/operator"})
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
		Users:   memcatalog.New(authprovider.User{Ref: "user:default/jane"}),
		Providers: map[string]authprovider.ProviderFactory{
			"onelogin": onelogin.Provider(onelogin.Config{
				Issuer:       "https://acme.onelogin.com/oidc/2",
				ClientID:     "portal",
				ClientSecret: "the secret",
			}, onelogin.UsernameMatchingUserEntityName, operators),
		},
	})
	fmt.Println(auth != nil, err)
	// Output: true <nil>
}
