package authconfig_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authconfig/builtin"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/cfaccess"
	"example.com/stagedoor/oauthadapter/github"
	"example.com/stagedoor/tokenissuer"
)

func TestWhatTheBlockSays(t *testing.T) {
	c, err := load(t, map[string]string{"ONE": "0123456789abcdef0123456789abcdef", "TWO": "fedcba9876543210fedcba9876543210"}, authconfig.Source{}, `
app: {baseUrl: https://portal.example.com}
backend: {baseUrl: https://api.example.com/}
auth:
  environment: production
  session: {secret: ["${ONE}", {$env: TWO}]}
  backstageTokenExpiration: {hours: 2, minutes: 30}
  omitIdentityTokenOwnershipClaim: false
  identityTokenAlgorithm: EdDSA
  experimentalExtraAllowedOrigins: [https://*.preview.example.com]
  keyStore: {provider: memory}
`)
	require.NoError(t, err)
	require.Equal(t, "https://api.example.com/api/auth", c.Auth.BaseURL)
	require.Equal(t, "https://portal.example.com", c.Auth.AppURL)
	require.Equal(t, "production", c.Auth.Environment)
	require.Equal(t, [][]byte{[]byte("0123456789abcdef0123456789abcdef"), []byte("fedcba9876543210fedcba9876543210")}, c.Auth.Secrets)
	require.Equal(t, []string{"https://*.preview.example.com"}, c.Auth.AllowedOrigins)
	require.Equal(t, tokenissuer.Config{Issuer: "https://api.example.com/api/auth", TTL: 150 * time.Minute, OwnershipInToken: true, Algorithm: "EdDSA"}, c.Issuer)
	require.Empty(t, c.Warnings)
}

func TestFilesAreLaidOverEachOther(t *testing.T) {
	registry := builtin.Registry()
	c, err := load(t, nil, authconfig.Source{Providers: registry}, `
auth:
  experimentalExtraAllowedOrigins: [https://a.example.com, https://b.example.com]
  environment: development
  providers:
    github: {development: {clientId: a, clientSecret: b}}
    gitlab: {development: {clientId: a, clientSecret: b}}
`, `
auth:
  experimentalExtraAllowedOrigins: [https://c.example.com]
  providers:
    github: {production: {clientId: c, clientSecret: d}}
    gitlab: null
`)
	require.NoError(t, err)
	require.Equal(t, []string{"https://c.example.com"}, c.Auth.AllowedOrigins, "a list is replaced")
	require.Equal(t, map[string]int{"github production": 302, "github development": 302, "github staging": 404, "gitlab development": 404},
		answers(t, c, "github production", "github development", "github staging", "gitlab development"))
}

// answers are the status of the start routes of providers and environments.
func answers(t *testing.T, c *authconfig.Config, routes ...string) map[string]int {
	t.Helper()
	issuer, err := tokenissuer.New(c.Issuer)
	require.NoError(t, err)
	c.Auth.Issuer = issuer
	auth, err := authprovider.New(c.Auth)
	require.NoError(t, err)
	got := make(map[string]int)
	for _, route := range routes {
		id, environment, _ := strings.Cut(route, " ")
		w := httptest.NewRecorder()
		auth.ServeHTTP(w, httptest.NewRequest(http.MethodGet, c.Auth.BaseURL+"/"+id+"/start?env="+environment, nil))
		got[route] = w.Code
	}
	return got
}

func TestRegisteredAndNotConfigured(t *testing.T) {
	c, err := load(t, nil, authconfig.Source{})
	require.NoError(t, err)
	issuer, err := tokenissuer.New(c.Issuer)
	require.NoError(t, err)
	c.Auth.Issuer = issuer
	auth, err := authprovider.New(c.Auth)
	require.NoError(t, err)
	for path, want := range map[string]string{
		"GET /github/start":         "No auth provider registered for 'github'",
		"GET /github/refresh":       "No auth provider registered for 'github'",
		"GET /github/handler/frame": "No auth provider registered for 'github'",
		"POST /cfaccess/logout":     "No auth provider registered for 'cfaccess'",
		"GET /gcpiap/refresh":       "No auth provider registered for 'gcpiap'",
		"GET /nobody/start":         "Unknown auth provider 'nobody'",
	} {
		method, path, _ := strings.Cut(path, " ")
		w := httptest.NewRecorder()
		auth.ServeHTTP(w, httptest.NewRequest(method, c.Auth.BaseURL+path, nil))
		require.Equal(t, http.StatusNotFound, w.Code, path)
		require.Contains(t, w.Body.String(), want, path)
	}
}

func TestOursUnderAnotherID(t *testing.T) {
	registry := builtin.Registry()
	registry["ghe"] = builtin.GitHub(github.Config{EnterpriseURL: "https://ghe.acme.example"})
	c, err := load(t, nil, authconfig.Source{Providers: registry}, `
auth:
  providers:
    ghe: {development: {clientId: a, clientSecret: b}}
    github: {development: {clientId: a, clientSecret: b}}
`)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"ghe ": 302, "github ": 302}, answers(t, c, "ghe ", "github "))
}

