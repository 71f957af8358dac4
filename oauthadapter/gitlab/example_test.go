package gitlab_test

import (
	"context"
	"fmt"
	"slices"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/gitlab"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// members is a resolver of the host's own: only those of one group.
func members(ctx context.Context, in gitlab.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	if !slices.Contains(in.Result.FullProfile.Groups, "acme/platform") {
		return nil, authprovider.ErrNotAllowed
	}
	return gitlab.UserIDMatchingUserEntityAnnotation(ctx, in, rc)
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
		Users:   memcatalog.New(authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"gitlab.example.com/user-id": "42"}}),
		Providers: map[string]authprovider.ProviderFactory{
			"gitlab":     gitlab.Provider(gitlab.Config{ClientID: "public", ClientSecret: "its secret"}, gitlab.UserIDMatchingUserEntityAnnotation),
			"gitlabcorp": gitlab.Provider(gitlab.Config{BaseURL: "https://gitlab.example.com", ClientID: "corp", ClientSecret: "its secret"}, members),
		},
	})
	fmt.Println(auth != nil, err)
	// Output: true <nil>
}
