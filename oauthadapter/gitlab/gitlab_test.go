package gitlab_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/internal/vendortest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/gitlab"
)

// newGitLab is an instance at base.
func newGitLab(t testing.TB, base string, people ...fakeidp.Person) *vendortest.Vendor {
	return vendortest.New(t, vendortest.Config{
		Issuer: base,
		Endpoints: map[fakeidp.Endpoint]string{
			fakeidp.Authorize: base + "/oauth/authorize",
			fakeidp.Token:     base + "/oauth/token",
			fakeidp.JWKS:      base + "/oauth/discovery/keys",
			fakeidp.UserInfo:  base + "/oauth/userinfo",
			fakeidp.Revoke:    base + "/oauth/revoke",
		},
		People: people,
	})
}

func config(v *vendortest.Vendor) gitlab.Config {
	return gitlab.Config{ClientID: vendortest.ClientID, ClientSecret: vendortest.ClientSecret, HTTPClient: v.HTTPClient(), Now: v.Clock.Now}
}

func newAuthenticator(t testing.TB, c gitlab.Config) *gitlab.Authenticator {
	t.Helper()
	a, err := gitlab.New(c)
	require.NoError(t, err)
	return a
}

func TestVendor(t *testing.T) {
	v := newGitLab(t, "https://gitlab.com")
	vendortest.Run(t, v, newAuthenticator(t, config(v)))
}

func TestHost(t *testing.T) {
	v := newGitLab(t, "https://gitlab.com")
	c := config(v)
	c.HTTPClient, c.Now = nil, nil
	vendortest.RunHost(t, v, func(signIn ...authprovider.SignInResolver[gitlab.Result]) authprovider.ProviderFactory {
		return gitlab.Provider(c, signIn...)
	})
}

func TestNewRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*gitlab.Config)
		want   string
	}{
		"no client":  {func(c *gitlab.Config) { c.ClientID = "" }, "gitlab: Config.ClientID is required"},
		"no secret":  {func(c *gitlab.Config) { c.ClientSecret = "" }, "gitlab: Config.ClientSecret is required"},
		"plain http": {func(c *gitlab.Config) { c.BaseURL = "http://gitlab.example.com" }, "gitlab: Config.BaseURL"},
		"no URL":     {func(c *gitlab.Config) { c.BaseURL = "gitlab.example.com" }, "gitlab: Config.BaseURL"},
		"user":       {func(c *gitlab.Config) { c.BaseURL = "https://a:b@gitlab.example.com" }, "gitlab: Config.BaseURL"},
		"query":      {func(c *gitlab.Config) { c.BaseURL = "https://gitlab.example.com?a=b" }, "gitlab: Config.BaseURL"},
		"slash":      {func(c *gitlab.Config) { c.BaseURL = "/" }, "gitlab: Config.BaseURL"},
	} {
		t.Run(name, func(t *testing.T) {
			c := gitlab.Config{ClientID: "id", ClientSecret: vendortest.ClientSecret}
			tt.change(&c)
			_, err := gitlab.New(c)
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error(), vendortest.ClientSecret)
		})
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	v := newGitLab(t, "https://gitlab.com")
	c := config(v)
	vendortest.PrintsNoSecret(t, c, &c, newAuthenticator(t, c))
}

// Instances are known by their URL, and one's people are not another's.
func TestInstances(t *testing.T) {
	for _, tt := range []struct{ configured, base, host string }{
		{"", "https://gitlab.com", "gitlab.com"},
		{"https://gitlab.example.com", "https://gitlab.example.com", "gitlab.example.com"},
		{"https://gitlab.example.com/", "https://gitlab.example.com", "gitlab.example.com"},
		{"https://example.com:8443/gitlab/", "https://example.com:8443/gitlab", "example.com:8443"},
	} {
		t.Run(tt.base, func(t *testing.T) {
			v := newGitLab(t, tt.base)
			c := config(v)
			c.BaseURL = tt.configured
			a := newAuthenticator(t, c)
			address, q := vendortest.AuthorizationRequest(t, a, url.Values{"login_hint": {"evil"}}, "openid", "read_user")
			require.Equal(t, tt.base+"/oauth/authorize", address)
			require.Equal(t, url.Values{
				"client_id": {vendortest.ClientID}, "response_type": {"code"}, "redirect_uri": {authprovidertest.ConformanceCallback},
				"scope": {"openid read_user"}, "state": {"the-state"}, "nonce": {"the-nonce"},
				"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
			}, q)
			result, err := vendortest.SignIn(t, v, a)
			require.NoError(t, err)
			require.Equal(t, tt.base, result.FullProfile.Issuer)

			rc := authprovidertest.ResolverContext(t,
				authprovider.User{Ref: "user:default/here", Annotations: map[string]string{tt.host + "/user-id": vendortest.Jane}},
				authprovider.User{Ref: "user:default/elsewhere", Annotations: map[string]string{"other.example/user-id": vendortest.Jane}})
			id, err := gitlab.UserIDMatchingUserEntityAnnotation(t.Context(), gitlab.SignInInfo{Result: result}, rc)
			require.NoError(t, err)
			require.Equal(t, "user:default/here", id.UserRef)
		})
	}
	v := newGitLab(t, "https://gitlab.example.com")
	_, err := newAuthenticator(t, config(v)).Start(t.Context(), oauthadapter.StartRequest{})
	require.ErrorIs(t, err, authprovider.ErrUnavailable, "gitlab.com is another instance")
}

