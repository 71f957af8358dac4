package onelogin_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/onelogin"
)

const issuer = "https://acme.onelogin.com/oidc/2"

const secret = "marker-client-secret/+ "

func newOneLogin(t testing.TB, people ...authprovidertest.Person) *authprovidertest.Vendor {
	return authprovidertest.NewOneLogin(t, authprovidertest.OneLoginVendor{}, authprovidertest.VendorConfig{People: people, ClientSecret: secret})
}

func config(v *authprovidertest.Vendor) onelogin.Config {
	return onelogin.Config{Issuer: issuer, ClientID: v.ClientID(), ClientSecret: v.ClientSecret(), HTTPClient: v.Client(), Now: v.Clock.Now}
}

func newAuthenticator(t testing.TB, c onelogin.Config) *onelogin.Authenticator {
	t.Helper()
	a, err := onelogin.New(c)
	require.NoError(t, err)
	return a
}

func TestVendor(t *testing.T) {
	v := newOneLogin(t)
	c := config(v)
	ofHost := c
	ofHost.HTTPClient, ofHost.Now = nil, nil
	authprovidertest.TestVendor(t, authprovidertest.VendorTest[onelogin.Profile]{
		Vendor: v, Handlers: newAuthenticator(t, c), Config: c,
		Provider: func(signIn ...authprovider.SignInResolver[onelogin.Result]) authprovider.ProviderFactory {
			return onelogin.Provider(ofHost, signIn...)
		},
	})
}

func TestNewRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*onelogin.Config)
		want   string
	}{
		"no issuer":  {func(c *onelogin.Config) { c.Issuer = "" }, "onelogin: Config.Issuer is required"},
		"plain http": {func(c *onelogin.Config) { c.Issuer = "http://acme.onelogin.com/oidc/2" }, "onelogin: Config.Issuer"},
		"query":      {func(c *onelogin.Config) { c.Issuer += "?a=b" }, "onelogin: Config.Issuer"},
		"no client":  {func(c *onelogin.Config) { c.ClientID = "" }, "onelogin: Config.ClientID is required"},
		"no secret":  {func(c *onelogin.Config) { c.ClientSecret = "" }, "onelogin: Config.ClientSecret is required"},
		"method":     {func(c *onelogin.Config) { c.ClientAuthMethod = "none" }, "onelogin: Config.ClientAuthMethod"},
	} {
		t.Run(name, func(t *testing.T) {
			c := onelogin.Config{Issuer: issuer, ClientID: "id", ClientSecret: secret}
			tt.change(&c)
			_, err := onelogin.New(c)
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error(), secret)
		})
	}
}

func TestSignIn(t *testing.T) {
	for _, method := range []string{"", "client_secret_basic", "client_secret_post"} {
		v := newOneLogin(t)
		c := config(v)
		c.ClientAuthMethod = method
		c.Issuer += "/"
		a := newAuthenticator(t, c)
		address, q, err := authprovidertest.AuthorizationRequest(t, a, url.Values{"login_hint": {"evil"}}, a.RequiredScopes()...)
		require.NoError(t, err)
		require.Equal(t, issuer+"/auth", address)
		require.Equal(t, url.Values{
			"client_id": {authprovidertest.DefaultClientID},
			"scope":     {"openid profile"},
		}, q)
		result, err := authprovidertest.SignInAt(t, v, a, "groups")
		require.NoError(t, err)
		require.Equal(t, method != "client_secret_post", strings.HasPrefix(v.Last(authprovidertest.Token).Header.Get("Authorization"), "Basic "))
		require.Equal(t, "jane", result.FullProfile.PreferredUsername)
		require.Equal(t, []string{"ops"}, result.FullProfile.Groups)
		require.Equal(t, authprovider.Profile{Email: "jane@example.com", DisplayName: "Jane Doe", Picture: "https://img.example.com/jane.png"}, result.Profile)
		require.NoError(t, a.Revoke(t.Context(), result.Session))
		require.Equal(t, string(result.Session.RefreshToken), v.Last(authprovidertest.Revoke).Form.Get("token"))
	}
}

func TestResolver(t *testing.T) {
	rc := authprovidertest.ResolverContext(t, authprovider.User{Ref: "user:default/jane"}, authprovider.User{Ref: "user:admins/root"})
	for claims, want := range map[string]error{
		`{"preferred_username":"jane"}`: nil, `{"preferred_username":"joe"}`: authprovider.ErrUserNotFound, `{"name":"jane"}`: authprovider.ErrNoMatch,
		`{"preferred_username":""}`: authprovider.ErrNoMatch, `{"preferred_username":"user:admins/root"}`: authprovider.ErrInput,
	} {
		p, err := onelogin.ParseProfile([]byte(claims))
		require.NoError(t, err)
		id, err := onelogin.UsernameMatchingUserEntityName(t.Context(), onelogin.SignInInfo{Result: &oauthadapter.Result[onelogin.Profile]{FullProfile: p}}, rc)
		require.ErrorIs(t, err, want, claims)
		require.Equal(t, want == nil, id != nil)
	}
	for _, claims := range []string{`[]`, `{"groups":1}`, `{"Groups":["ops"]}`} {
		_, err := onelogin.ParseProfile([]byte(claims))
		require.Error(t, err, claims)
	}
}
