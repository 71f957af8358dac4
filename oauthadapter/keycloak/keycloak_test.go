package keycloak_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/keycloak"
)

const (
	secret = "marker-client-secret/+ "

	realm     = "https://sso.example.com/realms/acme"
	endpoints = realm + "/protocol/openid-connect"
)

func newKeycloak(t testing.TB, people ...authprovidertest.Person) *authprovidertest.Vendor {
	return authprovidertest.NewKeycloak(t, authprovidertest.KeycloakVendor{}, authprovidertest.VendorConfig{People: people, ClientSecret: secret})
}

func config(v *authprovidertest.Vendor) keycloak.Config {
	return keycloak.Config{RealmURL: realm, ClientID: v.ClientID(), ClientSecret: v.ClientSecret(), HTTPClient: v.Client(), Now: v.Clock.Now}
}

func newAuthenticator(t testing.TB, c keycloak.Config) *keycloak.Authenticator {
	t.Helper()
	a, err := keycloak.New(c)
	require.NoError(t, err)
	return a
}

func TestVendor(t *testing.T) {
	v := newKeycloak(t)
	c := config(v)
	ofHost := c
	ofHost.HTTPClient, ofHost.Now = nil, nil
	authprovidertest.TestVendor(t, authprovidertest.VendorTest[keycloak.Profile]{
		Vendor: v, Handlers: newAuthenticator(t, c), Config: c,
		Provider: func(signIn ...authprovider.SignInResolver[keycloak.Result]) authprovider.ProviderFactory {
			return keycloak.Provider(ofHost, signIn...)
		},
	})
}

func TestNewRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*keycloak.Config)
		want   string
	}{
		"no realm":              {func(c *keycloak.Config) { c.RealmURL = "" }, "keycloak: Config.RealmURL is required"},
		"plain http":            {func(c *keycloak.Config) { c.RealmURL = "http://sso.example.com/realms/acme" }, "keycloak: Config.RealmURL"},
		"server alone":          {func(c *keycloak.Config) { c.RealmURL = "https://sso.example.com" }, "keycloak: Config.RealmURL"},
		"query":                 {func(c *keycloak.Config) { c.RealmURL += "?a=b" }, "keycloak: Config.RealmURL"},
		"no client":             {func(c *keycloak.Config) { c.ClientID = "" }, "keycloak: Config.ClientID is required"},
		"no secret":             {func(c *keycloak.Config) { c.ClientSecret = "" }, "keycloak: Config.ClientSecret is required"},
		"redirect without page": {func(c *keycloak.Config) { c.PostLogoutRedirect = true }, "keycloak: Config.PostLogoutRedirect"},
	} {
		t.Run(name, func(t *testing.T) {
			c := keycloak.Config{RealmURL: realm, ClientID: "id", ClientSecret: secret}
			tt.change(&c)
			_, err := keycloak.New(c)
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error(), secret)
		})
	}
}

func TestAuthorizationRequest(t *testing.T) {
	v := newKeycloak(t)
	c := config(v)
	for _, hint := range []string{"", "corp"} {
		c.IDPHint, c.RealmURL = hint, realm+"/"
		a := newAuthenticator(t, c)
		address, q, err := authprovidertest.AuthorizationRequest(t, a, url.Values{"kc_idp_hint": {"evil"}, "kc_action": {"evil"}}, a.RequiredScopes()...)
		require.NoError(t, err)
		require.Equal(t, endpoints+"/auth", address)
		want := url.Values{
			"client_id": {authprovidertest.DefaultClientID},
			"scope":     {"openid profile email"},
		}
		if hint != "" {
			want.Set("kc_idp_hint", hint)
		}
		require.Equal(t, want, q)
	}
	start, err := newAuthenticator(t, c).Start(t.Context(), oauthadapter.StartRequest{CallbackURL: authprovidertest.ConformanceCallback})
	require.NoError(t, err)
	require.Equal(t, realm, start.Issuer)
	require.True(t, start.IssuerRequired)
}

