package authconfig_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authconfig/builtin"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/tokenissuer"
)

// documentedEnvironment has what the pages say to set.
var documentedEnvironment = map[string]string{
	"AUTH_SESSION_SECRET":                 "a session secret of more than 32 bytes",
	"SESSION_SECRET":                      "a session secret of more than 32 bytes",
	"AUTH_ATLASSIAN_CLIENT_ID":            "id-of-client",
	"AUTH_ATLASSIAN_CLIENT_SECRET":        "secret-of-client",
	"AUTH_ATLASSIAN_SCOPES":               "offline_access read:me",
	"AUTH_AUTH0_CLIENT_ID":                "id-of-client",
	"AUTH_AUTH0_CLIENT_SECRET":            "secret-of-client",
	"AUTH_AUTH0_DOMAIN_ID":                "acme.eu.auth0.com",
	"AUTH_AUTH0_AUDIENCE":                 "https://api.acme.example",
	"AUTH_AUTH0_CONNECTION":               "google-oauth2",
	"AUTH_AUTH0_CONNECTION_SCOPE":         "calendar",
	"AUTH_AUTH0_ORGANIZATION_ID":          "org_9ybsU1dN2dKfDkBi",
	"AUTH_BITBUCKET_CLIENT_ID":            "id-of-client",
	"AUTH_BITBUCKET_CLIENT_SECRET":        "secret-of-client",
	"AUTH_BITBUCKET_SERVER_CLIENT_ID":     "id-of-client",
	"AUTH_BITBUCKET_SERVER_CLIENT_SECRET": "secret-of-client",
	"AUTH_GITHUB_CLIENT_ID":               "id-of-client",
	"AUTH_GITHUB_CLIENT_SECRET":           "secret-of-client",
	"AUTH_GITHUB_ENTERPRISE_INSTANCE_URL": "https://ghe.acme.example",
	"AUTH_GITLAB_CLIENT_ID":               "id-of-client",
	"AUTH_GITLAB_CLIENT_SECRET":           "secret-of-client",
	"AUTH_GOOGLE_CLIENT_ID":               "id-of-client",
	"AUTH_GOOGLE_CLIENT_SECRET":           "secret-of-client",
	"AUTH_KEYCLOAK_CLIENT_ID":             "id-of-client",
	"AUTH_KEYCLOAK_CLIENT_SECRET":         "secret-of-client",
	"AUTH_KEYCLOAK_METADATA_URL":          "https://sso.acme.example/realms/acme/.well-known/openid-configuration",
	"AZURE_CLIENT_ID":                     "6731de76-14a6-49ae-97bc-6eba6914391e",
	"AZURE_CLIENT_SECRET":                 "secret-of-client",
	"AZURE_TENANT_ID":                     "b3a45c6e-7d6f-4f0e-9a54-6b0a2d3c1f10",
	"AUTH_OAUTH2_CLIENT_ID":               "id-of-client",
	"AUTH_OAUTH2_CLIENT_SECRET":           "secret-of-client",
	"AUTH_OAUTH2_AUTH_URL":                "https://sso.acme.example/authorize",
	"AUTH_OAUTH2_TOKEN_URL":               "https://sso.acme.example/token",
	"AUTH_OIDC_METADATA_URL":              "https://sso.acme.example/.well-known/openid-configuration",
	"AUTH_OIDC_CLIENT_ID":                 "id-of-client",
	"AUTH_OIDC_CLIENT_SECRET":             "secret-of-client",
	"AUTH_OKTA_CLIENT_ID":                 "id-of-client",
	"AUTH_OKTA_CLIENT_SECRET":             "secret-of-client",
	"AUTH_OKTA_DOMAIN":                    "https://acme.okta.com",
	"AUTH_OKTA_AUTH_SERVER_ID":            "default",
	"AUTH_OKTA_IDP":                       "0oaulob4BFVa4zQvt0g3",
	"AUTH_OKTA_ADDITIONAL_SCOPES":         "groups",
	"AUTH_ONELOGIN_CLIENT_ID":             "id-of-client",
	"AUTH_ONELOGIN_CLIENT_SECRET":         "secret-of-client",
	"AUTH_OPENSHIFT_CLIENT_ID":            "my-backstage",
	"AUTH_OPENSHIFT_CLIENT_SECRET":        "secret-of-client",
	"AUTH_OPENSHIFT_AUTHORIZATION_URL":    "https://oauth-openshift.apps.acme.example/oauth/authorize",
	"AUTH_OPENSHIFT_TOKEN_URL":            "https://oauth-openshift.apps.acme.example/oauth/token",
	"OPENSHIFT_API_SERVER_URL":            "https://api.acme.example:6443",
	"AUTH_PINNIPED_FEDERATION_DOMAIN":     "https://pinniped.acme.example/acme",
	"AUTH_PINNIPED_CLIENT_ID":             "client.oauth.pinniped.dev-backstage",
	"AUTH_PINNIPED_CLIENT_SECRET":         "secret-of-client",
	"APP_ID":                              "id-of-client",
	"ORG_ID":                              "b3a45c6e-7d6f-4f0e-9a54-6b0a2d3c1f10",
}

func env(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := values[name]
		return v, ok
	}
}

const secretLine = "; add:\n\tsession:\n\t  secret: ${AUTH_SESSION_SECRET} # made once with: openssl rand -base64 32"

