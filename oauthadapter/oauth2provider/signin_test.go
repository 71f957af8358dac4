package oauth2provider_test

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oauth2provider"
)

func TestConformance(t *testing.T) {
	for name, change := range map[string]func(*oauth2provider.Config, *authprovidertest.Provider){
		"default": func(*oauth2provider.Config, *authprovidertest.Provider) {},
		"secret in the body": func(c *oauth2provider.Config, _ *authprovidertest.Provider) {
			c.ClientAuthMethod = "client_secret_post"
		},
		"revocation": func(c *oauth2provider.Config, p *authprovidertest.Provider) {
			c.RevocationURL = p.URL(authprovidertest.Revoke)
		},
		"without refresh token": func(_ *oauth2provider.Config, p *authprovidertest.Provider) {
			p.Set(func(b *authprovidertest.Behavior) { b.NoRefreshToken = true })
		},
	} {
		t.Run(name, func(t *testing.T) {
			idp := authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{RedirectURLs: []string{authprovidertest.ConformanceCallback}})
			c := oauth2provider.Config{
				AuthURL: idp.URL(authprovidertest.Authorize), TokenURL: idp.URL(authprovidertest.Token), UserInfoURL: idp.URL(authprovidertest.UserInfo),
				Fields: oauth2provider.Fields{ID: "sub"}, ClientID: idp.ClientID(), ClientSecret: idp.ClientSecret(), Scopes: []string{"openid"},
			}
			change(&c, idp)
			a, err := oauth2provider.New(c)
			require.NoError(t, err)
			authprovidertest.TestOAuthHandlers(t, authprovidertest.OAuthHandlersConfig[oauth2provider.Profile]{
				Handlers: a, Scopes: []string{"groups"}, Secrets: []string{idp.ClientSecret()}, Provider: idp,
			})
		})
	}
}

func TestStart(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator(t, func(c *oauth2provider.Config) {
		c.AuthURL += "?tenant=x"
		c.Scopes = []string{"read"}
		c.AuthParams = map[string]string{"audience": "api"}
	})
	require.Equal(t, []string{"read"}, a.RequiredScopes())
	res, err := a.Start(t.Context(), oauthadapter.StartRequest{State: "s", Nonce: "n", CodeChallenge: "c", CallbackURL: "https://portal.example.com/cb",
		Scopes: []string{"read", "more"}, Query: url.Values{"audience": {"evil"}, "tenant": {"evil"}}})
	require.NoError(t, err)
	u, err := url.Parse(res.URL)
	require.NoError(t, err)
	require.Equal(t, url.Values{"tenant": {"x"}, "audience": {"api"}, "response_type": {"code"}, "client_id": {"portal"}, "state": {"s"}, "scope": {"read more"},
		"redirect_uri": {"https://portal.example.com/cb"}, "code_challenge": {"c"}, "code_challenge_method": {"S256"}}, u.Query())
	require.Empty(t, w.paths())
}

func TestAuthenticate(t *testing.T) {
	w := newWorld(t)
	w.set(func(w *world) {
		w.token.body = `{"access_token":"access-marker","refresh_token":"refresh-marker","id_token":"e30.e30.","token_type":"bearer","expires_in":60,"scope":"a,b"}`
	})
	result, err := w.authenticator(t, nil).Authenticate(t.Context(), callback)
	require.NoError(t, err)
	require.Equal(t, oauthadapter.Session{AccessToken: "access-marker", RefreshToken: "refresh-marker", TokenType: "Bearer", Scope: "a,b", Subject: "7", ExpiresAt: now.Add(time.Minute)}, result.Session,
		"an ID token that nobody verified is not passed on")
	require.Equal(t, authprovider.Profile{DisplayName: "Jane Doe", Email: "jane@example.com", EmailVerification: authprovider.EmailVerified, Picture: "https://img.example/7"}, result.Profile)
	require.Equal(t, "jane", result.FullProfile.Username)
	require.JSONEq(t, `{"email":"jane@example.com","verified":true}`, string(claims(t, result.FullProfile)["contact"]))
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
		user answer
		want func(*testing.T, error)
	}{
		"401":              {answer{401, `{"message":"Bad credentials"}`}, status(401)},
		"403":              {answer{403, `{}`}, status(403)},
		"500":              {answer{500, `oops`}, is(authprovider.ErrUnavailable)},
		"no JSON":          {answer{200, `<html>`}, is(authprovider.ErrUnavailable)},
		"two IDs":          {answer{200, `{"id":7,"id":8}`}, is(authprovider.ErrUnavailable)},
		"IDs in two cases": {answer{200, `{"id":7,"ID":8}`}, is(authprovider.ErrUnavailable)},
		"no ID":            {answer{200, `{"login":"jane"}`}, is(authprovider.ErrAuthentication)},
		"empty ID":         {answer{200, `{"id":""}`}, is(authprovider.ErrAuthentication)},
		"null ID":          {answer{200, `{"id":null}`}, is(authprovider.ErrAuthentication)},
		"ID true":          {answer{200, `{"id":true}`}, is(authprovider.ErrAuthentication)},
		"ID 7.5":           {answer{200, `{"id":7.5}`}, is(authprovider.ErrAuthentication)},
		"ID 7e3":           {answer{200, `{"id":7e3}`}, is(authprovider.ErrAuthentication)},
		"ID -7":            {answer{200, `{"id":-7}`}, is(authprovider.ErrAuthentication)},
		"an array":         {answer{200, `[{"id":7}]`}, is(authprovider.ErrAuthentication)},
		"null":             {answer{200, `null`}, is(authprovider.ErrAuthentication)},
		"long ID":          {answer{200, `{"id":"` + string(make256('a')) + `"}`}, is(authprovider.ErrAuthentication)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.set(func(w *world) { w.user = tt.user })
			result, err := w.authenticator(t, nil).Authenticate(t.Context(), callback)
			require.Nil(t, result)
			tt.want(t, err)
			require.NotContains(t, err.Error(), "marker")
		})
	}
}

