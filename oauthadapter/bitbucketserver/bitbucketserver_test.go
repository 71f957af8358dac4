package bitbucketserver_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/bitbucketserver"
	"example.com/stagedoor/resolver"
)

const (
	authorizeAddress = "https://git.example.com/bitbucket/rest/oauth2/latest/authorize"
	tokenAddress     = "POST https://git.example.com/bitbucket/rest/oauth2/latest/token"
	whoAddress       = "GET https://git.example.com/bitbucket/plugins/servlet/applinks/whoami"
	userAddress      = "GET https://git.example.com/bitbucket/rest/api/latest/users/jane"
	jane             = `{"name":"jane","emailAddress":"jane@example.com","active":true,"displayName":"Jane Doe","id":101,"slug":"jane","type":"NORMAL","avatarUrl":"/bitbucket/users/jane/avatar.png?s=256&v=1"}`
)

var config = bitbucketserver.Config{BaseURL: "https://git.example.com/bitbucket/", ClientID: "portal", ClientSecret: clientSecret}

func answers() map[string]func(http.ResponseWriter) {
	return map[string]func(http.ResponseWriter){whoAddress: who("jane"), userAddress: status(200, jane)}
}

func who(name string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("X-AUSERNAME", url.PathEscape(name))
		_, _ = w.Write([]byte(name))
	}
}

func authenticated(r *http.Request) bool {
	return r.PostForm.Get("client_id") == "portal" && r.PostForm.Get("client_secret") == clientSecret
}

func TestSignIn(t *testing.T) {
	f := newFake()
	result, err := f.signIn(t)
	require.NoError(t, err)
	require.Equal(t, []string{tokenAddress, whoAddress, userAddress}, f.asked)
	require.Equal(t, "101", result.Session.Subject)
	require.Equal(t, authprovider.Profile{DisplayName: "Jane Doe", Email: "jane@example.com", Picture: "https://git.example.com/bitbucket/users/jane/avatar.png?s=256&v=1"}, result.Profile)
	require.Equal(t, "jane", result.FullProfile.Username)

	for raw, want := range map[string]string{"https://avatar.example/j": "https://avatar.example/j", "//avatar.example/j": "https://avatar.example/j",
		"javascript:alert(1)": "", "http://avatar.example/j": "", "%zz": "", "": ""} {
		f.set(userAddress, status(200, fmt.Sprintf(`{"name":"jane","id":101,"avatarUrl":%q}`, raw)))
		result, err := f.signIn(t)
		require.NoError(t, err)
		require.Equal(t, want, result.Profile.Picture, raw)
	}
}

// A name is one part of a path, whatever is in it.
func TestOddNames(t *testing.T) {
	for name, path := range map[string]string{"jane@example.com": "jane@example.com", "100%": "100%25", "j%61ne": "j%2561ne", "jane/../admin": "jane%2F..%2Fadmin", "jane?x": "jane%3Fx", "j d": "j%20d", "a.b": "a.b"} {
		f := newFake()
		f.set(whoAddress, who(name))
		f.set("GET https://git.example.com/bitbucket/rest/api/latest/users/"+path, status(200, fmt.Sprintf(`{"id":7,"name":%q}`, name)))
		result, err := f.signIn(t)
		require.NoError(t, err, name)
		require.Equal(t, "7", result.Session.Subject)
		f.set(whoAddress, func(w http.ResponseWriter) { w.Header().Set("X-AUSERNAME", name) }) // the header alone
		result, err = f.signIn(t)
		require.NoError(t, err, name)
		require.Equal(t, "7", result.Session.Subject)
	}
}

func TestConfig(t *testing.T) {
	for field, change := range map[string]func(*bitbucketserver.Config){
		"ClientID":                              func(c *bitbucketserver.Config) { c.ClientID = "" },
		"ClientSecret":                          func(c *bitbucketserver.Config) { c.ClientSecret = "" },
		"BaseURL is":                            func(c *bitbucketserver.Config) { c.BaseURL = "" },
		`BaseURL "http://git.example.com" must`: func(c *bitbucketserver.Config) { c.BaseURL = "http://git.example.com" },
		`BaseURL "https://git.example.com?x"`:   func(c *bitbucketserver.Config) { c.BaseURL = "https://git.example.com?x" },
	} {
		c := config
		change(&c)
		_, err := bitbucketserver.New(c)
		require.ErrorContains(t, err, "bitbucketserver: Config."+field)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "config", config)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %d", config, config, config, config)+log.String(), clientSecret)
}