func TestWhatAnExampleLacksMayStandInCode(t *testing.T) {
	const section = "auth: {providers: {cfaccess: {teamName: acme, signIn: {resolvers: [{resolver: emailMatchingUserEntityProfileEmail}]}}}}"
	registry := builtin.Registry()
	_, err := load(t, nil, authconfig.Source{Providers: registry}, section)
	requireFaults(t, err, "a.yaml:1:31: auth.providers.cfaccess.audience: is required; add:\n\taudience: <the application's AUD tag>")

	registry["cfaccess"] = builtin.CFAccess(cfaccess.Config{Audience: []string{"aud-tag"}})
	_, err = load(t, nil, authconfig.Source{Providers: registry}, section)
	require.NoError(t, err)
}

func employees(context.Context, cfaccess.SignInInfo, *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return nil, authprovider.ErrNoMatch
}

func TestResolversInCodeAndInYAML(t *testing.T) {
	registry := builtin.Registry()
	registry["cfaccess"] = builtin.CFAccess(cfaccess.Config{Audience: []string{"aud-tag"}}, employees)
	_, err := load(t, nil, authconfig.Source{Providers: registry}, "auth: {providers: {cfaccess: {teamName: acme}}}")
	require.NoError(t, err)

	_, err = load(t, nil, authconfig.Source{Providers: registry}, `
auth:
  providers:
    cfaccess:
      teamName: acme
      signIn:
        resolvers:
          - resolver: emailMatchingUserEntityProfileEmail
`)
	requireFaults(t, err, `a.yaml:8:13: auth.providers.cfaccess.signIn.resolvers: there is a sign-in resolver for "cfaccess" in code too, authconfig_test.employees: remove one of the two`)

	_, err = load(t, nil, authconfig.Source{}, "auth: {providers: {cfaccess: {teamName: acme, audience: tag}}}")
	requireFaults(t, err, "a.yaml:1:31: auth.providers.cfaccess: a sign-in resolver is required: without one nobody is signed in")
}

func TestNamedResolversOfTheHost(t *testing.T) {
	own := builtin.CFAccess(cfaccess.Config{Audience: []string{"aud-tag"}})
	own.Resolvers["employees"] = authconfig.ResolverFunc(employees)
	own.Resolvers["members"] = authconfig.ResolverWith(func(o struct {
		Group string `key:"group,required"`
	}) (authprovider.SignInResolver[cfaccess.Result], error) {
		if o.Group == "everybody" {
			return nil, &authconfig.KeyError{Field: "Group", Message: "is no group"}
		}
		return employees, nil
	})
	registry := builtin.Registry()
	registry["cfaccess"] = own
	section := func(resolvers string) string {
		return "auth: {providers: {cfaccess: {teamName: acme, signIn: {resolvers: [" + resolvers + "]}}}}"
	}
	_, err := load(t, nil, authconfig.Source{Providers: registry}, section("{resolver: employees}, {resolver: members, group: ops}"))
	require.NoError(t, err)
	for resolvers, want := range map[string]string{
		"{resolver: members}":                   "a.yaml:1:69: auth.providers.cfaccess.signIn.resolvers[0].group: is required; add:\n\tgroup: ...",
		"{resolver: members, group: everybody}": "a.yaml:1:95: auth.providers.cfaccess.signIn.resolvers[0].group: is no group",
		"{resolver: employees, group: ops}":     "a.yaml:1:90: auth.providers.cfaccess.signIn.resolvers[0].group: unknown key; there are resolver",
		"{resolver: employee}":                  `a.yaml:1:79: auth.providers.cfaccess.signIn.resolvers[0].resolver: this provider has no resolver of that name, did you mean "employees"?`,
		"employees":                             "a.yaml:1:68: auth.providers.cfaccess.signIn.resolvers[0]: is text, want a mapping; add:\n\t- resolver: emailMatchingUserEntityProfileEmail",
		"{group: ops}":                          "a.yaml:1:69: auth.providers.cfaccess.signIn.resolvers[0].resolver: is required",
	} {
		_, err := load(t, nil, authconfig.Source{Providers: registry}, section(resolvers))
		requireFaults(t, err, want)
	}
}

