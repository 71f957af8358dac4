package google_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/google"
)

const authorizeURL = "https://accounts.google.com/o/oauth2/v2/auth"

const secret = "marker-client-secret/+ "

func newGoogle(t testing.TB, people ...authprovidertest.Person) *authprovidertest.Vendor {
	return authprovidertest.NewGoogle(t, authprovidertest.GoogleVendor{}, authprovidertest.VendorConfig{People: people, ClientSecret: secret})
}

func config(v *authprovidertest.Vendor) google.Config {
	return google.Config{ClientID: v.ClientID(), ClientSecret: v.ClientSecret(), HTTPClient: v.Client(), Now: v.Clock.Now}
}

func newAuthenticator(t testing.TB, c google.Config) *google.Authenticator {
	t.Helper()
	a, err := google.New(c)
	require.NoError(t, err)
	return a
}

func TestVendor(t *testing.T) {
	v := newGoogle(t)
	c := config(v)
	ofHost := c
	ofHost.HTTPClient, ofHost.Now = nil, nil
	authprovidertest.TestVendor(t, authprovidertest.VendorTest[google.Profile]{
		Vendor: v, Handlers: newAuthenticator(t, c), Config: c,
		Provider: func(signIn ...authprovider.SignInResolver[google.Result]) authprovider.ProviderFactory {
			return google.Provider(ofHost, signIn...)
		},
	})
}

func TestNewRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*google.Config)
		want   string
	}{
		"no client":     {func(c *google.Config) { c.ClientID = "" }, "google: Config.ClientID is required"},
		"no secret":     {func(c *google.Config) { c.ClientSecret = "" }, "google: Config.ClientSecret is required"},
		"empty domains": {func(c *google.Config) { c.HostedDomains = []string{} }, "google: Config.HostedDomains is empty"},
		"address":       {func(c *google.Config) { c.HostedDomains = []string{"jane@example.com"} }, "google: Config.HostedDomains"},
		"upper case":    {func(c *google.Config) { c.HostedDomains = []string{"Example.com"} }, "google: Config.HostedDomains"},
		"star":          {func(c *google.Config) { c.HostedDomains = []string{"*"} }, "google: Config.HostedDomains"},
	} {
		t.Run(name, func(t *testing.T) {
			c := google.Config{ClientID: "id", ClientSecret: secret}
			tt.change(&c)
			_, err := google.New(c)
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error(), secret)
		})
	}
}

func TestAuthorizationRequest(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*google.Config)
		want   url.Values
	}{
		"default":       {func(*google.Config) {}, url.Values{"access_type": {"offline"}, "prompt": {"consent"}}},
		"prompt":        {func(c *google.Config) { c.Prompt = "consent select_account" }, url.Values{"access_type": {"offline"}, "prompt": {"consent select_account"}}},
		"online":        {func(c *google.Config) { c.OnlineAccess = true }, url.Values{"access_type": {"online"}}},
		"online prompt": {func(c *google.Config) { c.OnlineAccess, c.Prompt = true, "login" }, url.Values{"access_type": {"online"}, "prompt": {"login"}}},
		"domain": {func(c *google.Config) { c.HostedDomains = []string{"example.com"} },
			url.Values{"access_type": {"offline"}, "prompt": {"consent"}, "hd": {"example.com"}}},
		"domains": {func(c *google.Config) { c.HostedDomains = []string{"example.com", "example.org"} },
			url.Values{"access_type": {"offline"}, "prompt": {"consent"}, "hd": {"*"}}},
	} {
		t.Run(name, func(t *testing.T) {
			v := newGoogle(t)
			c := config(v)
			tt.change(&c)
			address, q, err := authprovidertest.AuthorizationRequest(t, newAuthenticator(t, c),
				url.Values{"hd": {"evil.example"}, "access_type": {"evil"}, "login_hint": {"evil"}}, "https://www.googleapis.com/auth/drive")
			require.NoError(t, err)
			require.Equal(t, authorizeURL, address)
			for name, value := range map[string]string{
				"client_id": authprovidertest.DefaultClientID, "scope": "https://www.googleapis.com/auth/drive openid profile email", "include_granted_scopes": "true",
			} {
				tt.want.Set(name, value)
			}
			require.Equal(t, tt.want, q)
		})
	}
}

