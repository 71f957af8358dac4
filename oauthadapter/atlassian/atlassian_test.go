package atlassian_test

import (
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/atlassian"
)

const (
	secret       = "marker-client-secret/+ "
	tokenAddress = "https://auth.atlassian.com/oauth/token"
	userAddress  = "https://api.atlassian.com/me"
	// The documented answer, but for the values.
	mia = `{"account_type":"atlassian","account_id":"112233aa-bb11-cc22-33dd-445566abcabc","email":"mia@example.com","name":"Mia Krystof",
"picture":"https://avatar.example/mia","account_status":"active","nickname":"mkrystof","zoneinfo":"Australia/Sydney","locale":"en-US",
"extended_profile":{"job_title":"Designer","organization":"mia@example.com","department":"Design team","location":"Sydney"}}`
)

func newAtlassian(t testing.TB, people ...authprovidertest.Person) *authprovidertest.Vendor {
	return authprovidertest.NewAtlassian(t, authprovidertest.VendorConfig{People: people, ClientSecret: secret})
}

func config(v *authprovidertest.Vendor) atlassian.Config {
	return atlassian.Config{ClientID: v.ClientID(), ClientSecret: v.ClientSecret(), HTTPClient: v.Client(), Now: v.Clock.Now}
}

func newAuthenticator(t testing.TB, c atlassian.Config) *atlassian.Authenticator {
	t.Helper()
	a, err := atlassian.New(c)
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
	v := newAtlassian(t)
	c := config(v)
	ofHost := c
	ofHost.HTTPClient, ofHost.Now = nil, nil
	authprovidertest.TestVendor(t, authprovidertest.VendorTest[atlassian.Profile]{
		Vendor: v, Handlers: newAuthenticator(t, c), Config: c,
		Provider: func(signIn ...authprovider.SignInResolver[atlassian.Result]) authprovider.ProviderFactory {
			return atlassian.Provider(ofHost, signIn...)
		},
	})
}

func TestNewRefuses(t *testing.T) {
	for field, change := range map[string]func(*atlassian.Config){
		"ClientID":     func(c *atlassian.Config) { c.ClientID = "" },
		"ClientSecret": func(c *atlassian.Config) { c.ClientSecret = "" },
	} {
		c := atlassian.Config{ClientID: "portal", ClientSecret: secret}
		change(&c)
		_, err := atlassian.New(c)
		require.ErrorContains(t, err, "atlassian: Config."+field+" is required")
	}
}

func TestAuthorizationRequest(t *testing.T) {
	v := newAtlassian(t)
	address, q, err := authprovidertest.AuthorizationRequest(t, newAuthenticator(t, config(v)), url.Values{"audience": {"evil"}, "prompt": {"none"}})
	require.NoError(t, err)
	require.Equal(t, "https://auth.atlassian.com/authorize", address)
	require.Equal(t, url.Values{"client_id": {v.ClientID()}, "audience": {"api.atlassian.com"}, "prompt": {"consent"}, "scope": {"offline_access read:me"}}, q)
}

func TestProfile(t *testing.T) {
	for body, want := range map[string]authprovider.Profile{
		mia: {DisplayName: "Mia Krystof", Email: "mia@example.com", Picture: "https://avatar.example/mia"},
		`{"account_id":"1","email":"j@x.example","email_verified":true,"nickname":"j"}`:  {DisplayName: "j", Email: "j@x.example", EmailVerification: authprovider.EmailVerified},
		`{"account_id":"1","email":"j@x.example","email_verified":false,"nickname":"j"}`: {DisplayName: "j"},
		`{"account_id":"1","email_verified":true,"name":"J"}`:                            {DisplayName: "J"},
	} {
		v := newAtlassian(t)
		v.Handle(userAddress, says(http.StatusOK, body))
		result, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, config(v)))
		require.NoError(t, err)
		require.Equal(t, want, result.Profile)
		require.Equal(t, result.FullProfile.AccountID, result.Session.Subject)
		require.Equal(t, []string{"POST " + tokenAddress, "GET " + userAddress}, v.Requests()[1:])
	}
}

func TestParseProfile(t *testing.T) {
	p, err := atlassian.ParseProfile([]byte(mia))
	require.NoError(t, err)
	require.Equal(t, "112233aa-bb11-cc22-33dd-445566abcabc", p.AccountID)
	require.Equal(t, "mkrystof", p.Nickname)
	var all struct {
		Extended struct {
			Title string `json:"job_title"`
		} `json:"extended_profile"`
	}
	require.NoError(t, p.Claims(&all))
	require.Equal(t, "Designer", all.Extended.Title)
	for _, bad := range []string{``, `[]`, `{"a":1,"a":2}`, `{"account_id":7}`} {
		_, err := atlassian.ParseProfile([]byte(bad))
		require.ErrorContains(t, err, "atlassian: user: ", bad)
	}
	require.Error(t, atlassian.Profile{}.Claims(&all))
}

// What fails, fails in the class that says whose it is, and without a result.
func TestFailures(t *testing.T) {
	for name, tt := range map[string]struct {
		answer string
		class  error
	}{
		"twins":        {`{"x":1,"X":2}`, authprovider.ErrUnavailable},
		"nobody":       {`{}`, authprovider.ErrAuthentication},
		"closed":       {`{"account_id":"1","account_status":"closed"}`, authprovider.ErrNotAllowed},
		"inactive":     {`{"account_id":"1","account_status":"inactive"}`, authprovider.ErrNotAllowed},
		"another form": {`{"account_id":1}`, authprovider.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			v := newAtlassian(t)
			v.Handle(userAddress, says(http.StatusOK, tt.answer))
			result, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, config(v)))
			require.ErrorIs(t, err, tt.class)
			require.Nil(t, result)
		})
	}
}

// Atlassian says of a refresh token that was spent what others say of a client.
func TestSpentRefreshToken(t *testing.T) {
	v := newAtlassian(t)
	a := newAuthenticator(t, config(v))
	result, err := authprovidertest.SignInAt(t, v, a)
	require.NoError(t, err)
	req := oauthadapter.RefreshRequest{Session: result.Session}
	_, err = a.Refresh(t.Context(), req)
	require.NoError(t, err)
	_, err = a.Refresh(t.Context(), req)
	var answer *oauthadapter.ProviderError
	require.ErrorAs(t, err, &answer)
	require.Equal(t, "invalid_grant", answer.Code)
	require.Contains(t, answer.Description, "unauthorized_client: refresh_token is invalid")
}

func TestResolvers(t *testing.T) {
	rc := authprovidertest.ResolverContext(t,
		authprovider.User{Ref: "user:default/mia", Annotations: map[string]string{"acme.example/atlassian-id": "112233aa-bb11"}},
		authprovider.User{Ref: "user:default/empty", Annotations: map[string]string{"acme.example/atlassian-id": ""}})
	byID := atlassian.UserIDMatchingUserEntityAnnotationWith("acme.example/atlassian-id")
	for id, want := range map[string]error{"112233aa-bb11": nil, "112233AA-BB11": authprovider.ErrUserNotFound, "": authprovider.ErrNoMatch} {
		identity, err := byID(t.Context(), atlassian.SignInInfo{Result: &oauthadapter.Result[atlassian.Profile]{
			FullProfile: atlassian.Profile{AccountID: id, Nickname: "mia", Email: "mia@example.com"},
		}}, rc)
		require.ErrorIs(t, err, want)
		if want == nil {
			require.Equal(t, "user:default/mia", identity.UserRef)
		}
	}
}
