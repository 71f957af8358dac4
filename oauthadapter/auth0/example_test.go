package auth0_test

import (
	"context"
	"fmt"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/auth0"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// byUserID is a resolver of the host's own: it goes by the ID, which never goes to another person.
func byUserID(ctx context.Context, in auth0.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Annotations: map[string]string{"portal.example.com/auth0-id": in.Result.FullProfile.Subject}})
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
		Users:   memcatalog.New(authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"}),
		Providers: map[string]authprovider.ProviderFactory{
			"auth0": auth0.Provider(auth0.Config{
				Domain:       "acme.eu.auth0.com",
				ClientID:     "aBcD1234",
				ClientSecret: "the secret",
				Organization: "org_9ybsU1dN2dKfDkBi",
			}, byUserID, resolver.EmailMatchingUserEntityProfileEmailWith[auth0.Result](resolver.EmailOptions{RequireVerifiedEmail: true})),
		},
	})
	fmt.Println(auth != nil, err)
	// Output: true <nil>
}
