package oauth2provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oauth2provider"
)

func TestVendor(t *testing.T) {
	for name, tt := range map[string]struct {
		vendor authprovidertest.OAuth2Vendor
		change func(*oauth2provider.Config)
	}{
		"default":               {authprovidertest.OAuth2Vendor{NoRevocation: true}, func(*oauth2provider.Config) {}},
		"secret in the body":    {authprovidertest.OAuth2Vendor{NoRevocation: true}, func(c *oauth2provider.Config) { c.ClientAuthMethod = "client_secret_post" }},
		"revocation":            {authprovidertest.OAuth2Vendor{}, func(c *oauth2provider.Config) { c.RevocationURL = revokeAddress }},
		"without refresh token": {authprovidertest.OAuth2Vendor{NoRefreshToken: true}, func(c *oauth2provider.Config) { c.RevocationURL = revokeAddress }},
	} {
		t.Run(name, func(t *testing.T) {
			v := authprovidertest.NewOAuth2(t, tt.vendor, authprovidertest.VendorConfig{ClientSecret: secret})
			c := config(v)
			tt.change(&c)
			ofHost := c
			ofHost.HTTPClient, ofHost.Now = nil, nil
			authprovidertest.TestVendor(t, authprovidertest.VendorTest[oauth2provider.Profile]{
				Vendor: v, Handlers: newAuthenticator(t, c), Config: c,
				Provider: func(signIn ...authprovider.SignInResolver[oauth2provider.Result]) authprovider.ProviderFactory {
					return oauth2provider.Provider(ofHost, signIn...)
				},
			})
		})
	}
}

func TestAuthorizationRequest(t *testing.T) {
	v := newAcme(t)
	c := config(v)
	c.AuthURL += "?tenant=x"
	c.AuthParams = map[string]string{"audience": "api"}
	address, q, err := authprovidertest.AuthorizationRequest(t, newAuthenticator(t, c), url.Values{"audience": {"evil"}, "tenant": {"evil"}}, "more")
	require.NoError(t, err)
	require.Equal(t, authAddress, address)
	require.Equal(t, url.Values{"tenant": {"x"}, "audience": {"api"}, "client_id": {v.ClientID()}, "scope": {"more read:me"}}, q)
	require.Empty(t, v.Requests())
}

func TestAuthenticate(t *testing.T) {
	v := newAcme(t)
	v.Handle(tokenAddress, says(200, `{"access_token":"access-marker","refresh_token":"refresh-marker","id_token":"e30.e30.","token_type":"bearer","expires_in":60,"scope":"a,b"}`))
	v.Handle(userAddress, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer access-marker" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		says(200, `{"id":7,"login":"jane","full_name":"Jane Doe","contact":{"email":"jane@example.com","verified":true},"avatar":"https://img.example/7"}`).ServeHTTP(w, r)
	}))
	result, err := signIn(t, v, config(v))
	require.NoError(t, err)
	require.Equal(t, oauthadapter.Session{AccessToken: "access-marker", RefreshToken: "refresh-marker", TokenType: "Bearer", Scope: "a,b", Subject: "7",
		ExpiresAt: v.Clock.Now().Add(time.Minute)}, result.Session, "an ID token that nobody verified is not passed on")
	require.Equal(t, authprovider.Profile{DisplayName: "Jane Doe", Email: "jane@example.com", EmailVerification: authprovider.EmailVerified, Picture: "https://img.example/7"}, result.Profile)
	require.Equal(t, "jane", result.FullProfile.Username)
	var all map[string]json.RawMessage
	require.NoError(t, result.FullProfile.Claims(&all))
	require.JSONEq(t, `{"email":"jane@example.com","verified":true}`, string(all["contact"]))
}

