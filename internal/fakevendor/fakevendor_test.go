package fakevendor_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/internal/fakevendor"
)

const (
	callback = "https://portal.example.com/callback"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

var now = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// client is a client of a vendor, that does no more than it is told to.
type client struct {
	t      *testing.T
	vendor *fakevendor.Server
}

func newClient(t *testing.T, v fakevendor.Vendor) client {
	t.Helper()
	s, err := fakevendor.New(fakevendor.Config{
		Vendor: v, Client: fakeidp.Client{ID: "app", Secret: "secret", RedirectURIs: []string{callback}}, Now: func() time.Time { return now },
		People: []fakeidp.Person{{Subject: "42", Name: "Jane Doe", PreferredUsername: "jane", Email: "jane@example.com", EmailVerified: new(true)}},
	})
	require.NoError(t, err)
	return client{t, s}
}

func (c client) do(r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	c.vendor.ServeHTTP(w, r)
	return w.Result()
}

// authorize returns the parameters of the callback.
func (c client) authorize(more ...string) url.Values {
	c.t.Helper()
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{"client_id": {"app"}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"s"}, "scope": {"openid profile email offline_access read:user"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	location, err := c.do(httptest.NewRequest(http.MethodGet, c.vendor.URL(fakeidp.Authorize)+"?"+q.Encode(), nil)).Location()
	require.NoError(c.t, err)
	require.Equal(c.t, callback, location.Scheme+"://"+location.Host+location.Path)
	return location.Query()
}

// token returns status, header and members of an answer of the token endpoint.
func (c client) token(accept string, form url.Values) (int, http.Header, map[string]any) {
	c.t.Helper()
	for name, value := range map[string]string{"client_id": "app", "client_secret": "secret", "redirect_uri": callback, "code_verifier": verifier} {
		if !form.Has(name) {
			form.Set(name, value)
		}
	}
	r := httptest.NewRequest(http.MethodPost, c.vendor.URL(fakeidp.Token), strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", accept)
	res := c.do(r)
	body, err := io.ReadAll(res.Body)
	require.NoError(c.t, err)
	members := make(map[string]any)
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		require.NoError(c.t, json.Unmarshal(body, &members), string(body))
	} else if values, err := url.ParseQuery(string(body)); err == nil {
		for name := range values {
			members[name] = values.Get(name)
		}
	}
	return res.StatusCode, res.Header, members
}

func (c client) redeem(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}}
}

