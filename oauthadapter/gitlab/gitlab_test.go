package gitlab_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/gitlab"
)

const secret = "marker-client-secret/+ "

func newGitLab(t testing.TB, base string, people ...authprovidertest.Person) *authprovidertest.Vendor {
	return authprovidertest.NewGitLab(t, authprovidertest.GitLabVendor{BaseURL: base}, authprovidertest.VendorConfig{People: people, ClientSecret: secret})
}

func config(v *authprovidertest.Vendor) gitlab.Config {
	return gitlab.Config{ClientID: v.ClientID(), ClientSecret: v.ClientSecret(), HTTPClient: v.Client(), Now: v.Clock.Now}
}

func newAuthenticator(t testing.TB, c gitlab.Config) *gitlab.Authenticator {
	t.Helper()
	a, err := gitlab.New(c)
	require.NoError(t, err)
	return a
}

func TestVendor(t *testing.T) {
	v := newGitLab(t, "")
	c := config(v)
	ofHost := c
	ofHost.HTTPClient, ofHost.Now = nil, nil
	authprovidertest.TestVendor(t, authprovidertest.VendorTest[gitlab.Profile]{
		Vendor: v, Handlers: newAuthenticator(t, c), Config: c,
		Provider: func(signIn ...authprovider.SignInResolver[gitlab.Result]) authprovider.ProviderFactory {
			return gitlab.Provider(ofHost, signIn...)
		},
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
			c := gitlab.Config{ClientID: "id", ClientSecret: secret}
			tt.change(&c)
			_, err := gitlab.New(c)
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error(), secret)
		})
	}
}

// Instances are known by their URL, and one's people are not another's.
func TestInstances(t *testing.T) {
	for _, tt := range []struct{ configured, base, host string }{
		{"", "https://gitlab.com", "gitlab.com"},
		{"https://gitlab.example.com", "https://gitlab.example.com", "gitlab.example.com"},
		{"https://gitlab.example.com/", "https://gitlab.example.com", "gitlab.example.com"},
		{"https://example.com:8443/gitlab/", "https://example.com:8443/gitlab", "example.com:8443"},
		{"http://127.0.0.1:3000/", "http://127.0.0.1:3000", "127.0.0.1:3000"},
	} {
		t.Run(tt.base, func(t *testing.T) {
			v := newGitLab(t, tt.base)
			c := config(v)
			c.BaseURL = tt.configured
			a := newAuthenticator(t, c)
			address, q, err := authprovidertest.AuthorizationRequest(t, a, url.Values{"login_hint": {"evil"}}, "read_user")
			require.NoError(t, err)
			require.Equal(t, tt.base+"/oauth/authorize", address)
			require.Equal(t, url.Values{
				"client_id": {authprovidertest.DefaultClientID},
				"scope":     {"read_user openid profile email"},
			}, q)
			result, err := authprovidertest.SignInAt(t, v, a)
			require.NoError(t, err)
			require.Equal(t, tt.base, result.FullProfile.Issuer)

			rc := authprovidertest.ResolverContext(t,
				authprovider.User{Ref: "user:default/here", Annotations: map[string]string{tt.host + "/user-id": authprovidertest.Jane}},
				authprovider.User{Ref: "user:default/elsewhere", Annotations: map[string]string{"other.example/user-id": authprovidertest.Jane}})
			id, err := gitlab.UserIDMatchingUserEntityAnnotation(t.Context(), gitlab.SignInInfo{Result: result}, rc)
			require.NoError(t, err)
			require.Equal(t, "user:default/here", id.UserRef)
		})
	}
}

// The documented userinfo answer of GitLab, of which the ID token has a part.
func TestProfile(t *testing.T) {
	v := newGitLab(t, "", authprovidertest.Person{
		Subject: authprovidertest.Jane, Name: "Jane Doe", Picture: "https://gitlab.com/uploads/jane.png", Email: "jane@example.com", EmailVerified: new(true),
		Claims: map[string]any{
			"sub_legacy": "0df1b2", "nickname": "jane", "profile": "https://gitlab.com/jane", "groups": []string{"acme", "acme/ops"},
			"groups_direct": []string{"acme/ops"}, "https://gitlab.org/claims/groups/owner": []string{"acme"},
		},
	})
	a := newAuthenticator(t, config(v))
	result, err := authprovidertest.SignInAt(t, v, a)
	require.NoError(t, err)
	p := result.FullProfile
	require.Equal(t, authprovidertest.Jane, p.Subject)
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

	require.Equal(t, secret, v.Last(authprovidertest.Token).Form.Get("client_secret"))
	require.NoError(t, a.Revoke(t.Context(), result.Session))
	require.Equal(t, string(result.Session.RefreshToken), v.Last(authprovidertest.Revoke).Form.Get("token"))
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
