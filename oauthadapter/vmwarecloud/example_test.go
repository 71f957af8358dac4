package vmwarecloud_test

import (
	"context"
	"fmt"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/vmwarecloud"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// customers is a resolver of the host's own: people of one federated domain, by their ID.
func customers(ctx context.Context, in vmwarecloud.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	if !strings.HasPrefix(in.Result.FullProfile.Subject, "customer.example:") {
		return nil, authprovider.ErrNoMatch
	}
	return vmwarecloud.UserIDMatchingUserEntityAnnotationWith("cloud.vmware.com/user-id")(ctx, in, rc)
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
			"vmwareCloudServices": vmwarecloud.Provider(vmwarecloud.Config{
				OrganizationID: "8d1f0f0e-9a0c-4c5f-8f5e-2f0e6a1b7c3d",
				ClientID:       "portal",
			}, customers, resolver.EmailMatchingUserEntityProfileEmail),
		},
	})
	fmt.Println(auth != nil, err)
	// Output: true <nil>
}
