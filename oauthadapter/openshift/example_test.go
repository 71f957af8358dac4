package openshift_test

import (
	"context"
	"fmt"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/openshift"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// employees is a resolver of the host's own: only users of one identity provider of the cluster, by name.
func employees(ctx context.Context, in openshift.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	for _, identity := range in.Result.FullProfile.Identities {
		if strings.HasPrefix(identity, "corp-ldap:") {
			return openshift.DisplayNameMatchingUserEntityName(ctx, in, rc)
		}
	}
	return nil, authprovider.ErrNotAllowed
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
			"openshift": openshift.Provider(openshift.Config{
				OAuthURL:     "https://oauth-openshift.apps.example.com",
				APIURL:       "https://api.example.com:6443",
				ClientID:     "portal",
				ClientSecret: "the secret",
			}, employees),
		},
	})
	fmt.Println(auth != nil, err)
	// Output: true <nil>
}
