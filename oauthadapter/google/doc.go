// Package google signs people in with their Google accounts.
//
//	"google": google.Provider(google.Config{
//		ClientID: id, ClientSecret: secret, HostedDomains: []string{"example.com"},
//	}, google.UserIDMatchingUserEntityAnnotation),
//
// Register a web application under "Credentials" in the Google Cloud console, with {base URL}/google/handler/frame as its redirect URI.
//
// Google's ID token is verified completely (see package oidcprovider), and the hosted domain is read from it, never from the request. Signing out
// revokes what the person granted to the application, also for their other browsers. Anybody in the world can have a Google account: who
// may sign in is left to HostedDomains and to the sign-in resolvers.
package google
