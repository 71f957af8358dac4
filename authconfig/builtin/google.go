package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/google"
)

type googleSection struct {
	client
	HostedDomains []string `key:"hostedDomains" doc:"The Google Workspace domains whose accounts may sign in."`
	Prompt        string   `key:"prompt" doc:"The prompt parameter, such as \"consent select_account\"."`
	OnlineAccess  bool     `key:"onlineAccess" doc:"Asks for no refresh token; sessions end after an hour."`
}

// Google reads a section for package google.
func Google(c google.Config, signIn ...authprovider.SignInResolver[google.Result]) *authconfig.OAuth[google.Profile] {
	p := oauth[googleSection](c, c.Options, signIn, google.Provider, nil)
	p.Resolvers["emailMatchingUserEntityAnnotation"] = byFunction(google.EmailMatchingUserEntityAnnotation)
	p.Resolvers["userIdMatchingUserEntityAnnotation"] = byAnnotation("google.com/user-id", func(r google.Result) string { return r.FullProfile.Subject })
	return p
}