func TestProvidersOfTheHost(t *testing.T) {
	type section struct {
		Address string              `key:"address,required"`
		Token   authprovider.Secret `key:"token"`
	}
	var got []section
	registry := builtin.Registry()
	registry["acme"] = authconfig.NewCustom(section{Token: "of code"}, func(s section) (authprovider.ProviderFactory, error) {
		got = append(got, s)
		return func(*authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
			if s.Address == "bad" {
				return nil, errors.New("acme: Config.Address is bad")
			}
			return authprovider.Unsupported{}, nil
		}, nil
	})
	_, err := load(t, nil, authconfig.Source{Providers: registry}, "auth: {providers: {acme: {address: here}}}")
	require.NoError(t, err)
	require.Equal(t, []section{{"here", "of code"}}, got)
	_, err = load(t, nil, authconfig.Source{Providers: registry}, "auth: {providers: {acme: {address: bad}}}")
	requireFaults(t, err, "a.yaml:1:36: auth.providers.acme.address: is bad")
	_, err = load(t, nil, authconfig.Source{Providers: registry}, "auth: {providers: {acme: {adress: here}}}")
	requireFaults(t, err, `a.yaml:1:27: auth.providers.acme.address: is required; add:`+"\n\taddress: ...", `a.yaml:1:27: auth.providers.acme.adress: unknown key, did you mean "address"?`)
}

func TestKeyStores(t *testing.T) {
	store := &tokenissuer.MemoryKeyStore{}
	opened := 0
	database := func(*authconfig.Config) (tokenissuer.KeyStore, tokenissuer.UserInfoStore, error) {
		opened++
		return store, nil, nil
	}
	const secret = "auth: {session: {secret: 0123456789abcdef0123456789abcdef}"
	c, err := load(t, nil, authconfig.Source{Database: database}, secret+", keyStore: {provider: database}}")
	require.NoError(t, err)
	require.Same(t, store, c.Issuer.Keys)
	require.Equal(t, c.Auth.Secrets, c.Issuer.Secrets)

	c, err = load(t, nil, authconfig.Source{Database: database}, secret+"}")
	require.NoError(t, err)
	require.Same(t, store, c.Issuer.Keys, "a database is the default where there is one")
	c, err = load(t, nil, authconfig.Source{Database: database}, secret+", keyStore: {provider: memory}}")
	require.NoError(t, err)
	require.Nil(t, c.Issuer.Keys)
	c, err = load(t, nil, authconfig.Source{}, secret+"}")
	require.NoError(t, err)
	require.Nil(t, c.Issuer.Keys)
	require.Equal(t, 2, opened)

	for text, want := range map[string]string{
		secret + ", keyStore: {provider: database}}":  "a.yaml:1:72: auth.keyStore.provider: database needs Source.Database, which says which one; add:\n\tprovider: memory",
		secret + ", keyStore: {provider: firestore}}": "a.yaml:1:72: auth.keyStore.provider: firestore is not supported: use database, or give tokenissuer.Config.Keys a KeyStore of your own",
		secret + ", keyStore: {provider: memroy}}":    `a.yaml:1:72: auth.keyStore.provider: unknown key store, did you mean "memory"?`,
		secret + ", keyStore: {provider: static}}": "a.yaml:1:72: auth.keyStore.static: is required for keyStore.provider: static; add:" +
			"\n\tstatic:\n\t  keys:\n\t    - keyId: ...\n\t      publicKeyFile: ...\n\t      privateKeyFile: ...",
	} {
		_, err := load(t, nil, authconfig.Source{}, text)
		requireFaults(t, err, want)
	}

	_, err = load(t, nil, authconfig.Source{Database: database}, secret+", keyStore: {provider: database}, providers: {nobody: {}}}")
	require.Error(t, err)
	require.Equal(t, 2, opened, "a database is not opened for a configuration that is refused")
	_, err = load(t, map[string]string{"PASSWORD": "correct-horse"}, authconfig.Source{Database: func(c *authconfig.Config) (tokenissuer.KeyStore, tokenissuer.UserInfoStore, error) {
		var s struct {
			Password authprovider.Secret `key:"password"`
		}
		require.NoError(t, c.Decode("database", &s))
		return nil, nil, fmt.Errorf("no connection with %q", string(s.Password))
	}}, "database: {password: \"${PASSWORD}\"}\n"+secret+", keyStore: {provider: database}}")
	requireFaults(t, err, `a.yaml:2:72: auth.keyStore.provider: no connection with "..."`)
}

func TestBaseURLThatIsNotLoopback(t *testing.T) {
	_, err := load(t, nil, authconfig.Source{}, "backend: {baseUrl: https://portal.example.com}\nauth:\n  environment: production\n")
	requireFaults(t, err, "a.yaml:3:3: auth.session.secret: is required unless backend.baseUrl is on loopback"+secretLine)
	_, err = load(t, nil, authconfig.Source{}, "backend: {baseUrl: http://portal.example.com}\n")
	require.ErrorContains(t, err, "a.yaml:1:20: backend.baseUrl: ")
}

