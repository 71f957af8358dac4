// Package proxyauth signs in people whom an identity-aware proxy in front of the application has signed in already.
//
// A proxy provider is one line of [authprovider.Config], here for Pomerium; packages cfaccess, gcpiap, oauth2proxy, awsalb and
// azureeasyauth are the same for their proxies:
//
//	Providers: map[string]authprovider.ProviderFactory{
//		"pomerium": proxyauth.JWTProvider(proxyauth.JWTConfig{
//			Header:    "X-Pomerium-Jwt-Assertion",
//			Issuer:    "portal.example.com",
//			JWKSURL:   "https://portal.example.com/.well-known/pomerium/jwks.json",
//			Audiences: []string{"portal.example.com"},
//		}, resolver.EmailMatchingUserEntityProfileEmail),
//	}
//
// [Provider] does the same for an [Authenticator] of one's own.
//
// The app polls {base}/{provider}/refresh, as Backstage's ProxiedSignInPage does, and gets profile and user token. There is no session of
// ours: each request is authenticated anew, and nothing is set in the browser. [Middleware] protects routes of the host's own with the
// same check, and an [Authenticator] can be called on its own.
//
// What is believed: a token's signature under the proxy's published keys, with its issuer, audience, type and times; or, where a proxy
// signs nothing, its plain headers on requests that pass a [TrustAnchor]. What is left to the host: that the proxy removes what clients
// send in its headers, and that the application cannot be reached around it where plain headers are believed.
package proxyauth
