package vmwarecloud_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/vmwarecloud"
)

const (
	secret = "marker-client-secret/+ "

	organization = "8d1f0f0e-9a0c-4c5f-8f5e-2f0e6a1b7c3d"
	console      = "https://console.cloud.vmware.com"
)

func newCloud(t testing.TB, people ...authprovidertest.Person) *authprovidertest.Vendor {
	return authprovidertest.NewVMwareCloud(t, authprovidertest.VMwareCloudVendor{OrganizationID: organization},
		authprovidertest.VendorConfig{People: people, ClientSecret: secret})
}

func config(v *authprovidertest.Vendor) vmwarecloud.Config {
	return vmwarecloud.Config{OrganizationID: organization, ClientID: v.ClientID(), ClientSecret: v.ClientSecret(), HTTPClient: v.Client(), Now: v.Clock.Now}
}

func newAuthenticator(t testing.TB, c vmwarecloud.Config) *vmwarecloud.Authenticator {
	t.Helper()
	a, err := vmwarecloud.New(c)
	require.NoError(t, err)
	return a
}

func TestVendor(t *testing.T) {
	v := newCloud(t)
	c := config(v)
	ofHost := c
	ofHost.HTTPClient, ofHost.Now = nil, nil
	authprovidertest.TestVendor(t, authprovidertest.VendorTest[vmwarecloud.Profile]{
		Vendor: v, Handlers: newAuthenticator(t, c), Config: c,
		Provider: func(signIn ...authprovider.SignInResolver[vmwarecloud.Result]) authprovider.ProviderFactory {
			return vmwarecloud.Provider(ofHost, signIn...)
		},
	})
	require.Zero(t, v.Calls(authprovidertest.UserInfo), "the ID token has it all")
}

func TestNewRefuses(t *testing.T) {
	for want, change := range map[string]func(*vmwarecloud.Config){
		"Config.OrganizationID is required":         func(c *vmwarecloud.Config) { c.OrganizationID = "" },
		"Config.ClientID is required":               func(c *vmwarecloud.Config) { c.ClientID = "" },
		`Config.ConsoleURL "http://a.example" must`: func(c *vmwarecloud.Config) { c.ConsoleURL, c.Issuer = "http://a.example", "https://a.example" },
		`Config.ConsoleURL "https://a.example?b"`:   func(c *vmwarecloud.Config) { c.ConsoleURL, c.Issuer = "https://a.example?b", "https://a.example" },
		"Config.Issuer is required":                 func(c *vmwarecloud.Config) { c.ConsoleURL = "https://console-stg.cloud.vmware.com" },
		"oidcprovider: Config.Issuer":               func(c *vmwarecloud.Config) { c.Issuer = "a.example" },
	} {
		c := vmwarecloud.Config{OrganizationID: organization, ClientID: "portal", ClientSecret: secret}
		change(&c)
		_, err := vmwarecloud.New(c)
		require.ErrorContains(t, err, "vmwarecloud: "+want)
	}
}

func TestAuthorizationRequest(t *testing.T) {
	v := newCloud(t)
	address, q, err := authprovidertest.AuthorizationRequest(t, newAuthenticator(t, config(v)), url.Values{"orgId": {"evil"}})
	require.NoError(t, err)
	require.Equal(t, console+"/csp/gateway/discovery", address)
	require.Equal(t, url.Values{"client_id": {v.ClientID()}, "orgId": {organization}, "scope": {"openid offline_access"}}, q)
}

// An app without a secret authenticates with its ID alone, in VMware's way.
func TestPublicClient(t *testing.T) {
	v := newCloud(t)
	v.ReplaceSecret("")
	c := config(v)
	require.Empty(t, c.ClientSecret)
	a := newAuthenticator(t, c)
	result, err := authprovidertest.SignInAt(t, v, a)
	require.NoError(t, err)
	_, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: result.Session})
	require.NoError(t, err)
	require.Equal(t, 2, v.Calls(authprovidertest.Token))
	header := v.Last(authprovidertest.Token).Header.Get("Authorization")
	require.Equal(t, "Basic c3RhZ2Vkb29yOg==", header, "base64 of %q", v.ClientID()+":")
	require.Empty(t, v.Last(authprovidertest.Discovery).Header.Get("Authorization"))
}

// The parameter orgId is a suggestion: what counts is the organization in the ID token.
func TestOrganization(t *testing.T) {
	for name, claims := range map[string]map[string]any{
		"another":        {"context_name": "00000000-9a0c-4c5f-8f5e-2f0e6a1b7c3d"},
		"another's case": {"context_name": "8D1F0F0E-9A0C-4C5F-8F5E-2F0E6A1B7C3D"},
		"none":           {"context_name": ""},
		"null":           {"context_name": nil},
	} {
		t.Run(name, func(t *testing.T) {
			jane := authprovidertest.Person{Subject: "vmwareid:jane", Name: "Jane Doe"}
			v := newCloud(t, jane)
			a := newAuthenticator(t, config(v))
			good, err := authprovidertest.SignInAt(t, v, a)
			require.NoError(t, err)
			require.Equal(t, organization, good.FullProfile.OrganizationID)

			jane.Claims = claims
			v.SetPerson(jane)
			result, err := authprovidertest.SignInAt(t, v, a)
			require.ErrorIs(t, err, authprovider.ErrNotAllowed)
			require.Nil(t, result)
			result, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: good.Session})
			require.ErrorIs(t, err, oauthadapter.ErrSessionEnded)
			require.Nil(t, result)
		})
	}
}

func TestProfile(t *testing.T) {
	for shown, claims := range map[string]map[string]any{
		"Jane Doe":  nil,
		"Jane":      {"family_name": ""},
		"Dr J. Doe": {"name": "Dr J. Doe"},
		"jane":      {"given_name": nil, "family_name": nil, "preferred_username": "jane"},
	} {
		v := newCloud(t, authprovidertest.Person{Subject: "vmwareid:jane", Name: "Jane Doe", Email: "jane@example.com", Claims: claims})
		result, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, config(v)))
		require.NoError(t, err)
		require.Equal(t, "vmwareid:jane", result.Session.Subject)
		require.Equal(t, authprovider.Profile{DisplayName: shown, Email: "jane@example.com"}, result.Profile)
	}
}

func TestResolvers(t *testing.T) {
	rc := authprovidertest.ResolverContext(t, authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"cloud.vmware.com/user-id": "vmwareid:1"}})
	byID := vmwarecloud.UserIDMatchingUserEntityAnnotationWith("cloud.vmware.com/user-id")
	for claims, want := range map[string]error{
		`{"sub":"vmwareid:1"}`:                        nil,
		`{"sub":"vmwareid:2"}`:                        authprovider.ErrUserNotFound,
		`{"sub":"VMwareID:1"}`:                        authprovider.ErrUserNotFound,
		`{"email":"jane@example.com","username":"x"}`: authprovider.ErrNoMatch,
	} {
		p, err := vmwarecloud.ParseProfile([]byte(claims))
		require.NoError(t, err)
		id, err := byID(t.Context(), vmwarecloud.SignInInfo{Result: &oauthadapter.Result[vmwarecloud.Profile]{FullProfile: p}}, rc)
		require.ErrorIs(t, err, want, claims)
		if want == nil {
			require.Equal(t, "user:default/jane", id.UserRef)
		}
	}
	for _, claims := range []string{`[]`, `null`, `{"context_name":7}`, `{"sub":"1","sub":"2"}`} {
		_, err := vmwarecloud.ParseProfile([]byte(claims))
		require.Error(t, err, claims)
	}
}
