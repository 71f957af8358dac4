package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/microsoft"
)

type microsoftSection struct {
	client
	TenantID                  string   `key:"tenantId,required" doc:"The directory (tenant) ID, or organizations or common."`
	AllowedTenants            []string `key:"allowedTenants" example:"[<tenant ID>]" doc:"With tenantId organizations: the tenants whose people may sign in."`
	DangerouslyAllowAnyTenant bool     `key:"dangerouslyAllowAnyTenant" doc:"Lets everybody in the world sign in who has a tenant."`
	DomainHint                string   `key:"domainHint" own:"" doc:"The domain of the people who sign in. The ID of a tenant, which tenantId says already, is not sent."`
	AuthorityHost             string   `key:"authorityHost" doc:"The host of a national cloud, such as login.microsoftonline.us."`
	GraphHost                 string   `key:"graphHost" doc:"The host of Microsoft Graph, if it is not that of the cloud."`
	Prompt                    string   `key:"prompt" doc:"The prompt parameter, such as select_account."`
	SkipProfile               bool     `key:"skipUserProfile" doc:"Does not read the profile and photo from Microsoft Graph."`
	SkipPhoto                 bool     `key:"skipPhoto" doc:"Does not read the photo."`
	EndSession                bool     `key:"endSession" doc:"Ends the session at Entra too when a person signs out."`
	PostLogoutRedirect        bool     `key:"postLogoutRedirect" doc:"Has Entra send the browser back then."`
}

// Microsoft reads a section for package microsoft.
func Microsoft(c microsoft.Config, signIn ...authprovider.SignInResolver[microsoft.Result]) *authconfig.OAuth[microsoft.Profile] {
	p := oauth(c, c.Options, signIn, microsoft.Provider, func(s microsoftSection, c *microsoft.Config) error {
		if s.DomainHint != "" && s.DomainHint != s.TenantID {
			c.DomainHint = s.DomainHint
		}
		return nil
	})
	p.Resolvers["emailMatchingUserEntityAnnotation"] = byFunction(microsoft.EmailMatchingUserEntityAnnotation)
	p.Resolvers["userIdMatchingUserEntityAnnotation"] = byAnnotation("graph.microsoft.com/user-id", func(r microsoft.Result) string { return r.FullProfile.ObjectID })
	return p
}
