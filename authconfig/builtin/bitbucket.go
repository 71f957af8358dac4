package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/bitbucket"
	"example.com/stagedoor/oauthadapter/bitbucketserver"
)

// Bitbucket reads a section for package bitbucket, which is Bitbucket Cloud.
func Bitbucket(c bitbucket.Config, signIn ...authprovider.SignInResolver[bitbucket.Result]) *authconfig.OAuth[bitbucket.Profile] {
	p := oauth[client](c, c.Options, signIn, bitbucket.Provider, nil)
	p.Resolvers["userIdMatchingUserEntityAnnotation"] = byAnnotation("bitbucket.org/user-id", func(r bitbucket.Result) string { return r.FullProfile.UUID })
	p.Resolvers["usernameMatchingUserEntityAnnotation"] = byAnnotation("bitbucket.org/username", func(r bitbucket.Result) string { return r.FullProfile.Username })
	return p
}

type bitbucketServerSection struct {
	client
	BaseURL string `key:"host" own:"" example:"bitbucket.example.com" doc:"The host name of the Bitbucket, with its context path if it has one."`
}

// BitbucketServer reads a section for package bitbucketserver.
func BitbucketServer(c bitbucketserver.Config, signIn ...authprovider.SignInResolver[bitbucketserver.Result]) *authconfig.OAuth[bitbucketserver.Profile] {
	p := oauth(c, c.Options, signIn, bitbucketserver.Provider, func(s bitbucketServerSection, c *bitbucketserver.Config) error {
		if s.BaseURL != "" {
			c.BaseURL = "https://" + s.BaseURL
		}
		return nil
	})
	p.Resolvers["userIdMatchingUserEntityAnnotation"] = byAnnotation("", func(r bitbucketserver.Result) string { return r.FullProfile.ID })
	return p
}
