// Package authconfig reads the auth block of a Backstage app-config.yaml into what authprovider.New and tokenissuer.New take, so that a
// host need not write it down twice.
//
//	c, err := authconfig.Load(authconfig.Source{
//		Files:     []string{"app-config.yaml", "app-config.production.yaml"},
//		Providers: builtin.Registry(),
//	})
//	issuer, err := tokenissuer.New(c.Issuer)
//	c.Auth.Issuer, c.Auth.Users = issuer, users
//	auth, err := authprovider.New(c.Auth)
//
// Start with [Load] and package builtin, which has all of ours. The registry is the host's: it may hold one of ours under a further ID, with values,
// resolvers and transforms that stand in code, and providers of the host's own:
//
//	registry := builtin.Registry()
//	registry["ghe"] = builtin.GitHub(github.Config{})                                      // reads auth.providers.ghe
//	registry["cfaccess"] = builtin.CFAccess(cfaccess.Config{Audience: audience}, employees) // employees is a sign-in resolver
//	registry["acme"] = authconfig.NewOAuth(acmeSection{}, newAcme)
//
// # What is read
//
// app.baseUrl and backend.baseUrl, below which the handler is mounted at /api/auth, and auth: environment, providers, session.secret, keyStore,
// backstageTokenExpiration, omitIdentityTokenOwnershipClaim, identityTokenAlgorithm and experimentalExtraAllowedOrigins. The rest of a
// file is left alone, unless [Config.Decode] is asked for it.
//
// Files are merged as Backstage merges them: mappings key by key, lists and everything else as a whole. A null takes away what a file
// before has, as in "google: null". In texts ${NAME} is an environment variable, and $${NAME} is written for "${NAME}" itself;
// {$env: NAME} and {$file: path} stand for a whole value. Blanks around the value of a variable go, and so do those at the end of a
// file. Only what is read here is looked up. A variable that is not set, or empty, is an error and not an absent key: a restriction
// must not vanish with a variable.
//
// $file reads a regular file of at most 64 KiB in the directory of the file that names it, or below, or by absolute path in one of
// [Source.SecretDirs]; no "..", and no symbolic link out of there.
//
// # What is refused
//
// Every fault is told with file, line and key, all at once ([Errors]): unknown keys, providers and resolvers with the nearest that there is, keys that
// are there twice, values of another type, what is required and missing with a line to paste, and whatever the provider's own package finds wrong. No
// message shows a secret, or a value of the environment or of another file.
//
// Where Backstage's defaults are unsafe, a section needs more than the documented example has: cfaccess an audience, awsalb a signer, azureEasyAuth the
// tenant and client, oauth2Proxy an issuer or a trust anchor, microsoft's "common" a list of tenants. It may stand in the file or in code.
//
// Not read: $include, APP_CONFIG_ variables, YAML merge keys (Backstage reads those as little), keys of the authorization server for other
// clients, and keyStore.provider "firestore". All are errors, but for APP_CONFIG_ variables of keys other than app.baseUrl,
// backend.baseUrl, auth.environment and auth.session.secret, which are ignored.
//
// # What it leaves to the host
//
// The user catalog, the issuer, a database for keys ([Source.Database]), and who may sign in beyond what a resolver by name says.
package authconfig
