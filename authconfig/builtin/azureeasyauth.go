package builtin

import (
	"errors"

	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/azureeasyauth"
)

type azureEasyAuthSection struct {
	TenantID        string             `key:"tenantId" example:"${AZURE_TENANT_ID}" doc:"The directory (tenant) ID of the people who may sign in."`
	ClientID        string             `key:"clientId" example:"${AZURE_CLIENT_ID}" doc:"The application (client) ID that Easy Auth signs people in with."`
	AuthorityHost   string             `key:"authorityHost" doc:"The host of a national cloud, such as login.microsoftonline.us."`
	ClientPrincipal bool               `key:"clientPrincipal" doc:"Believes the unsigned header X-MS-CLIENT-PRINCIPAL: for Container Apps without token store. Needs trust."`
	Trust           *trustSection      `key:"trust" own:"" doc:"How a request shows that it came through the platform."`
	SessionDuration authconfig.Ignored `key:"sessionDuration" doc:"is the platform's to say: there is no session here"`
}

// AzureEasyAuth reads a section for package azureeasyauth.
func AzureEasyAuth(c azureeasyauth.Config, signIn ...authprovider.SignInResolver[azureeasyauth.Result]) *authconfig.Proxy[azureeasyauth.Result] {
	p := proxy(c, c.Options, signIn, azureeasyauth.Provider, func(s azureEasyAuthSection, c *azureeasyauth.Config) error {
		if s.Trust != nil {
			c.Trust = s.Trust.config()
		}
		var missing []error
		if c.TenantID == "" {
			missing = append(missing, &authconfig.KeyError{Field: "TenantID", Message: "is required: whose people may sign in",
				Paste: "tenantId: ${AZURE_TENANT_ID}"})
		}
		if c.ClientID == "" && !c.ClientPrincipal {
			missing = append(missing, &authconfig.KeyError{Field: "ClientID",
				Message: "is required: a token for another application is somebody else's sign-in", Paste: "clientId: ${AZURE_CLIENT_ID}"})
		}
		return errors.Join(missing...)
	})
	p.Resolvers["idMatchingUserEntityAnnotation"] = byAnnotation("graph.microsoft.com/user-id", func(r azureeasyauth.Result) string { return r.ObjectID })
	return p
}
