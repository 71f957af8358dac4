// Package gitlab signs people in with GitLab, on gitlab.com or self-hosted, by OpenID Connect.
//
//	"gitlab": gitlab.Provider(gitlab.Config{
//		BaseURL: "https://gitlab.example.com", ClientID: id, ClientSecret: secret,
//	}, gitlab.UserIDMatchingUserEntityAnnotation),
//
// Register a confidential application at GitLab with the scopes openid, profile and email, and those that the app asks for, such as
// read_user; its redirect URI is {base URL}/gitlab/handler/frame.
//
// GitLab's ID token is verified completely (see package oidcprovider); user name and groups are read from the userinfo endpoint. Signing
// out revokes the tokens. On gitlab.com anybody can have an account: who may sign in is left to the sign-in resolvers.
package gitlab
