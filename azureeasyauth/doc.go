// Package azureeasyauth signs in people whom the built-in authentication of Azure App Service or Container Apps ("Easy Auth") has signed
// in already with Microsoft Entra ID.
//
// [Provider] is what goes into [authprovider.Config]; [New] gives the [Authenticator] alone, for routes of the host's own behind
// [proxyauth.Middleware].
//
//	"azureEasyAuth": azureeasyauth.Provider(azureeasyauth.Config{
//		TenantID: "aaaabbbb-0000-cccc-1111-dddd2222eeee",
//		ClientID: "00001111-aaaa-2222-bbbb-3333cccc4444",
//	}, azureeasyauth.IDMatchingUserEntityAnnotation),
//
// What is believed is the ID token in X-MS-TOKEN-AAD-ID-TOKEN: its signature is verified with Entra's published keys, and iss, aud, exp,
// nbf, iat, ver, tid and oid are checked. App Service sends it if its token store is on. It is as old as the sign-in and lives for about
// an hour, while the session lives for eight; an app that polls calls /.auth/refresh before it ends.
//
// Container Apps without a token store send only X-MS-CLIENT-PRINCIPAL, which nothing signs. Config.ClientPrincipal reads it in place of
// the token, and needs a trust anchor in Config.Trust. Neither is ever a fall-back for the other.
//
// Whether the process runs on App Service is not looked at, as Backstage does by the environment's variables: they say nothing about
// a request, whereas a token that verifies was made for this application wherever that runs, in a test or behind a gateway too.
//
// The stable identifier of a person is [Result].ObjectID in its tenant. E-mail addresses are attributes that Entra does not check by
// itself: where an application accepts other tenants, whoever runs one can write any address into them ("nOAuth"). Here one tenant is
// required, so that it is this tenant's administrators and guests who have a say; an address is called verified only if the optional
// claim xms_edov says so, which is to be added to the ID token in the app registration. resolver.EmailOptions.RequireVerifiedEmail then
// insists on it.
//
// It is left to the host who may sign in, and, for ClientPrincipal, that nobody reaches the application around the platform.
package azureeasyauth
