package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/github"
)

type githubSection struct {
	client
	EnterpriseURL     string `key:"enterpriseInstanceUrl" doc:"The address of a GitHub of one's own, such as https://ghe.example.com."`
	ReadOrganizations bool   `key:"readOrganizations" doc:"Reads the person's organizations, for resolvers in code."`
	ReadTeams         bool   `key:"readTeams" doc:"Reads the person's teams, for resolvers in code."`
}

// GitHub reads a section for package github.
func GitHub(c github.Config, signIn ...authprovider.SignInResolver[github.Result]) *authconfig.OAuth[github.Profile] {
	p := oauth[githubSection](c, c.Options, signIn, github.Provider, nil)
	p.Resolvers["userIdMatchingUserEntityAnnotation"] = byAnnotation("github.com/user-id", func(r github.Result) string { return r.FullProfile.NodeID })
	p.Resolvers["usernameMatchingUserEntityName"] = byUsername(func(r github.Result) string { return r.FullProfile.Username })
	p.Resolvers["preferredUsernameMatchingUserEntityName"] = authconfig.ResolverRefused[github.Result](
		"does not exist in Backstage, which only lists it: name usernameMatchingUserEntityName")
	return p
}