// What the vendors say when they refuse.
func TestRefusals(t *testing.T) {
	type said struct {
		status            int
		code, description string
	}
	for _, tt := range []struct {
		vendor                     fakevendor.Vendor
		code, refreshToken, secret said
		denied                     string
	}{
		{fakevendor.GitHub{}, said{200, "bad_verification_code", "The code passed is incorrect or expired."},
			said{200, "bad_refresh_token", "The refresh token passed is incorrect or expired."},
			said{200, "incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect."}, "The user has denied your application access."},
		{fakevendor.Google{}, said{400, "invalid_grant", "Malformed auth code."}, said{400, "invalid_grant", "Token has been expired or revoked."},
			said{401, "invalid_client", "The provided client secret is invalid."}, ""},
		{fakevendor.Okta{}, said{400, "invalid_grant", "The authorization code is invalid or has expired."},
			said{400, "invalid_grant", "The refresh token is invalid or expired."},
			said{401, "invalid_client", "The client secret supplied for a confidential client is invalid."}, "User is not assigned to the client application."},
		{fakevendor.Auth0{}, said{403, "invalid_grant", "Invalid authorization code"}, said{403, "invalid_grant", "Unknown or invalid refresh token."},
			said{401, "access_denied", "Unauthorized"}, "User did not authorize the request"},
		{fakevendor.Keycloak{}, said{400, "invalid_grant", "Code not valid"}, said{400, "invalid_grant", "Session not active"},
			said{401, "unauthorized_client", "Invalid client or Invalid client credentials"}, ""},
		{fakevendor.OneLogin{}, said{400, "invalid_grant", "grant request is invalid"}, said{400, "invalid_grant", "grant request is invalid"},
			said{401, "invalid_client", "client authentication failed"}, "End-User aborted interaction"},
		{fakevendor.Microsoft{}, said{400, "invalid_grant", "AADSTS70008"}, said{400, "invalid_grant", "AADSTS50173"}, said{401, "invalid_client", "AADSTS7000215"}, "AADSTS65004"},
		{fakevendor.GitLab{}, said{400, "invalid_grant", "The provided authorization grant is invalid"}, said{400, "invalid_grant", "The provided authorization grant is invalid"},
			said{401, "invalid_client", "Client authentication failed due to unknown client"}, "The resource owner or authorization server denied the request."},
	} {
		c := newClient(t, tt.vendor)
		t.Run(c.vendor.Spec.Name, func(t *testing.T) {
			check := func(want said, form url.Values) {
				t.Helper()
				status, _, members := c.token("application/json", form)
				description, _ := members["error_description"].(string)
				require.Equal(t, want.status, status)
				require.Equal(t, want.code, members["error"])
				require.True(t, strings.HasPrefix(description, want.description), description)
			}
			check(tt.code, c.redeem("wrong"))
			check(tt.refreshToken, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"wrong"}})
			check(tt.secret, url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "client_secret": {"wrong"}})

			c.vendor.Set(func(b *fakeidp.Behavior) { b.AuthorizeError = "access_denied" })
			params := c.authorize()
			require.Equal(t, "access_denied", params.Get("error"))
			require.True(t, strings.HasPrefix(params.Get("error_description"), tt.denied), params)
			require.Equal(t, tt.denied == "", params.Get("error_description") == "")
			require.Equal(t, "s", params.Get("state"))
			c.vendor.Behave()
			require.NotEmpty(t, c.authorize().Get("code"))
		})
	}
}

// A form is GitHub's answer to whoever does not ask for JSON, in success and in failure.
func TestGitHubAnswersWithForms(t *testing.T) {
	c := newClient(t, fakevendor.GitHub{})
	for accept, want := range map[string]string{"": "application/x-www-form-urlencoded", "*/*": "application/x-www-form-urlencoded", "application/json": "application/json"} {
		_, header, members := c.token(accept, c.redeem(c.authorize().Get("code")))
		require.True(t, strings.HasPrefix(header.Get("Content-Type"), want), header)
		require.NotEmpty(t, members["access_token"])
		require.Equal(t, "openid,profile,email,offline_access,read:user", members["scope"])
		require.NotContains(t, members, "expires_in")
		require.NotContains(t, members, "refresh_token")
		require.NotContains(t, members, "id_token")
		_, header, members = c.token(accept, c.redeem("wrong"))
		require.True(t, strings.HasPrefix(header.Get("Content-Type"), want), header)
		require.Equal(t, "bad_verification_code", members["error"])
	}
}

func TestGoogleGivesRefreshTokensForConsent(t *testing.T) {
	c := newClient(t, fakevendor.Google{})
	for _, tt := range []struct {
		more []string
		want bool
	}{{nil, false}, {[]string{"access_type", "offline"}, false}, {[]string{"prompt", "consent"}, false}, {[]string{"access_type", "offline", "prompt", "consent select_account"}, true}} {
		_, _, members := c.token("application/json", c.redeem(c.authorize(tt.more...).Get("code")))
		require.Equal(t, tt.want, members["refresh_token"] != nil, tt.more)
		require.Contains(t, members["scope"], "https://www.googleapis.com/auth/userinfo.email")
	}
}

// Entra's refresh token is for whatever the person has agreed to, at any time, and for nothing else.
func TestMicrosoftConsent(t *testing.T) {
	c := newClient(t, fakevendor.Microsoft{})
	_, _, members := c.token("application/json", c.redeem(c.authorize().Get("code")))
	refresh := func(scope string) map[string]any {
		t.Helper()
		_, _, answer := c.token("application/json", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {members["refresh_token"].(string)}, "scope": {scope}})
		if answer["refresh_token"] != nil {
			members = answer
		}
		return answer
	}
	require.Equal(t, "consent_required", refresh("openid Mail.Read")["suberror"])
	c.authorize("scope", "openid offline_access Mail.Read")
	require.Equal(t, "Mail.Read openid profile email", refresh("openid Mail.Read")["scope"])
	c.vendor.Withdraw("42")
	require.Equal(t, "invalid_grant", refresh("openid")["error"])
}

