// Package atlassian signs people in with their Atlassian account.
//
//	"atlassian": atlassian.Provider(atlassian.Config{
//		ClientID: id, ClientSecret: secret,
//	}, atlassian.UserIDMatchingUserEntityAnnotationWith("acme.example/atlassian-id")),
//
// The callback URL to register is {BaseURL}/{provider ID}/handler/frame. The app needs the User identity API, and the API of each scope that
// Options.AdditionalScopes or the portal's app asks for, such as read:jira-work.
//
// Who the person is rests on Atlassian's API, asked over TLS with the token for a code that is bound to this browser. Accounts that are not
// active are refused. Refresh tokens rotate. Atlassian documents no way to revoke them, so that a sign-out forgets them only.
//
// It leaves to the caller who may sign in: anybody can have an account, and names are anybody's choice.
package atlassian
