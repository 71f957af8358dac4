package oidcprovider_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// A browser signs in through a whole host, refreshes, and signs out.
func TestInAHost(t *testing.T) {
	w := newWorld(t)
	host := httptest.NewUnstartedServer(nil)
	base := "http://" + host.Listener.Addr().String() + "/api/auth"
	origin := "http://" + host.Listener.Addr().String()
	require.NoError(t, w.idp.PutClient(fakeidp.Client{ID: "portal", Secret: clientSecret, RedirectURIs: []string{base + "/sso/handler/frame"}}))
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: base})
	require.NoError(t, err)
	w.config.Now, w.config.EndSession = nil, true
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: base, Issuer: issuer, Now: w.now,
		Users: memcatalog.New(authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"}),
		Providers: map[string]authprovider.ProviderFactory{
			"sso": oidcprovider.Provider(w.config, staff, resolver.EmailMatchingUserEntityProfileEmail),
		},
	})
	require.NoError(t, err)
	host.Config.Handler = auth
	host.Start()
	defer host.Close()

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar}
	call := func(method, path string) (int, string) {
		r, err := http.NewRequest(method, base+path, nil)
		require.NoError(t, err)
		r.Header.Set("X-Requested-With", "XMLHttpRequest")
		r.Header.Set("Origin", origin)
		res, err := browser.Do(r)
		require.NoError(t, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res.StatusCode, string(body)
	}

	res, err := browser.Get(base + "/sso/start?" + url.Values{"origin": {origin}}.Encode())
	require.NoError(t, err)
	page, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode, string(page))
	require.NotContains(t, string(page), "error")
	require.Equal(t, 1, w.idp.Calls(fakeidp.Token))

	for range 2 { // each spends a refresh token and gets another
		w.advance(time.Minute) // beyond the memory of the last refresh
		status, body := call(http.MethodGet, "/sso/refresh")
		require.Equal(t, http.StatusOK, status, body)
		var answer struct {
			Profile struct {
				Email string `json:"email"`
			} `json:"profile"`
			BackstageIdentity struct {
				Identity struct {
					UserEntityRef string `json:"userEntityRef"`
				} `json:"identity"`
			} `json:"backstageIdentity"`
		}
		require.NoError(t, json.Unmarshal([]byte(body), &answer))
		require.Equal(t, "jane@example.com", answer.Profile.Email)
		require.Equal(t, "user:default/jane", answer.BackstageIdentity.Identity.UserEntityRef)
	}

	// An outage in the middle signs nobody out, although the provider has rotated the token.
	w.set(func(b *fakeidp.Behavior) { b.UserInfoAnswer = fakeidp.Unavailable })
	w.advance(time.Minute)
	status, body := call(http.MethodGet, "/sso/refresh")
	require.Equal(t, http.StatusServiceUnavailable, status, body)
	w.set(func(b *fakeidp.Behavior) { b.UserInfoAnswer = "" })
	w.advance(time.Minute)
	status, body = call(http.MethodGet, "/sso/refresh")
	require.Equal(t, http.StatusOK, status, body)

	status, body = call(http.MethodPost, "/sso/logout")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, w.idp.URL(fakeidp.EndSession))
	require.Contains(t, body, "id_token_hint=")
	require.Equal(t, 1, w.idp.Calls(fakeidp.Revoke))
	status, _ = call(http.MethodGet, "/sso/refresh")
	require.Equal(t, http.StatusUnauthorized, status)
}
