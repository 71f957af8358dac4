package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/atlassian"
)

type atlassianSection struct {
	client
	Audience authconfig.Ignored     `key:"audience" doc:"is always api.atlassian.com"`
	Scope    authconfig.Unsupported `key:"scope" doc:"is not read: use additionalScopes"`
	Scopes   authconfig.Unsupported `key:"scopes" doc:"is not read: use additionalScopes"`
}

// Atlassian reads a section for package atlassian.
func Atlassian(c atlassian.Config, signIn ...authprovider.SignInResolver[atlassian.Result]) *authconfig.OAuth[atlassian.Profile] {
	p := oauth[atlassianSection](c, c.Options, signIn, atlassian.Provider, nil)
	p.Resolvers["userIdMatchingUserEntityAnnotation"] = byAnnotation("", func(r atlassian.Result) string { return r.FullProfile.AccountID })
	p.Resolvers["usernameMatchingUserEntityName"] = authconfig.ResolverRefused[atlassian.Result](
		"never finds anybody: Atlassian has no user names. Name emailMatchingUserEntityProfileEmail or userIdMatchingUserEntityAnnotation")
	return p
}
