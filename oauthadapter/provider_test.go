package oauthadapter_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
)

// TestProviderRefuses: what a host or a vendor got wrong fails the construction rather than the first sign-in.
func TestProviderRefuses(t *testing.T) {
	none := oauthadapter.Options[string]{}
	for name, factory := range map[string]authprovider.ProviderFactory{
		"OAuthHandlers are required":      oauthadapter.Provider[string](nil, none),
		"oauthadapter: OAuthHandlers are": oauthadapter.Provider[string]((*vendor)(nil), none),
		"Options.AdditionalScopes":        oauthadapter.Provider[string](&vendor{}, oauthadapter.Options[string]{AdditionalScopes: []string{`a"b`}}),
		"scopes that the vendor requires": oauthadapter.Provider[string](&vendor{required: []string{`a"b`}}, none),
		"ProviderFactory is nil":          oauthadapter.MapConfig[string](map[string]string{"production": ""}, nil),
	} {
		_, err := authprovider.New(authprovider.Config{BaseURL: base, Secrets: [][]byte{make([]byte, 32)}, Providers: map[string]authprovider.ProviderFactory{"demo": factory}})
		require.ErrorContains(t, err, name)
	}
}

// TestRowS10LocalAppAgainstRemoteBackend: an app under development at http://localhost:3000 signs in at an https backend that
// serves production too. Every attribute of every cookie.
func TestRowS10LocalAppAgainstRemoteBackend(t *testing.T) {
	const local = "http://localhost:3000"
	v := map[string]*vendor{"development": {}, "production": {}}
	r := newRig(t, nil, rigOptions{factory: twoEnvironments(v), config: authprovider.Config{BaseURL: base, AppURL: portal, AllowedOrigins: []string{local}}})

	start := func(origin, env string) *authprovidertest.Hop {
		return r.browser.OpenUntil(origin, provider+"/start?"+url.Values{"env": {env}, "origin": {origin}, "flow": {"popup"}}.Encode(), atVendor)
	}
	type attributes struct {
		Path             string
		MaxAge           int
		Secure, HTTPOnly bool
		SameSite         http.SameSite
		Domain           string
	}
	cookies := func(hop *authprovidertest.Hop) map[string]attributes {
		all := make(map[string]attributes)
		for name, c := range setCookies(hop) {
			if i := strings.Index(name, "~attempt~"); i > 0 {
				name = name[:i] + "~attempt~"
			}
			all[name] = attributes{c.Path, c.MaxAge, c.Secure, c.HttpOnly, c.SameSite, c.Domain}
		}
		return all
	}

	// The app is on another site, so its fetches must take the cookies across sites.
	began := start(local, "development")
	require.Equal(t, map[string]attributes{
		"__Host-auth-browser":                {"/", 400 * 86400, true, true, http.SameSiteNoneMode, ""},
		"__Secure-demo~development~attempt~": {"/api/auth/demo", 600, true, true, http.SameSiteNoneMode, ""},
	}, cookies(began))
	done := r.callback(url.Values{"state": {stateOf(t, began)}, "code": {codeMarker}})
	require.Equal(t, map[string]attributes{
		"__Secure-demo~development~attempt~": {"/api/auth/demo", -1, true, true, http.SameSiteLaxMode, ""},
		"__Secure-demo~development~session":  {"/api/auth/demo", 7 * 86400, true, true, http.SameSiteNoneMode, ""},
	}, cookies(done))
	require.Equal(t, local, r.message(done).TargetOrigin)

	refresh := func(origin, env string) *authprovidertest.Hop {
		return r.browser.Do(authprovidertest.Request{URL: provider + "/refresh?env=" + env, From: origin, Mode: "cors", Dest: "empty",
			Header: http.Header{"X-Requested-With": {"XMLHttpRequest"}}})
	}
	refreshed := refresh(local, "development")
	require.Equal(t, http.StatusOK, refreshed.Status)
	require.Equal(t, local, refreshed.Header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, "true", refreshed.Header.Get("Access-Control-Allow-Credentials"))
	require.Equal(t, map[string]attributes{
		"__Secure-demo~development~session": {"/api/auth/demo", 7 * 86400, true, true, http.SameSiteNoneMode, ""},
	}, cookies(refreshed))

	// The portal's own app in the same browser stays on its site.
	began = start(portal, "production")
	require.Equal(t, map[string]attributes{
		"__Secure-demo~production~attempt~": {"/api/auth/demo", 600, true, true, http.SameSiteLaxMode, ""},
	}, cookies(began), "the browser's cookie stays as it is, or the local app would lose it")
	done = r.callback(url.Values{"state": {stateOf(t, began)}, "code": {codeMarker}})
	require.Equal(t, http.SameSiteLaxMode, setCookies(done)["__Secure-demo~production~session"].SameSite)
	require.Equal(t, http.StatusOK, refresh(portal, "production").Status)
	require.Equal(t, http.StatusOK, refresh(local, "development").Status, "and the other session is still there")
}

