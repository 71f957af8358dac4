package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/keycloak"
)

type keycloakSection struct {
	client
	RealmURL           string `key:"realmUrl,required" example:"https://sso.example.com/realms/acme" doc:"The realm's issuer, such as https://sso.example.com/realms/acme."`
	IDPHint            string `key:"idpHint" doc:"The alias of the identity provider to which everybody is sent on."`
	EndSession         bool   `key:"endSession" doc:"Ends the session in the realm too when a person signs out."`
	PostLogoutRedirect bool   `key:"postLogoutRedirect" doc:"Has Keycloak send the browser back then."`
}

// Keycloak reads a section for package keycloak. Backstage has no such provider: there it is oidc.
func Keycloak(c keycloak.Config, signIn ...authprovider.SignInResolver[keycloak.Result]) *authconfig.OAuth[keycloak.Profile] {
	p := oauth[keycloakSection](c, c.Options, signIn, keycloak.Provider, nil)
	p.Resolvers["userIdMatchingUserEntityAnnotation"] = byAnnotation("keycloak.org/id", func(r keycloak.Result) string { return r.FullProfile.Subject })
	p.Resolvers["usernameMatchingUserEntityName"] = byUsername(func(r keycloak.Result) string { return r.FullProfile.PreferredUsername })
	return p
}
