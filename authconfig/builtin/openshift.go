package builtin

import (
	"strings"

	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/openshift"
)

type openshiftSection struct {
	client
	OAuthURL     string `key:"authorizationUrl" own:"" example:"https://oauth-openshift.apps.example.com/oauth/authorize" doc:"The OAuth server's authorization endpoint, which ends in /oauth/authorize."`
	TokenURL     string `key:"tokenUrl" own:"" doc:"The OAuth server's token endpoint, which ends in /oauth/token."`
	APIURL       string `key:"openshiftApiServerUrl" example:"https://api.example.com:6443" doc:"The address of the cluster's API server."`
	IdentityOnly bool   `key:"identityOnly" doc:"Asks for user:info in place of user:full: tokens then say who the person is, and nothing else."`
}

// OpenShift reads a section for package openshift.
func OpenShift(c openshift.Config, signIn ...authprovider.SignInResolver[openshift.Result]) *authconfig.OAuth[openshift.Profile] {
	p := oauth(c, c.Options, signIn, openshift.Provider, func(s openshiftSection, c *openshift.Config) error {
		// The server has both below one address, and a token endpoint elsewhere would get the client's secret.
		if s.OAuthURL != "" {
			base, ok := strings.CutSuffix(s.OAuthURL, "/oauth/authorize")
			if !ok {
				return &authconfig.KeyError{Field: "OAuthURL", Message: "does not end in /oauth/authorize"}
			}
			c.OAuthURL = base
		}
		if s.TokenURL != "" && s.TokenURL != c.OAuthURL+"/oauth/token" {
			return &authconfig.KeyError{Field: "TokenURL", Message: "is not /oauth/token of the same server as authorizationUrl"}
		}
		return nil
	})
	p.Resolvers["displayNameMatchingUserEntityName"] = byUsername(func(r openshift.Result) string { return r.FullProfile.Username })
	p.Resolvers["userIdMatchingUserEntityAnnotation"] = byAnnotation("", func(r openshift.Result) string { return r.FullProfile.UID })
	return p
}
