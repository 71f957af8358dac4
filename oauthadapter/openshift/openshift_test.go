package openshift_test

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/openshift"
)

const (
	secret = "marker-client-secret/+ "

	oauthURL      = "https://oauth-openshift.apps.example.com"
	apiURL        = "https://api.example.com:6443"
	tokenAddress  = oauthURL + "/oauth/token"
	userAddress   = apiURL + "/apis/user.openshift.io/v1/users/~"
	tokensAddress = apiURL + "/apis/oauth.openshift.io/v1/oauthaccesstokens/"
	jane          = `{"kind":"User","apiVersion":"user.openshift.io/v1","metadata":{"name":"jane","uid":"0d3c8c4e-6f0b-4d8e-9f35-0a1b2c3d4e5f","resourceVersion":"1",
"managedFields":[{"manager":"oauth-server","operation":"Update","fieldsV1":{"f:fullName":{},"f:identities":{}}}]},"fullName":"Jane Doe","identities":["ldap:cn=jane"],"groups":null}`
)

func newCluster(t testing.TB, people ...authprovidertest.Person) *authprovidertest.Vendor {
	return authprovidertest.NewOpenShift(t, authprovidertest.OpenShiftVendor{}, authprovidertest.VendorConfig{People: people, ClientSecret: secret})
}

func config(v *authprovidertest.Vendor) openshift.Config {
	return openshift.Config{OAuthURL: oauthURL, APIURL: apiURL, ClientID: v.ClientID(), ClientSecret: v.ClientSecret(), HTTPClient: v.Client(), Now: v.Clock.Now}
}

func newAuthenticator(t testing.TB, c openshift.Config) *openshift.Authenticator {
	t.Helper()
	a, err := openshift.New(c)
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
	v := newCluster(t)
	c := config(v)
	ofHost := c
	ofHost.HTTPClient, ofHost.Now = nil, nil
	authprovidertest.TestVendor(t, authprovidertest.VendorTest[openshift.Profile]{
		Vendor: v, Handlers: newAuthenticator(t, c), Config: c,
		Provider: func(signIn ...authprovider.SignInResolver[openshift.Result]) authprovider.ProviderFactory {
			return openshift.Provider(ofHost, signIn...)
		},
	})
}

func TestNewRefuses(t *testing.T) {
	for want, change := range map[string]func(*openshift.Config){
		"OAuthURL is required":                func(c *openshift.Config) { c.OAuthURL = "" },
		`OAuthURL "http://a.example" must`:    func(c *openshift.Config) { c.OAuthURL = "http://a.example" },
		`OAuthURL "https://a.example?b" must`: func(c *openshift.Config) { c.OAuthURL = "https://a.example?b" },
		"APIURL is required":                  func(c *openshift.Config) { c.APIURL = "" },
		`APIURL "http://a.example" must`:      func(c *openshift.Config) { c.APIURL = "http://a.example" },
		"ClientID is required":                func(c *openshift.Config) { c.ClientID = "" },
		"ClientSecret is required":            func(c *openshift.Config) { c.ClientSecret = "" },
	} {
		c := openshift.Config{OAuthURL: oauthURL, APIURL: apiURL, ClientID: "portal", ClientSecret: secret}
		change(&c)
		_, err := openshift.New(c)
		require.ErrorContains(t, err, "openshift: Config."+want)
	}
}

func TestAuthorizationRequest(t *testing.T) {
	v := newCluster(t)
	for scope, identityOnly := range map[string]bool{"user:full": false, "user:info": true} {
		c := config(v)
		c.OAuthURL, c.IdentityOnly = oauthURL+"/", identityOnly
		address, q, err := authprovidertest.AuthorizationRequest(t, newAuthenticator(t, c), url.Values{"idp": {"evil"}})
		require.NoError(t, err)
		require.Equal(t, oauthURL+"/oauth/authorize", address)
		require.Equal(t, url.Values{"client_id": {v.ClientID()}, "scope": {scope}}, q)
	}
}

func TestProfile(t *testing.T) {
	v := newCluster(t)
	a := newAuthenticator(t, config(v))
	v.Handle(userAddress, says(http.StatusOK, jane))
	result, err := authprovidertest.SignInAt(t, v, a)
	require.NoError(t, err)
	require.Equal(t, []string{"POST " + tokenAddress, "GET " + userAddress}, v.Requests()[1:])
	require.Equal(t, "0d3c8c4e-6f0b-4d8e-9f35-0a1b2c3d4e5f", result.Session.Subject)
	require.Equal(t, v.Clock.Now().Add(24*time.Hour), result.Session.ExpiresAt)
	require.Empty(t, result.Session.RefreshToken)
	require.Equal(t, authprovider.Profile{DisplayName: "Jane Doe"}, result.Profile)
	require.Equal(t, []string{"ldap:cn=jane"}, result.FullProfile.Identities)

	v.Handle(userAddress, says(http.StatusOK, `{"metadata":{"name":"jane","uid":"1"},"identities":null}`))
	result, err = authprovidertest.SignInAt(t, v, a)
	require.NoError(t, err)
	require.Equal(t, authprovider.Profile{DisplayName: "jane"}, result.Profile)
}

