package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/auth0"
)

type auth0Section struct {
	client
	Domain          string `key:"domain,required" example:"acme.eu.auth0.com" doc:"The tenant's domain, such as acme.eu.auth0.com."`
	Audience        string `key:"audience" doc:"The identifier of the API that access tokens are for."`
	Connection      string `key:"connection" doc:"The connection that everybody signs in with."`
	ConnectionScope string `key:"connectionScope" doc:"Further scopes to be asked for at the provider behind the connection."`
	Organization    string `key:"organization" doc:"The only organization whose members may sign in."`
	Prompt          string `key:"prompt" doc:"The prompt parameter, such as login. None is sent if it is absent or auto."`
	FederatedLogout bool   `key:"federatedLogout" doc:"Ends the session at the provider behind the connection too."`
}

// Auth0 reads a section for package auth0.
func Auth0(c auth0.Config, signIn ...authprovider.SignInResolver[auth0.Result]) *authconfig.OAuth[auth0.Profile] {
	p := oauth(c, c.Options, signIn, auth0.Provider, func(_ auth0Section, c *auth0.Config) error {
		c.Prompt = prompt(c.Prompt)
		return nil
	})
	p.Resolvers["userIdMatchingUserEntityAnnotation"] = byAnnotation("", func(r auth0.Result) string { return r.FullProfile.Subject })
	return p
}

// prompt is what Backstage's key means: "auto" is no parameter.
func prompt(s string) string {
	if s == "auto" {
		return ""
	}
	return s
}
