// Package bitbucket signs people in with Bitbucket Cloud. For a Bitbucket of one's own there is package bitbucketserver.
//
//	"bitbucket": bitbucket.Provider(bitbucket.Config{ClientID: key, ClientSecret: secret}, bitbucket.UserIDMatchingUserEntityAnnotation),
//
// The callback URL to register is {BaseURL}/{provider ID}/handler/frame, and the consumer needs the permission to read the account.
//
// Who the person is rests on Bitbucket's API, asked over TLS with the token for a code that is bound to this browser. An e-mail address is the
// primary one, and verified if Bitbucket calls it confirmed. Sessions have refresh tokens. Bitbucket documents no way to revoke them, so that a
// sign-out forgets them only.
//
// It leaves to the caller who may sign in: anybody can have an account.
package bitbucket