// The documented userinfo answer of GitLab, of which the ID token has a part.
func TestProfile(t *testing.T) {
	v := newGitLab(t, "https://gitlab.com", fakeidp.Person{
		Subject: vendortest.Jane, Name: "Jane Doe", Picture: "https://gitlab.com/uploads/jane.png", Email: "jane@example.com", EmailVerified: new(true),
		Claims: map[string]any{
			"sub_legacy": "0df1b2", "nickname": "jane", "profile": "https://gitlab.com/jane", "groups": []string{"acme", "acme/ops"},
			"groups_direct": []string{"acme/ops"}, "https://gitlab.org/claims/groups/owner": []string{"acme"},
		},
	})
	a := newAuthenticator(t, config(v))
	result, err := vendortest.SignIn(t, v, a)
	require.NoError(t, err)
	p := result.FullProfile
	require.Equal(t, vendortest.Jane, p.Subject)
	require.Equal(t, "jane", p.Username)
	require.Equal(t, "https://gitlab.com/jane", p.ProfileURL)
	require.Equal(t, []string{"acme", "acme/ops"}, p.Groups)
	require.Equal(t, []string{"acme/ops"}, p.DirectGroups)
	require.Equal(t, authprovider.Profile{Email: "jane@example.com", EmailVerification: authprovider.EmailVerified, DisplayName: "Jane Doe",
		Picture: "https://gitlab.com/uploads/jane.png"}, result.Profile)
	var claims struct {
		Owner []string `json:"https://gitlab.org/claims/groups/owner"`
	}
	require.NoError(t, p.Claims(&claims))
	require.Equal(t, []string{"acme"}, claims.Owner)

	require.Equal(t, vendortest.ClientSecret, v.Last(fakeidp.Token).Form.Get("client_secret"))
	require.NoError(t, a.Revoke(t.Context(), result.Session))
	require.Equal(t, string(result.Session.RefreshToken), v.Last(fakeidp.Revoke).Form.Get("token"))
}

func TestParseProfile(t *testing.T) {
	p, err := gitlab.ParseProfile([]byte(`{"sub":"1","preferred_username":"new","nickname":"old"}`))
	require.NoError(t, err)
	require.Equal(t, "new", p.Username)
	for _, claims := range []string{`[]`, `null`, `{"groups":"acme"}`, `{"Groups":["acme"]}`, `{"groups":["a"],"groups":["b"]}`} {
		_, err := gitlab.ParseProfile([]byte(claims))
		require.Error(t, err, claims)
	}
}

func TestResolvers(t *testing.T) {
	rc := authprovidertest.ResolverContext(t,
		authprovider.User{Ref: "user:default/by-id", Annotations: map[string]string{"gitlab.com/user-id": "42"}},
		authprovider.User{Ref: "user:default/jane"}, authprovider.User{Ref: "user:admins/root"},
		authprovider.User{Ref: "user:default/empty", Annotations: map[string]string{"gitlab.com/user-id": "", "/user-id": "42"}})
	for _, tt := range []struct {
		name    string
		resolve authprovider.SignInResolver[gitlab.Result]
		claims  string
		want    string
		err     error
	}{
		{"ID", gitlab.UserIDMatchingUserEntityAnnotation, `{"iss":"https://gitlab.com","sub":"42"}`, "user:default/by-id", nil},
		{"ID of another instance", gitlab.UserIDMatchingUserEntityAnnotation, `{"iss":"https://gitlab.example.com","sub":"42"}`, "", authprovider.ErrUserNotFound},
		{"profile URL of another instance", gitlab.UserIDMatchingUserEntityAnnotation,
			`{"iss":"https://gitlab.example.com","sub":"42","profile":"https://gitlab.com/jane"}`, "", authprovider.ErrUserNotFound},
		{"no ID", gitlab.UserIDMatchingUserEntityAnnotation, `{"iss":"https://gitlab.com"}`, "", authprovider.ErrNoMatch},
		{"no instance", gitlab.UserIDMatchingUserEntityAnnotation, `{"sub":"42"}`, "", authprovider.ErrNoMatch},
		{"name", gitlab.UsernameMatchingUserEntityName, `{"nickname":"jane"}`, "user:default/jane", nil},
		{"no name", gitlab.UsernameMatchingUserEntityName, `{"name":"jane"}`, "", authprovider.ErrNoMatch},
		{"unknown name", gitlab.UsernameMatchingUserEntityName, `{"nickname":"joe"}`, "", authprovider.ErrUserNotFound},
		{"a reference for a name", gitlab.UsernameMatchingUserEntityName, `{"nickname":"user:admins/root"}`, "", authprovider.ErrInput},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := gitlab.ParseProfile([]byte(tt.claims))
			require.NoError(t, err)
			id, err := tt.resolve(t.Context(), gitlab.SignInInfo{Result: &oauthadapter.Result[gitlab.Profile]{FullProfile: p}}, rc)
			require.ErrorIs(t, err, tt.err)
			if tt.err == nil {
				require.Equal(t, tt.want, id.UserRef)
			}
		})
	}
}
