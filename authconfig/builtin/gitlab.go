package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/gitlab"
)

type gitlabSection struct {
	client
	BaseURL string `key:"audience" doc:"The address of a GitLab of one's own, such as https://gitlab.example.com."`
}

// GitLab reads a section for package gitlab.
func GitLab(c gitlab.Config, signIn ...authprovider.SignInResolver[gitlab.Result]) *authconfig.OAuth[gitlab.Profile] {
	p := oauth[gitlabSection](c, c.Options, signIn, gitlab.Provider, nil)
	p.Resolvers["userIdMatchingUserEntityAnnotation"] = byFunction(gitlab.UserIDMatchingUserEntityAnnotation)
	p.Resolvers["usernameMatchingUserEntityName"] = byUsername(func(r gitlab.Result) string { return r.FullProfile.Username })
	return p
}
