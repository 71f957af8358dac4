package oauthadapter_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
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
