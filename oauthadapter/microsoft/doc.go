// Package microsoft signs people in with Microsoft Entra ID, formerly Azure Active Directory.
//
//	"microsoft": microsoft.Provider(microsoft.Config{
//		TenantID: "aaaabbbb-0000-cccc-1111-dddd2222eeee", ClientID: id, ClientSecret: secret,
//	}, microsoft.UserIDMatchingUserEntityAnnotation),
//
// Register an application in the Entra admin center, with {base URL}/microsoft/handler/frame as a redirect URI of the platform "Web", and the
// delegated permissions email, offline_access, openid, profile and User.Read of Microsoft Graph.
//
// The ID token is verified completely (see package oidcprovider): its issuer must be that of its own tenant, and the tenant one that may sign in.
// Who of that tenant may is left to the application's user assignment at Entra and to the sign-in resolvers; guests of a tenant are in it.
//
// The stable identifier of a person is [Profile].ObjectID. E-mail addresses are attributes that Entra does not check by itself:
// whoever runs a tenant can write any address into them ("nOAuth"), and a user principal name is no address at all. An address is called
// verified only if the optional claim xms_edov says so, which is to be added to the ID token in the app registration. Without that claim it is unknown
// where one tenant signs in, since it is that tenant's own word, and unverified where several do.
//
// An access token is for one resource: that of the first scope asked for. One for another resource than Microsoft Graph never goes there, so the
// profile is then that of the ID token alone. Entra cannot revoke tokens of one session, so signing out forgets them.
package microsoft
