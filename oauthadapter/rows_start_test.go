package oauthadapter_test

import (
	"crypto/sha256"
	"encoding/base64"
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

// The rows are those of the threat model: S for start, F for the callback, R for refresh and logout.

func TestRowS1EveryStartDiffers(t *testing.T) {
	v := &vendor{}
	r := newRig(t, v, rigOptions{})
	request := httptest.NewRequest(http.MethodGet, provider+"/start?state=fixed&nonce=fixed&code_challenge=fixed", nil)
	const starts = 10_000
	for range starts {
		r.handler.ServeHTTP(httptest.NewRecorder(), request)
	}
	require.Len(t, v.starts, starts)
	seen := make(map[string]bool, 3*starts)
	for _, s := range v.starts {
		for _, text := range []string{s.State, s.Nonce, s.CodeChallenge} {
			require.False(t, seen[text])
			seen[text] = true
		}
		nonce, err := base64.RawURLEncoding.DecodeString(s.Nonce)
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(nonce), 16)
	}
}

// TestRowS2CodeInjection: a code of another flow is of no use, since it was asked for with another PKCE challenge. The client is a
// confidential one.
func TestRowS2CodeInjection(t *testing.T) {
	for _, flow := range []string{"popup", "redirect"} {
		t.Run(flow, func(t *testing.T) {
			w := newWorld(t)
			start := func(b *authprovidertest.Browser) url.Values {
				hop := b.OpenUntil(portal, provider+"/start?flow="+flow+"&redirectUrl="+portal+"/home", func(target string) bool { return strings.HasPrefix(target, provider) })
				u, err := url.Parse(hop.Location)
				require.NoError(t, err)
				require.NotEmpty(t, u.Query().Get("code"))
				return u.Query()
			}
			attacker := start(w.browser.Other())
			victim := start(w.browser)
			challenge := w.idp.Last(authprovidertest.Authorize).Query
			require.Equal(t, "S256", challenge.Get("code_challenge_method"))
			require.NotContains(t, victim.Get("state"), challenge.Get("code_challenge"))

			victim.Set("code", attacker.Get("code"))
			hop := w.browser.OpenUntil(w.idp.Issuer(), provider+"/handler/frame?"+victim.Encode(), func(string) bool { return true })
			sent := w.idp.Last(authprovidertest.Token).Form
			require.Equal(t, attacker.Get("code"), sent.Get("code"))
			require.GreaterOrEqual(t, len(sent.Get("code_verifier")), 43, "32 random bytes")
			sum := sha256.Sum256([]byte(sent.Get("code_verifier")))
			require.Equal(t, challenge.Get("code_challenge"), base64.RawURLEncoding.EncodeToString(sum[:]), "the verifier is the victim's own")
			require.Equal(t, 1, w.calls())
			require.False(t, sessionSet(hop))
			require.Equal(t, "refused frame invalid_grant", w.lastEvent(t))
			if flow == "popup" {
				require.Equal(t, "invalid_grant", readPosted(t, hop).Message.Error.Code)
			} else {
				require.Contains(t, hop.Location, portal+"/home?error=")
			}
		})
	}
}

// refused checks an answer of the start route that must do nothing at all.
func (r *rig) refused(hop *authprovidertest.Hop, status int) {
	r.t.Helper()
	require.Equal(r.t, status, hop.Status, "%s", hop.Body)
	require.Empty(r.t, hop.Header.Values("Set-Cookie"))
	require.Empty(r.t, hop.Header.Values("Location"))
	require.Empty(r.t, r.vendor.starts, "the provider is not even asked for a URL")
	require.Zero(r.t, r.vendor.calls())
	require.Equal(r.t, "refused:"+r.jsonError(hop), r.lastEvent())
}

