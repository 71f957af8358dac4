package builtin_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authconfig/builtin"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/tokenissuer"
)

const bases = "app: {baseUrl: 'https://portal.example.com'}\nbackend: {baseUrl: 'https://portal.example.com'}\n"

// load loads one auth block on a base URL that is not loopback.
func load(t *testing.T, registry authconfig.Registry, text string) (*authconfig.Config, error) {
	t.Helper()
	return authconfig.Load(authconfig.Source{
		Files:     []string{"app-config.yaml", "auth.yaml"},
		FS:        fstest.MapFS{"app-config.yaml": {Data: []byte(bases + "auth: {session: {secret: 0123456789abcdef0123456789abcdef}}\n")}, "auth.yaml": {Data: []byte(text)}},
		Env:       func(string) (string, bool) { return "", false },
		Providers: registry,
	})
}

// everyKey is a section of each provider with every key that it has, but for those that exclude one another.
var everyKey = map[string]string{
	"atlassian": "{audience: api.atlassian.com}",
	"auth0": "{domain: acme.eu.auth0.com, audience: a, connection: google-oauth2, connectionScope: calendar, organization: org_9ybsU1dN2dKfDkBi, prompt: login, " +
		"federatedLogout: true}",
	"awsalb": "{issuer: https://sso.example.com, region: eu-central-1, signer: 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/a/1234567890123456', " +
		"dangerouslyAllowAnySigner: false, clientId: a, leeway: 30s, sessionCookieName: c, logoutUrl: https://sso.example.com/logout, sessionDuration: 1h}",
	"azureEasyAuth": "{tenantId: b3a45c6e-7d6f-4f0e-9a54-6b0a2d3c1f10, clientId: 6731de76-14a6-49ae-97bc-6eba6914391e, authorityHost: login.microsoftonline.us, clientPrincipal: true, " +
		"trust: {peers: [10.0.0.0/24], secretHeader: X-Proxy-Secret, secrets: [0123456789abcdef0123456789abcdef]}, sessionDuration: 1h}",
	"bitbucket":       "{}",
	"bitbucketServer": "{host: bitbucket.example.com}",
	"cfaccess": "{teamName: acme, audience: [tag, other], jwtHeaderName: X-Jwt, authorizationCookieName: C, serviceTokens: [{token: e.access, subject: user:default/bot}], " +
		"skipIdentity: true, sessionDuration: 1h}",
	"gcpIap":   "{audience: /projects/1/apps/acme, hostedDomains: [example.com], jwtHeader: X-Jwt, leeway: 10s, sessionDuration: 1h}",
	"gitea":    "{baseUrl: https://git.example.com, issuer: https://git.example.com/, confirmsEmail: true}",
	"github":   "{enterpriseInstanceUrl: https://ghe.example.com, readOrganizations: true, readTeams: true}",
	"gitlab":   "{audience: https://gitlab.example.com}",
	"google":   "{hostedDomains: [example.com], prompt: select_account, onlineAccess: true}",
	"guest":    "{userEntityRef: user:default/guest, ownershipEntityRefs: ['group:default/guests'], dangerouslyAllowOutsideDevelopment: true}",
	"keycloak": "{realmUrl: https://sso.example.com/realms/acme, idpHint: corp, endSession: true, postLogoutRedirect: true}",
	"microsoft": "{tenantId: organizations, allowedTenants: [b3a45c6e-7d6f-4f0e-9a54-6b0a2d3c1f10], dangerouslyAllowAnyTenant: false, domainHint: example.com, " +
		"authorityHost: login.microsoftonline.us, graphHost: dod-graph.microsoft.us, prompt: select_account, skipUserProfile: true, skipPhoto: true, endSession: true, postLogoutRedirect: true}",
	"oauth2": "{authorizationUrl: https://acme.example/authorize, tokenUrl: https://acme.example/token, revocationUrl: https://acme.example/revoke, userInfoUrl: https://acme.example/me, " +
		"userInfoFields: {id: id, username: login, name: name, picture: avatar, email: email, emailVerified: verified}, includeBasicAuth: true, disableRefresh: true}",
	"oauth2Proxy": "{issuer: https://sso.example.com, audience: portal, jwksUrl: https://sso.example.com/keys, jwtHeader: X-Id-Token, groupsClaim: roles, headerStyle: X-Auth-Request, " +
		"trust: {peers: [10.0.0.0/24]}, proxyPrefix: /sso, sessionDuration: 1h}",
	"oidc": "{metadataUrl: https://sso.example.com/.well-known/openid-configuration, issuer: https://sso.example.com/, tokenEndpointAuthMethod: client_secret_post, tokenSignedResponseAlg: ES256, " +
		"prompt: login, startUrlSearchParams: {domain_hint: example.com}, requireVerifiedEmail: true, skipUserInfo: true, endSession: true, postLogoutRedirect: true, timeout: {seconds: 10}}",
	"okta":     "{audience: https://acme.okta.com, authServerId: default, idp: 0oaulob4BFVa4zQvt0g3, endSession: true, postLogoutRedirect: true}",
	"onelogin": "{issuer: https://acme.onelogin.com/oidc/2, tokenEndpointAuthMethod: client_secret_basic}",
	"openshift": "{authorizationUrl: https://oauth.example.com/oauth/authorize, tokenUrl: https://oauth.example.com/oauth/token, openshiftApiServerUrl: https://api.example.com:6443, " +
		"identityOnly: true}",
	"pinniped":            "{federationDomain: https://pinniped.example.com/acme, readGroups: true, audiences: [cluster-one], idpName: corp}",
	"vmwareCloudServices": "{organizationId: b3a45c6e-7d6f-4f0e-9a54-6b0a2d3c1f10, consoleEndpoint: https://console.example.com, issuer: https://csp.example.com}",
}