func TestCookiesOnLoopback(t *testing.T) {
	const local = "http://localhost:7007"
	v := &vendor{}
	h, err := authprovider.New(authprovider.Config{BaseURL: local + "/api/auth", Issuer: &authprovidertest.Issuer{},
		Providers: map[string]authprovider.ProviderFactory{"demo": oauthadapter.Provider[string](v, oauthadapter.Options[string]{})}})
	require.NoError(t, err)
	b := authprovidertest.NewBrowser(t)
	b.Host(local, h)
	hop := b.OpenUntil(local, local+"/api/auth/demo/start", atVendor)
	for name, c := range setCookies(hop) {
		require.False(t, strings.HasPrefix(name, "__"), "a prefix needs Secure")
		require.False(t, c.Secure)
		require.True(t, c.HttpOnly)
		require.Equal(t, http.SameSiteLaxMode, c.SameSite)
	}
	require.Len(t, setCookies(hop), 2)
}

func TestCallbackURL(t *testing.T) {
	build := func(callback string) error {
		_, err := authprovider.New(authprovider.Config{BaseURL: base, Secrets: [][]byte{make([]byte, 32)}, Providers: map[string]authprovider.ProviderFactory{
			"demo": oauthadapter.Provider[string](&vendor{}, oauthadapter.Options[string]{CallbackURL: callback})}})
		return err
	}
	for _, callback := range []string{"", provider + "/handler/frame", portal + "/oauth/callback"} {
		require.NoError(t, build(callback), callback)
	}
	for _, callback := range []string{"https://elsewhere.example.com/cb", "http://portal.example.com/cb", portal + ":8443/cb", "/cb", "https://user@portal.example.com/cb",
		portal + "/cb?x=1", portal + "/cb?", portal + "/cb#x", provider + "/../cb", portal + "/a//b", portal + "/./cb", portal, "https://portal.example.com.evil.example/cb"} {
		require.ErrorContains(t, build(callback), "Options.CallbackURL", callback)
	}
}

// TestRowS10SameSiteFollowsAllowedOriginsAlone: a header that a proxy or a script may choose does not loosen a cookie.
func TestRowS10SameSiteFollowsAllowedOriginsAlone(t *testing.T) {
	r := signedIn(t, &vendor{}, rigOptions{})
	request := refreshRequest(t.Context(), r.browser.Cookies(provider+"/refresh"), "")
	request.Header.Set("Origin", "http://dev.internal")
	request.Header.Set("Sec-Fetch-Site", "same-origin") // a development proxy
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, request)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, http.SameSiteLaxMode, w.Result().Cookies()[0].SameSite)
}

// TestRowS10BrowserCookieForACrossSiteApp: the portal's own app may have set the browser's cookie first, as one that stays on the site.
func TestRowS10BrowserCookieForACrossSiteApp(t *testing.T) {
	const local = "http://localhost:3000"
	r := newRig(t, &vendor{}, rigOptions{config: authprovider.Config{BaseURL: base, AppURL: portal, AllowedOrigins: []string{local}}})
	own := setCookies(r.browser.OpenUntil(portal, provider+"/start", atVendor))["__Host-auth-browser"]
	require.Equal(t, http.SameSiteLaxMode, own.SameSite)
	again := setCookies(r.browser.OpenUntil(local, provider+"/start?origin="+local, atVendor))["__Host-auth-browser"]
	require.Equal(t, http.SameSiteNoneMode, again.SameSite)
	require.Equal(t, own.Value, again.Value, "the same browser")
}

func TestCookieSameSite(t *testing.T) {
	for fixed, want := range map[http.SameSite]http.SameSite{0: http.SameSiteLaxMode, http.SameSiteLaxMode: http.SameSiteLaxMode, http.SameSiteNoneMode: http.SameSiteNoneMode} {
		r := newRig(t, &vendor{}, rigOptions{options: oauthadapter.Options[string]{CookieSameSite: fixed}})
		hop := r.browser.OpenUntil(portal, provider+"/start", atVendor)
		require.Len(t, setCookies(hop), 2)
		for _, c := range setCookies(hop) {
			require.Equal(t, want, c.SameSite)
		}
	}
	for baseURL, mode := range map[string]http.SameSite{"http://localhost:7007": http.SameSiteNoneMode, base: http.SameSiteStrictMode, portal: http.SameSiteDefaultMode} {
		_, err := authprovider.New(authprovider.Config{BaseURL: baseURL, Secrets: [][]byte{make([]byte, 32)}, Providers: map[string]authprovider.ProviderFactory{
			"demo": oauthadapter.Provider[string](&vendor{}, oauthadapter.Options[string]{CookieSameSite: mode})}})
		require.ErrorContains(t, err, "Options.CookieSameSite", baseURL)
	}
}