func TestRateLimits(t *testing.T) {
	for _, tt := range []struct {
		vendor        fakevendor.Vendor
		status        int
		header, value string
	}{
		{fakevendor.GitHub{}, 403, "X-RateLimit-Reset", "1893456600"},
		{fakevendor.Auth0{}, 429, "X-RateLimit-Reset", "1893456060"},
		{fakevendor.Okta{}, 429, "X-Rate-Limit-Reset", "1893456060"},
		{fakevendor.Microsoft{}, 429, "Retry-After", "10"},
		{fakevendor.GitLab{}, 429, "Retry-After", "30"},
		{fakevendor.Google{}, 429, "Retry-After", ""},
	} {
		c := newClient(t, tt.vendor)
		c.vendor.Set(func(b *fakeidp.Behavior) { b.TokenAnswer = fakeidp.RateLimited })
		status, header, members := c.token("application/json", c.redeem("x"))
		require.Equal(t, tt.status, status, c.vendor.Spec.Name)
		require.Equal(t, tt.value, header.Get(tt.header), c.vendor.Spec.Name)
		require.NotContains(t, members, "access_token")
	}
}

// Whoever took a scope back is asked for it again, and nobody reads with a token that has ended.
func TestGitHubScopesAndRevocation(t *testing.T) {
	c := newClient(t, fakevendor.GitHub{})
	_, _, members := c.token("application/json", c.redeem(c.authorize("scope", "read:user user:email").Get("code")))
	get := func(address string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, address, nil)
		r.Header.Set("Authorization", "Bearer "+members["access_token"].(string))
		return c.do(r)
	}
	require.Equal(t, "read:user, user:email", get("https://api.github.com/user").Header.Get("X-OAuth-Scopes"))
	require.Equal(t, http.StatusOK, get("https://api.github.com/user/emails").StatusCode)
	require.Equal(t, http.StatusForbidden, get("https://api.github.com/user/orgs").StatusCode)
	require.Equal(t, http.StatusNotFound, get("https://github.com/user").StatusCode, "another host")
	c.vendor.Withdraw("42", "user:email")
	require.Equal(t, http.StatusNotFound, get("https://api.github.com/user/emails").StatusCode)

	revoke := func(method, secret, token string) int {
		r := httptest.NewRequest(method, "https://api.github.com/applications/app/token", strings.NewReader(`{"access_token":"`+token+`"}`))
		r.SetBasicAuth("app", secret)
		return c.do(r).StatusCode
	}
	token := members["access_token"].(string)
	require.Equal(t, http.StatusNotFound, revoke(http.MethodDelete, "wrong", token))
	require.Equal(t, http.StatusNotFound, revoke(http.MethodPost, "secret", token))
	require.Equal(t, http.StatusUnprocessableEntity, revoke(http.MethodDelete, "secret", ""))
	require.Equal(t, http.StatusOK, get("https://api.github.com/user").StatusCode)
	require.Equal(t, http.StatusNoContent, revoke(http.MethodDelete, "secret", token))
	require.Equal(t, http.StatusNotFound, revoke(http.MethodDelete, "secret", token))
	require.Equal(t, http.StatusUnauthorized, get("https://api.github.com/user").StatusCode)
}

func TestNewRefuses(t *testing.T) {
	_, err := fakevendor.New(fakevendor.Config{})
	require.ErrorContains(t, err, "fakevendor: Config.Vendor is required")
	_, err = fakevendor.New(fakevendor.Config{Vendor: fakevendor.GitHub{EnterpriseURL: "ghe.example.com"}})
	require.ErrorContains(t, err, "is not an absolute http or https URL")
}