func TestSectionsWithoutEnvironment(t *testing.T) {
	for section, want := range map[string]string{
		"{}":                  "a.yaml:1:28: auth.providers.github: has no environment; add:\n\tdevelopment:\n\t  clientId: ...\n\t  clientSecret: ...",
		"{development: null}": "a.yaml:1:29: auth.providers.github: has no environment; add:\n\tdevelopment:\n\t  clientId: ...\n\t  clientSecret: ...",
	} {
		_, err := load(t, nil, authconfig.Source{}, "auth: {providers: {github: "+section+"}}")
		requireFaults(t, err, want)
	}
	registry := authconfig.Registry{"github": builtin.GitHub(github.Config{ClientID: "a", ClientSecret: "b"})}
	_, err := load(t, nil, authconfig.Source{Providers: registry}, "auth: {providers: {github: {development: {sessionDuration: {hours: 1}}}}}")
	require.NoError(t, err)
	_, err = load(t, nil, authconfig.Source{Providers: authconfig.Registry{"No ID": registry["github"]}})
	require.EqualError(t, err, `authconfig: Source.Providers: the ID "No ID" does not match [a-z0-9][A-Za-z0-9._-]*`)
}

func TestOverridesOfTheEnvironment(t *testing.T) {
	_, err := load(t, map[string]string{"APP_CONFIG_app_baseUrl": "https://portal.example.com", "APP_CONFIG_auth_environment": "production", "APP_CONFIG_app_title": "x"}, authconfig.Source{})
	requireFaults(t, err, "APP_CONFIG_app_baseUrl: is set, and not read: write ${...} into a file in its place",
		"APP_CONFIG_auth_environment: is set, and not read: write ${...} into a file in its place")
}

func TestKeysInFiles(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "private.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "public.pem"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), 0o600))
	const block = "auth:\n  identityTokenAlgorithm: RS256\n  keyStore:\n    provider: static\n    static:\n      keys:\n        - {keyId: one, privateKeyFile: '%[1]s/private.pem', publicKeyFile: '%[1]s/public.pem'}\n"
	c, err := load(t, nil, authconfig.Source{}, fmt.Sprintf(block, dir))
	require.NoError(t, err)
	require.Equal(t, []tokenissuer.KeyFile{{PrivateKeyFile: dir + "/private.pem", PublicKeyFile: dir + "/public.pem", KeyID: "one", Algorithm: "ES256"}}, c.Issuer.KeyFiles)
	_, err = load(t, nil, authconfig.Source{}, fmt.Sprintf(block, dir+"/absent"))
	require.ErrorContains(t, err, "a.yaml:4:5: auth.keyStore: [0]: ")
}

func TestEnvironmentThatAProviderLacks(t *testing.T) {
	for text, want := range map[string]string{
		"staging":    `a.yaml:1:42: auth.providers.github: has no environment "staging", which auth.environment asks for`,
		"'${STAGE}'": `a.yaml:1:45: auth.providers.github: has no environment "...", which auth.environment asks for`,
	} {
		_, err := load(t, map[string]string{"STAGE": "a-secret-stage"}, authconfig.Source{},
			"auth: {environment: "+text+", providers: {github: {a: {clientId: a, clientSecret: b}, b: {clientId: a, clientSecret: b}}}}")
		requireFaults(t, err, want)
	}
}

func TestFaultsAreToldAllAtOnce(t *testing.T) {
	_, err := load(t, nil, authconfig.Source{}, `
backend: {baseUrl: https://portal.example.com}
auth:
  enviroment: production
  session: {secret: short}
  backstageTokenExpiration: 5m
  identityTokenAlgorithm: HS256
  experimentalExtraAllowedOrigins: ["*"]
  experimentalDynamicClientRegistration: {enabled: true}
  clientIdMetadataDocuments: {enabled: false}
  providers:
    githb: {}
    github:
      development:
        clientID: a
        clientSecret: 12
        sessionDuration: soon
        additionalScopes: {read: true}
        enterpriseInstanceUrl: ftp://ghe.acme.example
    google:
      clientId: x
      clientSecret: y
`, `
auth:
  providers:
    microsoft:
      production: {clientId: a, clientSecret: b, tenantId: common}
      "Bad Name": {}
    okta: []
`)
	requireFaults(t, err,
		`a.yaml:4:3: auth.enviroment: unknown key, did you mean "environment"?`,
		`a.yaml:5:21: auth.session.secret: has 5 bytes, at least 32 are required`+secretLine,
		`a.yaml:6:29: auth.backstageTokenExpiration: is 5m0s, want 10m0s to 24h0m0s in whole seconds`,
		`a.yaml:8:36: auth.experimentalExtraAllowedOrigins: has a bad entry: authprovider: origin pattern "*": * must be a whole label of a valid origin: authprovider: invalid input`,
		`a.yaml:9:43: auth.experimentalDynamicClientRegistration: is not supported: there is no authorization server for other clients here. Remove it, or set enabled: false`,
		`a.yaml:12:5: auth.providers.githb: unknown provider, did you mean "github"?`,
		`a.yaml:15:9: auth.providers.github.development.clientID: unknown key, did you mean "clientId"?`,
		`a.yaml:15:9: auth.providers.github.development.clientId: is required; add:`+"\n\tclientId: ...",
		`a.yaml:16:23: auth.providers.github.development.clientSecret: is a number, want text: put it into quotes`,
		`a.yaml:17:26: auth.providers.github.development.sessionDuration: "soon" is no length of time such as "30m", "2 hours" or "PT1H"`,
		`a.yaml:18:28: auth.providers.github.development.additionalScopes: is a mapping, want text`,
		`a.yaml:21:7: auth.providers.google.clientId: is no environment: the keys of this provider stand one level deeper, below a name such as "development"`,
		`a.yaml:22:7: auth.providers.google.clientSecret: is no environment: the keys of this provider stand one level deeper, below a name such as "development"`,
		`b.yaml:5:60: auth.providers.microsoft.production.tenantId: "common" needs either allowedTenants or dangerouslyAllowAnyTenant: anybody can have a tenant`,
		`b.yaml:6:7: auth.providers.microsoft.Bad Name: the name of an environment matches [a-z0-9][A-Za-z0-9._-]*`,
		`b.yaml:7:11: auth.providers.okta: is a list, want a mapping`,
	)
}

