package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/cfaccess"
	"example.com/stagedoor/proxyauth"
)

type cfaccessSection struct {
	TeamName      string             `key:"teamName" example:"acme # of https://acme.cloudflareaccess.com" doc:"The team's name: acme for https://acme.cloudflareaccess.com."`
	TeamDomain    string             `key:"teamDomain" doc:"The team's whole domain, instead of teamName."`
	Audience      authconfig.Strings `key:"audience,required" example:"<the application's AUD tag, from its overview at Cloudflare>" doc:"The AUD tags of the Access applications in front."`
	Header        string             `key:"jwtHeaderName" doc:"The header with the token, if it is not Cf-Access-Jwt-Assertion."`
	Cookie        string             `key:"authorizationCookieName" doc:"The cookie with the token, if it is not CF_Authorization."`
	ServiceTokens []cfaccessToken    `key:"serviceTokens" doc:"The service tokens that may come in, and as whom."`
	SkipIdentity  bool               `key:"skipIdentity" doc:"Does not ask for the person's name and groups."`
}

type cfaccessToken struct {
	ClientID string `key:"token,required" doc:"The token's Client ID, such as e367826f93b8d71185e03fe518aff3b4.access."`
	Subject  string `key:"subject,required" doc:"Whom it stands for: an e-mail address, or the entity reference of a user."`
}

// CFAccess reads a section for package cfaccess. What stands in c need not stand there.
func CFAccess(c cfaccess.Config, signIn ...authprovider.SignInResolver[cfaccess.Result]) *authconfig.Proxy[cfaccess.Result] {
	defaults := cfaccessSection{c.TeamName, c.TeamDomain, c.Audience, c.Header, c.Cookie, nil, c.SkipIdentity}
	p := authconfig.NewProxy(defaults, func(s cfaccessSection, o proxyauth.Options[cfaccess.Result], signIn ...authprovider.SignInResolver[cfaccess.Result]) (authprovider.ProviderFactory, error) {
		c := c
		c.TeamName, c.TeamDomain, c.Audience, c.Header, c.Cookie, c.SkipIdentity, c.Options = s.TeamName, s.TeamDomain, s.Audience, s.Header, s.Cookie, s.SkipIdentity, o
		if s.ServiceTokens != nil {
			c.ServiceTokens = nil
			for _, t := range s.ServiceTokens {
				c.ServiceTokens = append(c.ServiceTokens, cfaccess.ServiceToken{ClientID: t.ClientID, Subject: t.Subject})
			}
		}
		return cfaccess.Provider(c, signIn...), nil
	})
	p.Options, p.SignIn = c.Options, signIn
	p.Resolvers = with(map[string]authconfig.Resolver[cfaccess.Result]{
		"serviceTokenMatchingSubject": authconfig.ResolverFunc(cfaccess.ServiceTokenMatchingSubject),
	})
	return p
}
