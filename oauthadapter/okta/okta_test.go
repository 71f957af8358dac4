package okta_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/okta"
)

const org = "https://acme.okta.com"

const secret = "marker-client-secret/+ "

func newOkta(t testing.TB, authServerID string, people ...authprovidertest.Person) *authprovidertest.Vendor {
	return authprovidertest.NewOkta(t, authprovidertest.OktaVendor{OrgURL: org, AuthServerID: authServerID}, authprovidertest.VendorConfig{People: people, ClientSecret: secret})
}

func config(v *authprovidertest.Vendor) okta.Config {
	return okta.Config{OrgURL: org, ClientID: v.ClientID(), ClientSecret: v.ClientSecret(), HTTPClient: v.Client(), Now: v.Clock.Now}
}

func newAuthenticator(t testing.TB, c okta.Config) *okta.Authenticator {
	t.Helper()
	a, err := okta.New(c)
	require.NoError(t, err)
	return a
}

func TestVendor(t *testing.T) {
	for _, id := range []string{"", "default"} {
		t.Run("authorization server "+id, func(t *testing.T) {
			v := newOkta(t, id)
			c := config(v)
			c.AuthServerID = id
			ofHost := c
			ofHost.HTTPClient, ofHost.Now = nil, nil
			authprovidertest.TestVendor(t, authprovidertest.VendorTest[okta.Profile]{
				Vendor: v, Handlers: newAuthenticator(t, c), Config: c,
				Provider: func(signIn ...authprovider.SignInResolver[okta.Result]) authprovider.ProviderFactory {
					return okta.Provider(ofHost, signIn...)
				},
			})
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*okta.Config)
		want   string
	}{
		"no client":               {func(c *okta.Config) { c.ClientID = "" }, "okta: Config.ClientID is required"},
		"no secret":               {func(c *okta.Config) { c.ClientSecret = "" }, "okta: Config.ClientSecret is required"},
		"no organization":         {func(c *okta.Config) { c.OrgURL = "" }, "okta: Config.OrgURL is required"},
		"plain http":              {func(c *okta.Config) { c.OrgURL = "http://acme.okta.com" }, "okta: Config.OrgURL"},
		"no URL":                  {func(c *okta.Config) { c.OrgURL = "acme.okta.com" }, "okta: Config.OrgURL"},
		"issuer for organization": {func(c *okta.Config) { c.OrgURL = org + "/oauth2/default" }, "okta: Config.OrgURL"},
		"query":                   {func(c *okta.Config) { c.OrgURL = org + "?a=b" }, "okta: Config.OrgURL"},
		"admin console":           {func(c *okta.Config) { c.OrgURL = "https://acme-admin.okta.com" }, "admin console"},
		"server with path":        {func(c *okta.Config) { c.AuthServerID = "../default" }, "okta: Config.AuthServerID"},
		"IDP":                     {func(c *okta.Config) { c.IDP = "a b" }, "okta: Config.IDP"},
		"redirect without page":   {func(c *okta.Config) { c.PostLogoutRedirect = true }, "okta: Config.PostLogoutRedirect"},
	} {
		t.Run(name, func(t *testing.T) {
			c := okta.Config{OrgURL: org, ClientID: "id", ClientSecret: secret}
			tt.change(&c)
			_, err := okta.New(c)
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error(), secret)
		})
	}
	for _, good := range []string{"https://acme.okta.com/", "https://login.acme.example", "https://my-admin.acme.example", "https://acme.oktapreview.com"} {
		_, err := okta.New(okta.Config{OrgURL: good, ClientID: "id", ClientSecret: "secret"})
		require.NoError(t, err, good)
	}
}

func TestAuthorizationRequest(t *testing.T) {
	for name, tt := range map[string]struct {
		change  func(*okta.Config)
		address string
		idp     []string
	}{
		"organization":  {func(*okta.Config) {}, org + "/oauth2/v1/authorize", nil},
		"slash":         {func(c *okta.Config) { c.OrgURL += "/" }, org + "/oauth2/v1/authorize", nil},
		"custom server": {func(c *okta.Config) { c.AuthServerID = "aus1a2b3c" }, org + "/oauth2/aus1a2b3c/v1/authorize", nil},
		"IDP":           {func(c *okta.Config) { c.IDP = "0oa1a2b3c" }, org + "/oauth2/v1/authorize", []string{"0oa1a2b3c"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := okta.Config{ClientID: authprovidertest.DefaultClientID, ClientSecret: secret, OrgURL: org}
			tt.change(&c)
			v := newOkta(t, c.AuthServerID)
			c.HTTPClient, c.Now = v.Client(), v.Clock.Now
			a := newAuthenticator(t, c)
			address, q, err := authprovidertest.AuthorizationRequest(t, a, url.Values{"idp": {"evil"}, "login_hint": {"evil"}, "sessionToken": {"evil"}}, a.RequiredScopes()...)
			require.NoError(t, err)
			require.Equal(t, tt.address, address)
			want := url.Values{
				"client_id": {authprovidertest.DefaultClientID},
				"scope":     {"openid profile email offline_access"},
			}
			if tt.idp != nil {
				want["idp"] = tt.idp
			}
			require.Equal(t, want, q)
		})
	}
}

