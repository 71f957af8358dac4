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

// twoEnvironments is a provider with a development and a production client.
func twoEnvironments(vendors map[string]*vendor) authprovider.ProviderFactory {
	return oauthadapter.MapConfig(vendors, func(_ string, v *vendor) authprovider.ProviderFactory {
		return oauthadapter.Provider(v, oauthadapter.Options[string]{}, byEmail)
	})
}

func TestEnvironments(t *testing.T) {
	vendors := func() map[string]*vendor { return map[string]*vendor{"development": {}, "production": {}} }

	t.Run("each request goes to the environment that it names", func(t *testing.T) {
		v := vendors()
		r := newRig(t, nil, rigOptions{factory: twoEnvironments(v)})
		hop := r.signIn(url.Values{"env": {"production"}})
		require.Nil(t, r.message(hop).Message.Error)
		require.Len(t, v["production"].callbacks, 1)
		require.Zero(t, v["development"].calls())

		require.Equal(t, "session_missing", r.jsonError(r.fetch(http.MethodGet, "/refresh?env=development", nil)), "environments share no session")
		r.json(r.fetch(http.MethodGet, "/refresh?env=production", nil))
		require.Len(t, v["production"].refreshes, 1)
		r.fetch(http.MethodPost, "/logout?env=production", nil)
		require.Len(t, v["production"].revoked, 1, "with the client of the sign-in")
		require.Zero(t, v["development"].calls())
	})
	t.Run("R2 a session cookie renamed to another environment does not open", func(t *testing.T) {
		v := vendors()
		r := newRig(t, nil, rigOptions{factory: twoEnvironments(v)})
		r.signIn(url.Values{"env": {"development"}})
		for _, c := range r.browser.Cookies(provider + "/refresh") {
			if name, ok := strings.CutSuffix(c.Name, "~development~session"); ok {
				require.True(t, r.browser.SetCookie(provider+"/start", name+"~production~session="+c.Value+"; Path=/api/auth/demo; Secure; HttpOnly"))
			}
		}
		require.Equal(t, "session_missing", r.jsonError(r.fetch(http.MethodGet, "/refresh?env=production", nil)))
		require.Zero(t, v["production"].calls(), "or development's token would be sent to production")
	})
	t.Run("none named", func(t *testing.T) {
		r := newRig(t, nil, rigOptions{factory: twoEnvironments(vendors())})
		for _, path := range []string{"/refresh", "/start"} {
			hop := r.fetch(http.MethodGet, path, nil)
			require.Equal(t, http.StatusBadRequest, hop.Status)
			require.Equal(t, "environment_missing", r.jsonError(hop))
			require.Contains(t, string(hop.Body), "Must specify 'env' query to select environment")
		}
	})
	t.Run("none named, with a default", func(t *testing.T) {
		v := vendors()
		r := newRig(t, nil, rigOptions{factory: twoEnvironments(v), config: authprovider.Config{BaseURL: base, AppURL: portal, Environment: "production"}})
		require.Nil(t, r.message(r.signIn(nil)).Message.Error)
		require.Len(t, v["production"].callbacks, 1)
	})
	t.Run("a single one needs none", func(t *testing.T) {
		v := map[string]*vendor{"production": {}}
		r := newRig(t, nil, rigOptions{factory: twoEnvironments(v)})
		require.Nil(t, r.message(r.signIn(nil)).Message.Error)
		require.Equal(t, "environment_unknown", r.jsonError(r.fetch(http.MethodGet, "/refresh?env=development", nil)))
	})
	t.Run("S6 unknown", func(t *testing.T) {
		r := newRig(t, nil, rigOptions{factory: twoEnvironments(vendors())})
		for _, env := range []string{"staging", "__proto__", "constructor", "Production", strings.Repeat("x", 1000), "<script>"} {
			hop := r.browser.Open(portal, provider+"/start?env="+url.QueryEscape(env))
			require.Equal(t, http.StatusNotFound, hop.Status)
			require.Equal(t, "environment_unknown", r.jsonError(hop))
			require.Contains(t, string(hop.Body), "No configuration available for this environment of the provider.")
		}
		require.NotContains(t, r.log.String(), strings.Repeat("x", 65))
	})
	t.Run("F4 a callback for another environment than its state", func(t *testing.T) {
		v := vendors()
		r := newRig(t, nil, rigOptions{factory: twoEnvironments(v)})
		state := r.start(url.Values{"env": {"development"}})
		for name, params := range map[string]url.Values{
			"in the query":            {"env": {"production"}, "state": {state}, "code": {codeMarker}},
			"in the state":            {"state": {"production" + strings.TrimPrefix(state, "development")}, "code": {codeMarker}},
			"unknown in the state":    {"state": {"staging" + strings.TrimPrefix(state, "development")}, "code": {codeMarker}},
			"no environment":          {"state": {strings.TrimPrefix(state, "development")}, "code": {codeMarker}},
			"query names one, forged": {"env": {"production"}, "state": {"forged"}, "code": {codeMarker}},
		} {
			hop := r.callback(params)
			require.Empty(t, hop.Location, name)
			require.Contains(t, []string{"environment_mismatch", "state_invalid", "environment_unknown"}, r.failure(hop), name)
		}
		require.Zero(t, v["development"].calls()+v["production"].calls())
		require.Nil(t, r.message(r.callback(url.Values{"env": {"development"}, "state": {state}, "code": {codeMarker}})).Message.Error, "none of that used the attempt up")
	})
	t.Run("construction", func(t *testing.T) {
		ok := oauthadapter.Provider[string](&vendor{}, oauthadapter.Options[string]{})
		for name, environments := range map[string]map[string]authprovider.ProviderFactory{
			"at least one environment":  {},
			"Bad ID":                    {"Bad ID": ok},
			"ProviderFactory is nil":    {"production": nil},
			"CallbackURL":               {"production": oauthadapter.Provider[string](&vendor{}, oauthadapter.Options[string]{CallbackURL: "https://elsewhere.example/cb"})},
			"inside another":            {"production": oauthadapter.EnvironmentHandler(map[string]authprovider.ProviderFactory{"production": ok})},
			`Config.Environment "prod"`: {"production": ok, "development": ok},
		} {
			_, err := authprovider.New(authprovider.Config{BaseURL: base, Secrets: [][]byte{make([]byte, 32)}, Environment: "prod",
				Providers: map[string]authprovider.ProviderFactory{"demo": oauthadapter.EnvironmentHandler(environments)}})
			require.ErrorContains(t, err, name)
			require.ErrorContains(t, err, `provider "demo"`)
		}
	})
}

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

// TestStartThatFails: the window that opened the popup learns why, and nothing is set.
func TestStartThatFails(t *testing.T) {
	for name, start := range map[string]func(oauthadapter.StartRequest) (oauthadapter.StartResponse, error){
		"provider_unavailable": func(oauthadapter.StartRequest) (oauthadapter.StartResponse, error) {
			return oauthadapter.StartResponse{}, &authprovider.Error{Kind: authprovider.ErrUnavailable, Code: "provider_unavailable"}
		},
		"internal_error": func(oauthadapter.StartRequest) (oauthadapter.StartResponse, error) { panic("boom") },
	} {
		r := newRig(t, &vendor{start: start}, rigOptions{})
		hop := r.browser.Open(portal, provider+"/start?flow=redirect&redirectUrl="+portal)
		require.Equal(t, name, r.failure(hop))
		require.Empty(t, hop.Location)
		require.Empty(t, hop.Header.Values("Set-Cookie"))
		require.Equal(t, "failed:"+name, r.lastEvent())
	}
}