// An error ends the sign-in, in the class that says whose it is, and with no result.
func TestFailures(t *testing.T) {
	status := func(want int) func(*testing.T, error) {
		return func(t *testing.T, err error) {
			var p *oauthadapter.ProviderError
			require.ErrorAs(t, err, &p)
			require.Equal(t, want, p.Status)
			require.Equal(t, "userinfo", p.Endpoint)
		}
	}
	is := func(class error) func(*testing.T, error) {
		return func(t *testing.T, err error) { require.ErrorIs(t, err, class) }
	}
	for name, tt := range map[string]struct {
		status int
		user   string
		want   func(*testing.T, error)
	}{
		"401":              {401, `{"message":"Bad credentials"}`, status(401)},
		"403":              {403, `{}`, status(403)},
		"500":              {500, `oops`, is(authprovider.ErrUnavailable)},
		"no JSON":          {200, `<html>`, is(authprovider.ErrUnavailable)},
		"two IDs":          {200, `{"id":7,"id":8}`, is(authprovider.ErrUnavailable)},
		"IDs in two cases": {200, `{"id":7,"ID":8}`, is(authprovider.ErrUnavailable)},
		"no ID":            {200, `{"login":"jane"}`, is(authprovider.ErrAuthentication)},
		"empty ID":         {200, `{"id":""}`, is(authprovider.ErrAuthentication)},
		"null ID":          {200, `{"id":null}`, is(authprovider.ErrAuthentication)},
		"ID true":          {200, `{"id":true}`, is(authprovider.ErrAuthentication)},
		"ID 7.5":           {200, `{"id":7.5}`, is(authprovider.ErrAuthentication)},
		"ID 7e3":           {200, `{"id":7e3}`, is(authprovider.ErrAuthentication)},
		"ID -7":            {200, `{"id":-7}`, is(authprovider.ErrAuthentication)},
		"an array":         {200, `[{"id":7}]`, is(authprovider.ErrAuthentication)},
		"null":             {200, `null`, is(authprovider.ErrAuthentication)},
		"long ID":          {200, `{"id":"` + strings.Repeat("a", 256) + `"}`, is(authprovider.ErrAuthentication)},
	} {
		t.Run(name, func(t *testing.T) {
			v := newAcme(t)
			v.Handle(userAddress, says(tt.status, tt.user))
			result, err := signIn(t, v, config(v))
			require.Nil(t, result)
			tt.want(t, err)
			require.NotContains(t, err.Error(), "marker")
		})
	}
}

// A provider's own words for what the standard has a code for.
func TestErrorCodes(t *testing.T) {
	v := newAcme(t)
	c := config(v)
	c.ErrorCodes = map[string]string{"bad_refresh_token": "invalid_grant"}
	for code, want := range map[string]string{"bad_refresh_token": "invalid_grant", "invalid_client": "invalid_client", "": ""} {
		for _, status := range []int{200, 400, 500} {
			v.Handle(tokenAddress, says(status, `{"error":"`+code+`","error_description":"words"}`))
			_, err := signIn(t, v, c)
			if code == "" && status == 200 {
				require.ErrorIs(t, err, authprovider.ErrUnavailable)
				continue
			}
			var p *oauthadapter.ProviderError
			require.ErrorAs(t, err, &p)
			require.Equal(t, want, p.Code)
			require.Contains(t, p.Error(), "words")
			require.Contains(t, p.Error(), code)
			require.Equal(t, status == 500 && want != "invalid_grant", errors.Is(err, authprovider.ErrUnavailable), "%q %d", code, status)
		}
	}
	require.Zero(t, v.Calls(authprovidertest.UserInfo))
}

// Two people get two identities, and IDs that a float64 cannot tell apart stay apart.
func TestTwoPeople(t *testing.T) {
	v := newAcme(t)
	subjects := make(map[string]bool)
	for _, id := range []string{"9007199254740992", "9007199254740993", `"jane"`, `"Jane"`, "0"} {
		v.Handle(userAddress, says(200, `{"id":`+id+`}`))
		result, err := signIn(t, v, config(v))
		require.NoError(t, err)
		subjects[result.Session.Subject] = true
	}
	require.Len(t, subjects, 5)
}

// The function of a vendor's own.
func TestNewWithProfile(t *testing.T) {
	v := newAcme(t)
	type profile struct{ Login string }
	person, failure := oauth2provider.Person[profile]{Subject: "7", FullProfile: profile{"jane"}, Scope: "narrow"}, error(nil)
	a, err := oauth2provider.NewWithProfile(config(v), func(_ context.Context, api *oauth2provider.API) (oauth2provider.Person[profile], error) {
		require.ErrorContains(t, api.GetJSON(t.Context(), "http://acme.example/user", new(any)), "must be https", "the token would go there in the open")
		_, err := api.Get(t.Context(), "https://acme.example/none")
		var p *oauthadapter.ProviderError
		require.ErrorAs(t, err, &p)
		answer, err := api.Get(t.Context(), userAddress)
		require.NoError(t, err)
		require.Equal(t, "application/json", answer.Header.Get("Content-Type"))
		require.Contains(t, string(answer.Body), "jane")
		return person, failure
	})
	require.NoError(t, err)
	result, err := authprovidertest.SignInAt(t, v, a)
	require.NoError(t, err)
	require.Equal(t, "jane", result.FullProfile.Login)
	require.Equal(t, "narrow", result.Session.Scope)
	failure = &authprovider.Error{Kind: authprovider.ErrNotAllowed}
	result, err = authprovidertest.SignInAt(t, v, a)
	require.ErrorIs(t, err, authprovider.ErrNotAllowed)
	require.Nil(t, result)

	_, err = oauth2provider.NewWithProfile[profile](config(v), nil)
	require.ErrorContains(t, err, "ProfileFunc is required")
}
