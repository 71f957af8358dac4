package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/gcpiap"
)

type gcpiapSection struct {
	Audience        authconfig.Strings  `key:"audience,required" example:"/projects/PROJECT_NUMBER/global/backendServices/SERVICE_ID" doc:"The applications behind IAP that this is."`
	HostedDomains   []string            `key:"hostedDomains" doc:"The Google Workspace domains whose accounts may sign in."`
	Header          string              `key:"jwtHeader" doc:"The header with the assertion, if it is not X-Goog-Iap-Jwt-Assertion."`
	Leeway          authconfig.Duration `key:"leeway" doc:"How far clocks may differ. 30 seconds if it is absent."`
	SessionDuration authconfig.Ignored  `key:"sessionDuration" doc:"is IAP's to say: there is no session here"`
}

// GCPIAP reads a section for package gcpiap.
func GCPIAP(c gcpiap.Config, signIn ...authprovider.SignInResolver[gcpiap.Result]) *authconfig.Proxy[gcpiap.Result] {
	p := proxy[gcpiapSection](c, c.Options, signIn, gcpiap.Provider, nil)
	p.Resolvers["emailMatchingUserEntityAnnotation"] = byFunction(gcpiap.EmailMatchingUserEntityAnnotation)
	p.Resolvers["idMatchingUserEntityAnnotation"] = byFunction(gcpiap.IDMatchingUserEntityAnnotation)
	return p
}
