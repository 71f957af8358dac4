package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/okta"
)

type oktaSection struct {
	client
	OrgURL             string                 `key:"audience,required" example:"https://acme.okta.com" doc:"The organization's address, such as https://acme.okta.com."`
	AuthServerID       string                 `key:"authServerId" doc:"The custom authorization server, such as default."`
	IDP                string                 `key:"idp" doc:"The identity provider at Okta to which everybody is sent on."`
	EndSession         bool                   `key:"endSession" doc:"Ends the session at Okta too when a person signs out."`
	PostLogoutRedirect bool                   `key:"postLogoutRedirect" doc:"Has Okta send the browser back then."`
	Scopes             authconfig.Unsupported `key:"scopes" doc:"is not read: openid, email, profile and offline_access are always asked for, and others by additionalScopes"`
}

// Okta reads a section for package okta.
func Okta(c okta.Config, signIn ...authprovider.SignInResolver[okta.Result]) *authconfig.OAuth[okta.Profile] {
	p := oauth[oktaSection](c, c.Options, signIn, okta.Provider, nil)
	p.Resolvers["emailMatchingUserEntityAnnotation"] = byFunction(okta.EmailMatchingUserEntityAnnotation)
	p.Resolvers["userIdMatchingUserEntityAnnotation"] = byAnnotation("okta.com/user-id", func(r okta.Result) string { return r.FullProfile.Subject })
	return p
}
