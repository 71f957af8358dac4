package bitbucketserver_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/bitbucketserver"
)

const (
	secret = "marker-client-secret/+ "

	base         = "https://git.example.com/bitbucket"
	tokenAddress = base + "/rest/oauth2/latest/token"
	whoAddress   = base + "/plugins/servlet/applinks/whoami"
	userAddress  = base + "/rest/api/latest/users/jane"
	jane         = `{"name":"jane","emailAddress":"jane@example.com","active":true,"displayName":"Jane Doe","id":101,"slug":"jane","type":"NORMAL",
"links":{"self":[{"href":"https://git.example.com/bitbucket/users/jane"}]},"avatarUrl":"/bitbucket/users/jane/avatar.png?s=256&v=1"}`
)

func newBitbucket(t testing.TB, people ...authprovidertest.Person) *authprovidertest.Vendor {
	return authprovidertest.NewBitbucketServer(t, authprovidertest.BitbucketServerVendor{BaseURL: base}, authprovidertest.VendorConfig{People: people, ClientSecret: secret})
}

func config(v *authprovidertest.Vendor) bitbucketserver.Config {
	return bitbucketserver.Config{BaseURL: base, ClientID: v.ClientID(), ClientSecret: v.ClientSecret(), HTTPClient: v.Client(), Now: v.Clock.Now}
}

func newAuthenticator(t testing.TB, c bitbucketserver.Config) *bitbucketserver.Authenticator {
	t.Helper()
	a, err := bitbucketserver.New(c)
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

// who answers with a name.
func who(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("X-AUSERNAME", url.PathEscape(name))
		_, _ = io.WriteString(w, name)
	})
}

func TestVendor(t *testing.T) {
	for name, address := range map[string]string{"at the top": "https://bitbucket.example.com", "in a context path": "https://git.example.com:8443/bitbucket"} {
		t.Run(name, func(t *testing.T) {
			v := authprovidertest.NewBitbucketServer(t, authprovidertest.BitbucketServerVendor{BaseURL: address}, authprovidertest.VendorConfig{ClientSecret: secret})
			c := config(v)
			c.BaseURL = address + "/"
			ofHost := c
			ofHost.HTTPClient, ofHost.Now = nil, nil
			authprovidertest.TestVendor(t, authprovidertest.VendorTest[bitbucketserver.Profile]{
				Vendor: v, Handlers: newAuthenticator(t, c), Config: c,
				Provider: func(signIn ...authprovider.SignInResolver[bitbucketserver.Result]) authprovider.ProviderFactory {
					return bitbucketserver.Provider(ofHost, signIn...)
				},
			})
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for want, change := range map[string]func(*bitbucketserver.Config){
		"ClientID is required":                  func(c *bitbucketserver.Config) { c.ClientID = "" },
		"ClientSecret is required":              func(c *bitbucketserver.Config) { c.ClientSecret = "" },
		"BaseURL is required":                   func(c *bitbucketserver.Config) { c.BaseURL = "" },
		`BaseURL "http://git.example.com" must`: func(c *bitbucketserver.Config) { c.BaseURL = "http://git.example.com" },
		`BaseURL "https://git.example.com?x"`:   func(c *bitbucketserver.Config) { c.BaseURL = "https://git.example.com?x" },
	} {
		c := bitbucketserver.Config{BaseURL: base, ClientID: "portal", ClientSecret: secret}
		change(&c)
		_, err := bitbucketserver.New(c)
		require.ErrorContains(t, err, "bitbucketserver: Config."+want)
	}
}

func TestAuthorizationRequest(t *testing.T) {
	v := newBitbucket(t)
	for _, scopes := range [][]string{nil, {"PUBLIC_REPOS"}} {
		address, q, err := authprovidertest.AuthorizationRequest(t, newAuthenticator(t, config(v)), url.Values{"login_hint": {"evil"}}, scopes...)
		require.NoError(t, err)
		require.Equal(t, base+"/rest/oauth2/latest/authorize", address)
		want := url.Values{"client_id": {v.ClientID()}}
		if scopes != nil {
			want["scope"] = scopes
		}
		require.Equal(t, want, q)
	}
}

func TestProfile(t *testing.T) {
	v := newBitbucket(t)
	v.Handle(userAddress, says(200, jane))
	result, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, config(v)))
	require.NoError(t, err)
	require.Equal(t, []string{"POST " + tokenAddress, "GET " + whoAddress, "GET " + userAddress}, v.Requests()[1:])
	require.Equal(t, "101", result.Session.Subject)
	require.Equal(t, authprovider.Profile{DisplayName: "Jane Doe", Email: "jane@example.com", Picture: "https://git.example.com/bitbucket/users/jane/avatar.png?s=256&v=1"}, result.Profile)
	require.Equal(t, "jane", result.FullProfile.Username)

	for raw, want := range map[string]string{"https://avatar.example/j": "https://avatar.example/j", "//avatar.example/j": "https://avatar.example/j",
		"javascript:alert(1)": "", "http://avatar.example/j": "", "%zz": "", "": ""} {
		v.Handle(userAddress, says(200, fmt.Sprintf(`{"name":"jane","id":101,"avatarUrl":%q}`, raw)))
		result, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, config(v)))
		require.NoError(t, err)
		require.Equal(t, want, result.Profile.Picture, raw)
	}
}

