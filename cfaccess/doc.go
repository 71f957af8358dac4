// Package cfaccess signs in people, and service tokens, whom Cloudflare Access let through to the application.
//
// A provider is one line of [authprovider.Config]:
//
//	Providers: map[string]authprovider.ProviderFactory{
//		"cfaccess": cfaccess.Provider(cfaccess.Config{TeamName: "acme", Audience: []string{aud}}, resolver.EmailMatchingUserEntityProfileEmail),
//	}
//
// TeamName is what stands before .cloudflareaccess.com, and aud the application audience (AUD) tag on the application's page in Zero
// Trust. [New] makes the authenticator alone, for [proxyauth.Middleware] or flows of the host's own.
//
// What is verified: the application token, in the header Cf-Access-Jwt-Assertion or, only if that is absent, the cookie
// CF_Authorization, with its signature under the team's keys, issuer, audience, type and times. A person's name and groups are then read
// from the team's get-identity endpoint, which must answer about the same person; what it says is kept for five minutes at most. The
// header Cf-Access-Authenticated-User-Email is signed by nobody and never read.
//
// What is left to the host: that the cookie is not taken for a proof that the person meant a request (see [proxyauth.Middleware]), and
// which service tokens may come in ([Config].ServiceTokens; by default none).
package cfaccess
