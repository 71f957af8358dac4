// Package vmwarecloud signs people in with an organization of VMware Cloud services.
//
//	"vmwareCloudServices": vmwarecloud.Provider(vmwarecloud.Config{
//		OrganizationID: "8d1f0f0e-...", ClientID: id,
//	}, resolver.EmailMatchingUserEntityProfileEmail),
//
// Create an OAuth app of the type "Web/Mobile app" in the organization, with refresh tokens and the scope OpenID; its redirect URI is
// {base URL}/vmwareCloudServices/handler/frame. VMware takes http://127.0.0.1 and not http://localhost.
//
// The ID token is verified completely (see package oidcprovider), and must be of the organization; it has all that there is to know. There is
// nothing to revoke tokens with: a sign-out forgets them only.
//
// It leaves to the caller who of the organization may sign in.
package vmwarecloud
