package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/github"
)

type githubSection struct {
	client
	EnterpriseURL     string `key:"enterpriseInstanceUrl" doc:"The address of a GitHub of one's own, such as https://ghe.example.com."`
	ReadOrganizations bool   `key:"readOrganizations" doc:"Reads the person's organizations, for resolvers in code."`
	ReadTeams         bool   `key:"readTeams" doc:"Reads the person's teams, for resolvers in code."`
}

// GitHub reads a section for package github. What stands in c need not stand there.
func GitHub(c github.Config, signIn ...authprovider.SignInResolver[github.Result]) *authconfig.OAuth[github.Profile] {
	defaults := githubSection{client{c.ClientID, authprovider.Secret(c.ClientSecret)}, c.EnterpriseURL, c.ReadOrganizations, c.ReadTeams}
	p := authconfig.NewOAuth(defaults, func(s githubSection, o oauthadapter.Options[github.Profile], signIn ...authprovider.SignInResolver[github.Result]) (authprovider.ProviderFactory, error) {
		c := c
		c.ClientID, c.ClientSecret, c.EnterpriseURL, c.ReadOrganizations, c.ReadTeams = s.ClientID, string(s.ClientSecret), s.EnterpriseURL, s.ReadOrganizations, s.ReadTeams
		c.Options = o
		return github.Provider(c, signIn...), nil
	})
	p.Options, p.SignIn = c.Options, signIn
	p.Resolvers = with(map[string]authconfig.Resolver[github.Result]{
		"userIdMatchingUserEntityAnnotation": byAnnotation("github.com/user-id", func(r github.Result) string { return r.FullProfile.NodeID }),
		"usernameMatchingUserEntityName":     byUsername(func(r github.Result) string { return r.FullProfile.Username }),
	})
	return p
}
