package oauthclient_test

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
)

const formType = "application/x-www-form-urlencoded; charset=utf-8"

func TestFormAnswer(t *testing.T) {
	s, err := exchange(t, answer(200, formType, "access_token=a%2Bb&expires_in=28800&refresh_token=r&scope=repo%2Cgist&token_type=bearer"))
	require.NoError(t, err)
	require.Equal(t, oauthadapter.Session{AccessToken: "a+b", TokenType: "Bearer", RefreshToken: "r", Scope: "repo,gist", ExpiresAt: now.Add(8 * time.Hour)}, s)

	for _, body := range []string{"access_token=marker-token&access_token=b", "access_token=", "Access_Token=marker-token", "access_token=a&Access_token=marker-token",
		"access_token=marker-token&token_type=mac", "access_token=marker-token;x=%zz", "%zz=marker-token", ""} {
		s, err := exchange(t, answer(200, formType, body))
		require.ErrorIs(t, err, oauthclient.ErrAnswer, body)
		require.ErrorIs(t, err, authprovider.ErrUnavailable, body)
		require.Zero(t, s)
		requireNoSecrets(t, err)
	}
}

// GitHub refuses with a status of success.
func TestErrorWithStatus200(t *testing.T) {
	for contentType, body := range map[string]string{
		"application/json": `{"error":"bad_verification_code","error_description":"The code passed is incorrect or expired.","access_token":"marker-token"}`,
		formType:           "error=bad_verification_code&error_description=The+code+passed+is+incorrect+or+expired.",
	} {
		s, err := exchange(t, answer(200, contentType, body))
		var p *oauthadapter.ProviderError
		require.ErrorAs(t, err, &p)
		require.Equal(t, oauthadapter.ProviderError{Endpoint: "token", Status: 200, Code: "bad_verification_code", Description: "The code passed is incorrect or expired."}, *p)
		require.NotErrorIs(t, err, authprovider.ErrUnavailable)
		require.Zero(t, s)
		requireNoSecrets(t, err)
	}
}

func TestRateLimit(t *testing.T) {
	in := func(d time.Duration) string { return strconv.FormatInt(now.Add(d).Unix(), 10) }
	for _, tt := range []struct {
		name   string
		status int
		header map[string]string
		later  bool
		after  time.Duration
	}{
		{"primary", 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": in(5 * time.Minute)}, true, 5 * time.Minute},
		{"primary, 429", 429, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": in(5 * time.Minute)}, true, 5 * time.Minute},
		{"Okta's", 429, map[string]string{"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": in(5 * time.Minute)}, true, 5 * time.Minute},
		{"secondary", 403, map[string]string{"Retry-After": "60", "X-RateLimit-Remaining": "4000"}, true, time.Minute},
		{"Retry-After counts", 403, map[string]string{"Retry-After": "60", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": in(time.Hour)}, true, time.Minute},
		{"far away", 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9223372036854775807"}, true, time.Hour},
		{"past", 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": in(-time.Hour)}, true, 0},
		{"no time", 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "soon"}, true, 0},
		{"plain refusal", 403, map[string]string{"X-RateLimit-Remaining": "4000", "X-RateLimit-Reset": in(time.Minute)}, false, 0},
		{"bad token at the limit", 401, map[string]string{"X-RateLimit-Remaining": "0", "Retry-After": "1"}, false, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				for name, value := range tt.header {
					w.Header().Set(name, value)
				}
				w.WriteHeader(tt.status)
			})
			_, err := newClient(t).Get(context.Background(), "userinfo", u, token)
			var p *oauthadapter.ProviderError
			require.ErrorAs(t, err, &p)
			require.Equal(t, tt.after, p.RetryAfter)
			if !tt.later {
				require.NotErrorIs(t, err, authprovider.ErrUnavailable)
				return
			}
			var public *authprovider.Error
			require.ErrorAs(t, err, &public)
			require.ErrorIs(t, public, authprovider.ErrUnavailable)
			require.Equal(t, tt.after, public.RetryAfter)
		})
	}
}

func TestCheckURL(t *testing.T) {
	for _, ok := range []string{"https://idp.example", "https://idp.example:8443/a?b=c", "http://localhost:1/x", "http://127.0.0.1", "http://[::1]:8080/"} {
		require.NoError(t, oauthclient.CheckURL(ok), ok)
	}
	for _, bad := range []string{"", "idp.example", "//idp.example", "https://", "https://:443", "http://idp.example", "ftp://idp.example", "https://idp.example/#", "https://idp.example#x",
		"javascript:alert(1)", "http://localhost.evil.example", "http://127.0.0.1.evil.example", "https://%zz"} {
		require.Error(t, oauthclient.CheckURL(bad), bad)
	}
	for _, user := range []string{"https://u:marker-secret@idp.example", "https://u:marker-secret@%zz", "https://u:marker-secret@"} {
		require.NotContains(t, oauthclient.CheckURL(user).Error(), "marker-secret")
	}
}

func TestRedacted(t *testing.T) {
	require.Equal(t, `github.Config{URL:"https://ghe.example" ClientID:"portal" ClientSecret:[redacted]}`, oauthclient.Redacted("github", "https://ghe.example", "portal", "marker-secret"))
	require.Equal(t, `github.Config{URL:"" ClientID:"portal" ClientSecret:}`, oauthclient.Redacted("github", "", "portal", ""))
}