func TestSecretsAreNeverShown(t *testing.T) {
	const secret = "correct-horse-battery"
	environment := map[string]string{"SECRET": secret, "LOUD": strings.ToUpper(secret)}
	for _, value := range []string{"${SECRET}", "https://${SECRET}", "{$env: SECRET}", "http://user:${SECRET}@host", "${LOUD}", " ${SECRET} ", `"a\"${SECRET}"`} {
		for _, key := range []string{
			"auth: {environment: %s}",
			"auth: {session: {secret: %s}}",
			"auth: {session: {secret: [x, %s]}}",
			"auth: {backstageTokenExpiration: %s}",
			"auth: {identityTokenAlgorithm: %s}",
			"auth: {omitIdentityTokenOwnershipClaim: %s}",
			"auth: {keyStore: {provider: %s}}",
			"auth: {experimentalExtraAllowedOrigins: [%s]}",
			"backend: {baseUrl: %s}",
			"app: {baseUrl: %s}",
			"auth: {providers: %s}",
			"auth: {providers: {github: {development: {clientId: 1, clientSecret: %s}}}}",
			"auth: {providers: {github: {development: {clientId: a, clientSecret: b, enterpriseInstanceUrl: %s}}}}",
			"auth: {providers: {github: {development: {clientId: a, clientSecret: b, callbackUrl: %s}}}}",
			"auth: {providers: {github: {development: {clientId: a, clientSecret: b, additionalScopes: [\"\\\\\", %s]}}}}",
			"auth: {providers: {github: {development: {clientId: a, clientSecret: b, signIn: {resolvers: [{resolver: %s}]}}}}}",
			"auth: {providers: {github: {development: {clientId: a, clientSecret: b, signIn: {resolvers: [{resolver: emailMatchingUserEntityProfileEmail, allowedDomains: [%s]}]}}}}}",
			"auth: {providers: {microsoft: {development: {clientId: a, clientSecret: b, tenantId: %s}}}}",
			"auth: {providers: {microsoft: {development: {clientId: a, clientSecret: b, tenantId: organizations, allowedTenants: [%s]}}}}",
			"auth: {providers: {oidc: {development: {clientId: a, clientSecret: b, metadataUrl: %s}}}}",
			"auth: {providers: {oidc: {development: {clientId: a, clientSecret: b, issuer: %s}}}}",
			"auth: {providers: {auth0: {development: {clientId: a, clientSecret: b, domain: %s}}}}",
			"auth: {providers: {okta: {development: {clientId: a, clientSecret: b, audience: %s}}}}",
			"auth: {providers: {bitbucketServer: {development: {clientId: a, clientSecret: b, host: %s}}}}",
			"auth: {providers: {gcpIap: {audience: %s}}}",
			"auth: {providers: {gcpIap: {audience: /projects/1/apps/a, jwtHeader: %s}}}",
			"auth: {providers: {awsalb: {issuer: i, region: %s, signer: s}}}",
			"auth: {providers: {awsalb: {issuer: i, region: us-east-1, signer: %s}}}",
			"auth: {providers: {oauth2Proxy: {headerStyle: X-Forwarded, trust: {peers: [%s]}}}}",
			"auth: {providers: {oauth2Proxy: {headerStyle: X-Forwarded, trust: {secretHeader: X-S, secrets: [%s]}}}}",
			"auth: {providers: {guest: {userEntityRef: %s}}}",
			"auth: {providers: {guest: {ownershipEntityRefs: [%s]}}}",
			"auth: {providers: {guest: {userEntityRef: {$file: %s}}}}",
		} {
			c, err := load(t, environment, authconfig.Source{}, fmt.Sprintf(key, quote(value)))
			if err != nil {
				require.NotContains(t, strings.ToLower(err.Error()), secret, key)
			}
			if c != nil {
				for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
					require.NotContains(t, fmt.Sprintf(verb, c), secret, key)
					require.NotContains(t, fmt.Sprintf(verb, *c), secret, key)
				}
				var log strings.Builder
				slog.New(slog.NewTextHandler(&log, nil)).Info("loaded", "config", c)
				require.NotContains(t, log.String(), secret, key)
			}
		}
	}
}

