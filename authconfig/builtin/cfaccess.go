package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/cfaccess"
)

type cfaccessSection struct {
	TeamName        string             `key:"teamName" example:"acme" doc:"The team's name: acme for https://acme.cloudflareaccess.com."`
	TeamDomain      string             `key:"teamDomain" doc:"The team's whole domain, instead of teamName."`
	Audience        authconfig.Strings `key:"audience,required" example:"<the application's AUD tag>" doc:"The AUD tags of the Access applications in front."`
	Header          string             `key:"jwtHeaderName" doc:"The header with the token, if it is not Cf-Access-Jwt-Assertion."`
	Cookie          string             `key:"authorizationCookieName" doc:"The cookie with the token, if it is not CF_Authorization."`
	ServiceTokens   []cfaccessToken    `key:"serviceTokens" own:"" doc:"The service tokens that may come in, and as whom."`
	SkipIdentity    bool               `key:"skipIdentity" doc:"Does not ask for the person's name and groups."`
	SessionDuration authconfig.Ignored `key:"sessionDuration" doc:"is Cloudflare's to say: there is no session here"`
}

type cfaccessToken struct {
	ClientID string `key:"token,required" doc:"The token's Client ID, such as e367826f93b8d71185e03fe518aff3b4.access."`
	Subject  string `key:"subject,required" doc:"Whom it stands for: an e-mail address, or the entity reference of a user."`
}

// CFAccess reads a section for package cfaccess.
func CFAccess(c cfaccess.Config, signIn ...authprovider.SignInResolver[cfaccess.Result]) *authconfig.Proxy[cfaccess.Result] {
	p := proxy(c, c.Options, signIn, cfaccess.Provider, func(s cfaccessSection, c *cfaccess.Config) error {
		if s.ServiceTokens == nil {
			return nil
		}
		c.ServiceTokens = nil
		for _, t := range s.ServiceTokens {
			c.ServiceTokens = append(c.ServiceTokens, cfaccess.ServiceToken(t))
		}
		return nil
	})
	p.Resolvers["serviceTokenMatchingSubject"] = authconfig.ResolverFunc(cfaccess.ServiceTokenMatchingSubject)
	return p
}
