package atlassian_test

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
	"example.com/stagedoor/oauthadapter/atlassian"
	"example.com/stagedoor/resolver"
)

const (
	authorizeAddress = "https://auth.atlassian.com/authorize"
	tokenAddress     = "POST https://auth.atlassian.com/oauth/token"
	userAddress      = "GET https://api.atlassian.com/me"
	jane             = `{"account_type":"atlassian","account_id":"112233aa-bb11","email":"jane@example.com","name":"Jane Doe","picture":"https://avatar.example/j","account_status":"active","nickname":"jane"}`
)

var config = atlassian.Config{ClientID: "portal", ClientSecret: clientSecret}

func answers() map[string]func(http.ResponseWriter) {
	return map[string]func(http.ResponseWriter){userAddress: status(200, jane)}
}

func authenticated(r *http.Request) bool {
	return r.PostForm.Get("client_id") == "portal" && r.PostForm.Get("client_secret") == clientSecret
}

func TestSignIn(t *testing.T) {
	f := newFake()
	result, err := f.signIn(t)
	require.NoError(t, err)
	require.Equal(t, []string{tokenAddress, userAddress}, f.asked)
	require.Equal(t, "112233aa-bb11", result.Session.Subject)
	require.Equal(t, authprovider.Profile{DisplayName: "Jane Doe", Email: "jane@example.com", Picture: "https://avatar.example/j"}, result.Profile)

	start, err := f.authenticator(t).Start(t.Context(), oauthadapter.StartRequest{State: "s", CodeChallenge: "c", Scopes: []string{"read:me", "offline_access"}})
	require.NoError(t, err)
	u, err := url.Parse(start.URL)
	require.NoError(t, err)
	require.Equal(t, "api.atlassian.com", u.Query().Get("audience"))
	require.Equal(t, "consent", u.Query().Get("prompt"))
	require.Equal(t, []string{"offline_access", "read:me"}, f.authenticator(t).RequiredScopes())

	for body, want := range map[string]authprovider.Profile{
		`{"account_id":"1","email":"j@x.example","email_verified":true,"nickname":"j"}`:  {DisplayName: "j", Email: "j@x.example", EmailVerification: authprovider.EmailVerified},
		`{"account_id":"1","email":"j@x.example","email_verified":false,"nickname":"j"}`: {DisplayName: "j"},
		`{"account_id":"1","email_verified":true,"name":"J"}`:                            {DisplayName: "J"},
	} {
		f.set(userAddress, status(200, body))
		result, err := f.signIn(t)
		require.NoError(t, err)
		require.Equal(t, want, result.Profile)
	}
}

func TestConfig(t *testing.T) {
	for field, change := range map[string]func(*atlassian.Config){
		"ClientID":     func(c *atlassian.Config) { c.ClientID = "" },
		"ClientSecret": func(c *atlassian.Config) { c.ClientSecret = "" },
	} {
		c := config
		change(&c)
		_, err := atlassian.New(c)
		require.ErrorContains(t, err, "atlassian: Config."+field)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "config", config)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %d", config, config, config, config)+log.String(), clientSecret)
}

func TestParseProfile(t *testing.T) {
	p, err := atlassian.ParseProfile([]byte(jane))
	require.NoError(t, err)
	var all map[string]any
	require.NoError(t, p.Claims(&all))
	require.NotEmpty(t, all)
	for _, bad := range []string{``, `[]`, `{"a":1,"a":2}`} {
		_, err := atlassian.ParseProfile([]byte(bad))
		require.ErrorContains(t, err, "atlassian: user: ")
	}
	require.Error(t, atlassian.Profile{}.Claims(&all))
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
		"closed":      {userAddress, status(200, `{"account_id":"1","account_status":"closed"}`), authprovider.ErrNotAllowed},
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
	f.set(userAddress, status(200, `{"account_id":"112233AA-BB11","nickname":"jane"}`))
	second, err := f.signIn(t)
	require.NoError(t, err)
	require.NotEqual(t, first.Session.Subject, second.Session.Subject)

	result, err := f.authenticator(t).Refresh(t.Context(), oauthadapter.RefreshRequest{Session: first.Session})
	require.ErrorIs(t, err, oauthadapter.ErrSessionEnded, "the tokens are another person's now")
	require.Nil(t, result)
}

// A resolver of the host's own, and a ready-made one behind it.
func ExampleProvider() {
	staff := func(ctx context.Context, in atlassian.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return rc.SignInWithUser(ctx, authprovider.UserQuery{Annotations: map[string]string{"example.com/atlassian-account": in.Result.FullProfile.AccountID}})
	}
	_, err := authprovider.New(authprovider.Config{
		BaseURL: "https://portal.example.com/api/auth",
		Secrets: [][]byte{[]byte("32 bytes from a random generator")},
		Issuer:  hostIssuer{}, // the host's own token issuer
		Providers: map[string]authprovider.ProviderFactory{
			"atlassian": atlassian.Provider(atlassian.Config{ClientID: "portal", ClientSecret: "..."}, staff, resolver.EmailMatchingUserEntityProfileEmail),
		},
	})
	fmt.Println(err)
	// Output: <nil>
}

type hostIssuer struct{}

func (hostIssuer) IssueToken(context.Context, authprovider.TokenClaims) (string, error) {
	return "e30.e30.sig", nil
}
