package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
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

// vendor is one that -provider may name.
type vendor struct {
	needs  []need   // flags beside -client-id and -client-secret
	takes  []string // further flags, which may be left out
	public bool     // there are clients without a secret
	// factory is what stands in authprovider.Config: the vendor's line of docs/providers.md, with a resolver that admits anybody.
	factory func(o options) authprovider.ProviderFactory
}

// need is a flag, and what it means to the vendor.
type need struct{ flag, meaning string }

// vendors are all of them, by their IDs, which are the names of their packages.
func vendors() map[string]vendor {
	return map[string]vendor{
		"atlassian": {factory: func(o options) authprovider.ProviderFactory {
			return atlassian.Provider(atlassian.Config{ClientID: o.clientID, ClientSecret: o.clientSecret}, anybody[atlassian.Profile]("atlassian"))
		}},
		"auth0": {
			needs: []need{{"domain", "the tenant's domain, such as acme.eu.auth0.com"}},
			factory: func(o options) authprovider.ProviderFactory {
				return auth0.Provider(auth0.Config{Domain: o.domain, ClientID: o.clientID, ClientSecret: o.clientSecret},
					anybody[auth0.Profile]("auth0"))
			},
		},
		"bitbucket": {factory: func(o options) authprovider.ProviderFactory {
			return bitbucket.Provider(bitbucket.Config{ClientID: o.clientID, ClientSecret: o.clientSecret}, anybody[bitbucket.Profile]("bitbucket"))
		}},
		"bitbucketserver": {
			needs: []need{{"base-url", "the address of your Bitbucket, such as https://bitbucket.example.com"}},
			factory: func(o options) authprovider.ProviderFactory {
				return bitbucketserver.Provider(bitbucketserver.Config{BaseURL: o.baseURL, ClientID: o.clientID, ClientSecret: o.clientSecret},
					anybody[bitbucketserver.Profile]("bitbucketserver"))
			},
		},
		"gitea": {
			needs: []need{{"base-url", "the instance's ROOT_URL, such as https://git.example.com"}},
			takes: []string{"issuer"},
			factory: func(o options) authprovider.ProviderFactory {
				return gitea.Provider(gitea.Config{BaseURL: o.baseURL, Issuer: o.issuer, ClientID: o.clientID, ClientSecret: o.clientSecret},
					anybody[gitea.Profile]("gitea"))
			},
		},
		"github": {
			takes: []string{"base-url"},
			factory: func(o options) authprovider.ProviderFactory {
				return github.Provider(github.Config{EnterpriseURL: o.baseURL, ClientID: o.clientID, ClientSecret: o.clientSecret},
					anybody[github.Profile]("github"))
			},
		},
		"gitlab": {
			takes: []string{"base-url"},
			factory: func(o options) authprovider.ProviderFactory {
				return gitlab.Provider(gitlab.Config{BaseURL: o.baseURL, ClientID: o.clientID, ClientSecret: o.clientSecret},
					anybody[gitlab.Profile]("gitlab"))
			},
		},
		"google": {
			takes: []string{"domain"},
			factory: func(o options) authprovider.ProviderFactory {
				c := google.Config{ClientID: o.clientID, ClientSecret: o.clientSecret}
				if o.domain != "" {
					c.HostedDomains = []string{o.domain}
				}
				return google.Provider(c, anybody[google.Profile]("google"))
			},
		},
		"keycloak": {
			needs: []need{{"base-url", "the realm's URL, such as https://sso.example.com/realms/acme"}},
			factory: func(o options) authprovider.ProviderFactory {
				return keycloak.Provider(keycloak.Config{RealmURL: o.baseURL, ClientID: o.clientID, ClientSecret: o.clientSecret},
					anybody[keycloak.Profile]("keycloak"))
			},
		},
		"microsoft": {
			needs: []need{{"tenant", "the directory (tenant) ID, a GUID, or one of its domains"}},
			factory: func(o options) authprovider.ProviderFactory {
				return microsoft.Provider(microsoft.Config{TenantID: o.tenant, ClientID: o.clientID, ClientSecret: o.clientSecret},
					anybody[microsoft.Profile]("microsoft"))
			},
		},
		"oauth2provider": {
			needs: []need{
				{"auth-url", "the authorization endpoint"},
				{"token-url", "the token endpoint"},
				{"userinfo-url", "the address that says whose a token is"},
				{"id-field", "the member of its answer that is the person's stable ID, such as id"},
			},
			takes:  []string{"name-field", "scope"},
			public: true,
			factory: func(o options) authprovider.ProviderFactory {
				return oauth2provider.Provider(oauth2provider.Config{
					AuthURL: o.authURL, TokenURL: o.tokenURL, UserInfoURL: o.userinfoURL, Fields: oauth2provider.Fields{ID: o.idField, Name: o.nameField},
					Scopes: o.scopes(), ClientID: o.clientID, ClientSecret: o.clientSecret,
				}, anybody[oauth2provider.Profile]("oauth2provider"))
			},
		},
		"oidcprovider": {
			needs:  []need{{"issuer", "the provider's issuer URL, exactly as it writes it"}},
			takes:  []string{"scope"},
			public: true,
			factory: func(o options) authprovider.ProviderFactory {
				return oidcprovider.Provider(oidcprovider.Config{Issuer: o.issuer, Scopes: o.scopes(), ClientID: o.clientID, ClientSecret: o.clientSecret},
					anybody[oidcprovider.Profile]("oidcprovider"))
			},
		},
		"okta": {
			needs: []need{{"base-url", "the organization's URL, such as https://acme.okta.com"}},
			factory: func(o options) authprovider.ProviderFactory {
				return okta.Provider(okta.Config{OrgURL: o.baseURL, ClientID: o.clientID, ClientSecret: o.clientSecret},
					anybody[okta.Profile]("okta"))
			},
		},
		"onelogin": {
			needs: []need{{"issuer", "the account's issuer, such as https://acme.onelogin.com/oidc/2"}},
			factory: func(o options) authprovider.ProviderFactory {
				return onelogin.Provider(onelogin.Config{Issuer: o.issuer, ClientID: o.clientID, ClientSecret: o.clientSecret},
					anybody[onelogin.Profile]("onelogin"))
			},
		},
		"openshift": {
			needs: []need{
				{"base-url", "the address of the cluster's OAuth server, such as https://oauth-openshift.apps.example.com"},
				{"api-url", "that of its API server, such as https://api.example.com:6443"},
			},
			factory: func(o options) authprovider.ProviderFactory {
				return openshift.Provider(openshift.Config{OAuthURL: o.baseURL, APIURL: o.apiURL, ClientID: o.clientID, ClientSecret: o.clientSecret},
					anybody[openshift.Profile]("openshift"))
			},
		},
		"pinniped": {
			needs: []need{{"issuer", "the FederationDomain's issuer, such as https://pinniped.example.com/acme"}},
			factory: func(o options) authprovider.ProviderFactory {
				return pinniped.Provider(pinniped.Config{FederationDomain: o.issuer, ClientID: o.clientID, ClientSecret: o.clientSecret},
					anybody[pinniped.Profile]("pinniped"))
			},
		},
		"vmwarecloud": {
			needs:  []need{{"organization", "the long ID of the organization"}},
			public: true,
			factory: func(o options) authprovider.ProviderFactory {
				return vmwarecloud.Provider(vmwarecloud.Config{OrganizationID: o.organization, ClientID: o.clientID, ClientSecret: o.clientSecret},
					anybody[vmwarecloud.Profile]("vmwarecloud"))
			},
		},
	}
}

// anybody is a sign-in resolver that admits whoever the vendor vouches for, so that you can try it without a user catalog. A portal of your
// own must not: at most vendors everybody in the world can have an account. Here it does no harm, because the quickstart serves this machine
// alone and has nothing to protect.
//
// The user is made of the stable subject, never of a user name or an address, which may be somebody else's tomorrow. It is hashed because
// references are compared without regard to case, and some vendors' IDs differ in nothing else; and it has a namespace of its own, so that
// nobody can be called like a user of the catalog.
func anybody[P any](namespace string) authprovider.SignInResolver[*oauthadapter.Result[P]] {
	return func(_ context.Context, in authprovider.SignInInfo[*oauthadapter.Result[P]], _ *authprovider.ResolverContext) (*authprovider.Identity, error) {
		sum := sha256.Sum256([]byte(in.Result.Session.Subject))
		return &authprovider.Identity{UserRef: "user:" + namespace + "/" + hex.EncodeToString(sum[:16])}, nil
	}
}
