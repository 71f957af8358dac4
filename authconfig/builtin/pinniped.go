package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/pinniped"
)

type pinnipedSection struct {
	client
	FederationDomain string                 `key:"federationDomain,required" example:"https://pinniped.example.com/acme" doc:"The issuer of the FederationDomain."`
	ReadGroups       bool                   `key:"readGroups" doc:"Reads the person's groups, for resolvers in code."`
	Audiences        []string               `key:"audiences" doc:"The clusters for which the app may get tokens."`
	IDPName          string                 `key:"idpName" doc:"The display name of the identity provider to which everybody is sent on."`
	Scope            authconfig.Unsupported `key:"scope" doc:"is not read: use additionalScopes"`
}

// Pinniped reads a section for package pinniped.
func Pinniped(c pinniped.Config, signIn ...authprovider.SignInResolver[pinniped.Result]) *authconfig.OAuth[pinniped.Profile] {
	p := oauth[pinnipedSection](c, c.Options, signIn, pinniped.Provider, nil)
	p.Resolvers["usernameMatchingUserEntityName"] = byUsername(func(r pinniped.Result) string { return r.FullProfile.Username })
	p.Resolvers["userIdMatchingUserEntityAnnotation"] = byAnnotation("", func(r pinniped.Result) string { return r.FullProfile.Subject })
	return p
}