// excluded are keys that exclude another of the section.
var excluded = map[string][]string{"cfaccess": {"teamDomain"}}

// TestEveryKeyOfEveryProvider loads each of them, and holds the table to the schema.
func TestEveryKeyOfEveryProvider(t *testing.T) {
	registry := builtin.Registry()
	properties := sections(t, registry)
	tested := make(map[authconfig.Provider]bool)
	for id, section := range everyKey {
		tested[registry[id]] = true
		oauth := strings.HasPrefix(strings.TrimSpace(section), "{") && properties[id].environments
		want := properties[id].keys
		text := section
		if oauth {
			common := "clientId: a, clientSecret: b, callbackUrl: 'https://portal.example.com/cb', additionalScopes: [x], sessionDuration: 1d, sessionIdleTimeout: 1h, signIn: {resolvers: []}"
			text = "{development: {" + strings.TrimSuffix(strings.TrimPrefix(section, "{"), "}") + comma(section) + common + "}}"
		} else {
			text = "{" + strings.TrimSuffix(strings.TrimPrefix(section, "{"), "}") + ", signIn: {resolvers: [{resolver: emailMatchingUserEntityProfileEmail}]}}"
			if id == "guest" {
				text = section
			}
		}
		_, err := load(t, registry, "auth: {providers: {"+id+": "+text+"}}")
		require.NoError(t, err, "%s: %s", id, text)
		for _, key := range want {
			if !slices.Contains(excluded[id], key) && !(id == "guest" && key == "signIn") {
				require.Regexp(t, `[{ ]`+key+`: `, text, "%s has a key that is not in the table", id)
			}
		}
	}
	for id, p := range registry {
		require.True(t, tested[p], "%s is not in the table", id)
	}
}

func comma(section string) string {
	if section == "{}" {
		return ""
	}
	return ", "
}

type section struct {
	environments bool
	keys         []string
}

