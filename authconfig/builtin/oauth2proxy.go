package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauth2proxy"
)

type oauth2proxySection struct {
	Issuer          string             `key:"issuer" example:"https://sso.example.com # oauth2-proxy's --oidc-issuer-url" doc:"The iss of the ID tokens: oauth2-proxy's --oidc-issuer-url."`
	Audience        authconfig.Strings `key:"audience" example:"... # oauth2-proxy's --client-id" doc:"The client IDs of oauth2-proxy at the issuer."`
	JWKSURL         string             `key:"jwksUrl" doc:"Where the issuer publishes its keys. Found by discovery if it is absent."`
	Header          string             `key:"jwtHeader" doc:"The header with the ID token, if it is not X-OAUTH2-PROXY-ID-TOKEN."`
	GroupsClaim     string             `key:"groupsClaim" doc:"The claim with the person's groups, if it is not groups."`
	HeaderStyle     string             `key:"headerStyle" enum:"X-Forwarded X-Auth-Request" example:"X-Forwarded" doc:"Which plain headers are read. Needs trust."`
	Trust           *trustSection      `key:"trust" own:"" example:"\n  peers: [10.0.0.0/24] # where oauth2-proxy connects from" doc:"How a request shows that it came through oauth2-proxy."`
	ProxyPrefix     string             `key:"proxyPrefix" doc:"Where oauth2-proxy's own pages are, if it is not /oauth2."`
	SessionDuration authconfig.Ignored `key:"sessionDuration" doc:"is oauth2-proxy's to say: there is no session here"`
}

// OAuth2Proxy reads a section for package oauth2proxy.
func OAuth2Proxy(c oauth2proxy.Config, signIn ...authprovider.SignInResolver[oauth2proxy.Result]) *authconfig.Proxy[oauth2proxy.Result] {
	p := proxy(c, c.Options, signIn, oauth2proxy.Provider, func(s oauth2proxySection, c *oauth2proxy.Config) error {
		if s.Trust != nil {
			c.Trust = s.Trust.config()
		}
		if c.Issuer == "" && c.Trust == nil && len(c.Audience) == 0 {
			return &authconfig.KeyError{Field: "Issuer", Message: "or trust is required: without either, anybody who reaches the port can sign in as anybody",
				Paste: "issuer: https://sso.example.com # oauth2-proxy's --oidc-issuer-url\naudience: ... # oauth2-proxy's --client-id"}
		}
		return nil
	})
	p.Resolvers["forwardedUserMatchingUserEntityName"] = byUsername(func(r oauth2proxy.Result) string { return r.User })
	p.Resolvers["forwardedPreferredUsernameMatchingUserEntityName"] = byUsername(func(r oauth2proxy.Result) string { return r.PreferredUsername })
	return p
}
