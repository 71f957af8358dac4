// Package okta signs people in with an Okta organization.
//
//	"okta": okta.Provider(okta.Config{
//		OrgURL: "https://acme.okta.com", ClientID: id, ClientSecret: secret,
//	}, okta.UserIDMatchingUserEntityAnnotation),
//
// Create an OpenID Connect web application at Okta with the grant types Authorization Code and Refresh Token; its sign-in redirect URI is
// {base URL}/okta/handler/frame.
//
// Okta's ID token is verified completely (see package oidcprovider). Signing out revokes the refresh token. Who of the organization may sign in
// is left to the assignments of the application at Okta and to the sign-in resolvers. Okta marks addresses that were never confirmed by
// their owner as unverified, also those that an administrator entered: such an address signs nobody in.
package okta
