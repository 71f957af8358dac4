package bitbucket_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/bitbucket"
)

const (
	authorizeAddress = "https://bitbucket.org/site/oauth2/authorize"
	tokenAddress     = "POST https://bitbucket.org/site/oauth2/access_token"
	userAddress      = "GET https://api.bitbucket.org/2.0/user"
	emailsAddress    = "GET https://api.bitbucket.org/2.0/user/emails"
	jane             = `{"type":"user","uuid":"{ab12}","account_id":"557058:1","username":"jane","nickname":"janey","display_name":"Jane Doe","account_status":"active",
"links":{"avatar":{"href":"https://avatar.example/j"},"html":{"href":"https://bitbucket.org/%7Bab12%7D/"}}}`
	emails = `{"pagelen":10,"size":2,"page":1,"values":[{"type":"email","email":"old@example.com","is_primary":false,"is_confirmed":true},{"type":"email","email":"jane@example.com","is_primary":true,"is_confirmed":true}]}`
)

var config = bitbucket.Config{ClientID: "portal", ClientSecret: clientSecret}

func answers() map[string]func(http.ResponseWriter) {
	return map[string]func(http.ResponseWriter){userAddress: status(200, jane), emailsAddress: status(200, emails)}
}

func authenticated(r *http.Request) bool {
	id, secret, ok := r.BasicAuth()
	return ok && id == "portal" && secret == clientSecret
}

func TestSignIn(t *testing.T) {
	f := newFake()
	result, err := f.signIn(t)
	require.NoError(t, err)
	require.Equal(t, []string{tokenAddress, userAddress, emailsAddress}, f.asked)
	require.Equal(t, "{ab12}", result.Session.Subject)
	require.Equal(t, authprovider.Profile{DisplayName: "Jane Doe", Email: "jane@example.com", EmailVerification: authprovider.EmailVerified, Picture: "https://avatar.example/j"}, result.Profile)
	require.Equal(t, "https://bitbucket.org/%7Bab12%7D/", result.FullProfile.ProfileURL)

	for name, tt := range map[string]struct {
		answer func(http.ResponseWriter)
		want   string
		state  authprovider.EmailVerification
		shown  string
	}{
		"unconfirmed": {status(200, `{"values":[{"email":"boss@example.com","is_primary":true,"is_confirmed":false}]}`), "boss@example.com", authprovider.EmailUnverified, ""},
		"no primary":  {status(200, `{"values":[{"email":"boss@example.com","is_confirmed":true}]}`), "", authprovider.EmailVerificationUnknown, ""},
		"not allowed": {status(403, `{"type":"error","error":{"message":"Your credentials lack one or more required privilege scopes."}}`), "", authprovider.EmailVerificationUnknown, ""},
	} {
		f.set(emailsAddress, tt.answer)
		result, err := f.signIn(t)
		require.NoError(t, err, name)
		require.Equal(t, tt.want, result.FullProfile.Email, name)
		require.Equal(t, tt.state, result.FullProfile.EmailVerified, name)
		require.Equal(t, tt.shown, result.Profile.Email, name)
	}
}

func TestResolvers(t *testing.T) {
	rc := authprovidertest.ResolverContext(t, authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"bitbucket.org/user-id": "{ab12}", "bitbucket.org/username": "jane"}})
	byID, byName := bitbucket.UserIDMatchingUserEntityAnnotation, bitbucket.UsernameMatchingUserEntityAnnotation
	for _, tt := range []struct {
		resolve authprovider.SignInResolver[bitbucket.Result]
		profile bitbucket.Profile
		err     error
	}{
		{byID, bitbucket.Profile{UUID: "{ab12}"}, nil},
		{byID, bitbucket.Profile{UUID: "{AB12}", Username: "jane"}, authprovider.ErrUserNotFound},
		{byID, bitbucket.Profile{Username: "jane"}, authprovider.ErrNoMatch},
		{byName, bitbucket.Profile{Username: "jane"}, nil},
		{byName, bitbucket.Profile{Nickname: "jane"}, authprovider.ErrNoMatch},
	} {
		id, err := tt.resolve(t.Context(), bitbucket.SignInInfo{Result: &oauthadapter.Result[bitbucket.Profile]{FullProfile: tt.profile}}, rc)
		require.ErrorIs(t, err, tt.err)
		require.Equal(t, tt.err == nil, id != nil)
	}
}

func TestConfig(t *testing.T) {
	for field, change := range map[string]func(*bitbucket.Config){
		"ClientID":     func(c *bitbucket.Config) { c.ClientID = "" },
		"ClientSecret": func(c *bitbucket.Config) { c.ClientSecret = "" },
	} {
		c := config
		change(&c)
		_, err := bitbucket.New(c)
		require.ErrorContains(t, err, "bitbucket: Config."+field)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "config", config)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %d", config, config, config, config)+log.String(), clientSecret)
}

func TestParseProfile(t *testing.T) {
	p, err := bitbucket.ParseProfile([]byte(jane))
	require.NoError(t, err)
	var all map[string]any
	require.NoError(t, p.Claims(&all))
	require.NotEmpty(t, all)
	for _, bad := range []string{``, `[]`, `{"a":1,"a":2}`} {
		_, err := bitbucket.ParseProfile([]byte(bad))
		require.ErrorContains(t, err, "bitbucket: user: ")
	}
	require.Error(t, bitbucket.Profile{}.Claims(&all))
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
		"addresses":   {emailsAddress, status(500, ``), authprovider.ErrUnavailable},
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
	f.set(userAddress, status(200, `{"uuid":"{cd34}","username":"jane"}`))
	second, err := f.signIn(t)
	require.NoError(t, err)
	require.NotEqual(t, first.Session.Subject, second.Session.Subject)

	result, err := f.authenticator(t).Refresh(t.Context(), oauthadapter.RefreshRequest{Session: first.Session})
	require.ErrorIs(t, err, oauthadapter.ErrSessionEnded, "the tokens are another person's now")
	require.Nil(t, result)
}

// A resolver of the host's own, behind a ready-made one.
func ExampleProvider() {
	staff := func(ctx context.Context, in bitbucket.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return rc.SignInWithUser(ctx, authprovider.UserQuery{Annotations: map[string]string{"example.com/bitbucket-id": in.Result.FullProfile.UUID}})
	}
	_, err := authprovider.New(authprovider.Config{
		BaseURL: "https://portal.example.com/api/auth",
		Secrets: [][]byte{[]byte("32 bytes from a random generator")},
		Issuer:  hostIssuer{}, // the host's own token issuer
		Providers: map[string]authprovider.ProviderFactory{
			"bitbucket": bitbucket.Provider(bitbucket.Config{ClientID: "portal", ClientSecret: "..."}, bitbucket.UserIDMatchingUserEntityAnnotation, staff),
		},
	})
	fmt.Println(err)
	// Output: <nil>
}

type hostIssuer struct{}

func (hostIssuer) IssueToken(context.Context, authprovider.TokenClaims) (string, error) {
	return "e30.e30.sig", nil
}