func TestRowS3HostileOrigins(t *testing.T) {
	r := newRig(t, &vendor{}, rigOptions{config: authprovider.Config{BaseURL: base, AppURL: portal, AllowedOrigins: []string{"https://*.preview.example.com"}}})
	for origin, status := range map[string]int{
		"https://portal.example.com.evil.example":   403,
		"https://evil-portal.example.com":           403,
		"https://portalXexample.com":                403,
		"https://portal.example.com:8443":           403,
		"https://a.b.preview.example.com":           403,
		"https://preview.example.com":               403,
		"https://evil.example#.preview.example.com": 400,
		"https://evil.example/.preview.example.com": 400,
		"https://.preview.example.com":              400,
		"https://*.preview.example.com":             400,
		"http://portal.example.com":                 400,
		"https://portal.example.com.":               400,
		"https://portal.example.com@evil.example":   400,
		"https://user@portal.example.com":           400,
		"https://portal.example.com/":               400,
		"https://portal.example.com?":               400,
		"https://portal.example.com\\@evil.example": 400,
		"https://portal。example.com":                400,
		"https://pörtal.example.com":                400,
		"https://portal.example.com\n":              400,
		" https://portal.example.com":               400,
		"blob:https://portal.example.com":           400,
		"javascript:alert(1)":                       400,
		"//portal.example.com":                      400,
		"portal.example.com":                        400,
		"null":                                      400,
		"*":                                         400,
		strings.Repeat("a", 100_000):                400,
	} {
		for _, flow := range []string{"popup", "redirect"} {
			hop := r.browser.OpenUntil(portal, provider+"/start?"+url.Values{"origin": {origin}, "flow": {flow}, "redirectUrl": {portal + "/"}}.Encode(), atVendor)
			r.refused(hop, status)
		}
	}
	require.Less(t, len(r.log.String()), 100_000, "nobody writes the log full with an origin")
}

func TestRowS4HostileRedirectURLs(t *testing.T) {
	const other = "https://other.example.com"
	r := newRig(t, &vendor{}, rigOptions{config: authprovider.Config{BaseURL: base, AppURL: portal, AllowedOrigins: []string{other}}})
	for target, status := range map[string]int{
		"https://evil.example/":                      403,
		other + "/":                                  403, // allowed, but not this app
		"https://portal.example.com:8443/":           403,
		"https://portal.example.com.evil.example":    403,
		"http://portal.example.com/":                 400,
		"https://portal.example.com@evil.example":    400,
		"https://evil.example\\@portal.example.com/": 403,
		"https:/\\portal.example.com/":               400,
		"https:portal.example.com/":                  400,
		"https:///portal.example.com/":               400,
		"//evil.example/":                            400,
		"/home":                                      400,
		"\\\\evil.example":                           400,
		"https://portal.example.com/\\evil":          400,
		"https://portal.example.com/a\tb":            400,
		"https://portal.example.com/\r\nX: y":        400,
		"https://portal.example.com/ü":               400,
		"https://portal.example.com\x00/":            400,
		"javascript:alert(1)//https://portal":        400,
		"data:text/html,x":                           400,
	} {
		r.refused(r.browser.OpenUntil(portal, provider+"/start?"+url.Values{"origin": {portal}, "flow": {"redirect"}, "redirectUrl": {target}}.Encode(), atVendor), status)
		r.refused(r.browser.OpenUntil(portal, provider+"/start?"+url.Values{"redirectUrl": {target}}.Encode(), atVendor), status)
	}
	t.Run("checked again at the end", func(t *testing.T) {
		v := &vendor{}
		begun := newRig(t, v, rigOptions{config: authprovider.Config{BaseURL: base, AppURL: portal, AllowedOrigins: []string{other}}})
		state := begun.start(url.Values{"origin": {other}, "flow": {"redirect"}, "redirectUrl": {other + "/home"}})
		// The host is restarted without the origin.
		after := newRig(t, v, rigOptions{})
		after.browser = begun.browser
		after.browser.Host(portal, after.handler)
		hop := after.callback(url.Values{"state": {state}, "code": {codeMarker}})
		require.Empty(t, hop.Location)
		require.Equal(t, "origin_not_allowed", after.failure(hop))
		require.Equal(t, portal, after.message(hop).TargetOrigin)
		require.Zero(t, v.calls())
	})
}

// TestRowS5ParameterPollution: what the router reads and what the handler reads is the same, or neither reads anything.
func TestRowS5ParameterPollution(t *testing.T) {
	factories := map[string]func(v *vendor) authprovider.ProviderFactory{
		"one": func(v *vendor) authprovider.ProviderFactory {
			return oauthadapter.Provider(v, oauthadapter.Options[string]{}, byEmail)
		},
		"environments": func(v *vendor) authprovider.ProviderFactory {
			return twoEnvironments(map[string]*vendor{"development": v, "production": v})
		},
	}
	for name, factory := range factories {
		t.Run(name, func(t *testing.T) {
			v := &vendor{}
			r := newRig(t, v, rigOptions{factory: factory(v)})
			queries := map[string]string{"scope=%zz": "query_malformed", "a;b": "query_malformed", "scope=a;origin=b": "query_malformed", "%": "query_malformed"}
			for _, p := range []string{"env", "scope", "origin", "redirectUrl", "flow", "optional", "state", "code", "error", "error_description", "error_uri", "iss", "session_state"} {
				queries[p+"=development&"+p+"=production"] = "parameter_repeated"
				queries[p+"=development&"+p+"=development"] = "parameter_repeated"
				queries[p+"&"+p] = "parameter_repeated"
				queries[p+"=x&%"+hexByte(p[0])+p[1:]+"=y"] = "parameter_repeated"
			}
			for query, code := range queries {
				r.refused(r.browser.OpenUntil(portal, provider+"/start?"+query, atVendor), http.StatusBadRequest)
				require.Equal(t, "refused:"+code, r.lastEvent())
				for _, route := range []struct{ method, path string }{{http.MethodGet, "/refresh?"}, {http.MethodPost, "/refresh?"}, {http.MethodPost, "/logout?"}} {
					r.refused(r.fetch(route.method, route.path+query, nil), http.StatusBadRequest)
					require.Equal(t, "refused:"+code, r.lastEvent())
				}
				hop := r.browser.Do(authprovidertest.Request{URL: provider + "/handler/frame?" + query, From: idp})
				require.Equal(t, code, r.failure(hop))
				require.Equal(t, portal, r.message(hop).TargetOrigin)
				require.Empty(t, hop.Header.Values("Set-Cookie"))
			}
			require.Zero(t, v.calls())
		})
	}
}

