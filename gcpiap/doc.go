// Package gcpiap signs in people whom Google's Identity-Aware Proxy (IAP) has signed in already.
//
// A provider is one line of [authprovider.Config]; the audience is shown by "Get JWT audience code" on the console's IAP page:
//
//	"gcpiap": gcpiap.Provider(gcpiap.Config{
//		Audience: []string{"/projects/123456789012/global/backendServices/9876543210987654321"},
//	}, gcpiap.IDMatchingUserEntityAnnotation, resolver.EmailMatchingUserEntityProfileEmail),
//
// [New] gives the [Authenticator] alone, for a host's own routes behind [proxyauth.Middleware].
//
// What is verified, as Google's "Securing your app with signed headers" demands: the assertion in X-Goog-Iap-Jwt-Assertion is signed with
// ES256 by a published key, issued by https://cloud.google.com/iap for one of Config.Audience, not from the future, not expired, and not
// made for longer than IAP makes them. Subject and e-mail address are taken apart, so that a person of an Identity Platform tenant
// or of a workforce pool is never taken for the Google account of the same number. The plain headers
// X-Goog-Authenticated-User-Email and X-Goog-Authenticated-User-Id are never read, and sign-in resolvers do not see them.
//
// What is left to the host: who may pass is IAP's policy, and who is one of our users the resolvers say. IAP removes the x-goog-* headers
// that clients send; the signature is what holds when somebody reaches the application around it. Before going live, try the
// configuration with IAP's own test: requests with ?gcp-iap-mode=SECURE_TOKEN_TEST&iap-secure-token-test-type=SIGNATURE (ISSUER, AUDIENCE,
// PAST_EXPIRATION, FUTURE_ISSUE) must all be refused.
//
// Beyond Backstage: clocks may differ by 30 seconds, as Google says, instead of 300; an assertion lives for eleven minutes at most
// instead of a day; an address is not required, since resolvers that need one pass on without; and the assertion is not handed to the app.
package gcpiap