// TestBackstagePages loads what the pages of Backstage's documentation have one paste. What is refused is refused for a reason that the table has
// to the letter.
func TestBackstagePages(t *testing.T) {
	const dir = "testdata/backstage/"
	refused := map[string][]string{
		"atlassian-scopes.yaml": {`9:17: auth.providers.atlassian.development.scopes: is not read: use additionalScopes`},
		"atlassian.yaml": {`17:25: auth.providers.atlassian.development.signIn.resolvers[0].resolver: never finds anybody: Atlassian has no user names. ` +
			`Name emailMatchingUserEntityProfileEmail or userIdMatchingUserEntityAnnotation`},
		"auth0-short-secret.yaml": {`11:13: auth.session.secret: has 11 bytes, at least 32 are required` + secretLine},
		"aws-alb-without-signer.yaml": {`5:7: auth.providers.awsalb.signer: is required: the keys are those of every load balancer in the region; add:` +
			"\n\tsigner: arn:aws:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/NAME/ID"},
		"aws-alb.yaml": {`6:15: auth.providers.awsalb.signer: "arn:aws:elasticloadbalancing:us-east-2:123456789012:loadbalancer/app/my-load-balancer/1234567890123456" ` +
			`is not in region "us-west-2"`},
		"azure-easyauth.yaml": {
			`5:7: auth.providers.azureEasyAuth.clientId: is required: a token for another application is somebody else's sign-in; add:` + "\n\tclientId: ${AZURE_CLIENT_ID}",
			`5:7: auth.providers.azureEasyAuth.tenantId: is required: whose people may sign in; add:` + "\n\ttenantId: ${AZURE_TENANT_ID}",
		},
		"cloudflare.yaml": {`5:7: auth.providers.cfaccess.audience: is required; add:` + "\n\taudience: <the application's AUD tag>"},
		"gcp-iap-placeholder.yaml": {`5:17: auth.providers.gcp-iap.audience: "/projects/<project number>/global/backendServices/<backend service id>" is none of IAP's, ` +
			`such as /projects/NUMBER/global/backendServices/ID`},
		"keycloak.yaml": {`6:7: auth.providers.oidc.keycloak: holds a further level in place of the keys of an environment. ` +
			`For several of one vendor, register the provider under a further ID`},
		"oauth2-proxy-environment.yaml": {`6:7: auth.providers.oauth2Proxy.development: is no key of a provider behind a proxy, which has no environments: ` +
			`move what is below it one level up`},
		"oauth2-proxy.yaml": {`6:7: auth.providers.oauth2Proxy.issuer: or trust is required: without either, anybody who reaches the port can sign in as anybody; add:` +
			"\n\tissuer: https://sso.example.com # oauth2-proxy's --oidc-issuer-url\n\taudience: ... # oauth2-proxy's --client-id"},
		"oauth2.yaml": {`7:9: auth.providers.oauth2.development.userInfoUrl: is required: nothing else that is verified says who the person is. ` +
			"A provider with ID tokens is one for oidc; add:\n\tuserInfoUrl: https://acme.example/api/me\n\tuserInfoFields:\n\t  id: id\n\t  email: email"},
		"oidc-scope.yaml": {`12:16: auth.providers.my-auth-provider.development.scope: is not read: openid, profile and email are always asked for, ` +
			`and others by additionalScopes`},
		"okta-scopes.yaml": {`10:17: auth.providers.okta.development.scopes: is not read: openid, email, profile and offline_access are always asked for, ` +
			`and others by additionalScopes`},
		"vmware-cloud.yaml": {
			`4:13: auth.session.secret: has 19 bytes, at least 32 are required` + secretLine,
			`15:25: auth.providers.vmwareCloudServices.development.signIn.resolvers[2].resolver: is documented, and does not exist in Backstage: name ` +
				`emailMatchingUserEntityProfileEmail, with dangerouslyAllowSignInWithoutUserInCatalog if people outside the catalog are welcome`,
		},
	}
	warned := map[string][]string{
		"autologout.yaml": {"4: auth.autologout: is read by the app"},
		"oidc.yaml":       {"16: auth.providers.oidc.development.timeout: is ten seconds, or what the host's HTTP client has"},
	}

	pages, err := filepath.Glob(dir + "*.yaml")
	require.NoError(t, err)
	for _, page := range pages {
		name := filepath.Base(page)
		if name == "base.yaml" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			registry := builtin.Registry()
			registry["my-auth-provider"] = builtin.OIDC(oidcprovider.Config{})
			c, err := authconfig.Load(authconfig.Source{Files: []string{dir + "base.yaml", page}, Env: env(documentedEnvironment), Providers: registry})
			var texts []string
			if c != nil {
				for _, w := range c.Warnings {
					texts = append(texts, w.String())
				}
			}
			require.Equal(t, under(page+":", warned[name]), texts)
			if want, ok := refused[name]; ok {
				require.EqualError(t, err, strings.Join(under("authconfig: "+page+":", want), "\n"))
				return
			}
			require.NoError(t, err)
			issuer, err := tokenissuer.New(c.Issuer)
			require.NoError(t, err)
			c.Auth.Issuer = issuer
			_, err = authprovider.New(c.Auth)
			require.NoError(t, err)
		})
	}
	for name := range refused {
		require.Contains(t, pages, filepath.FromSlash(dir+name), "a page that is not there")
	}
}

// under puts a file's name in front of each line.
func under(prefix string, lines []string) []string {
	var all []string
	for _, l := range lines {
		all = append(all, prefix+l)
	}
	return all
}
