package gitea_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/gitea"
)

const (
	secret = "marker-client-secret/+ "

	base = "https://git.example.com"
)

func newGitea(t testing.TB, issuer string, people ...authprovidertest.Person) *authprovidertest.Vendor {
	return authprovidertest.NewGitea(t, authprovidertest.GiteaVendor{BaseURL: base, Issuer: issuer}, authprovidertest.VendorConfig{People: people, ClientSecret: secret})
}

func config(v *authprovidertest.Vendor) gitea.Config {
	return gitea.Config{BaseURL: base, ClientID: v.ClientID(), ClientSecret: v.ClientSecret(), HTTPClient: v.Client(), Now: v.Clock.Now}
}

func newAuthenticator(t testing.TB, c gitea.Config) *gitea.Authenticator {
	t.Helper()
	a, err := gitea.New(c)
	require.NoError(t, err)
	return a
}

func TestVendor(t *testing.T) {
	for name, confirms := range map[string]bool{"that confirms addresses": true, "that does not": false} {
		t.Run(name, func(t *testing.T) {
			v := newGitea(t, base)
			c := config(v)
			c.ConfirmsEmail = confirms
			ofHost := c
			ofHost.HTTPClient, ofHost.Now = nil, nil
			authprovidertest.TestVendor(t, authprovidertest.VendorTest[gitea.Profile]{
				Vendor: v, Handlers: newAuthenticator(t, c), Config: c,
				Provider: func(signIn ...authprovider.SignInResolver[gitea.Result]) authprovider.ProviderFactory {
					return gitea.Provider(ofHost, signIn...)
				},
			})
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*gitea.Config)
		want   string
	}{
		"no address":   {func(c *gitea.Config) { c.BaseURL = "" }, "gitea: Config.BaseURL is required"},
		"plain http":   {func(c *gitea.Config) { c.BaseURL = "http://git.example.com" }, "gitea: Config.BaseURL"},
		"user":         {func(c *gitea.Config) { c.BaseURL = "https://a:b@git.example.com" }, "gitea: Config.BaseURL"},
		"query":        {func(c *gitea.Config) { c.BaseURL += "?a=b" }, "gitea: Config.BaseURL"},
		"plain issuer": {func(c *gitea.Config) { c.Issuer = "http://git.example.com" }, "gitea: oidcprovider: Config.Issuer"},
		"no client":    {func(c *gitea.Config) { c.ClientID = "" }, "gitea: Config.ClientID is required"},
		"no secret":    {func(c *gitea.Config) { c.ClientSecret = "" }, "gitea: Config.ClientSecret is required"},
	} {
		t.Run(name, func(t *testing.T) {
			c := gitea.Config{BaseURL: base, ClientID: "id", ClientSecret: secret}
			tt.change(&c)
			_, err := gitea.New(c)
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error(), secret)
		})
	}
}

// Versions of Gitea differ in the slash at the end of the issuer, and an instance can have any.
func TestIssuers(t *testing.T) {
	for _, tt := range []struct{ baseURL, configured, issuer string }{
		{base, "", base},
		{base + "/", "", base + "/"},
		{base, base + "/", base + "/"},
		{base + "/", base, base},
		{base, "https://id.example.com/git", "https://id.example.com/git"},
	} {
		v := newGitea(t, tt.issuer)
		c := config(v)
		c.BaseURL, c.Issuer = tt.baseURL, tt.configured
		result, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, c))
		require.NoError(t, err, tt)
		require.Equal(t, tt.issuer, result.FullProfile.Issuer)
		require.Equal(t, "GET "+base+"/.well-known/openid-configuration", v.Requests()[0], "the metadata are where Gitea is")
	}
	v := newGitea(t, base+"/")
	_, err := newAuthenticator(t, config(v)).Start(t.Context(), oauthadapter.StartRequest{})
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.ErrorContains(t, err, base+`/"`, "the log says what the host has to write")
}

func TestAuthorizationRequest(t *testing.T) {
	v := newGitea(t, base)
	address, q, err := authprovidertest.AuthorizationRequest(t, newAuthenticator(t, config(v)), url.Values{"login_hint": {"evil"}})
	require.NoError(t, err)
	require.Equal(t, base+"/login/oauth/authorize", address)
	require.Equal(t, url.Values{"client_id": {v.ClientID()}, "scope": {"openid profile email read:user"}}, q)
}

// What Gitea calls verified counts only where the host says that Gitea finds out.
func TestProfile(t *testing.T) {
	person := authprovidertest.Person{
		Subject: "42", Name: "Jane Doe", PreferredUsername: "jane", Picture: base + "/avatars/1", Email: "jane@example.com",
		Claims: map[string]any{"groups": []string{"acme", "acme:owners"}},
	}
	for _, tt := range []struct {
		verified bool
		confirms bool
		want     authprovider.EmailVerification
		shown    string
	}{
		{true, false, authprovider.EmailVerificationUnknown, "jane@example.com"},
		{true, true, authprovider.EmailVerified, "jane@example.com"},
		{false, false, authprovider.EmailUnverified, ""},
		{false, true, authprovider.EmailUnverified, ""},
	} {
		person.EmailVerified = &tt.verified
		v := newGitea(t, base, person)
		c := config(v)
		c.ConfirmsEmail = tt.confirms
		result, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, c))
		require.NoError(t, err)
		require.Equal(t, "42", result.Session.Subject)
		require.Equal(t, []string{"acme", "acme:owners"}, result.FullProfile.Groups)
		require.Equal(t, tt.want, result.FullProfile.EmailVerified)
		want := authprovider.Profile{DisplayName: "Jane Doe", Picture: base + "/avatars/1", Email: tt.shown}
		if tt.shown != "" {
			want.EmailVerification = tt.want
		}
		require.Equal(t, want, result.Profile)
	}
}

