// Package onelogin signs people in with a OneLogin account.
//
//	"onelogin": onelogin.Provider(onelogin.Config{
//		Issuer: "https://acme.onelogin.com/oidc/2", ClientID: id, ClientSecret: secret,
//	}, onelogin.UsernameMatchingUserEntityName),
//
// Add an OpenID Connect application at OneLogin; its redirect URI is {base URL}/onelogin/handler/frame.
//
// OneLogin's ID token is verified completely (see package oidcprovider). OneLogin does not say whether it checked an e-mail address. Who may
// sign in is left to the assignments of the application at OneLogin and to the sign-in resolvers.
package onelogin
