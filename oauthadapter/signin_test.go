package oauthadapter_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
)

func TestPopupSignIn(t *testing.T) {
	r := newRig(t, &vendor{}, rigOptions{})
	hop := r.signIn(url.Values{"env": {"development"}, "origin": {portal}, "flow": {"popup"}, "scope": {"read write"}})

	p := r.message(hop)
	require.Equal(t, portal, p.TargetOrigin)
	require.Equal(t, "authorization_response", p.Message.Type)
	require.Equal(t, map[string]any{"email": "jane@example.com", "displayName": "Jane"}, p.Message.Response["profile"])
	require.Equal(t, map[string]any{"accessToken": accessMarker + "1", "idToken": idMarker + "1", "scope": "read write", "expiresInSeconds": 3600.0}, p.Message.Response["providerInfo"])
	identity := p.Message.Response["backstageIdentity"].(map[string]any)
	require.Equal(t, 3600.0, identity["expiresInSeconds"])
	require.Equal(t, map[string]any{"type": "user", "userEntityRef": "user:default/jane", "ownershipEntityRefs": []any{"user:default/jane"}}, identity["identity"])
	require.NotContains(t, string(hop.Body), refreshMarker, "a refresh token never reaches a page")

	require.True(t, sessionSet(hop))
	require.Equal(t, []string{"started", "succeeded"}, r.events())
	require.Len(t, r.vendor.callbacks, 1)
	got := r.vendor.callbacks[0]
	require.Equal(t, codeMarker, got.Code)
	require.Equal(t, provider+"/handler/frame", got.CallbackURL)
	require.Equal(t, r.vendor.starts[0].Nonce, got.Nonce)
	require.GreaterOrEqual(t, len(got.CodeVerifier), 43, "RFC 7636 section 4.1")
}

func TestRedirectSignIn(t *testing.T) {
	r := newRig(t, &vendor{}, rigOptions{})
	hop := r.signIn(url.Values{"origin": {portal}, "flow": {"redirect"}, "redirectUrl": {portal + "/catalog?a=1&error=old#top"}})
	require.Equal(t, http.StatusFound, hop.Status)
	require.Equal(t, portal+"/catalog?a=1#top", hop.Location)
	require.NotContains(t, hop.Location, codeMarker)
	require.Empty(t, hop.Body)
	require.Equal(t, "user:default/jane", userRef(r.json(r.refresh())), "the app gets its result by a refresh")
}

func userRef(response map[string]any) any {
	return response["backstageIdentity"].(map[string]any)["identity"].(map[string]any)["userEntityRef"]
}

func TestWithoutResolverThereIsNoIdentity(t *testing.T) {
	r := newRig(t, &vendor{}, rigOptions{signIn: []authprovider.SignInResolver[*oauthadapter.Result[string]]{}})
	p := r.message(r.signIn(nil))
	require.Contains(t, p.Message.Response, "profile")
	require.Contains(t, p.Message.Response, "providerInfo")
	require.NotContains(t, p.Message.Response, "backstageIdentity")
	require.NotContains(t, r.json(r.refresh()), "backstageIdentity")
	require.Empty(t, r.issuer.Issued())
}