func hexByte(c byte) string {
	return string("0123456789abcdef"[c>>4]) + string("0123456789abcdef"[c&15])
}

// TestRowS7SpoofedHeaders: redirect URI and cookie attributes come from the configuration.
func TestRowS7SpoofedHeaders(t *testing.T) {
	spoofed := http.Header{"X-Forwarded-Host": {"evil.example"}, "X-Forwarded-Proto": {"http"}, "X-Forwarded-Port": {"80"}, "X-Forwarded-Prefix": {"/evil"},
		"X-Forwarded-Uri": {"/evil"}, "Forwarded": {"host=evil.example;proto=http"}, "X-Original-Url": {"/evil"}, "X-Rewrite-Url": {"/evil"}}
	type answer struct {
		callback string
		cookies  []http.Cookie
	}
	start := func(host string, header http.Header) answer {
		v := &vendor{}
		r := newRig(t, v, rigOptions{})
		request := httptest.NewRequest(http.MethodGet, provider+"/start", nil)
		request.Host, request.TLS = host, nil
		request.Header = header.Clone()
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, request)
		require.Equal(t, http.StatusFound, w.Code)
		require.NotContains(t, w.Header().Get("Location"), "evil")
		a := answer{callback: v.starts[0].CallbackURL}
		for _, c := range w.Result().Cookies() {
			name, _, _ := strings.Cut(c.Name, "~attempt~")
			a.cookies = append(a.cookies, http.Cookie{Name: name, Path: c.Path, Domain: c.Domain, Secure: c.Secure, HttpOnly: c.HttpOnly, SameSite: c.SameSite, MaxAge: c.MaxAge})
		}
		return a
	}
	plain := start("portal.example.com", http.Header{})
	require.Equal(t, provider+"/handler/frame", plain.callback)
	require.Len(t, plain.cookies, 2)
	require.Equal(t, plain, start("evil.example", spoofed))
	for name, values := range spoofed {
		require.Equal(t, plain, start("portal.example.com", http.Header{name: values}), name)
	}
}

// TestRowS8TossedSession: a sibling domain can set neither the "__Host-" cookie nor a session that opens beside ours.
func TestRowS8TossedSession(t *testing.T) {
	attacker := signedIn(t, &vendor{}, rigOptions{})
	victim := newRig(t, &vendor{}, rigOptions{})
	victim.start(nil) // it has a browser cookie
	for _, c := range attacker.browser.Cookies(provider + "/refresh") {
		kept := victim.browser.SetCookie("https://evil.example.com/", c.Name+"="+c.Value+"; Domain=example.com; Path=/api/auth/demo; Secure")
		require.Equal(t, !strings.HasPrefix(c.Name, "__Host-"), kept)
	}
	hop := victim.refresh()
	require.Equal(t, "session_missing", victim.jsonError(hop))
	require.Empty(t, hop.Header.Values("Set-Cookie"))
	require.Zero(t, victim.vendor.calls(), "or the victim would work in the attacker's account")

	t.Run("beside our own", func(t *testing.T) {
		r := signedIn(t, &vendor{}, rigOptions{})
		calls := r.vendor.calls()
		r.browser.SetCookie("https://evil.example.com/", "__Secure-demo~session=1.x; Domain=example.com; Path=/api/auth/demo; Secure")
		require.Equal(t, "session_missing", r.jsonError(r.refresh()), "neither of two is believed")
		require.Equal(t, calls, r.vendor.calls())
	})
}