// A name is one part of a path, whatever is in it.
func TestOddNames(t *testing.T) {
	for _, name := range []string{"jane@example.com", "100%", "j%61ne", "jane/../admin", "jane?x", "j d", "a.b", "jane#x"} {
		v := newBitbucket(t, authprovidertest.Person{Subject: "7", PreferredUsername: name}, authprovidertest.Person{Subject: "8", PreferredUsername: "jane"},
			authprovidertest.Person{Subject: "9", PreferredUsername: "admin"})
		a := newAuthenticator(t, config(v))
		result, err := authprovidertest.SignInAt(t, v, a)
		require.NoError(t, err, name)
		require.Equal(t, "7", result.Session.Subject)
		v.Handle(whoAddress, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-AUSERNAME", name) })) // the header alone
		result, err = authprovidertest.SignInAt(t, v, a)
		require.NoError(t, err, name)
		require.Equal(t, "7", result.Session.Subject)
	}
}

func TestParseProfile(t *testing.T) {
	p, err := bitbucketserver.ParseProfile([]byte(jane))
	require.NoError(t, err)
	require.Equal(t, "101", p.ID)
	var all map[string]any
	require.NoError(t, p.Claims(&all))
	require.Equal(t, "NORMAL", all["type"])
	for _, bad := range []string{``, `[]`, `{"a":1,"a":2}`, `{"id":"101"}`} {
		_, err := bitbucketserver.ParseProfile([]byte(bad))
		require.ErrorContains(t, err, "bitbucketserver: user: ", bad)
	}
	require.Error(t, bitbucketserver.Profile{}.Claims(&all))
}

// What fails, fails in the class that says whose it is, and without a result.
func TestFailures(t *testing.T) {
	for name, tt := range map[string]struct {
		address string
		answer  http.Handler
		class   error
	}{
		"twins":       {userAddress, says(200, `{"x":1,"X":2}`), authprovider.ErrUnavailable},
		"nobody":      {userAddress, says(200, `{}`), authprovider.ErrAuthentication},
		"anonymous":   {whoAddress, who(""), authprovider.ErrAuthentication},
		"a path":      {whoAddress, who(".."), authprovider.ErrAuthentication},
		"who: outage": {whoAddress, says(503, ``), authprovider.ErrUnavailable},
		"who: limit":  {whoAddress, says(429, ``), authprovider.ErrUnavailable},
		"another's":   {userAddress, says(200, `{"name":"joe","id":102,"active":true}`), authprovider.ErrAuthentication},
		"inactive":    {userAddress, says(200, `{"name":"jane","id":101,"active":false}`), authprovider.ErrNotAllowed},
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
	rc := authprovidertest.ResolverContext(t,
		authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"git.example.com/user-id": "101"}},
		authprovider.User{Ref: "user:default/elsewhere", Annotations: map[string]string{"other.example/user-id": "102"}},
		authprovider.User{Ref: "user:default/empty", Annotations: map[string]string{"git.example.com/user-id": ""}})
	byID := bitbucketserver.UserIDMatchingUserEntityAnnotationWith("git.example.com/user-id")
	for id, want := range map[string]error{"101": nil, "102": authprovider.ErrUserNotFound, "": authprovider.ErrNoMatch} {
		identity, err := byID(t.Context(), bitbucketserver.SignInInfo{Result: &oauthadapter.Result[bitbucketserver.Profile]{
			FullProfile: bitbucketserver.Profile{ID: id, Username: "jane"},
		}}, rc)
		require.ErrorIs(t, err, want)
		if want == nil {
			require.Equal(t, "user:default/jane", identity.UserRef)
		}
	}
}
