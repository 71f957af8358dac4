package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/google"
)

type googleSection struct {
	client
	HostedDomains []string `key:"hostedDomains" doc:"The Google Workspace domains whose accounts may sign in."`
	Prompt        string   `key:"prompt" doc:"The prompt parameter, such as \"consent select_account\"."`
}

// Google reads a section for package google. What stands in c need not stand there.
func Google(c google.Config, signIn ...authprovider.SignInResolver[google.Result]) *authconfig.OAuth[google.Profile] {
	defaults := googleSection{client{c.ClientID, authprovider.Secret(c.ClientSecret)}, c.HostedDomains, c.Prompt}
	p := authconfig.NewOAuth(defaults, func(s googleSection, o oauthadapter.Options[google.Profile], signIn ...authprovider.SignInResolver[google.Result]) (authprovider.ProviderFactory, error) {
		c := c
		c.ClientID, c.ClientSecret, c.HostedDomains, c.Prompt, c.Options = s.ClientID, string(s.ClientSecret), s.HostedDomains, s.Prompt, o
		return google.Provider(c, signIn...), nil
	})
	p.Options, p.SignIn = c.Options, signIn
	p.Resolvers = with(map[string]authconfig.Resolver[google.Result]{
		"emailMatchingUserEntityAnnotation":  authconfig.ResolverFunc(google.EmailMatchingUserEntityAnnotation),
		"userIdMatchingUserEntityAnnotation": byAnnotation("google.com/user-id", func(r google.Result) string { return r.FullProfile.Subject }),
	})
	return p
}