func TestStartRefuses(t *testing.T) {
	long := strings.Repeat("a", 5000)
	tests := []struct {
		name   string
		query  string
		status int
		code   string
	}{
		{"origin that is no origin", "origin=nonsense", 400, "origin_invalid"},
		{"origin with path", "origin=" + portal + "/x", 400, "origin_invalid"},
		{"foreign origin", "origin=https://evil.example", 403, "origin_not_allowed"},
		{"suffix of ours", "origin=https://portal.example.com.evil.example", 403, "origin_not_allowed"},
		{"null", "origin=null", 400, "origin_invalid"},
		{"redirect without URL", "flow=redirect", 400, "redirect_url_missing"},
		{"redirect to elsewhere", "flow=redirect&redirectUrl=https://evil.example/", 403, "redirect_url_not_allowed"},
		{"redirect to another allowed origin", "flow=redirect&origin=" + portal + "&redirectUrl=https://other.example.com/", 403, "redirect_url_not_allowed"},
		{"redirect by back-slash", "flow=redirect&redirectUrl=https:%5C%5Cevil.example/", 400, "redirect_url_invalid"},
		{"redirect to a script", "flow=redirect&redirectUrl=javascript:alert(1)", 400, "redirect_url_invalid"},
		{"redirect to a path", "flow=redirect&redirectUrl=/home", 400, "redirect_url_invalid"},
		{"a popup's redirect URL is checked too", "flow=popup&redirectUrl=https://evil.example/", 403, "redirect_url_not_allowed"},
		{"unknown flow", "flow=silent", 400, "flow_unknown"},
		{"scope with a quote", "scope=a%22b", 400, "scope_invalid"},
		{"scope with a line break", "scope=a%0Ab", 400, "scope_invalid"},
		{"huge scope", "scope=" + long, 400, "scope_invalid"},
		{"scope that fits no cookie", "scope=" + long[:4000], 400, "request_too_large"},
		{"parameter twice", "scope=a&scope=b", 400, "parameter_repeated"},
		{"origin twice", "origin=" + portal + "&origin=https://evil.example", 400, "parameter_repeated"},
		{"malformed escape", "scope=%zz", 400, "query_malformed"},
		{"semicolon", "scope=a;origin=b", 400, "query_malformed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, &vendor{}, rigOptions{config: authprovider.Config{BaseURL: base, AppURL: portal, AllowedOrigins: []string{"https://other.example.com"}}})
			hop := r.browser.OpenUntil(portal, provider+"/start?"+tt.query, atVendor)
			require.Equal(t, tt.status, hop.Status)
			require.Equal(t, tt.code, r.jsonError(hop))
			require.Empty(t, hop.Header.Values("Set-Cookie"))
			require.Empty(t, hop.Location)
			require.Equal(t, "refused:"+tt.code, r.lastEvent())
		})
	}
}

// TestRowS9StartNeedsANavigation: what a page can load without a person must not push attempts out.
func TestRowS9StartNeedsANavigation(t *testing.T) {
	r := newRig(t, &vendor{}, rigOptions{})
	for _, kind := range [][2]string{{"no-cors", "image"}, {"no-cors", "script"}, {"cors", "empty"}, {"navigate", "iframe"}, {"navigate", "embed"}} {
		hop := r.browser.Do(authprovidertest.Request{URL: provider + "/start", From: "https://evil.example", Mode: kind[0], Dest: kind[1]})
		require.Equal(t, http.StatusForbidden, hop.Status, kind)
		require.Empty(t, hop.Header.Values("Set-Cookie"))
	}
	require.Empty(t, r.vendor.starts)
	hop := r.browser.Do(authprovidertest.Request{Method: http.MethodHead, URL: provider + "/start"})
	require.Equal(t, http.StatusMethodNotAllowed, hop.Status)
	require.Empty(t, hop.Header.Values("Set-Cookie"))
}

// TestRowS1ForeignParameters: no protocol parameter of the caller reaches the provider.
func TestRowS1ForeignParameters(t *testing.T) {
	r := newRig(t, &vendor{required: []string{"openid"}}, rigOptions{options: oauthadapter.Options[string]{AdditionalScopes: []string{"groups", "openid"}}})
	r.start(url.Values{"scope": {"read,write|read"}, "state": {"fixed"}, "nonce": {"fixed"}, "client_id": {"x"}, "redirect_uri": {"x"}, "response_type": {"token"}, "response_mode": {"form_post"}, "request": {"x"}, "claims": {"x"}, "prompt": {"none"},
		"id_token_hint": {"x"}, "grant_type": {"x"}, "client_secret": {"x"}, "code_verifier": {"x"}, "code_challenge_x": {"x"}, "client_assertion": {"x"}, "registration": {"x"},
		"code_challenge": {"x"}, "code_challenge_method": {"plain"}, "request_uri": {"x"}, "max_age": {"0"}, "organization": {"acme"}})
	got := r.vendor.starts[0]
	require.Equal(t, url.Values{"organization": {"acme"}}, got.Query)
	require.Equal(t, []string{"read", "write", "openid", "groups"}, got.Scopes)
	require.NotContains(t, got.State, "fixed")
	require.NotContains(t, got.Nonce, "fixed")
	require.Len(t, got.CodeChallenge, 43)
}

