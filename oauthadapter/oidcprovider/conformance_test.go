package oidcprovider_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*oidcprovider.Config)
	}{
		{"default", func(*oidcprovider.Config) {}},
		{"secret in the body", func(c *oidcprovider.Config) { c.ClientAuthMethod = "client_secret_post" }},
		{"without userinfo", func(c *oidcprovider.Config) { c.SkipUserInfo, c.EndSession = true, true }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			idp := authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{RedirectURLs: []string{authprovidertest.ConformanceCallback}})
			c := oidcprovider.Config{Issuer: idp.Issuer(), ClientID: idp.ClientID(), ClientSecret: idp.ClientSecret()}
			tt.change(&c)
			a, err := oidcprovider.New(c)
			require.NoError(t, err)
			authprovidertest.TestOAuthHandlers(t, authprovidertest.OAuthHandlersConfig[oidcprovider.Profile]{
				Handlers: a, Scopes: []string{"groups"}, OpenIDConnect: true, Secrets: []string{idp.ClientSecret()}, Provider: idp,
			})
		})
	}
}
