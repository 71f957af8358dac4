// Package stagedoor maps the packages of Stagedoor, an importable library of auth-provider building blocks: what Backstage's
// auth backend is for Node, for any Go backend.
//
// A host mounts it in its own net/http server:
//
//	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: "https://portal.example.com/api/auth"})
//	auth, err := authprovider.New(authprovider.Config{
//		BaseURL: "https://portal.example.com/api/auth",
//		AppURL:  "https://portal.example.com",
//		Secrets: [][]byte{secret},
//		Issuer:  issuer,
//		Users:   memcatalog.New(authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"}),
//		Providers: map[string]authprovider.ProviderFactory{
//			"corp": oidcprovider.Provider(oidcprovider.Config{Issuer: "https://id.example.com", ClientID: id, ClientSecret: key},
//				resolver.EmailMatchingUserEntityProfileEmail),
//		},
//	})
//	mux.Handle("/api/auth/", auth)
//
// The packages, from the outside in:
//
//   - authprovider: the words, the contracts and the HTTP edge. It imports the standard library only.
//   - oauthadapter: from a small OAuth interface to the four routes of a provider; environments. Vendors live below it: atlassian, auth0, bitbucket,
//     bitbucketserver, gitea, github, gitlab, google, keycloak, microsoft, okta, onelogin, openshift, pinniped, vmwarecloud, and oidcprovider and
//     oauth2provider for all others.
//   - proxyauth: from an authenticator, which believes what an identity-aware proxy in front signed, to a provider, or to middleware
//     for routes of the host's own. It takes any signed header; cfaccess, gcpiap, oauth2proxy, awsalb and azureeasyauth know their proxies.
//   - guest: everybody as one user, for development.
//   - resolver: ready-made sign-in resolvers and combinators. User catalogs live below it: memcatalog, filecatalog (Backstage entity files),
//     backstagecatalog (a Backstage catalog over HTTP), sqlcatalog (a table of the host's), and catalogtest, their contract as a test suite.
//   - tokenissuer: user tokens, their keys, the JWKS and userinfo; the verifier for other services. tokenissuer/sqlkeystore keeps keys and
//     userinfo in a database, tokenissuer/keystoretest is the contract of such stores as a test suite.
//   - authconfig: from the auth block of an app-config.yaml to what authprovider and tokenissuer take; authconfig/builtin has all providers.
//   - samlauth: SAML 2.0, a module of its own.
//   - authprovider/authprovidertest: fakes of every vendor and proxy, and conformance runs, for the tests of importers.
//   - examples: quickstart, behind-a-proxy, two-services, custom-provider and custom-resolver, each in one command; backstage-backend, which reads an
//     app-config.yaml; and short ones for single proxies.
//
// The reasons for the design stand in the doc of the package that they belong to.
package stagedoor
