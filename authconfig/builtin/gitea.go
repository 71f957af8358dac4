package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/gitea"
)

type giteaSection struct {
	client
	BaseURL       string `key:"baseUrl,required" example:"https://git.example.com" doc:"The instance's ROOT_URL."`
	Issuer        string `key:"issuer" doc:"The issuer that its metadata names, if it is not baseUrl to the letter."`
	ConfirmsEmail bool   `key:"confirmsEmail" doc:"The instance has REGISTER_EMAIL_CONFIRM on, or its accounts from a directory."`
}

// Gitea reads a section for package gitea. Backstage has no such provider.
func Gitea(c gitea.Config, signIn ...authprovider.SignInResolver[gitea.Result]) *authconfig.OAuth[gitea.Profile] {
	p := oauth[giteaSection](c, c.Options, signIn, gitea.Provider, nil)
	p.Resolvers["usernameMatchingUserEntityName"] = byUsername(func(r gitea.Result) string { return r.FullProfile.PreferredUsername })
	p.Resolvers["userIdMatchingUserEntityAnnotation"] = byAnnotation("", func(r gitea.Result) string { return r.FullProfile.Subject })
	return p
}
