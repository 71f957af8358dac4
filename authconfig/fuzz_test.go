package authconfig_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authconfig/builtin"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/tokenissuer"
)

// FuzzLoad: whatever stands in the files, Load neither panics nor shows a value of the environment or of a file, each of its errors has a place,
// and what it takes is taken by authprovider.New and tokenissuer.New.
func FuzzLoad(f *testing.F) {
	const marker = "zq7secret-marker-0123456789abcdef0123456789"
	base, err := os.ReadFile("testdata/backstage/base.yaml")
	require.NoError(f, err)
	pages, err := filepath.Glob("testdata/backstage/*.yaml")
	require.NoError(f, err)
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(f, err)
		f.Add(base, text)
	}
	for _, text := range []string{
		"auth: {session: {secret: {$file: secret}}, environment: x${A}y, keyStore: {provider: '${A}'}}",
		"auth: {providers: {oauth2Proxy: {headerStyle: X-Forwarded, trust: {peers: ['${A}'], secretHeader: '${A}', secrets: ['${A}']}}}}",
		"auth: {providers: {oidc: {a: {clientId: '${A}', clientSecret: '${A}', metadataUrl: 'https://${A}/.well-known/openid-configuration'}}}}",
		"a: &a {b: c}\nauth: {providers: {github: {development: *a}}}",
		"auth: {providers: {awsalb: {issuer: '${A}', region: us-east-1, signer: ['${A}', $$]}}, guest: {userEntityRef: '${A}'}}}",
	} {
		f.Add(base, []byte(text))
	}
	registry := builtin.Registry()
	f.Fuzz(func(t *testing.T, first, second []byte) {
		c, err := authconfig.Load(authconfig.Source{
			Files:     []string{"a.yaml", "b.yaml"},
			FS:        fstest.MapFS{"a.yaml": {Data: first}, "b.yaml": {Data: second}, "secret": {Data: []byte(marker)}},
			Env:       func(name string) (string, bool) { return marker, !strings.HasPrefix(name, "APP_CONFIG_") },
			Providers: registry,
		})
		if err != nil {
			require.Nil(t, c)
			require.NotContains(t, strings.ToLower(err.Error()), marker)
			require.IsType(t, authconfig.Errors{}, err)
			for _, e := range err.(authconfig.Errors) {
				require.NotEmpty(t, e.Message)
			}
			return
		}
		require.NotContains(t, strings.ToLower(fmt.Sprintf("%+v %#v %d %v", c, c, c, c.Warnings)), marker)
		issuer, err := tokenissuer.New(c.Issuer)
		require.NoError(t, err)
		c.Auth.Issuer = issuer
		_, err = authprovider.New(c.Auth)
		require.NoError(t, err)
	})
}
