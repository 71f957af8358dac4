package stagedoor_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
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
	"example.com/stagedoor/resolver"
)

// vendors are the provider lines of docs/providers.md.
func vendors(id, secret string) map[string]authprovider.ProviderFactory {
	return map[string]authprovider.ProviderFactory{
		"github": github.Provider(github.Config{ClientID: id, ClientSecret: secret}, github.UserIDMatchingUserEntityAnnotation),
		"ghe": github.Provider(github.Config{EnterpriseURL: "https://ghe.example.com", ClientID: id, ClientSecret: secret},
			github.UserIDMatchingUserEntityAnnotationWith("ghe.example.com/user-id")),
		"gitlab": gitlab.Provider(gitlab.Config{BaseURL: "https://gitlab.example.com", ClientID: id, ClientSecret: secret},
			gitlab.UserIDMatchingUserEntityAnnotation),
		"google": google.Provider(google.Config{ClientID: id, ClientSecret: secret, HostedDomains: []string{"example.com"}},
			google.UserIDMatchingUserEntityAnnotation),
		"microsoft": microsoft.Provider(microsoft.Config{TenantID: "aaaabbbb-0000-cccc-1111-dddd2222eeee", ClientID: id, ClientSecret: secret},
			microsoft.UserIDMatchingUserEntityAnnotation),
		"okta": okta.Provider(okta.Config{OrgURL: "https://acme.okta.com", ClientID: id, ClientSecret: secret}, okta.UserIDMatchingUserEntityAnnotation),
		"onelogin": onelogin.Provider(onelogin.Config{Issuer: "https://acme.onelogin.com/oidc/2", ClientID: id, ClientSecret: secret},
			onelogin.UsernameMatchingUserEntityName),
		"auth0": auth0.Provider(auth0.Config{Domain: "acme.eu.auth0.com", ClientID: id, ClientSecret: secret},
			auth0.UserIDMatchingUserEntityAnnotationWith("acme.example/auth0-id"),
			resolver.EmailMatchingUserEntityProfileEmailWith[auth0.Result](resolver.EmailOptions{RequireVerifiedEmail: true})),
		"keycloak": keycloak.Provider(keycloak.Config{RealmURL: "https://sso.example.com/realms/acme", ClientID: id, ClientSecret: secret},
			keycloak.UserIDMatchingUserEntityAnnotation),
		"atlassian": atlassian.Provider(atlassian.Config{ClientID: id, ClientSecret: secret},
			atlassian.UserIDMatchingUserEntityAnnotationWith("acme.example/atlassian-id")),
		"bitbucket": bitbucket.Provider(bitbucket.Config{ClientID: id, ClientSecret: secret}, bitbucket.UserIDMatchingUserEntityAnnotation),
		"bitbucketServer": bitbucketserver.Provider(bitbucketserver.Config{BaseURL: "https://bitbucket.example.com", ClientID: id, ClientSecret: secret},
			bitbucketserver.UserIDMatchingUserEntityAnnotationWith("bitbucket.example.com/user-id")),
		"gitea": gitea.Provider(gitea.Config{BaseURL: "https://git.example.com", ClientID: id, ClientSecret: secret},
			gitea.UserIDMatchingUserEntityAnnotationWith("git.example.com/user-id")),
		"openshift": openshift.Provider(openshift.Config{
			OAuthURL:     "https://oauth-openshift.apps.example.com",
			APIURL:       "https://api.example.com:6443",
			ClientID:     id,
			ClientSecret: secret,
		}, openshift.DisplayNameMatchingUserEntityName),
		"vmwareCloudServices": vmwarecloud.Provider(vmwarecloud.Config{OrganizationID: "8d1f0f0e-9a0c-4c5f-8f5e-2f0e6a1b7c3d", ClientID: id, ClientSecret: secret},
			resolver.EmailMatchingUserEntityProfileEmail),
		"pinniped": pinniped.Provider(pinniped.Config{FederationDomain: "https://pinniped.example.com/acme", ClientID: id, ClientSecret: secret},
			pinniped.UsernameMatchingUserEntityName),
		"sso": oidcprovider.Provider(oidcprovider.Config{Issuer: "https://sso.example.com", ClientID: id, ClientSecret: secret},
			resolver.EmailMatchingUserEntityProfileEmail),
		"acme": oauth2provider.Provider(oauth2provider.Config{
			AuthURL:      "https://acme.example/oauth/authorize",
			TokenURL:     "https://acme.example/oauth/token",
			UserInfoURL:  "https://acme.example/api/me",
			Fields:       oauth2provider.Fields{ID: "id", Username: "login", Name: "full_name", Email: "contact.email"},
			Scopes:       []string{"read:me"},
			ClientID:     id,
			ClientSecret: secret,
		}, oauth2provider.UserIDMatchingUserEntityAnnotationWith("acme.example/user-id")),
	}
}

func membersOfAcme(ctx context.Context, in github.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	for _, o := range in.Result.FullProfile.Organizations { // needs Config.ReadOrganizations
		if o.ID == "583231" {
			return github.UserIDMatchingUserEntityAnnotation(ctx, in, rc)
		}
	}
	return nil, authprovider.ErrNotAllowed
}

// TestReadmeProviders: the provider lines of docs/providers.md construct without a network, and send the callback URL and scopes that it says.
func TestReadmeProviders(t *testing.T) {
	const base = "https://portal.example.com/api/auth"
	handler, err := newProxiedHandler(t, base, "", vendors("id", "secret"))
	require.NoError(t, err)
	for provider, scope := range map[string]string{ // the others' pages are found by discovery
		"github": "read:user", "ghe": "read:user", "atlassian": "offline_access read:me", "bitbucket": "account", "bitbucketServer": "", "acme": "read:me",
		"openshift": "user:full",
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, base+"/"+provider+"/start", nil))
		require.Equal(t, http.StatusFound, w.Code, provider)
		page, err := url.Parse(w.Header().Get("Location"))
		require.NoError(t, err)
		require.Equal(t, base+"/"+provider+"/handler/frame", page.Query().Get("redirect_uri"), provider)
		require.Equal(t, scope, page.Query().Get("scope"), provider)
		require.Equal(t, "S256", page.Query().Get("code_challenge_method"), provider)
	}
}

// TestReadmeMembers: the resolver of docs/providers.md admits members of the organization only.
func TestReadmeMembers(t *testing.T) {
	profile, err := github.ParseProfile([]byte(`{"id": 1, "node_id": "MDQ6VXNlcjE=", "login": "jane"}`))
	require.NoError(t, err)
	rc := authprovidertest.ResolverContext(t, authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"github.com/user-id": "MDQ6VXNlcjE="}})
	signIn := func(organizations ...github.Organization) (*authprovider.Identity, error) {
		profile.Organizations = organizations
		return membersOfAcme(t.Context(), github.SignInInfo{Result: &oauthadapter.Result[github.Profile]{FullProfile: profile}}, rc)
	}
	id, err := signIn(github.Organization{ID: "1", Login: "other"}, github.Organization{ID: "583231", Login: "renamed"})
	require.NoError(t, err)
	require.Equal(t, "user:default/jane", id.UserRef)
	_, err = signIn(github.Organization{ID: "1", Login: "acme"})
	require.ErrorIs(t, err, authprovider.ErrNotAllowed)
	_, err = signIn()
	require.ErrorIs(t, err, authprovider.ErrNotAllowed)
}