// TestRowS9ForeignAttempts: cookies under our prefix that are not ours go first, and at most five of them stay.
func TestRowS9ForeignAttempts(t *testing.T) {
	for _, names := range [][]string{{"x", "zzzzzzzzzz-x", "-", "00-x", "ffffffffffx"}, {"ffffffffffff-1", "ffffffffffff-2", "ffffffffffff-3", "fffffffffff-4", "f-5"}} {
		r := newRig(t, &vendor{}, rigOptions{})
		ours := r.start(nil)
		for _, name := range names {
			require.True(t, r.browser.SetCookie(provider+"/start", "__Secure-demo~attempt~"+name+"=x; Path=/api/auth/demo; Secure"))
		}
		r.start(nil)
		require.Nil(t, r.message(r.callback(url.Values{"state": {ours}, "code": {codeMarker}})).Message.Error)
	}
}

// TestRowS10CallbackOutsideTheProviderPath: the cookies are for the whole host then, and get the stronger prefix.
func TestRowS10CallbackOutsideTheProviderPath(t *testing.T) {
	v := &vendor{authenticate: func(oauthadapter.CallbackRequest) (*oauthadapter.Result[string], error) {
		res := jane("1")
		res.Session.RefreshToken = authprovider.Secret(strings.Repeat("r", 9_000))
		return res, nil
	}}
	const callback = portal + "/oauth/callback"
	r := newRig(t, v, rigOptions{options: oauthadapter.Options[string]{CallbackURL: callback}})
	routes := http.NewServeMux()
	routes.Handle("/api/auth/", r.handler)
	routes.HandleFunc("/oauth/callback", func(w http.ResponseWriter, request *http.Request) {
		request.URL.Path = "/api/auth/demo/handler/frame"
		r.handler.ServeHTTP(w, request)
	})
	r.browser.Host(portal, routes)
	state := r.start(nil)
	require.Equal(t, callback, v.starts[0].CallbackURL)
	hop := r.browser.OpenUntil(idp, callback+"?"+url.Values{"state": {state}, "code": {codeMarker}}.Encode(), func(string) bool { return true })
	require.Nil(t, r.message(hop).Message.Error)
	require.Empty(t, hop.CookiesRefused)
	var names []string
	for name, c := range setCookies(hop) {
		require.Equal(t, "/", c.Path)
		require.True(t, strings.HasPrefix(name, "__Host-demo~"), name)
		require.Empty(t, c.Domain)
		if c.Value != "" {
			names = append(names, name)
		}
	}
	require.ElementsMatch(t, []string{"__Host-demo~session", "__Host-demo~session.1", "__Host-demo~session.2", "__Host-demo~session.3"}, names)
	r.json(r.refresh())
	require.Len(t, string(v.refreshes[0].Session.RefreshToken), 9_000)
	require.Equal(t, http.StatusOK, r.logout().Status)
	require.Len(t, r.browser.Cookies(portal+"/"), 1, "only the browser's own is left")
}

// TestRowS10MountPath: an ingress strips a prefix; cookies and redirect URI stay as the browser sees them.
func TestRowS10MountPath(t *testing.T) {
	r := newRig(t, &vendor{}, rigOptions{config: authprovider.Config{BaseURL: base, AppURL: portal, MountPath: "/"}})
	r.browser.Host(portal, http.StripPrefix("/api/auth", r.handler))
	require.Nil(t, r.message(r.signIn(nil)).Message.Error)
	require.Equal(t, provider+"/handler/frame", r.vendor.starts[0].CallbackURL)
	r.json(r.refresh())
	require.True(t, sessionCleared(r.logout()))
	require.Len(t, r.browser.Cookies(provider+"/refresh"), 1)
}

func TestRowS11ScopeInjection(t *testing.T) {
	r := newRig(t, &vendor{}, rigOptions{})
	for _, scope := range []string{"a\"b", "a\\b", "a\nb", "a\r\nb", "a\tb", "a\x00b", "a\x7fb", "ä", "a\u00a0b", "a\u2028b", strings.Repeat("a", 4097), strings.Repeat("a ", 3000)} {
		r.refused(r.browser.OpenUntil(portal, provider+"/start?"+url.Values{"scope": {scope}}.Encode(), atVendor), http.StatusBadRequest)
		require.Equal(t, "refused:scope_invalid", r.lastEvent())
		r.refused(r.fetch(http.MethodGet, "/refresh?"+url.Values{"scope": {scope}}.Encode(), nil), http.StatusBadRequest)
	}
	r.start(url.Values{"scope": {"!#[]~ https://www.example.com/auth/x.y a,b|c  a"}})
	require.Equal(t, []string{"!#[]~", "https://www.example.com/auth/x.y", "a", "b", "c"}, r.vendor.starts[0].Scopes)
}
