package pinniped_test

import (
	"context"
	"fmt"
	"slices"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/pinniped"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// developers is a resolver of the host's own: only those of a group, by name.
func developers(ctx context.Context, in pinniped.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	if !slices.Contains(in.Result.FullProfile.Groups, "developers") { // needs Config.ReadGroups
		return nil, authprovider.ErrNotAllowed
	}
	return pinniped.UsernameMatchingUserEntityName(ctx, in, rc)
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
			"pinniped": pinniped.Provider(pinniped.Config{
				FederationDomain: "https://pinniped.example.com/acme",
				ClientID:         "client.oauth.pinniped.dev-portal",
				ClientSecret:     "the secret",
				ReadGroups:       true,
			}, developers),
		},
	})
	fmt.Println(auth != nil, err)
	// Output: true <nil>
}

// A host that acts in a cluster for the person who signs in: here it warms up a cache.
func ExampleAuthenticator_ExchangeForCluster() {
	c := pinniped.Config{
		FederationDomain: "https://pinniped.example.com/acme",
		ClientID:         "client.oauth.pinniped.dev-portal",
		ClientSecret:     "the secret",
		Audiences:        []string{"cluster-eu-1"},
	}
	supervisor, err := pinniped.New(c)
	if err != nil {
		fmt.Println(err)
		return
	}
	warmUp := func(ctx context.Context, in pinniped.SignInInfo, _ *authprovider.ResolverContext) (*authprovider.Identity, error) {
		token, err := supervisor.ExchangeForCluster(ctx, in.Result.Session, "cluster-eu-1")
		if err != nil {
			return nil, err
		}
		_ = token                           // goes to the cluster's TokenCredentialRequest API, and to nobody else
		return nil, authprovider.ErrNoMatch // the next resolver says who it is
	}
	factory := oauthadapter.Provider(supervisor, c.Options, warmUp, pinniped.UsernameMatchingUserEntityName)
	fmt.Println(factory != nil)
	// Output: true
}