func quote(value string) string {
	if strings.HasPrefix(value, "{") || strings.HasPrefix(value, `"`) {
		return value
	}
	return `"` + value + `"`
}

func TestLiteralSecretsAreNeverShown(t *testing.T) {
	const secret = "correct-horse-battery"
	for _, text := range []string{
		"auth: {session: {secret: " + secret + "}}",
		"auth: {providers: {github: {development: {clientSecret: " + secret + ", clientId: [" + secret + "]}}}}",
		"auth: {providers: {oauth2Proxy: {headerStyle: X-Forwarded, trust: {secretHeader: X-S, secrets: [" + secret + "]}}}}",
		"auth: {providers: {github: {development: {clientSecret: '" + secret + "}}}}",
		"auth: {providers: {github: {development: {clientSecret: " + secret + "\n  a: b\n",
		"auth:\n  session:\n    secret: " + secret + "\n   x: y\n",
		"auth: {session: {secret: !vault " + secret + "}}",
	} {
		_, err := load(t, nil, authconfig.Source{}, text)
		require.Error(t, err, text)
		require.NotContains(t, err.Error(), secret)
	}
}

// TestSecretsThatAConstructorShows: a host's own constructor may quote what it got.
func TestSecretsThatAConstructorShows(t *testing.T) {
	const secret, other = "correct-horse-battery", "staple-in-the-field"
	type section struct {
		Token   authprovider.Secret `key:"token"`
		Address string              `key:"address"`
	}
	for want, show := range map[string]func(s section) error{
		`acme.token: "..." is bad`: func(s section) error { return fmt.Errorf("acme: Config.Token %q is bad", string(s.Token)) },
		`acme.token: "..." is cut`: func(s section) error { return fmt.Errorf("acme: Config.Token %.12q is cut", string(s.Token)) },
		`acme: "..." in capitals`:  func(s section) error { return fmt.Errorf("acme: %q in capitals", "x "+strings.ToUpper(s.Address)) },
		`acme: bare [redacted]`:    func(s section) error { return fmt.Errorf("acme: bare %v", s.Token) },
		`acme: is not valid`:       func(s section) error { return errors.New("acme: bare " + string(s.Token)) },
		`acme.address: is not valid`: func(s section) error {
			return errors.New("acme: Config.Address " + strings.TrimPrefix(s.Address, "https://"))
		},
		`acme: "a literal" may be shown`: func(section) error { return errors.New(`acme: "a literal" may be shown`) },
	} {
		registry := authconfig.Registry{"acme": authconfig.NewCustom(section{}, func(s section) (authprovider.ProviderFactory, error) { return nil, show(s) })}
		_, err := load(t, map[string]string{"OTHER": other}, authconfig.Source{Providers: registry}, "auth: {providers: {acme: {token: "+secret+", address: 'https://${OTHER}'}}}")
		require.ErrorContains(t, err, "auth.providers."+want)
		for _, part := range []string{secret, secret[:12], other} {
			require.NotContains(t, strings.ToLower(err.Error()), part)
		}
	}
}

func TestSecretFiles(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	write := func(path, text string) {
		t.Helper()
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	const secret = "0123456789abcdef0123456789abcdef"
	write(filepath.Join(dir, "secrets", "session"), secret+"\n")
	write(filepath.Join(dir, "big"), strings.Repeat("x", 65<<10))
	write(filepath.Join(outside, "session"), secret)
	require.NoError(t, os.Symlink(filepath.Join(outside, "session"), filepath.Join(dir, "link")))
	require.NoError(t, os.Symlink("secrets/session", filepath.Join(dir, "near")))
	require.NoError(t, os.Symlink(filepath.Join(outside, "c.yaml"), filepath.Join(dir, "c.yaml"))) // the host names it, so that may be
	load := func(file string, secretDirs ...string) error {
		write(filepath.Join(outside, "c.yaml"), baseURLs+"auth: {session: {secret: {$file: '"+file+"'}}}\n")
		c, err := authconfig.Load(authconfig.Source{Files: []string{filepath.Join(dir, "c.yaml")}, SecretDirs: secretDirs, Providers: builtin.Registry(), Env: env(map[string]string{"NAME": "session"})})
		if err == nil {
			require.Equal(t, [][]byte{[]byte(secret)}, c.Auth.Secrets)
		}
		return err
	}
	for _, file := range []string{"secrets/session", "./secrets/session", "secrets/../secrets/session", "near", "secrets/${NAME}"} {
		require.NoError(t, load(file), file)
	}
	require.NoError(t, load(filepath.Join(outside, "session"), outside))
	for file, why := range map[string]string{
		"../" + filepath.Base(outside) + "/session": "is neither below the directory",
		filepath.Join(outside, "session"):           "is neither below the directory",
		"link":                                      "cannot be read",
		"absent":                                    "does not exist",
		"secrets":                                   "is not a regular file",
		"big":                                       "has more than 65536 bytes",
		".":                                         "is neither below the directory",
		"${ABSENT}":                                 "the environment variable ABSENT is not set",
	} {
		require.ErrorContains(t, load(file), why, file)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "big.yaml"), []byte(strings.Repeat("# x\n", 100<<10)), 0o600))
	_, err := authconfig.Load(authconfig.Source{Files: []string{filepath.Join(dir, "absent.yaml"), dir, filepath.Join(dir, "big.yaml")}, Providers: builtin.Registry()})
	requireFaults(t, err, filepath.Join(dir, "absent.yaml")+": does not exist", dir+": is not a regular file", filepath.Join(dir, "big.yaml")+": has more than 262144 bytes")
	_, err = authconfig.Load(authconfig.Source{Providers: builtin.Registry()})
	require.EqualError(t, err, "authconfig: Source.Files is required")
	_, err = authconfig.Load(authconfig.Source{Files: []string{"x"}})
	require.EqualError(t, err, "authconfig: Source.Providers is required")
}

