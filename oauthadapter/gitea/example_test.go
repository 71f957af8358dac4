package gitea_test

import (
	"context"
	"fmt"
	"slices"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/gitea"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// owners is a resolver of the host's own: only those of one team, by their ID.
func owners(ctx context.Context, in gitea.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	if !slices.Contains(in.Result.FullProfile.Groups, "acme:owners") {
		return nil, authprovider.ErrNotAllowed
	}
	return gitea.UserIDMatchingUserEntityAnnotationWith("git.example.com/user-id")(ctx, in, rc)
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
		Users:   memcatalog.New(authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"git.example.com/user-id": "42"}}),
		Providers: map[string]authprovider.ProviderFactory{
			"gitea": gitea.Provider(gitea.Config{
				BaseURL:      "https://git.example.com",
				ClientID:     "portal",
				ClientSecret: "the secret",
			}, owners),
			"forgejo": gitea.Provider(gitea.Config{
				BaseURL:      "https://codeberg.org/",
				ClientID:     "portal",
				ClientSecret: "its secret",
			}, gitea.UserIDMatchingUserEntityAnnotationWith("codeberg.org/user-id")),
		},
	})
	fmt.Println(auth != nil, err)
	// Output: true <nil>
}
