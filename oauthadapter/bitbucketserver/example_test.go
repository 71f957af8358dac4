package bitbucketserver_test

import (
	"context"
	"fmt"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/bitbucketserver"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// people is a resolver of the host's own: no accounts of machines, and the others by their number.
func people(ctx context.Context, in bitbucketserver.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	var claims struct {
		Type string `json:"type"`
	}
	if err := in.Result.FullProfile.Claims(&claims); err != nil {
		return nil, err
	}
	if claims.Type != "NORMAL" {
		return nil, authprovider.ErrNotAllowed
	}
	return bitbucketserver.UserIDMatchingUserEntityAnnotationWith("bitbucket.example.com/user-id")(ctx, in, rc)
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
		Users:   memcatalog.New(authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"bitbucket.example.com/user-id": "101"}}),
		Providers: map[string]authprovider.ProviderFactory{
			"bitbucketServer": bitbucketserver.Provider(bitbucketserver.Config{
				BaseURL:      "https://bitbucket.example.com",
				ClientID:     "portal",
				ClientSecret: "the secret",
			}, people, resolver.EmailMatchingUserEntityProfileEmail),
		},
	})
	fmt.Println(auth != nil, err)
	// Output: true <nil>
}
