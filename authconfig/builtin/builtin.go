package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/awsalb"
	"example.com/stagedoor/azureeasyauth"
	"example.com/stagedoor/cfaccess"
	"example.com/stagedoor/gcpiap"
	"example.com/stagedoor/guest"
	"example.com/stagedoor/oauth2proxy"
	"example.com/stagedoor/oauthadapter/atlassian"
	"example.com/stagedoor/oauthadapter/auth0"
	"example.com/stagedoor/oauthadapter/bitbucket"
	"example.com/stagedoor/oauthadapter/bitbucketserver"
	"example.com/stagedoor/oauthadapter/gitea"
	"example.com/stagedoor/oauthadapter/github"
	"example.com/stagedoor/oauthadapter/gitlab"
	"example.com/stagedoor/oauthadapter/google"
	"example.com/stagedoor/oauthadapter/keycloak"
	"example.com/stagedoor/oauthadapter/microsoft"
	"example.com/stagedoor/oauthadapter/oauth2provider"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/oauthadapter/okta"
	"example.com/stagedoor/oauthadapter/onelogin"
	"example.com/stagedoor/oauthadapter/openshift"
	"example.com/stagedoor/oauthadapter/pinniped"
	"example.com/stagedoor/oauthadapter/vmwarecloud"
)

// Registry returns all of ours, under every spelling of their IDs that Backstage's packages and pages have had. It is the caller's to change.
func Registry() authconfig.Registry {
	r := authconfig.Registry{
		"atlassian": Atlassian(atlassian.Config{}),
		"auth0":     Auth0(auth0.Config{}),
		"awsalb":    AWSALB(awsalb.Config{}),
		"bitbucket": Bitbucket(bitbucket.Config{}),
		"cfaccess":  CFAccess(cfaccess.Config{}),
		"gitea":     Gitea(gitea.Config{}),
		"github":    GitHub(github.Config{}),
		"gitlab":    GitLab(gitlab.Config{}),
		"google":    Google(google.Config{}),
		"guest":     Guest(guest.Config{}),
		"keycloak":  Keycloak(keycloak.Config{}),
		"microsoft": Microsoft(microsoft.Config{}),
		"oauth2":    OAuth2(oauth2provider.Config{}),
		"oidc":      OIDC(oidcprovider.Config{}),
		"okta":      Okta(okta.Config{}),
		"onelogin":  OneLogin(onelogin.Config{}),
		"openshift": OpenShift(openshift.Config{}),
		"pinniped":  Pinniped(pinniped.Config{}),

		"azureEasyAuth":   AzureEasyAuth(azureeasyauth.Config{}),
		"bitbucketServer": BitbucketServer(bitbucketserver.Config{}),
		"gcpIap":          GCPIAP(gcpiap.Config{}),
		"oauth2Proxy":     OAuth2Proxy(oauth2proxy.Config{}),

		"vmwareCloudServices": VMwareCloud(vmwarecloud.Config{}),
	}
	for other, id := range map[string]string{
		"awsAlb": "awsalb", "aws-alb": "awsalb",
		"azureeasyauth": "azureEasyAuth", "easyAuth": "azureEasyAuth",
		"bitbucketserver": "bitbucketServer",
		"cfAccess":        "cfaccess",
		"gcpiap":          "gcpIap", "gcp-iap": "gcpIap",
		"oauth2proxy": "oauth2Proxy",
		"vmwarecloud": "vmwareCloudServices",
	} {
		r[other] = r[id]
	}
	return r
}