// TestRowF1ForgedStateNeverRedirects: the open redirect of the original (W1).
func TestRowF1ForgedStateNeverRedirects(t *testing.T) {
	r := newRig(t, &vendor{}, rigOptions{})
	genuine := r.start(url.Values{"flow": {"redirect"}, "origin": {portal}, "redirectUrl": {portal + "/"}})
	backstage := "6e6f6e63653d78266f726967696e3d68747470732533412532462532466576696c26666c6f773d7265646972656374"
	for name, query := range map[string]string{
		"none":             "",
		"empty":            "state=",
		"in the clear":     "state=" + url.QueryEscape("env=x&nonce=y&flow=redirect&redirectUrl=https://evil.example"),
		"Backstage's hex":  "state=" + backstage,
		"changed":          "state=" + url.QueryEscape("."+strings.ToUpper(genuine[1:])),
		"cut":              "state=" + genuine[:40],
		"with a target":    "state=forged&redirectUrl=https://evil.example&flow=redirect",
		"with an error":    "state=forged&error=access_denied&error_description=%3Cscript%3E",
		"twice":            "state=" + genuine + "&state=" + genuine,
		"malformed escape": "state=%zz",
	} {
		t.Run(name, func(t *testing.T) {
			hop := r.browser.Do(authprovidertest.Request{URL: provider + "/handler/frame?" + query, From: "https://evil.example"})
			require.Empty(t, hop.Location)
			p := r.message(hop)
			require.Equal(t, portal, p.TargetOrigin, "the message is for the app's own origin")
			require.NotNil(t, p.Message.Error)
			require.NotContains(t, string(hop.Body), "evil")
			require.False(t, sessionSet(hop))
		})
	}
	require.Zero(t, r.vendor.calls())
}

func TestCallbackIsBoundToTheBrowser(t *testing.T) {
	query := url.Values{"origin": {portal}, "flow": {"redirect"}, "redirectUrl": {portal + "/"}}
	params := func(state string) url.Values { return url.Values{"state": {state}, "code": {codeMarker}} }

	t.Run("S1 another browser", func(t *testing.T) {
		r := newRig(t, &vendor{}, rigOptions{})
		state := r.start(query)
		r.browser = r.browser.Other()
		require.Equal(t, "cookie_missing", r.failure(r.callback(params(state))))
		require.Zero(t, r.vendor.calls())
	})
	t.Run("S8 an attacker's attempt tossed in", func(t *testing.T) {
		r := newRig(t, &vendor{}, rigOptions{})
		victim := r.browser
		victimState := r.start(query)
		require.NotEmpty(t, victimState)
		r.browser = victim.Other()
		state := r.start(query)
		for _, c := range r.browser.Cookies(provider + "/handler/frame") {
			victim.SetCookie("https://evil.example.com/", c.Name+"="+c.Value+"; Domain=example.com; Path=/; Secure")
		}
		r.browser = victim
		require.Equal(t, "cookie_invalid", r.failure(r.callback(params(state))), "sealed with the attacker's browser, so it does not open here")
		require.Zero(t, r.vendor.calls())
	})
	t.Run("F3 twice", func(t *testing.T) {
		r := newRig(t, &vendor{}, rigOptions{})
		state := r.start(query)
		replay := r.browser.Clone()
		require.Equal(t, portal+"/", r.callback(params(state)).Location)
		r.browser = replay
		hop := r.callback(params(state))
		require.Equal(t, "state_used", r.failure(hop))
		require.False(t, sessionSet(hop))
		require.Equal(t, 1, r.vendor.calls())
	})
	t.Run("S8 the cookie twice", func(t *testing.T) {
		r := newRig(t, &vendor{}, rigOptions{})
		state := r.start(query)
		for _, c := range r.browser.Cookies(provider + "/handler/frame") {
			if strings.Contains(c.Name, "attempt") {
				r.browser.SetCookie("https://evil.example.com/", c.Name+"=x; Domain=example.com; Path=/api/auth/demo/handler; Secure")
			}
		}
		require.Equal(t, "cookie_invalid", r.failure(r.callback(params(state))))
	})
	t.Run("F2 too late", func(t *testing.T) {
		r := newRig(t, &vendor{}, rigOptions{})
		state := r.start(query)
		r.clock.Advance(11 * 60e9)
		require.Equal(t, "state_expired", r.failure(r.callback(params(state))))
	})
	t.Run("S9 two tabs", func(t *testing.T) {
		r := newRig(t, &vendor{}, rigOptions{})
		first, second := r.start(query), r.start(query)
		require.Equal(t, portal+"/", r.callback(params(second)).Location)
		require.Equal(t, portal+"/", r.callback(params(first)).Location)
	})
	t.Run("S9 at most five attempts, the newest", func(t *testing.T) {
		r := newRig(t, &vendor{}, rigOptions{})
		var states []string
		for range 7 {
			states = append(states, r.start(query))
			r.clock.Advance(1e9)
		}
		require.Len(t, r.browser.Cookies(provider+"/handler/frame"), 6, "five attempts and the browser")
		require.Equal(t, "cookie_missing", r.failure(r.callback(params(states[1]))))
		require.Equal(t, portal+"/", r.callback(params(states[2])).Location)
	})
	t.Run("F3 the cookie goes with every answer", func(t *testing.T) {
		r := newRig(t, &vendor{}, rigOptions{})
		state := r.start(query)
		hop := r.callback(url.Values{"state": {state}, "error": {"access_denied"}})
		require.Equal(t, "access_denied", r.failure(hop))
		require.Equal(t, "cookie_missing", r.failure(r.callback(params(state))))
	})
}