func TestProfile(t *testing.T) {
	v := newOkta(t, "", authprovidertest.Person{
		Subject: authprovidertest.Jane, Name: "Jane Doe", PreferredUsername: "jane@example.com", Email: "jane@example.com", EmailVerified: new(true),
		Claims: map[string]any{"groups": []string{"Everyone", "ops"}, "zoneinfo": "Europe/Berlin"},
	})
	result, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, config(v)))
	require.NoError(t, err)
	require.Equal(t, authprovidertest.Jane, result.FullProfile.Subject)
	require.Equal(t, "jane@example.com", result.FullProfile.PreferredUsername)
	require.Equal(t, []string{"Everyone", "ops"}, result.FullProfile.Groups)
	require.Equal(t, authprovider.Profile{Email: "jane@example.com", EmailVerification: authprovider.EmailVerified, DisplayName: "Jane Doe"}, result.Profile)
	require.True(t, strings.HasPrefix(v.Last(authprovidertest.Token).Header.Get("Authorization"), "Basic "))
}

func TestSignOut(t *testing.T) {
	v := newOkta(t, "")
	c := config(v)
	for name, tt := range map[string]struct {
		end, back bool
		want      []string // parameters of the page
	}{
		"stays":         {false, false, nil},
		"ends":          {true, false, []string{"client_id", "id_token_hint"}},
		"ends and back": {true, true, []string{"client_id", "id_token_hint", "post_logout_redirect_uri"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.EndSession, c.PostLogoutRedirect = tt.end, tt.back
			a := newAuthenticator(t, c)
			result, err := authprovidertest.SignInAt(t, v, a)
			require.NoError(t, err)
			require.NotEmpty(t, result.Session.RefreshToken)
			page, err := a.EndSessionURL(t.Context(), oauthadapter.LogoutRequest{Session: result.Session, ReturnURL: "https://portal.example.com/"})
			require.NoError(t, err)
			address, query, _ := strings.Cut(page, "?")
			q, err := url.ParseQuery(query)
			require.NoError(t, err)
			require.Len(t, q, len(tt.want))
			for _, name := range tt.want {
				require.Contains(t, q, name)
			}
			if tt.end {
				require.Equal(t, org+"/oauth2/v1/logout", address)
			} else {
				require.Empty(t, page)
			}
			require.NoError(t, a.Revoke(t.Context(), result.Session))
			require.Equal(t, string(result.Session.RefreshToken), v.Last(authprovidertest.Revoke).Form.Get("token"))
		})
	}
}

func TestResolvers(t *testing.T) {
	rc := authprovidertest.ResolverContext(t,
		authprovider.User{Ref: "user:default/by-id", Annotations: map[string]string{"okta.com/user-id": "00u1a2B3"}},
		authprovider.User{Ref: "user:default/by-email", Annotations: map[string]string{"okta.com/email": "jane@example.com"}},
		authprovider.User{Ref: "user:default/empty", Annotations: map[string]string{"okta.com/user-id": "", "okta.com/email": ""}})
	for _, tt := range []struct {
		name    string
		resolve authprovider.SignInResolver[okta.Result]
		claims  string
		want    string
		err     error
	}{
		{"ID", okta.UserIDMatchingUserEntityAnnotation, `{"sub":"00u1a2B3"}`, "user:default/by-id", nil},
		{"ID in another case", okta.UserIDMatchingUserEntityAnnotation, `{"sub":"00u1a2b3"}`, "", authprovider.ErrUserNotFound},
		{"no ID", okta.UserIDMatchingUserEntityAnnotation, `{}`, "", authprovider.ErrNoMatch},
		{"address", okta.EmailMatchingUserEntityAnnotation, `{"email":"jane@example.com","email_verified":true}`, "user:default/by-email", nil},
		{"address, not said", okta.EmailMatchingUserEntityAnnotation, `{"email":"jane@example.com"}`, "user:default/by-email", nil},
		{"unverified", okta.EmailMatchingUserEntityAnnotation, `{"email":"jane@example.com","email_verified":false}`, "", authprovider.ErrNotAllowed},
		{"no address", okta.EmailMatchingUserEntityAnnotation, `{"preferred_username":"jane@example.com"}`, "", authprovider.ErrNoMatch},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := okta.ParseProfile([]byte(tt.claims))
			require.NoError(t, err)
			id, err := tt.resolve(t.Context(), okta.SignInInfo{Result: &oauthadapter.Result[okta.Profile]{FullProfile: p}}, rc)
			require.ErrorIs(t, err, tt.err)
			if tt.err == nil {
				require.Equal(t, tt.want, id.UserRef)
			}
		})
	}
	for _, claims := range []string{`[]`, `{"groups":"ops"}`, `{"Groups":["ops"]}`} {
		_, err := okta.ParseProfile([]byte(claims))
		require.Error(t, err, claims)
	}
}
