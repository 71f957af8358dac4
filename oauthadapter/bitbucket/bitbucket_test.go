package bitbucket_test

import (
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/bitbucket"
)

const (
	secret        = "marker-client-secret/+ "
	tokenAddress  = "https://bitbucket.org/site/oauth2/access_token"
	userAddress   = "https://api.bitbucket.org/2.0/user"
	emailsAddress = "https://api.bitbucket.org/2.0/user/emails"
	jane          = `{"type":"user","uuid":"{ab12}","account_id":"557058:1","username":"jane","nickname":"janey","display_name":"Jane Doe","account_status":"active",
"links":{"avatar":{"href":"https://avatar.example/j"},"html":{"href":"https://bitbucket.org/%7Bab12%7D/"}}}`
)

func newBitbucket(t testing.TB, people ...authprovidertest.Person) *authprovidertest.Vendor {
	return authprovidertest.NewBitbucket(t, authprovidertest.VendorConfig{People: people, ClientSecret: secret})
}

func config(v *authprovidertest.Vendor) bitbucket.Config {
	return bitbucket.Config{ClientID: v.ClientID(), ClientSecret: v.ClientSecret(), HTTPClient: v.Client(), Now: v.Clock.Now}
}

func newAuthenticator(t testing.TB, c bitbucket.Config) *bitbucket.Authenticator {
	t.Helper()
	a, err := bitbucket.New(c)
	require.NoError(t, err)
	return a
}

// says answers with JSON.
func says(status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func TestVendor(t *testing.T) {
	for name, scopes := range map[string][]string{"with addresses": {"email"}, "without": nil} {
		t.Run(name, func(t *testing.T) {
			v := newBitbucket(t)
			c := config(v)
			ofHost := c
			ofHost.HTTPClient, ofHost.Now = nil, nil
			authprovidertest.TestVendor(t, authprovidertest.VendorTest[bitbucket.Profile]{
				Vendor: v, Handlers: newAuthenticator(t, c), Config: c, Scopes: scopes,
				Provider: func(signIn ...authprovider.SignInResolver[bitbucket.Result]) authprovider.ProviderFactory {
					return bitbucket.Provider(ofHost, signIn...)
				},
			})
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for field, change := range map[string]func(*bitbucket.Config){
		"ClientID":     func(c *bitbucket.Config) { c.ClientID = "" },
		"ClientSecret": func(c *bitbucket.Config) { c.ClientSecret = "" },
	} {
		c := bitbucket.Config{ClientID: "portal", ClientSecret: secret}
		change(&c)
		_, err := bitbucket.New(c)
		require.ErrorContains(t, err, "bitbucket: Config."+field+" is required")
	}
}

func TestAuthorizationRequest(t *testing.T) {
	v := newBitbucket(t)
	address, q, err := authprovidertest.AuthorizationRequest(t, newAuthenticator(t, config(v)), url.Values{"login_hint": {"evil"}})
	require.NoError(t, err)
	require.Equal(t, "https://bitbucket.org/site/oauth2/authorize", address)
	require.Equal(t, url.Values{"client_id": {v.ClientID()}, "scope": {"account"}}, q)
}

func TestProfile(t *testing.T) {
	for name, tt := range map[string]struct {
		emails http.Handler
		want   string
		state  authprovider.EmailVerification
		shown  string
	}{
		"confirmed": {says(200, `{"pagelen":10,"size":2,"page":1,"values":[{"type":"email","email":"old@example.com","is_primary":false,"is_confirmed":true},
			{"type":"email","email":"jane@example.com","is_primary":true,"is_confirmed":true}]}`), "jane@example.com", authprovider.EmailVerified, "jane@example.com"},
		"unconfirmed": {says(200, `{"values":[{"email":"boss@example.com","is_primary":true,"is_confirmed":false}]}`), "boss@example.com", authprovider.EmailUnverified, ""},
		"no primary":  {says(200, `{"values":[{"email":"boss@example.com","is_confirmed":true}]}`), "", authprovider.EmailVerificationUnknown, ""},
		"not there":   {says(404, `{"type":"error"}`), "", authprovider.EmailVerificationUnknown, ""},
		"not allowed": {nil, "", authprovider.EmailVerificationUnknown, ""}, // the fake's own answer without the scope
	} {
		t.Run(name, func(t *testing.T) {
			v := newBitbucket(t)
			v.Handle(userAddress, says(200, jane))
			if tt.emails != nil {
				v.Handle(emailsAddress, tt.emails)
			}
			result, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, config(v)))
			require.NoError(t, err)
			require.Equal(t, "{ab12}", result.Session.Subject)
			require.Equal(t, tt.want, result.FullProfile.Email)
			require.Equal(t, tt.state, result.FullProfile.EmailVerified)
			require.Equal(t, "https://bitbucket.org/%7Bab12%7D/", result.FullProfile.ProfileURL)
			want := authprovider.Profile{DisplayName: "Jane Doe", Picture: "https://avatar.example/j", Email: tt.shown}
			if tt.shown != "" {
				want.EmailVerification = tt.state
			}
			require.Equal(t, want, result.Profile)
			require.Equal(t, []string{"POST " + tokenAddress, "GET " + userAddress, "GET " + emailsAddress}, v.Requests()[1:])
		})
	}
}

func TestParseProfile(t *testing.T) {
	p, err := bitbucket.ParseProfile([]byte(jane))
	require.NoError(t, err)
	require.Equal(t, "{ab12}", p.UUID)
	require.Equal(t, "557058:1", p.AccountID)
	var all map[string]any
	require.NoError(t, p.Claims(&all))
	require.Equal(t, "active", all["account_status"])
	for _, bad := range []string{``, `[]`, `{"a":1,"a":2}`, `{"uuid":7}`} {
		_, err := bitbucket.ParseProfile([]byte(bad))
		require.ErrorContains(t, err, "bitbucket: user: ", bad)
	}
	require.Error(t, bitbucket.Profile{}.Claims(&all))
}

// What fails, fails in the class that says whose it is, and without a result.
func TestFailures(t *testing.T) {
	for name, tt := range map[string]struct {
		address string
		answer  http.Handler
		class   error
	}{
		"twins":          {userAddress, says(200, `{"x":1,"X":2}`), authprovider.ErrUnavailable},
		"nobody":         {userAddress, says(200, `{}`), authprovider.ErrAuthentication},
		"addresses":      {emailsAddress, says(500, ``), authprovider.ErrUnavailable},
		"odd addresses":  {emailsAddress, says(200, `{"values":"jane@example.com"}`), authprovider.ErrUnavailable},
		"addresses: 429": {emailsAddress, says(429, `{}`), authprovider.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			v := newBitbucket(t)
			v.Handle(tt.address, tt.answer)
			result, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, config(v)))
			require.ErrorIs(t, err, tt.class)
			require.Nil(t, result)
		})
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
