// Package gitea signs people in with Gitea or Forgejo, by OpenID Connect.
//
//	"gitea": gitea.Provider(gitea.Config{
//		BaseURL: "https://git.example.com", ClientID: id, ClientSecret: secret,
//	}, gitea.UserIDMatchingUserEntityAnnotationWith("git.example.com/user-id")),
//
// Register a confidential OAuth2 application; its redirect URI is {base URL}/gitea/handler/frame.
//
// The ID token is verified completely (see package oidcprovider), so the instance must sign with RS256, its default, or another asymmetric
// algorithm. Gitea calls the address of every active account verified, also where it sends no mail to find out; Config.ConfirmsEmail says
// where that can be believed. It has no way to revoke tokens: a sign-out forgets them only.
//
// It leaves to the caller who may sign in: where people can register, anybody can have an account, and user names can be renamed and taken over.
package gitea