func TestYAMLThatIsRefused(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'j'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.Repeat(fmt.Sprintf("*%c, ", c-1), 9)+fmt.Sprintf("*%c", c-1))
	}
	for name, row := range map[string]struct{ text, want string }{
		"a key twice":            {"auth:\n  environment: a\n  environment: b\n", `a.yaml:3:3: has the key "environment" twice: the first is in line 2`},
		"a key twice in quotes":  {"auth: {environment: a, 'environment': b}", `a.yaml:1:24: has the key "environment" twice: the first is in line 1`},
		"two documents":          {"a: 1\n---\nb: 2\n", "a.yaml:3:2: has a second YAML document; only one is read"},
		"a list":                 {"- a\n", "a.yaml:1:1: is a list, want a mapping"},
		"text":                   {"hello\n", "a.yaml:1:1: is text, want a mapping"},
		"an alias of nothing":    {"a: *b\n", "a.yaml:1:4: has an alias without anchor before it"},
		"an alias of itself":     {"a: &a [*a]\n", "a.yaml:1:8: has an alias without anchor before it"},
		"a merge key":            {"a: &a {b: c}\nd: {<<: *a}\n", `a.yaml:2:5: has the merge key "<<", which Backstage does not read either`},
		"a tag":                  {"a: !!binary aGk=\n", `a.yaml:1:4: has the tag "!!binary", which is not read`},
		"deep":                   {"a: " + strings.Repeat("[", 100) + strings.Repeat("]", 100), "a.yaml:1:68: is nested too deeply"},
		"very deep":              {strings.Repeat("[", 100_000), "a.yaml: is nested too deeply"},
		"very deep by dashes":    {strings.Repeat("- ", 100_000), "a.yaml: is nested too deeply"},
		"a bomb of aliases":      {bomb, "a.yaml:5:7: has more than 50000 values, aliases followed"},
		"$include":               {"auth: {$include: x.yaml}", "a.yaml:1:8: $include is not read: give its file to Source.Files"},
		"$env beside another":    {"auth: {environment: {$env: X, y: z}}", "a.yaml:1:22: $env must stand alone"},
		"$env of a list":         {"auth: {environment: {$env: [X]}}", "a.yaml:1:22: $env is a list, want text"},
		"no end":                 {"auth: [1\nb: 'x\n", "a.yaml:2:4: is not YAML: could not find end character of single-quoted text"},
		"a tab":                  {"auth:\n\tx: y\n", `a.yaml:2:1: is not YAML: found character '	' that cannot start any token`},
		"a list as the block":    {"auth: []\n", "a.yaml:1:7: auth: is a list, want a mapping"},
		"text as the base URL":   {"app: here\n", "a.yaml:1:6: app.baseUrl: is required; add:\n\tapp:\n\t  baseUrl: http://localhost:3000"},
		"a number as a text":     {"auth: {environment: 1}", "a.yaml:1:21: auth.environment: is a number, want text: put it into quotes"},
		"text as a flag":         {"auth: {omitIdentityTokenOwnershipClaim: 'true'}", "a.yaml:1:41: auth.omitIdentityTokenOwnershipClaim: is text, want true or false"},
		"a variable as a flag":   {"auth: {omitIdentityTokenOwnershipClaim: '${WORD}'}", "a.yaml:1:41: auth.omitIdentityTokenOwnershipClaim: is neither true nor false, by ${WORD}"},
		"a variable not set":     {"auth: {environment: '${NOT_SET}'}", "a.yaml:1:21: auth.environment: the environment variable NOT_SET is not set"},
		"a variable that is not": {"auth: {environment: '${EMPTY}'}", "a.yaml:1:21: auth.environment: is empty, since ${EMPTY} is"},
		"a year":                 {"auth: {backstageTokenExpiration: {years: 1}}", "a.yaml:1:42: auth.backstageTokenExpiration.years: has no length: use days"},
		"a negative duration":    {"auth: {backstageTokenExpiration: {hours: -1}}", "a.yaml:1:35: auth.backstageTokenExpiration: is negative"},
		"a very long duration":   {"auth: {backstageTokenExpiration: {weeks: 99999999999}}", "a.yaml:1:35: auth.backstageTokenExpiration: is too long"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, map[string]string{"WORD": "perhaps", "EMPTY": " "}, authconfig.Source{}, row.text)
			requireFaults(t, err, row.want)
		})
	}
}

