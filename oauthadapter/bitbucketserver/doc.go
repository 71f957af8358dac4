// Package bitbucketserver signs people in with a Bitbucket Data Center, formerly Bitbucket Server, from version 7.21 on.
//
//	"bitbucketServer": bitbucketserver.Provider(bitbucketserver.Config{
//		BaseURL: "https://bitbucket.example.com", ClientID: id, ClientSecret: secret,
//	}, bitbucketserver.UserIDMatchingUserEntityAnnotationWith("bitbucket.example.com/user-id")),
//
// The callback URL to register, with an incoming application link, is {BaseURL}/{provider ID}/handler/frame. A Backstage app expects the provider ID
// bitbucketServer.
//
// Who the person is rests on Bitbucket's API, asked over TLS with the token for a code that is bound to this browser: first for the user name,
// then for the profile of that name, which must be the same person's. Accounts that are not active are refused. No scope is asked for unless
// Options.AdditionalScopes or the app names one, such as PUBLIC_REPOS. Tokens are not revoked at sign-out.
//
// It leaves to the caller who may sign in. Bitbucket does not say whether an e-mail address was verified: it is as good as the directory behind it.
package bitbucketserver
