// Package pinniped signs people in with the identities that they have in Kubernetes clusters, at a federation domain of the Pinniped Supervisor.
//
//	"pinniped": pinniped.Provider(pinniped.Config{
//		FederationDomain: "https://pinniped.example.com/acme", ClientID: "client.oauth.pinniped.dev-portal", ClientSecret: secret,
//	}, pinniped.UsernameMatchingUserEntityName),
//
// Create an OIDCClient with {base URL}/pinniped/handler/frame among its allowedRedirectURIs, the grant types authorization_code and refresh_token,
// and the scopes openid, offline_access and username.
//
// The ID token is verified completely (see package oidcprovider); it has all that there is to know. Refresh tokens rotate and end nine hours
// after the sign-in; each refresh asks the identity provider behind Pinniped. There is nothing to revoke tokens with: a sign-out forgets them.
//
// [Authenticator.ExchangeForCluster] gives the token that opens one cluster for the person (RFC 8693), of those in Config.Audiences. A Backstage app
// asks for it with a parameter of the start; here it is for the host to call, with the session that resolvers and transforms get.
//
// It leaves to the caller who may sign in: whoever may use any of the clusters can.
package pinniped