// The hosted domain counts in the ID token alone, at every sign-in and refresh.
func TestHostedDomains(t *testing.T) {
	for name, tt := range map[string]struct {
		hd   any
		want error
	}{
		"ours":       {"example.com", nil},
		"our other":  {"example.org", nil},
		"another":    {"evil.example", authprovider.ErrNotAllowed},
		"upper case": {"EXAMPLE.COM", authprovider.ErrNotAllowed},
		"longer":     {"example.com.evil.example", authprovider.ErrNotAllowed},
		"sub-domain": {"a.example.com", authprovider.ErrNotAllowed},
		"list":       {[]string{"example.com"}, authprovider.ErrNotAllowed},
		"empty":      {"", authprovider.ErrNotAllowed},
		"none":       {nil, authprovider.ErrNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			jane := authprovidertest.Person{Subject: authprovidertest.Jane, Email: "jane@example.com", EmailVerified: new(true), Claims: map[string]any{"hd": tt.hd}}
			if tt.hd == nil {
				jane.Claims = nil
			}
			v := newGoogle(t, jane)
			c := config(v)
			c.HostedDomains = []string{"example.com", "example.org"}
			a := newAuthenticator(t, c)
			c.HostedDomains[0] = "evil.example"
			result, err := authprovidertest.SignInAt(t, v, a)
			require.ErrorIs(t, err, tt.want)
			if tt.want != nil {
				require.Nil(t, result)
				require.Zero(t, v.Calls(authprovidertest.UserInfo))
				return
			}
			require.Equal(t, tt.hd, result.FullProfile.HostedDomain)
			jane.Claims = map[string]any{"hd": "left.example"}
			v.SetPerson(jane)
			_, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: result.Session})
			require.ErrorIs(t, err, oauthadapter.ErrSessionEnded)
		})
	}
}

func TestRefreshTokenAndRevocation(t *testing.T) {
	v := newGoogle(t)
	a := newAuthenticator(t, config(v))
	result, err := authprovidertest.SignInAt(t, v, a)
	require.NoError(t, err)
	require.NotEmpty(t, result.Session.RefreshToken)
	form := v.Last(authprovidertest.Token).Form
	require.Equal(t, authprovidertest.DefaultClientID, form.Get("client_id"))
	require.Equal(t, secret, form.Get("client_secret"))

	refreshed, err := a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: result.Session})
	require.NoError(t, err)
	require.Equal(t, result.Session.RefreshToken, refreshed.Session.RefreshToken, "Google sends none, and the old one stays")

	require.NoError(t, a.Revoke(t.Context(), refreshed.Session))
	require.Equal(t, string(result.Session.RefreshToken), v.Last(authprovidertest.Revoke).Form.Get("token"))
	_, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: refreshed.Session})
	var p *oauthadapter.ProviderError
	require.ErrorAs(t, err, &p)
	require.Equal(t, "invalid_grant", p.Code)
	page, err := a.EndSessionURL(t.Context(), oauthadapter.LogoutRequest{Session: refreshed.Session})
	require.NoError(t, err)
	require.Empty(t, page, "Google has none")

	c := config(v)
	c.OnlineAccess = true
	result, err = authprovidertest.SignInAt(t, v, newAuthenticator(t, c))
	require.NoError(t, err)
	require.Empty(t, result.Session.RefreshToken)
}

// An address for which Google is no authority is shown, and not vouched for.
func TestDefaultProfile(t *testing.T) {
	v := newGoogle(t)
	result, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, config(v)))
	require.NoError(t, err)
	require.Equal(t, authprovider.Profile{Email: "jane@example.com", DisplayName: "Jane Doe", Picture: "https://img.example.com/jane.png"}, result.Profile)
	v.SetPerson(authprovidertest.Person{Subject: authprovidertest.Jane, Email: "jane@example.com", EmailVerified: new(true), Claims: map[string]any{"hd": "example.com"}})
	result, err = authprovidertest.SignInAt(t, v, newAuthenticator(t, config(v)))
	require.NoError(t, err)
	require.Equal(t, authprovider.EmailVerified, result.Profile.EmailVerification)
}

func TestImpliedScopes(t *testing.T) {
	a := newAuthenticator(t, google.Config{ClientID: "id", ClientSecret: "secret"})
	require.ElementsMatch(t, []string{"openid", "email", "profile"}, a.RequiredScopes())
	const long = "https://www.googleapis.com/auth/userinfo."
	require.Subset(t, a.ImpliedScopes([]string{"openid", long + "email"}), []string{"openid", "email", long + "email"})
	require.Subset(t, a.ImpliedScopes([]string{"profile"}), []string{"profile", long + "profile"})
	require.NotContains(t, a.ImpliedScopes([]string{long + "email"}), "profile")
	require.Equal(t, []string{"https://www.googleapis.com/auth/drive"}, a.ImpliedScopes([]string{"https://www.googleapis.com/auth/drive"}))
}
