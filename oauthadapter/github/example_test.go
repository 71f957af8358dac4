package github_test

import (
	"context"
	"fmt"
	"slices"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/github"
)

// octocorp is a resolver of the host's own: only members of our organization sign in, by the login that they have there.
func octocorp(ctx context.Context, in github.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	p := in.Result.FullProfile
	if !slices.ContainsFunc(p.Organizations, func(o github.Organization) bool { return o.ID == "9919" }) { // a login could be somebody else's one day
		return nil, &authprovider.Error{Kind: authprovider.ErrNotAllowed, Message: "You are not a member of our organization on GitHub."}
	}
	ref, err := authprovider.UserRef(p.Username)
	if err != nil {
		return nil, err
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: ref})
}

func ExampleProvider() {
	_, err := authprovider.New(authprovider.Config{
		BaseURL: "https://portal.example.com/api/auth",
		Secrets: [][]byte{[]byte("32 bytes from a random generator")},
		Issuer:  hostIssuer{}, // the host's own token issuer
		Providers: map[string]authprovider.ProviderFactory{
			"github": github.Provider(github.Config{
				ClientID:          "Iv1.8a61f9b3a7aba766",
				ClientSecret:      "...",
				ReadOrganizations: true,
				Options:           oauthadapter.Options[github.Profile]{AdditionalScopes: []string{"user:email"}},
			}, octocorp),
			"ghe": github.Provider(github.Config{
				EnterpriseURL: "https://ghe.example.com",
				ClientID:      "Iv1.1234567890abcdef",
				ClientSecret:  "...",
			}, github.UserIDMatchingUserEntityAnnotation),
		},
	})
	fmt.Println(err)
	// Output: <nil>
}

type hostIssuer struct{}

func (hostIssuer) IssueToken(context.Context, authprovider.TokenClaims) (string, error) {
	return "e30.e30.sig", nil
}
