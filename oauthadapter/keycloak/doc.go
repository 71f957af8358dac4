// Package keycloak signs people in with a realm of Keycloak.
//
//	"keycloak": keycloak.Provider(keycloak.Config{
//		RealmURL: "https://sso.example.com/realms/acme", ClientID: id, ClientSecret: secret,
//	}, keycloak.UserIDMatchingUserEntityAnnotation),
//
// Create an OpenID Connect client in the realm with client authentication and the standard flow; its valid redirect URI is
// {base URL}/keycloak/handler/frame. Groups and roles are in the profile if mappers of the client add them to the ID token or to userinfo.
//
// Keycloak's ID token is verified completely (see package oidcprovider). Signing out revokes the refresh token. Where the realm lets people
// register, anybody can have an account, and choose its user name: who may sign in is left to the sign-in resolvers.
package keycloak
