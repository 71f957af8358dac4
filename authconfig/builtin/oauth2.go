package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/oauth2provider"
)

type oauth2Section struct {
	client
	AuthURL          string                 `key:"authorizationUrl,required" doc:"The authorization endpoint."`
	TokenURL         string                 `key:"tokenUrl,required" doc:"The token endpoint."`
	RevocationURL    string                 `key:"revocationUrl" doc:"The revocation endpoint."`
	UserInfoURL      string                 `key:"userInfoUrl" example:"https://acme.example/api/me" doc:"Where the provider says as JSON whose an access token is."`
	Fields           *oauth2Fields          `key:"userInfoFields" own:"" doc:"Where a profile is in that answer."`
	IncludeBasicAuth bool                   `key:"includeBasicAuth" own:"" doc:"The client authenticates by a header, and not by parameters of the form."`
	DisableRefresh   authconfig.Ignored     `key:"disableRefresh" doc:"has no effect in Backstage either"`
	Scope            authconfig.Unsupported `key:"scope" doc:"is not read: use additionalScopes"`
}

type oauth2Fields struct {
	ID            string `key:"id,required" example:"id" doc:"The person's stable ID, such as id or account.id."`
	Username      string `key:"username"`
	Name          string `key:"name"`
	Picture       string `key:"picture"`
	Email         string `key:"email"`
	EmailVerified string `key:"emailVerified"`
}

// OAuth2 reads a section for package oauth2provider. In Backstage the profile comes from an ID token that nobody verified; here it takes an
// address that says whose an access token is, or the provider oidc.
func OAuth2(c oauth2provider.Config, signIn ...authprovider.SignInResolver[oauth2provider.Result]) *authconfig.OAuth[oauth2provider.Profile] {
	p := oauth(c, c.Options, signIn, oauth2provider.Provider, func(s oauth2Section, c *oauth2provider.Config) error {
		if s.Fields != nil {
			c.Fields = oauth2provider.Fields(*s.Fields)
		}
		if c.ClientAuthMethod == "" {
			c.ClientAuthMethod = "client_secret_post"
			if s.IncludeBasicAuth {
				c.ClientAuthMethod = "client_secret_basic"
			}
		}
		if c.UserInfoURL == "" || c.Fields.ID == "" {
			return &authconfig.KeyError{Field: "UserInfoURL",
				Message: "is required: nothing else that is verified says who the person is. A provider with ID tokens is one for oidc",
				Paste:   "userInfoUrl: https://acme.example/api/me\nuserInfoFields:\n  id: id\n  email: email"}
		}
		return nil
	})
	p.Resolvers["usernameMatchingUserEntityName"] = byUsername(func(r oauth2provider.Result) string { return r.FullProfile.Username })
	p.Resolvers["userIdMatchingUserEntityAnnotation"] = byAnnotation("", func(r oauth2provider.Result) string { return r.FullProfile.ID })
	return p
}
