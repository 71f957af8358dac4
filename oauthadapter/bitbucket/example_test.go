package bitbucket_test

import (
	"context"
	"fmt"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/bitbucket"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// contractors is a resolver of the host's own, for those who are not found by their ID: one user for all of a list.
func contractors(ctx context.Context, in bitbucket.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	switch in.Result.FullProfile.UUID {
	case "{3c0ebd56-3a52-4bb5-b0a3-6b4d4f1a1d2e}", "{a5f8b1c0-52a4-4f0f-9a0e-7d6f5b4c3a21}":
		return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: "user:default/contractor"})
	}
	return nil, authprovider.ErrNoMatch
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
		Users: memcatalog.New(
			authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"bitbucket.org/user-id": "{5c3b2a19-0f8e-4d7c-8b6a-594837261504}"}},
			authprovider.User{Ref: "user:default/contractor"},
		),
		Providers: map[string]authprovider.ProviderFactory{
			"bitbucket": bitbucket.Provider(bitbucket.Config{ClientID: "portal", ClientSecret: "the secret"}, bitbucket.UserIDMatchingUserEntityAnnotation, contractors),
		},
	})
	fmt.Println(auth != nil, err)
	// Output: true <nil>
}