func TestRefresh(t *testing.T) {
	v := newGitea(t, base)
	a := newAuthenticator(t, config(v))
	session := func() oauthadapter.RefreshRequest {
		result, err := authprovidertest.SignInAt(t, v, a)
		require.NoError(t, err)
		return oauthadapter.RefreshRequest{Session: result.Session}
	}

	// The nonce is that of the person's last sign-in, here in another browser.
	v.Set(func(b *authprovidertest.Behavior) { b.RefreshIDToken = authprovidertest.WrongNonce })
	result, err := a.Refresh(t.Context(), session())
	require.NoError(t, err)
	require.Equal(t, authprovidertest.Jane, result.Session.Subject)
	// What tells people apart is compared all the same.
	for _, fault := range []authprovidertest.IDTokenFault{authprovidertest.OtherSubject, authprovidertest.WrongIssuer, authprovidertest.WrongAudience, authprovidertest.BadSignature} {
		v.Set(func(b *authprovidertest.Behavior) { b.RefreshIDToken = fault })
		_, err = a.Refresh(t.Context(), session())
		require.ErrorIs(t, err, oauthadapter.ErrSessionEnded, fault)
	}
	v.Set(func(b *authprovidertest.Behavior) { b.RefreshIDToken = "" })

	good := session()
	// What Gitea says of tokens that are of no use, of secrets, and of the rest.
	spent := session()
	_, err = a.Refresh(t.Context(), spent)
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		request oauthadapter.RefreshRequest
		code    string
		words   string
	}{
		"spent":   {spent, "invalid_grant", "unauthorized_client: token was already used"},
		"unknown": {oauthadapter.RefreshRequest{Session: oauthadapter.Session{RefreshToken: "x", Subject: authprovidertest.Jane}}, "invalid_grant", "unauthorized_client: unable to parse refresh token"},
	} {
		result, err := a.Refresh(t.Context(), tt.request)
		require.Nil(t, result)
		var answer *oauthadapter.ProviderError
		require.ErrorAs(t, err, &answer, name)
		require.Equal(t, tt.code, answer.Code, name)
		require.Equal(t, tt.words, answer.Description, name)
	}
	for code, want := range map[string]string{"invalid_request": "invalid_request", "unauthorized_client": "invalid_grant"} {
		v.Set(func(b *authprovidertest.Behavior) { b.TokenFailure = authprovidertest.Failure{Times: 1, Code: code} })
		_, err := a.Refresh(t.Context(), good)
		var answer *oauthadapter.ProviderError
		require.ErrorAs(t, err, &answer)
		require.Equal(t, want, answer.Code)
	}
	v.ReplaceSecret("another secret")
	_, err = a.Refresh(t.Context(), good)
	var answer *oauthadapter.ProviderError
	require.ErrorAs(t, err, &answer)
	require.Equal(t, "invalid_client", answer.Code)
}

func TestResolvers(t *testing.T) {
	rc := authprovidertest.ResolverContext(t,
		authprovider.User{Ref: "user:default/by-id", Annotations: map[string]string{"git.example.com/user-id": "42"}},
		authprovider.User{Ref: "user:default/elsewhere", Annotations: map[string]string{"other.example/user-id": "43"}},
		authprovider.User{Ref: "user:default/jane"}, authprovider.User{Ref: "user:admins/root"},
		authprovider.User{Ref: "user:default/empty", Annotations: map[string]string{"git.example.com/user-id": ""}})
	byID := gitea.UserIDMatchingUserEntityAnnotationWith("git.example.com/user-id")
	for _, tt := range []struct {
		name    string
		resolve authprovider.SignInResolver[gitea.Result]
		claims  string
		want    string
		err     error
	}{
		{"ID", byID, `{"sub":"42"}`, "user:default/by-id", nil},
		{"another instance's ID", byID, `{"sub":"43"}`, "", authprovider.ErrUserNotFound},
		{"no ID", byID, `{}`, "", authprovider.ErrNoMatch},
		{"name", gitea.UsernameMatchingUserEntityName, `{"preferred_username":"jane"}`, "user:default/jane", nil},
		{"no name", gitea.UsernameMatchingUserEntityName, `{"name":"jane"}`, "", authprovider.ErrNoMatch},
		{"a reference for a name", gitea.UsernameMatchingUserEntityName, `{"preferred_username":"user:admins/root"}`, "", authprovider.ErrNotAllowed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := gitea.ParseProfile([]byte(tt.claims))
			require.NoError(t, err)
			id, err := tt.resolve(t.Context(), gitea.SignInInfo{Result: &oauthadapter.Result[gitea.Profile]{FullProfile: p}}, rc)
			require.ErrorIs(t, err, tt.err)
			if tt.err == nil {
				require.Equal(t, tt.want, id.UserRef)
			}
		})
	}
	for _, claims := range []string{`[]`, `null`, `{"groups":"acme"}`, `{"sub":"1","sub":"2"}`} {
		_, err := gitea.ParseProfile([]byte(claims))
		require.Error(t, err, claims)
	}
}
