package builtin

import (
	"cmp"

	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/onelogin"
)

type oneloginSection struct {
	client
	Issuer           string `key:"issuer,required" example:"https://acme.onelogin.com/oidc/2" doc:"The account's issuer, such as https://acme.onelogin.com/oidc/2."`
	ClientAuthMethod string `key:"tokenEndpointAuthMethod" enum:"client_secret_post client_secret_basic" doc:"What the application's SSO tab says. client_secret_post (POST) if it is absent."`
}

// OneLogin reads a section for package onelogin. The client authenticates by POST, as Backstage's documentation has the application set up.
func OneLogin(c onelogin.Config, signIn ...authprovider.SignInResolver[onelogin.Result]) *authconfig.OAuth[onelogin.Profile] {
	c.ClientAuthMethod = cmp.Or(c.ClientAuthMethod, "client_secret_post")
	p := oauth[oneloginSection](c, c.Options, signIn, onelogin.Provider, nil)
	p.Resolvers["usernameMatchingUserEntityName"] = byUsername(func(r onelogin.Result) string { return r.FullProfile.PreferredUsername })
	p.Resolvers["userIdMatchingUserEntityAnnotation"] = byAnnotation("", func(r onelogin.Result) string { return r.FullProfile.Subject })
	return p
}
