package builtin

import (
	"maps"
	"strings"

	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

const wellKnown = "/.well-known/openid-configuration"

type oidcSection struct {
	client
	DiscoveryURL         string                 `key:"metadataUrl" own:"" example:"https://sso.example.com/.well-known/openid-configuration" doc:"The provider's metadata, which ends in /.well-known/openid-configuration."`
	Issuer               string                 `key:"issuer" own:"" doc:"The provider's issuer, if it is not what stands in front of /.well-known in metadataUrl to the letter."`
	ClientAuthMethod     string                 `key:"tokenEndpointAuthMethod" doc:"How the client authenticates."`
	Algorithm            string                 `key:"tokenSignedResponseAlg" own:"" doc:"The only algorithm that ID tokens may have. All asymmetric ones if it is absent."`
	Prompt               string                 `key:"prompt" doc:"The prompt parameter. None is sent if it is absent or auto."`
	AuthParams           map[string]string      `key:"startUrlSearchParams" own:"" doc:"Further parameters of the authorization request."`
	RequireVerifiedEmail bool                   `key:"requireVerifiedEmail" doc:"Drops addresses that the provider does not say are verified."`
	SkipUserInfo         bool                   `key:"skipUserInfo" doc:"Does not read the userinfo endpoint when there is an ID token."`
	EndSession           bool                   `key:"endSession" doc:"Ends the session at the provider too when a person signs out."`
	PostLogoutRedirect   bool                   `key:"postLogoutRedirect" doc:"Has the provider send the browser back then."`
	Timeout              authconfig.Ignored     `key:"timeout" doc:"is ten seconds, or what the host's HTTP client has"`
	Scope                authconfig.Unsupported `key:"scope" doc:"is not read: openid, profile and email are always asked for, and others by additionalScopes"`
}

// OIDC reads a section for package oidcprovider.
func OIDC(c oidcprovider.Config, signIn ...authprovider.SignInResolver[oidcprovider.Result]) *authconfig.OAuth[oidcprovider.Profile] {
	p := oauth(c, c.Options, signIn, oidcprovider.Provider, func(s oidcSection, c *oidcprovider.Config) error {
		if s.DiscoveryURL != "" {
			base, ok := strings.CutSuffix(s.DiscoveryURL, wellKnown)
			if !ok {
				return &authconfig.KeyError{Field: "DiscoveryURL", Message: "does not end in " + wellKnown}
			}
			c.DiscoveryURL, c.Issuer = base, base
		}
		if s.Issuer != "" {
			c.Issuer = s.Issuer
		}
		if c.Issuer == "" {
			return &authconfig.KeyError{Field: "DiscoveryURL", Message: "is required", Paste: "metadataUrl: https://sso.example.com" + wellKnown}
		}
		if s.Algorithm != "" {
			c.Algorithms = []string{s.Algorithm}
		}
		if s.AuthParams != nil {
			c.AuthParams = maps.Clone(s.AuthParams)
		}
		c.Prompt = prompt(c.Prompt)
		return nil
	})
	p.Resolvers["userIdMatchingUserEntityAnnotation"] = byAnnotation("", func(r oidcprovider.Result) string { return r.FullProfile.Subject })
	p.Resolvers["preferredUsernameMatchingUserEntityName"] = byUsername(func(r oidcprovider.Result) string { return r.FullProfile.PreferredUsername })
	return p
}