// What fails, fails in the class that says whose it is, and without a result.
func TestFailures(t *testing.T) {
	for name, tt := range map[string]struct {
		answer string
		class  error
	}{
		"twins":                 {`{"metadata":{"uid":"1","UID":"2"}}`, authprovider.ErrUnavailable},
		"nobody":                {`{}`, authprovider.ErrAuthentication},
		"the virtual kubeadmin": {`{"metadata":{"name":"kube:admin"},"groups":["system:authenticated","system:cluster-admins"]}`, authprovider.ErrAuthentication},
	} {
		t.Run(name, func(t *testing.T) {
			v := newCluster(t)
			v.Handle(userAddress, says(http.StatusOK, tt.answer))
			result, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, config(v)))
			require.ErrorIs(t, err, tt.class)
			require.Nil(t, result)
		})
	}
}

// A sign-out deletes the object of this session's token by its name, which is no secret.
func TestRevoke(t *testing.T) {
	v := newCluster(t)
	a := newAuthenticator(t, config(v))
	result, err := authprovidertest.SignInAt(t, v, a)
	require.NoError(t, err)
	token := string(result.Session.AccessToken)
	bare, ok := strings.CutPrefix(token, "sha256~")
	require.True(t, ok)
	sum := sha256.Sum256([]byte(bare))
	require.NoError(t, a.Revoke(t.Context(), result.Session))
	requests := v.Requests()
	require.Equal(t, "DELETE "+tokensAddress+"sha256~"+base64.RawURLEncoding.EncodeToString(sum[:]), requests[len(requests)-1])
	_, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: result.Session})
	require.ErrorIs(t, err, oauthadapter.ErrSessionEnded)

	before := len(v.Requests())
	for _, odd := range []authprovider.Secret{"old-marker", "sha1~old-marker"} {
		err = a.Revoke(t.Context(), oauthadapter.Session{AccessToken: odd})
		require.ErrorContains(t, err, "cannot be deleted")
		require.NotContains(t, err.Error(), "marker")
	}
	require.NoError(t, a.Revoke(t.Context(), oauthadapter.Session{}))
	c := config(v)
	c.IdentityOnly = true
	require.NoError(t, newAuthenticator(t, c).Revoke(t.Context(), result.Session))
	require.Len(t, v.Requests(), before, "a token that cannot be deleted is in no address")

	narrow, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, c))
	require.NoError(t, err)
	require.Equal(t, "user:info", narrow.Session.Scope)
	var answer *oauthadapter.ProviderError
	require.ErrorAs(t, a.Revoke(t.Context(), narrow.Session), &answer)
	require.Equal(t, http.StatusForbidden, answer.Status, "which is why IdentityOnly does not try")

	result, err = authprovidertest.SignInAt(t, v, a)
	require.NoError(t, err)
	sum = sha256.Sum256([]byte(strings.TrimPrefix(string(result.Session.AccessToken), "sha256~")))
	address := tokensAddress + "sha256~" + base64.RawURLEncoding.EncodeToString(sum[:])
	for status, fails := range map[int]bool{200: false, 401: false, 403: true, 404: false, 500: true} {
		v.Handle(address, says(status, `{"kind":"Status"}`))
		err := a.Revoke(t.Context(), result.Session)
		require.Equal(t, fails, err != nil, status)
		if err != nil {
			require.NotContains(t, err.Error(), string(result.Session.AccessToken))
		}
	}
}

func TestParseProfile(t *testing.T) {
	p, err := openshift.ParseProfile([]byte(jane))
	require.NoError(t, err)
	require.Equal(t, "jane", p.Username)
	var all map[string]any
	require.NoError(t, p.Claims(&all))
	require.Equal(t, "User", all["kind"])
	for _, bad := range []string{``, `[]`, `{"metadata":{"uid":"1","uid":"2"}}`, `{"metadata":{"uid":1}}`} {
		_, err := openshift.ParseProfile([]byte(bad))
		require.ErrorContains(t, err, "openshift: user: ", bad)
	}
	require.Error(t, openshift.Profile{}.Claims(&all))
}

func TestResolvers(t *testing.T) {
	rc := authprovidertest.ResolverContext(t,
		authprovider.User{Ref: "user:default/by-id", Annotations: map[string]string{"openshift.example.com/user-id": "0d3c"}},
		authprovider.User{Ref: "user:default/jane"}, authprovider.User{Ref: "user:admins/root"})
	byID := openshift.UserIDMatchingUserEntityAnnotationWith("openshift.example.com/user-id")
	for _, tt := range []struct {
		name    string
		resolve authprovider.SignInResolver[openshift.Result]
		profile openshift.Profile
		want    string
		err     error
	}{
		{"ID", byID, openshift.Profile{UID: "0d3c", Username: "joe"}, "user:default/by-id", nil},
		{"ID in another case", byID, openshift.Profile{UID: "0D3C"}, "", authprovider.ErrUserNotFound},
		{"no ID", byID, openshift.Profile{Username: "jane"}, "", authprovider.ErrNoMatch},
		{"name", openshift.DisplayNameMatchingUserEntityName, openshift.Profile{Username: "jane", FullName: "joe"}, "user:default/jane", nil},
		{"no name", openshift.DisplayNameMatchingUserEntityName, openshift.Profile{FullName: "jane"}, "", authprovider.ErrNoMatch},
		{"a reference", openshift.DisplayNameMatchingUserEntityName, openshift.Profile{Username: "user:admins/root"}, "", authprovider.ErrNotAllowed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id, err := tt.resolve(t.Context(), openshift.SignInInfo{Result: &oauthadapter.Result[openshift.Profile]{FullProfile: tt.profile}}, rc)
			require.ErrorIs(t, err, tt.err)
			if tt.err == nil {
				require.Equal(t, tt.want, id.UserRef)
			}
		})
	}
}
