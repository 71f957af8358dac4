// Package auth0 signs people in with an Auth0 tenant.
//
//	"auth0": auth0.Provider(auth0.Config{
//		Domain: "acme.eu.auth0.com", ClientID: id, ClientSecret: secret,
//	}, resolver.EmailMatchingUserEntityProfileEmail),
//
// Create a regular web application at Auth0 with the grants Authorization Code and Refresh Token, and RS256 as its signature algorithm. Its allowed
// callback URL is {base URL}/auth0/handler/frame, its allowed logout URL that of the app with a slash at its end.
//
// Auth0's ID token is verified completely (see package oidcprovider), and so is the organization in it, if one is configured. Signing out revokes
// the refresh token and ends the session at Auth0. Where a connection is open for sign-up, anybody can have an account: who may sign in
// is left to the sign-in resolvers.
package auth0