// sections reads the keys of each provider from the schema.
func sections(t *testing.T, registry authconfig.Registry) map[string]section {
	t.Helper()
	type node struct {
		Ref        string `json:"$ref"`
		AnyOf      []json.RawMessage
		Properties map[string]json.RawMessage
		Additional json.RawMessage `json:"additionalProperties"`
	}
	raw, err := authconfig.Schema(registry)
	require.NoError(t, err)
	var root struct {
		Definitions map[string]node
		Properties  struct {
			Auth struct {
				Properties struct {
					Providers struct{ Properties map[string]node }
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(raw, &root))
	all := make(map[string]section)
	for id, ref := range root.Properties.Auth.Properties.Providers.Properties {
		d := root.Definitions[strings.ReplaceAll(strings.TrimPrefix(ref.Ref, "#/definitions/"), "%20", " ")]
		require.NotEmpty(t, d.AnyOf, id)
		var n, inner node
		require.NoError(t, json.Unmarshal(d.AnyOf[0], &n))
		if string(n.Additional) != "false" {
			require.NoError(t, json.Unmarshal(n.Additional, &inner))
			all[id] = section{environments: true, keys: slices.Collect(maps.Keys(inner.Properties))}
			continue
		}
		all[id] = section{keys: slices.Collect(maps.Keys(n.Properties))}
	}
	return all
}

func TestSpellings(t *testing.T) {
	r := builtin.Registry()
	for a, b := range map[string]string{"gcpiap": "gcpIap", "gcp-iap": "gcpIap", "awsalb": "awsAlb", "cfaccess": "cfAccess", "oauth2Proxy": "oauth2proxy", "azureEasyAuth": "azureeasyauth",
		"bitbucketServer": "bitbucketserver", "vmwareCloudServices": "vmwarecloud"} {
		require.NotNil(t, r[a], a)
		require.Same(t, r[a], r[b], b)
	}
	for id := range r {
		require.True(t, authprovider.ValidID(id), id)
	}
	other := builtin.Registry()
	delete(other, "github")
	require.NotNil(t, builtin.Registry()["github"], "each call has a registry of its own")
}

func TestOptionsOfResolvers(t *testing.T) {
	block := func(resolver string) string {
		return "auth:\n  providers:\n    github:\n      development:\n        clientId: a\n        clientSecret: b\n        signIn:\n          resolvers:\n            - " + resolver + "\n"
	}
	for _, resolver := range []string{
		"{resolver: emailMatchingUserEntityProfileEmail}",
		"{resolver: emailMatchingUserEntityProfileEmail, allowedDomains: [example.com], requireVerifiedEmail: true, stripPlusTag: true, dangerouslyAllowSignInWithoutUserInCatalog: true}",
		"{resolver: emailLocalPartMatchingUserEntityName}",
		"{resolver: emailLocalPartMatchingUserEntityName, allowedDomains: [example.com]}",
		"{resolver: emailLocalPartMatchingUserEntityName, dangerouslyAllowAnyDomain: true}",
		"{resolver: usernameMatchingUserEntityName, dangerouslyAllowSignInWithoutUserInCatalog: true}",
		"{resolver: usernameMatchingUserEntityName, allowedDomains: [example.com], requireVerifiedEmail: true}",
		"{resolver: userIdMatchingUserEntityAnnotation}",
		"{resolver: userIdMatchingUserEntityAnnotation, annotation: ghe.example.com/user-id, allowedDomains: [example.com]}",
	} {
		_, err := load(t, builtin.Registry(), block(resolver))
		require.NoError(t, err, resolver)
	}
	for resolver, want := range map[string]string{
		"{resolver: emailMatchingUserEntityProfileEmail, allowedDomains: []}":                                              "resolvers[0].allowedDomains: is empty: nil allows any domain",
		"{resolver: emailMatchingUserEntityProfileEmail, allowedDomains: ['@example.com']}":                                `resolvers[0].allowedDomains: "@example.com" is not a domain such as example.com`,
		"{resolver: emailMatchingUserEntityProfileEmail, dangerouslyAllowAnyDomain: true}":                                 "resolvers[0].dangerouslyAllowAnyDomain: unknown key",
		"{resolver: emailLocalPartMatchingUserEntityName, dangerouslyAllowSignInWithoutUserInCatalog: true}":               "resolvers[0].allowedDomains: is required; add:",
		"{resolver: emailLocalPartMatchingUserEntityName, allowedDomains: [example.com], dangerouslyAllowAnyDomain: true}": "resolvers[0].allowedDomains: and dangerouslyAllowAnyDomain exclude each other",
		"{resolver: preferredUsernameMatchingUserEntityName}":                                                              "resolvers[0].resolver: does not exist in Backstage, which only lists it: name usernameMatchingUserEntityName",
		"{resolver: usernameMatchingUserEntityName, stripPlusTag: true}":                                                   "resolvers[0].stripPlusTag: unknown key",
		"{resolver: userIdMatchingUserEntityAnnotation, allowedDomain: [example.com]}":                                     `resolvers[0].allowedDomain: unknown key, did you mean "allowedDomains"?`,
	} {
		_, err := load(t, builtin.Registry(), block(resolver))
		require.ErrorContains(t, err, "auth.providers.github.development.signIn."+want)
	}
	_, err := load(t, builtin.Registry(), strings.Replace(block("{resolver: userIdMatchingUserEntityAnnotation}"), "github:", "atlassian:", 1))
	require.ErrorContains(t, err, "resolvers[0].annotation: is required: there are several of this vendor in the world, which give the same IDs to different people; add:\n\tannotation: sso.example.com/user-id")
	_, err = load(t, builtin.Registry(), strings.Replace(block("{resolver: emailMatchingUserEntityAnnotation, dangerouslyAllowSignInWithoutUserInCatalog: true}"), "github:", "google:", 1))
	require.ErrorContains(t, err, "resolvers[0].dangerouslyAllowSignInWithoutUserInCatalog: is not supported with this resolver")
}

// TestUnsafeSections: what Backstage's defaults leave open, with the key that is missing.
func TestUnsafeSections(t *testing.T) {
	const signIn = "signIn: {resolvers: [{resolver: emailMatchingUserEntityProfileEmail}]}"
	for section, want := range map[string]string{
		"guest: {}":                     "auth.providers.guest.dangerouslyAllowOutsideDevelopment: is required on the base URL",
		"oauth2proxy: {" + signIn + "}": "auth.providers.oauth2proxy.issuer: or trust is required",
		"oauth2Proxy: {issuer: 'https://sso.example.com', " + signIn + "}":                                                                                           "auth.providers.oauth2Proxy.audience: is required",
		"oauth2Proxy: {trust: {peers: [0.0.0.0/0]}, headerStyle: X-Forwarded, " + signIn + "}":                                                                       "0.0.0.0/0 holds nearly everybody",
		"oauth2Proxy: {trust: {peers: [10.0.0.0/24]}, " + signIn + "}":                                                                                               "auth.providers.oauth2Proxy.headerStyle: is required without issuer",
		"awsalb: {issuer: 'https://sso.example.com', region: eu-central-1, " + signIn + "}":                                                                          "auth.providers.awsalb.signer: is required",
		"microsoft: {production: {clientId: a, clientSecret: b, tenantId: common}}":                                                                                  "allowedTenants or dangerouslyAllowAnyTenant",
		"oidc: {production: {clientId: a, clientSecret: b, metadataUrl: 'https://sso.example.com/'}}":                                                                "auth.providers.oidc.production.metadataUrl: does not end in /.well-known/openid-configuration",
		"oidc: {production: {clientId: a, clientSecret: b}}":                                                                                                         "auth.providers.oidc.production.metadataUrl: is required; add:\n\tmetadataUrl: https://sso.example.com/.well-known/openid-configuration",
		"oidc: {production: {clientId: a, clientSecret: b, metadataUrl: 'https://sso.example.com/.well-known/openid-configuration', tokenSignedResponseAlg: HS256}}": `is unknown or not asymmetric`,
		"openshift: {production: {clientId: a, clientSecret: b, authorizationUrl: 'https://a.example.com/oauth/authorize', tokenUrl: 'https://b.example.com/oauth/token', openshiftApiServerUrl: 'https://api.example.com'}}": "auth.providers.openshift.production.tokenUrl: is not /oauth/token of the same server as authorizationUrl",
		"github: {production: {clientId: a, clientSecret: b, callbackUrl: 'https://elsewhere.example.com/cb'}}":                                                                                                               `auth.providers.github.production.callbackUrl: "https://elsewhere.example.com/cb" must have the same origin`,
		"github: {development: {clientId: a, clientSecret: b}, production: {clientId: a, clientSecret: b}}, gitlab: {}":                                                                                                       "auth.providers.gitlab: has no environment",
	} {
		_, err := load(t, builtin.Registry(), "auth: {providers: {"+section+"}}")
		require.ErrorContains(t, err, want, section)
	}
	_, err := load(t, builtin.Registry(), "auth: {environment: staging, providers: {github: {development: {clientId: a, clientSecret: b}, production: {clientId: a, clientSecret: b}}}}")
	require.ErrorContains(t, err, `auth.providers.github: has no environment "staging", which auth.environment asks for`)
}

func TestWhatIsLoadedIsBuilt(t *testing.T) {
	c, err := load(t, builtin.Registry(), "auth: {providers: {guest: {dangerouslyAllowOutsideDevelopment: true}}}")
	require.NoError(t, err)
	issuer, err := tokenissuer.New(c.Issuer)
	require.NoError(t, err)
	c.Auth.Issuer = issuer
	_, err = authprovider.New(c.Auth)
	require.NoError(t, err)
}
