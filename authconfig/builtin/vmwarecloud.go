package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/vmwarecloud"
)

type vmwareCloudSection struct {
	ClientID       string                 `key:"clientId,required" doc:"The app ID."`
	ClientSecret   authprovider.Secret    `key:"clientSecret" doc:"Empty for apps without a secret."`
	OrganizationID string                 `key:"organizationId,required" doc:"The long ID of the organization, which everybody who signs in must have chosen."`
	ConsoleURL     string                 `key:"consoleEndpoint" doc:"The address of the console, if it is not https://console.cloud.vmware.com. Needs issuer."`
	Issuer         string                 `key:"issuer" example:"https://gaz.csp-vidm-prod.com" doc:"The issuer that this console names."`
	Scope          authconfig.Unsupported `key:"scope" doc:"is not read: use additionalScopes"`
}

// VMwareCloud reads a section for package vmwarecloud.
func VMwareCloud(c vmwarecloud.Config, signIn ...authprovider.SignInResolver[vmwarecloud.Result]) *authconfig.OAuth[vmwarecloud.Profile] {
	p := oauth[vmwareCloudSection](c, c.Options, signIn, vmwarecloud.Provider, nil)
	p.Resolvers["userIdMatchingUserEntityAnnotation"] = byAnnotation("", func(r vmwarecloud.Result) string { return r.FullProfile.Subject })
	p.Resolvers["vmwareCloudSignInResolvers"] = authconfig.ResolverRefused[vmwarecloud.Result](
		"is documented, and does not exist in Backstage: name emailMatchingUserEntityProfileEmail, " +
			"with dangerouslyAllowSignInWithoutUserInCatalog if people outside the catalog are welcome")
	return p
}