func TestProfileAndSignOut(t *testing.T) {
	v := newKeycloak(t, authprovidertest.Person{
		Subject: authprovidertest.Jane, Name: "Jane Doe", PreferredUsername: "jane", Email: "jane@example.com", EmailVerified: new(true),
		Claims: map[string]any{
			"groups": []string{"/acme/ops"}, "realm_access": map[string]any{"roles": []string{"offline_access", "admin"}},
			"resource_access": map[string]any{"portal": map[string]any{"roles": []string{"editor"}}, "account": map[string]any{"roles": []string{"view-profile"}}},
		},
	})
	c := config(v)
	c.EndSession, c.PostLogoutRedirect = true, true
	a := newAuthenticator(t, c)
	result, err := authprovidertest.SignInAt(t, v, a)
	require.NoError(t, err)
	p := result.FullProfile
	require.Equal(t, authprovidertest.Jane, p.Subject)
	require.Equal(t, []string{"/acme/ops"}, p.Groups)
	require.Equal(t, []string{"offline_access", "admin"}, p.RealmRoles)
	require.Equal(t, map[string][]string{"portal": {"editor"}, "account": {"view-profile"}}, p.ClientRoles)
	require.Equal(t, authprovider.Profile{Email: "jane@example.com", EmailVerification: authprovider.EmailVerified, DisplayName: "Jane Doe"}, result.Profile)

	page, err := a.EndSessionURL(t.Context(), oauthadapter.LogoutRequest{Session: result.Session, ReturnURL: "https://portal.example.com/"})
	require.NoError(t, err)
	address, query, _ := strings.Cut(page, "?")
	require.Equal(t, endpoints+"/logout", address)
	q, err := url.ParseQuery(query)
	require.NoError(t, err)
	require.Equal(t, url.Values{"client_id": {authprovidertest.DefaultClientID}, "id_token_hint": {string(result.Session.IDToken)},
		"post_logout_redirect_uri": {"https://portal.example.com/"}}, q)
	require.NoError(t, a.Revoke(t.Context(), result.Session))
	require.Equal(t, string(result.Session.RefreshToken), v.Last(authprovidertest.Revoke).Form.Get("token"))
}

func TestResolvers(t *testing.T) {
	const id = "9cf51b5d-e066-4ed8-940c-dc6da77f81a5"
	rc := authprovidertest.ResolverContext(t,
		authprovider.User{Ref: "user:default/by-id", Annotations: map[string]string{"keycloak.org/id": id}},
		authprovider.User{Ref: "user:default/jane"}, authprovider.User{Ref: "user:admins/root"},
		authprovider.User{Ref: "user:default/empty", Annotations: map[string]string{"keycloak.org/id": ""}})
	for _, tt := range []struct {
		name    string
		resolve authprovider.SignInResolver[keycloak.Result]
		claims  string
		want    string
		err     error
	}{
		{"ID", keycloak.UserIDMatchingUserEntityAnnotation, `{"sub":"` + id + `"}`, "user:default/by-id", nil},
		{"another ID", keycloak.UserIDMatchingUserEntityAnnotation, `{"sub":"1"}`, "", authprovider.ErrUserNotFound},
		{"no ID", keycloak.UserIDMatchingUserEntityAnnotation, `{}`, "", authprovider.ErrNoMatch},
		{"name", keycloak.UsernameMatchingUserEntityName, `{"preferred_username":"jane"}`, "user:default/jane", nil},
		{"no name", keycloak.UsernameMatchingUserEntityName, `{"name":"jane"}`, "", authprovider.ErrNoMatch},
		{"a reference for a name", keycloak.UsernameMatchingUserEntityName, `{"preferred_username":"user:admins/root"}`, "", authprovider.ErrInput},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := keycloak.ParseProfile([]byte(tt.claims))
			require.NoError(t, err)
			id, err := tt.resolve(t.Context(), keycloak.SignInInfo{Result: &oauthadapter.Result[keycloak.Profile]{FullProfile: p}}, rc)
			require.ErrorIs(t, err, tt.err)
			if tt.err == nil {
				require.Equal(t, tt.want, id.UserRef)
			}
		})
	}
	for _, claims := range []string{`[]`, `{"groups":"ops"}`, `{"realm_access":{"Roles":["admin"]}}`, `{"resource_access":[]}`} {
		_, err := keycloak.ParseProfile([]byte(claims))
		require.Error(t, err, claims)
	}
}