// TestRowF4IssuerParameter is the defence against mix-up, RFC 9207.
func TestRowF4IssuerParameter(t *testing.T) {
	tests := []struct {
		name     string
		required bool
		params   url.Values
		want     string
	}{
		{"absent", false, url.Values{"code": {"c"}}, ""},
		{"right", false, url.Values{"code": {"c"}, "iss": {idp}}, ""},
		{"right and required", true, url.Values{"code": {"c"}, "iss": {idp}}, ""},
		{"required and absent", true, url.Values{"code": {"c"}}, "issuer_mismatch"},
		{"wrong", false, url.Values{"code": {"c"}, "iss": {"https://evil.example"}}, "issuer_mismatch"},
		{"a slash too many", false, url.Values{"code": {"c"}, "iss": {idp + "/"}}, "issuer_mismatch"},
		{"empty", false, url.Values{"code": {"c"}, "iss": {""}}, "issuer_mismatch"},
		{"before the error", false, url.Values{"error": {"access_denied"}, "iss": {"https://evil.example"}}, "issuer_mismatch"},
		{"twice", false, url.Values{"code": {"c"}, "iss": {idp, "https://evil.example"}}, "parameter_repeated"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := &vendor{}
			v.start = func(req oauthadapter.StartRequest) (oauthadapter.StartResponse, error) {
				return oauthadapter.StartResponse{URL: idp + "/authorize?state=" + req.State, Issuer: idp, IssuerRequired: tt.required}, nil
			}
			r := newRig(t, v, rigOptions{})
			tt.params.Set("state", r.start(nil))
			hop := r.callback(tt.params)
			if tt.want == "" {
				require.Nil(t, r.message(hop).Message.Error)
				return
			}
			require.Equal(t, tt.want, r.failure(hop))
			require.Zero(t, v.calls(), "a code of another server must not be sent to this one")
		})
	}
}

func TestIncrementalScope(t *testing.T) {
	v := &vendor{}
	r := newRig(t, v, rigOptions{})
	r.signIn(url.Values{"scope": {"read"}})
	r.start(url.Values{"scope": {"write"}})
	require.Equal(t, []string{"write", "read"}, v.starts[1].Scopes, "a new token must not lose what was granted")
}

// TestRowS8WeakBrowserCookie: a value that nobody here made binds nothing, and is replaced.
func TestRowS8WeakBrowserCookie(t *testing.T) {
	r := newRig(t, &vendor{}, rigOptions{})
	for _, weak := range []string{"AAAA", "A", "AAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB", "="} {
		require.True(t, r.browser.SetCookie(provider+"/start", "__Host-auth-browser="+weak+"; Path=/; Secure"))
		made := setCookies(r.browser.OpenUntil(portal, provider+"/start", atVendor))["__Host-auth-browser"]
		require.NotNil(t, made, weak)
		require.Len(t, made.Value, 22)
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
