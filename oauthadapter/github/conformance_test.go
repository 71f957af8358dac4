package github_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter/github"
)

func config(v *authprovidertest.Vendor) github.Config {
	return github.Config{ClientID: v.ClientID(), ClientSecret: v.ClientSecret(), HTTPClient: v.Client(), Now: v.Clock.Now}
}

func newAuthenticator(t testing.TB, c github.Config) *github.Authenticator {
	t.Helper()
	a, err := github.New(c)
	require.NoError(t, err)
	return a
}

func TestVendor(t *testing.T) {
	for name, vendor := range map[string]authprovidertest.GitHubVendor{
		"OAuth App":         {},
		"GitHub App":        {App: true},
		"Enterprise Server": {EnterpriseURL: "https://ghe.example.com:8443"},
		"data residency":    {EnterpriseURL: "https://octocorp.ghe.com"},
	} {
		t.Run(name, func(t *testing.T) {
			v := authprovidertest.NewGitHub(t, vendor, authprovidertest.VendorConfig{ClientSecret: "secret /+marker"})
			c := config(v)
			c.EnterpriseURL = vendor.EnterpriseURL
			ofHost := c
			ofHost.HTTPClient, ofHost.Now = nil, nil
			authprovidertest.TestVendor(t, authprovidertest.VendorTest[github.Profile]{
				Vendor: v, Handlers: newAuthenticator(t, c), Config: c, Scopes: []string{"user:email"},
				Provider: func(signIn ...authprovider.SignInResolver[github.Result]) authprovider.ProviderFactory {
					return github.Provider(ofHost, signIn...)
				},
			})
		})
	}
}