func TestParseProfile(t *testing.T) {
	p, err := bitbucketserver.ParseProfile([]byte(jane))
	require.NoError(t, err)
	var all map[string]any
	require.NoError(t, p.Claims(&all))
	require.NotEmpty(t, all)
	for _, bad := range []string{``, `[]`, `{"a":1,"a":2}`} {
		_, err := bitbucketserver.ParseProfile([]byte(bad))
		require.ErrorContains(t, err, "bitbucketserver: user: ")
	}
	require.Error(t, bitbucketserver.Profile{}.Claims(&all))
}

// What fails, fails in the class that says whose it is, and without a result.
func TestFailures(t *testing.T) {
	for name, tt := range map[string]struct {
		address string
		answer  func(http.ResponseWriter)
		class   error
	}{
		"outage":      {userAddress, status(503, ``), authprovider.ErrUnavailable},
		"rate limit":  {userAddress, status(429, `{}`), authprovider.ErrUnavailable},
		"token limit": {tokenAddress, status(429, `{}`), authprovider.ErrUnavailable},
		"no JSON":     {userAddress, status(200, `<html>`), authprovider.ErrUnavailable},
		"twins":       {userAddress, status(200, `{"x":1,"X":2}`), authprovider.ErrUnavailable},
		"nobody":      {userAddress, status(200, `{}`), authprovider.ErrAuthentication},
		"anonymous":   {whoAddress, who(""), authprovider.ErrAuthentication},
		"a path":      {whoAddress, who(".."), authprovider.ErrAuthentication},
		"another's":   {userAddress, status(200, `{"name":"joe","id":102,"active":true}`), authprovider.ErrAuthentication},
		"inactive":    {userAddress, status(200, `{"name":"jane","id":101,"active":false}`), authprovider.ErrNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			f.set(tt.address, tt.answer)
			result, err := f.signIn(t)
			require.ErrorIs(t, err, tt.class)
			require.Nil(t, result)
		})
	}
}

func TestTwoPeople(t *testing.T) {
	f := newFake()
	first, err := f.signIn(t)
	require.NoError(t, err)
	f.set(userAddress, status(200, `{"name":"jane","id":102}`))
	second, err := f.signIn(t)
	require.NoError(t, err)
	require.NotEqual(t, first.Session.Subject, second.Session.Subject)

	result, err := f.authenticator(t).Refresh(t.Context(), oauthadapter.RefreshRequest{Session: first.Session})
	require.ErrorIs(t, err, oauthadapter.ErrSessionEnded, "the tokens are another person's now")
	require.Nil(t, result)
}

// A resolver of the host's own, and a ready-made one behind it.
func ExampleProvider() {
	staff := func(ctx context.Context, in bitbucketserver.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return rc.SignInWithUser(ctx, authprovider.UserQuery{Annotations: map[string]string{"example.com/bitbucket-id": in.Result.FullProfile.ID}})
	}
	_, err := authprovider.New(authprovider.Config{
		BaseURL: "https://portal.example.com/api/auth",
		Secrets: [][]byte{[]byte("32 bytes from a random generator")},
		Issuer:  hostIssuer{}, // the host's own token issuer
		Providers: map[string]authprovider.ProviderFactory{
			"bitbucketserver": bitbucketserver.Provider(bitbucketserver.Config{BaseURL: "https://git.example.com", ClientID: "portal", ClientSecret: "..."}, staff, resolver.EmailMatchingUserEntityProfileEmail),
		},
	})
	fmt.Println(err)
	// Output: <nil>
}

type hostIssuer struct{}

func (hostIssuer) IssueToken(context.Context, authprovider.TokenClaims) (string, error) {
	return "e30.e30.sig", nil
}
