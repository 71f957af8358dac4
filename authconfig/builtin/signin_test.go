package builtin_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authconfig/builtin"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter/github"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// signIn signs Jane in at a fake GitHub through a host whose configuration names the resolver, and returns status and user.
func signIn(t *testing.T, p authconfig.Provider, resolver string, users ...authprovider.User) (int, string) {
	t.Helper()
	vendor := authprovidertest.NewGitHub(t, authprovidertest.GitHubVendor{}, authprovidertest.VendorConfig{})
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	vendor.AllowRedirect(server.URL + "/api/auth/github/handler/frame")
	c, err := authconfig.Load(authconfig.Source{
		Files: []string{"a.yaml"},
		FS: fstest.MapFS{"a.yaml": {Data: []byte("app: {baseUrl: '${BASE}'}\nbackend: {baseUrl: '${BASE}'}\nauth: {providers: {github: {development: {clientId: '${ID}', clientSecret: '${SECRET}', " +
			"additionalScopes: user:email, sessionDuration: 1h" + resolver + "}}}}\n")}},
		Env: func(name string) (string, bool) {
			v, ok := map[string]string{"BASE": server.URL, "ID": vendor.ClientID(), "SECRET": vendor.ClientSecret()}[name]
			return v, ok
		},
		Providers: authconfig.Registry{"github": p},
	})
	require.NoError(t, err)
	c.Auth.HTTPClient, c.Auth.Users = vendor.Client(), memcatalog.New(users...)
	c.Auth.Issuer, err = tokenissuer.New(c.Issuer)
	require.NoError(t, err)
	auth, err := authprovider.New(c.Auth)
	require.NoError(t, err)
	mux.Handle("/api/auth/", auth)

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(path string) *http.Response {
		r, err := http.NewRequest(http.MethodGet, server.URL+"/api/auth/github/"+path, nil)
		require.NoError(t, err)
		r.Header.Set("X-Requested-With", "XMLHttpRequest")
		resp, err := browser.Do(r)
		require.NoError(t, err)
		t.Cleanup(func() { _ = resp.Body.Close() })
		return resp
	}
	start := get("start?env=development&origin=" + url.QueryEscape(server.URL))
	require.Equal(t, http.StatusFound, start.StatusCode)
	frame := get("handler/frame?" + vendor.SignIn(t, start.Header.Get("Location")).Encode())
	for _, cookie := range frame.Cookies() {
		require.LessOrEqual(t, cookie.MaxAge, 3600, "sessionDuration is an hour: %s", cookie.Name)
	}
	refresh := get("refresh?env=development")
	var answer struct {
		Profile           struct{ DisplayName string }
		BackstageIdentity struct {
			Identity struct{ UserEntityRef string }
		}
	}
	require.NoError(t, json.NewDecoder(refresh.Body).Decode(&answer))
	if answer.Profile.DisplayName == "Dr. Doe" {
		return refresh.StatusCode, answer.Profile.DisplayName
	}
	return refresh.StatusCode, answer.BackstageIdentity.Identity.UserEntityRef
}

func named(options string) string { return ", signIn: {resolvers: [{resolver: " + options + "}]}" }

func TestSignInByNamedResolvers(t *testing.T) {
	jane := authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"}
	for name, row := range map[string]struct {
		resolver string
		users    []authprovider.User
		status   int
		user     string
	}{
		"user name":                    {named("usernameMatchingUserEntityName"), []authprovider.User{jane}, 200, "user:default/jane"},
		"user name, unknown":           {named("usernameMatchingUserEntityName"), nil, 401, ""},
		"user name, unknown, welcome":  {named("usernameMatchingUserEntityName, dangerouslyAllowSignInWithoutUserInCatalog: true"), nil, 200, "user:default/jane"},
		"user name of another company": {named("usernameMatchingUserEntityName, allowedDomains: [elsewhere.example]"), []authprovider.User{jane}, 401, ""},
		"e-mail":                       {named("emailMatchingUserEntityProfileEmail, allowedDomains: [example.com]"), []authprovider.User{jane}, 200, "user:default/jane"},
		"e-mail of another company":    {named("emailMatchingUserEntityProfileEmail, allowedDomains: [elsewhere.example]"), []authprovider.User{jane}, 401, ""},
		"local part":                   {named("emailLocalPartMatchingUserEntityName"), []authprovider.User{jane}, 200, "user:default/jane"},
		"local part of another": {named("emailLocalPartMatchingUserEntityName"),
			[]authprovider.User{{Ref: "user:default/jane", Email: "jane@elsewhere.example"}}, 401, ""},
		"the second": {", signIn: {resolvers: [{resolver: userIdMatchingUserEntityAnnotation}, {resolver: usernameMatchingUserEntityName}]}", []authprovider.User{jane}, 200, "user:default/jane"},
	} {
		t.Run(name, func(t *testing.T) {
			status, user := signIn(t, builtin.GitHub(github.Config{}), row.resolver, row.users...)
			require.Equal(t, row.user, user)
			require.Equal(t, row.status, status)
		})
	}
}

func TestSignInByCode(t *testing.T) {
	jane := authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"}
	status, user := signIn(t, builtin.GitHub(github.Config{}, github.UsernameMatchingUserEntityName), "", jane)
	require.Equal(t, 200, status)
	require.Equal(t, "user:default/jane", user)

	c := github.Config{}
	c.Options.ProfileTransform = func(context.Context, github.Result, *authprovider.ResolverContext) (authprovider.Profile, error) {
		return authprovider.Profile{DisplayName: "Dr. Doe"}, nil
	}
	status, name := signIn(t, builtin.GitHub(c), named("usernameMatchingUserEntityName"), jane)
	require.Equal(t, 200, status)
	require.Equal(t, "Dr. Doe", name, "a transform in code goes with a resolver in the file")
}