func make256(c byte) []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = c
	}
	return b
}

// A provider's own words for what the standard has a code for.
func TestErrorCodes(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator(t, func(c *oauth2provider.Config) { c.ErrorCodes = map[string]string{"bad_refresh_token": "invalid_grant"} })
	for code, want := range map[string]string{"bad_refresh_token": "invalid_grant", "invalid_client": "invalid_client", "": ""} {
		for _, status := range []int{200, 400, 500} {
			w.set(func(w *world) { w.token = answer{status, `{"error":"` + code + `","error_description":"words"}`} })
			_, err := a.Authenticate(t.Context(), callback)
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
			require.Equal(t, []string{"/token"}, w.paths())
		}
	}
}

// Two people get two identities, and IDs that a float64 cannot tell apart stay apart.
func TestTwoPeople(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator(t, nil)
	subjects := make(map[string]bool)
	for _, id := range []string{"9007199254740992", "9007199254740993", `"jane"`, `"Jane"`, "0"} {
		w.set(func(w *world) { w.user.body = `{"id":` + id + `}` })
		result, err := a.Authenticate(t.Context(), callback)
		require.NoError(t, err)
		subjects[result.Session.Subject] = true
	}
	require.Len(t, subjects, 5)
}

// The function of a vendor's own.
func TestNewWithProfile(t *testing.T) {
	w := newWorld(t)
	type profile struct{ Login string }
	stranger := &authprovider.Error{Kind: authprovider.ErrNotAllowed}
	person, failure := oauth2provider.Person[profile]{Subject: "7", FullProfile: profile{"jane"}, Scope: "narrow"}, error(nil)
	a, err := oauth2provider.NewWithProfile(w.config(), func(_ context.Context, api *oauth2provider.API) (oauth2provider.Person[profile], error) {
		require.ErrorContains(t, api.GetJSON(t.Context(), "http://acme.example/user", new(any)), "must be https", "the token would go there in the open")
		_, err := api.Get(t.Context(), w.server.URL+"/none")
		var p *oauthadapter.ProviderError
		require.ErrorAs(t, err, &p)
		answer, err := api.Get(t.Context(), w.server.URL+"/user")
		require.NoError(t, err)
		require.Equal(t, "application/json", answer.Header.Get("Content-Type"))
		require.Contains(t, string(answer.Body), "jane")
		return person, failure
	})
	require.NoError(t, err)
	result, err := a.Authenticate(t.Context(), callback)
	require.NoError(t, err)
	require.Equal(t, "jane", result.FullProfile.Login)
	require.Equal(t, "narrow", result.Session.Scope)
	failure = stranger
	result, err = a.Authenticate(t.Context(), callback)
	require.ErrorIs(t, err, authprovider.ErrNotAllowed)
	require.Nil(t, result)

	_, err = oauth2provider.NewWithProfile[profile](w.config(), nil)
	require.ErrorContains(t, err, "ProfileFunc is required")
}