func TestSubstitution(t *testing.T) {
	environment := map[string]string{"A": "one", "B": " two\n", "FLAG": "false", "TTL": "2 hours"}
	for text, want := range map[string]string{
		"${A}":          "one",
		"x-${A}-${ B }": "x-one-two",
		"$${A}":         "${A}",
		"$$${A}":        "$${A}",
		"$A {A} $":      "$A {A} $",
		"${A":           "${A",
	} {
		var s struct {
			Text string `key:"text"`
		}
		c, err := load(t, environment, authconfig.Source{}, "own: {text: '"+text+"'}\nnot: {read: '${NOT_SET}', nor: {$file: absent}}\n")
		require.NoError(t, err)
		require.NoError(t, c.Decode("own", &s))
		require.Equal(t, want, s.Text, text)
	}
	c, err := load(t, environment, authconfig.Source{}, "auth: {omitIdentityTokenOwnershipClaim: '${FLAG}', backstageTokenExpiration: {$env: TTL}}")
	require.NoError(t, err)
	require.True(t, c.Issuer.OwnershipInToken)
	require.Equal(t, 2*time.Hour, c.Issuer.TTL)
}

func TestDecode(t *testing.T) {
	type part struct {
		Name   string            `key:"name,required"`
		Count  int               `key:"count"`
		Labels map[string]string `key:"labels"`
		Next   *part             `key:"next"`
		TTL    authconfig.Duration
	}
	c, err := load(t, map[string]string{"COUNT": "12"}, authconfig.Source{}, "own:\n  part: {name: a, count: '${COUNT}', labels: {x: y, z: null}, next: {name: b}}\n  bad: {nam: a, count: x}\n")
	require.NoError(t, err)
	var p part
	require.NoError(t, c.Decode("own.part", &p))
	require.Equal(t, part{Name: "a", Count: 12, Labels: map[string]string{"x": "y"}, Next: &part{Name: "b"}}, p)
	require.NoError(t, c.Decode("own.absent", &p))
	requireFaults(t, c.Decode("own.bad", &p), `a.yaml:3:9: own.bad.nam: unknown key, did you mean "name"?`, "a.yaml:3:24: own.bad.count: is text, want a number")
	require.ErrorContains(t, c.Decode("own.part", p), "needs a pointer to a struct")
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"2h": 2 * time.Hour, "1.5 hours": 90 * time.Minute, "90m": 90 * time.Minute, "3600 seconds": time.Hour, "1d": 24 * time.Hour,
		"PT1H": time.Hour, "PT1H30M": 90 * time.Minute, "P1D": 24 * time.Hour, "{hours: 1, minutes: 30}": 90 * time.Minute, "{days: 1}": 24 * time.Hour, "{milliseconds: 3600000}": time.Hour,
	} {
		c, err := load(t, nil, authconfig.Source{}, "auth: {backstageTokenExpiration: "+text+"}")
		require.NoError(t, err, text)
		require.Equal(t, want, c.Issuer.TTL, text)
	}
	for _, text := range []string{"1 fortnight", "P", "PT", "P1Y", "-1h", "h", "''", "1e3h", strings.Repeat("9", 400) + "h", "P" + strings.Repeat("9", 400) + "D"} {
		_, err := load(t, nil, authconfig.Source{}, "auth: {backstageTokenExpiration: "+text+"}")
		require.ErrorContains(t, err, "auth.backstageTokenExpiration: ", text)
	}
}

func TestErrorsAreSortedByFileAndLine(t *testing.T) {
	_, err := load(t, nil, authconfig.Source{}, "auth:\n  z: 1\n", "auth:\n  b: 1\n  a: 1\n")
	all, ok := errors.AsType[authconfig.Errors](err)
	require.True(t, ok)
	var places []string
	for _, e := range all {
		places = append(places, fmt.Sprintf("%s:%d", e.File, e.Line))
	}
	require.Equal(t, []string{"a.yaml:2", "b.yaml:2", "b.yaml:3"}, places)
	require.True(t, slices.IsSorted(places))
	one, ok := errors.AsType[*authconfig.Error](err)
	require.True(t, ok)
	require.Equal(t, "auth.z", one.Key)
}
