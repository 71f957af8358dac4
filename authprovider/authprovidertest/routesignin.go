package authprovidertest

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// startCases are about the way to the vendor.
var startCases = []conformanceCase[*routeRig]{
	{"start redirects", "Start answers 302 to the vendor's authorization endpoint on https, or http on loopback, with this provider's own callback.", func(t testing.TB, r *routeRig) {
		hop := r.start(nil)
		target := r.authorization(t, hop)
		if got := target.Query().Get("redirect_uri"); got != r.CallbackURL {
			t.Errorf("redirect_uri is %q, want %q", got, r.CallbackURL)
		}
		for _, secret := range r.Secrets {
			if strings.Contains(hop.Location, secret) {
				t.Errorf("the redirect holds a secret")
			}
		}
		for _, c := range r.browser.Cookies(r.CallbackURL) {
			if strings.Contains(hop.Location, c.Value) {
				t.Errorf("the redirect holds the value of the cookie %q", c.Name)
			}
		}
	}},
	{"state is made here", "State is fresh and unguessable for each attempt (RFC 9700 section 4.7).", func(t testing.TB, r *routeRig) {
		seen := make(map[string]bool)
		for range 20 {
			state := r.authorization(t, r.start(nil)).Query().Get("state")
			if len(state) < 22 { // 128 bits in base64url
				t.Errorf("state has %d characters", len(state))
			}
			if seen[state] {
				t.Errorf("state was given out twice")
			}
			seen[state] = true
		}
	}},
	{"parameters of the caller", "No protocol parameter of the caller's query reaches the vendor: each is a way to steer somebody else's sign-in.", func(t testing.TB, r *routeRig) {
		evil := make(url.Values)
		for _, name := range protocolParameters {
			evil.Set(name, "evil-"+name)
		}
		for name, values := range r.authorization(t, r.start(evil)).Query() {
			for _, value := range values {
				if strings.Contains(value, "evil-") {
					t.Errorf("the caller's %s reached the vendor", name)
				}
			}
		}
	}},
	{"headers of the caller", "Callback and cookies come from the configuration and never from Host or X-Forwarded headers.", func(t testing.TB, r *routeRig) {
		hop := r.send(http.MethodGet, "start", r.startQuery(nil).Encode(), http.Header{
			"X-Forwarded-Host": {"evil.example.net"}, "X-Forwarded-Proto": {"http"}, "Forwarded": {"host=evil.example.net;proto=http"},
			"X-Original-Host": {"evil.example.net"}, "X-Forwarded-Prefix": {"/evil"},
		})
		if strings.Contains(hop.Header.Get("Location"), "evil") {
			t.Errorf("a header of the caller reached the redirect: %q", hop.Header.Get("Location"))
		}
		wantSafeCookies(t, hop)
	}},
	{"foreign origins", "The result goes to allowed origins alone, checked before anything is set (RFC 9700 section 4.11).", func(t testing.TB, r *routeRig) {
		for _, change := range []url.Values{
			{"origin": {foreignOrigin}},
			{"origin": {"null"}},
			{"origin": {r.AppOrigin + ".evil.example.net"}},
			{"origin": {r.AppOrigin + "@evil.example.net"}},
			{"origin": {"javascript:alert(1)"}},
			{"flow": {"redirect"}, "redirectUrl": {foreignOrigin + "/"}},
			{"flow": {"redirect"}, "redirectUrl": {"//evil.example.net/"}},
			{"flow": {"redirect"}, "redirectUrl": {`https:\\evil.example.net/`}},
			{"flow": {"redirect"}, "redirectUrl": {r.AppOrigin + `\@evil.example.net/`}},
			{"flow": {"redirect"}, "redirectUrl": {"javascript:alert(1)"}},
			{"flow": {"no-such-flow"}},
			{"scope": {"a\x00b"}},
			{"scope": {"a\"b"}},
		} {
			hop := r.start(change)
			wantStatus(t, "start?"+change.Encode(), hop, http.StatusBadRequest, http.StatusForbidden)
			wantNoCookie(t, "start?"+change.Encode(), hop)
		}
	}},
	{"starts that no person made", "A start by an image or a script of a foreign page is refused and sets nothing: it would push the person's own attempts out.", func(t testing.TB, r *routeRig) {
		for _, dest := range []string{"image", "script", "iframe", "empty"} {
			mode := "no-cors"
			if dest == "iframe" {
				mode = "navigate"
			}
			hop := r.browser.Do(Request{URL: r.ProviderURL + "/start?" + r.startQuery(nil).Encode(), From: foreignOrigin, Mode: mode, Dest: dest})
			wantStatus(t, dest, hop, http.StatusForbidden, http.StatusBadRequest)
			wantNoCookie(t, dest, hop)
		}
	}},
}

// protocolParameters are those of OAuth 2.0, PKCE, OpenID Connect and JAR that decide about a flow.
var protocolParameters = []string{
	"state", "nonce", "client_id", "client_secret", "redirect_uri", "response_type", "response_mode", "code_challenge", "code_challenge_method", "code_verifier",
	"request", "request_uri", "max_age", "grant_type", "id_token_hint", "claims", "prompt",
}

// callbackCases are about the way back.
var callbackCases = []conformanceCase[*routeRig]{
	{"popup", "A popup sign-in ends on the page of authprovider.WriteWebMessage, which posts the result to the app's origin alone.", func(t testing.TB, r *routeRig) {
		m := r.browser.SignInPopup(r.app, r.Scopes...)
		if m.Undelivered != "" || m.Error != nil || m.Response == nil {
			t.Fatalf("the sign-in did not work: %q, %+v, status %d at %s", m.Undelivered, m.Error, m.Status, m.URL)
		}
		if m.Type != "authorization_response" {
			t.Errorf("the message has type %q, want authorization_response", m.Type)
		}
		hop := r.browser.Hops()[len(r.browser.Hops())-1]
		wantUncached(t, "callback", hop)
		if hop.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("Referrer-Policy is %q, want no-referrer: the URL holds the code", hop.Header.Get("Referrer-Policy"))
		}
	}},
	{"cookies", "Cookies are HttpOnly, Secure, host-only, within a browser's limits, and show no token.", func(t testing.TB, r *routeRig) {
		m := r.signIn(t)
		for _, hop := range r.browser.Hops() {
			if !strings.HasPrefix(hop.URL, r.ProviderURL+"/") {
				continue
			}
			wantSafeCookies(t, hop)
			if len(hop.CookiesRefused) > 0 {
				t.Errorf("a browser does not take %q", hop.CookiesRefused)
			}
			for _, line := range hop.Header.Values("Set-Cookie") {
				if leak(line, m) {
					t.Errorf("a cookie shows a token")
				}
			}
		}
	}},
	{"forged state", "A callback with a state that was not made here never redirects, sets no session, repeats nothing of the request, and posts to the app alone.", func(t testing.TB, r *routeRig) {
		const marker = "reflected-marker"
		genuine := r.authorization(t, r.start(nil)).Query().Get("state")
		for _, query := range []url.Values{
			{"state": {"forged"}, "code": {marker}},
			{"state": {""}, "code": {marker}},
			{"code": {marker}},
			{"state": {"forged"}, "error": {marker}, "error_description": {"<script>" + marker + "</script>"}},
			{"state": {tamper(genuine)}, "code": {marker}},
			{"state": {"65" + strings.Repeat("6e", 40)}, "error": {marker}, "flow": {"redirect"}, "redirectUrl": {foreignOrigin + "/" + marker}},
		} {
			hop := r.browser.Do(Request{URL: r.CallbackURL + "?" + query.Encode(), From: foreignOrigin})
			wantRefusedCallback(t, hop)
			if bytes.Contains(hop.Body, []byte(marker)) {
				t.Errorf("the answer repeats what the request said")
			}
		}
	}},
	{"somebody else's attempt", "A callback in a browser that did not begin the sign-in is refused: it would sign the victim in as the attacker (login CSRF, RFC 9700 section 4.7).", func(t testing.TB, r *routeRig) {
		victim := r.browser.Clone()
		callback := r.browser.BeginPopup(r.app, r.Scopes...)
		m := victim.FinishPopup(r.app, callback)
		if m.Response != nil || bytes.Contains(m.Posted, []byte(`"response"`)) {
			t.Errorf("the sign-in was completed in another browser")
		}
		wantRefusedCallback(t, victim.Hops()[0])
		if r.supports("refresh") && victim.Refresh(r.app).OK() {
			t.Errorf("the other browser has a session")
		}
	}},
	{"used callback", "A callback works once (RFC 9700 section 4.7.1).", func(t testing.TB, r *routeRig) {
		callback := r.browser.BeginPopup(r.app, r.Scopes...)
		before := r.browser.Clone()
		if m := r.browser.FinishPopup(r.app, callback); m.Response == nil {
			t.Fatalf("the sign-in did not work: %+v", m.Error)
		}
		for what, b := range map[string]*Browser{"the same browser": r.browser, "the browser as it was before": before} {
			if m := b.FinishPopup(r.app, callback); m.Response != nil {
				t.Errorf("the callback worked twice, the second time in %s", what)
			}
		}
	}},
	{"the vendor's error", "The vendor's refusal reaches the app as an error with our words; its own text is for the log.", func(t testing.TB, r *routeRig) {
		state := r.authorization(t, r.start(nil)).Query().Get("state")
		iss := ""
		if u, err := url.Parse(r.browser.Other().BeginPopup(r.app, r.Scopes...)); err == nil {
			iss = u.Query().Get("iss")
		}
		q := url.Values{"state": {state}, "error": {"access_denied"}, "error_description": {"vendor-text-marker"}}
		if iss != "" {
			q.Set("iss", iss)
		}
		m := r.browser.FinishPopup(r.app, r.CallbackURL+"?"+q.Encode())
		if m.Error == nil || m.Response != nil {
			t.Fatalf("the app got no error: %+v", m)
		}
		for _, hop := range r.browser.Hops() {
			if bytes.Contains(hop.Body, []byte("vendor-text-marker")) || strings.Contains(hop.Location, "vendor-text-marker") {
				t.Errorf("the vendor's text reached the browser")
			}
		}
	}},
	{"log", "No token, code, cookie value or secret stands in the log, and a sign-in leaves an audit entry.", func(t testing.TB, r *routeRig) {
		callback := r.browser.BeginPopup(r.app, r.Scopes...)
		m := r.browser.FinishPopup(r.app, callback)
		r.browser.FinishPopup(r.app, callback)
		if r.supports("refresh") {
			r.browser.Refresh(r.app)
		}
		if r.Log == nil {
			return
		}
		text := r.Log.Text()
		u, err := url.Parse(callback)
		if err != nil {
			t.Fatalf("callback: %v", err)
		}
		secrets := append([]string{u.Query().Get("code"), u.Query().Get("state")}, r.Secrets...)
		for _, c := range r.browser.Cookies(r.CallbackURL) {
			secrets = append(secrets, c.Value)
		}
		for _, secret := range secrets {
			if secret != "" && strings.Contains(text, secret) {
				t.Errorf("the log holds a secret: a code, a state, a cookie or one of RouteHandlersConfig.Secrets")
			}
		}
		if leak(text, m) {
			t.Errorf("the log holds a token")
		}
		if len(r.Log.Events()) == 0 {
			t.Errorf("nothing was audited; call ProviderContext.Audit")
		}
	}},
}

func (r *routeRig) startQuery(change url.Values) url.Values {
	q := url.Values{"scope": {strings.Join(r.Scopes, " ")}, "origin": {r.AppOrigin}, "flow": {"popup"}}
	for name, values := range change {
		q[name] = values
	}
	return q
}

func (r *routeRig) start(change url.Values) *Hop {
	return r.browser.Do(Request{URL: r.ProviderURL + "/start?" + r.startQuery(change).Encode(), From: r.AppOrigin})
}

// authorization reads the redirect of a start.
func (r *routeRig) authorization(t testing.TB, hop *Hop) *url.URL {
	t.Helper()
	if hop.Status != http.StatusFound {
		t.Fatalf("start answered %d, want 302; body %.200q", hop.Status, hop.Body)
	}
	u, err := url.Parse(hop.Location)
	if err != nil || !secureURL(u) {
		t.Fatalf("start redirects to %q, which is neither https nor http on loopback", hop.Location)
	}
	return u
}

func (r *routeRig) signIn(t testing.TB) Message {
	t.Helper()
	m := r.browser.SignInPopup(r.app, r.Scopes...)
	if m.Response == nil {
		t.Fatalf("the sign-in did not work: %q, %+v, status %d at %s", m.Undelivered, m.Error, m.Status, m.URL)
	}
	return m
}

func wantRefusedCallback(t testing.TB, hop *Hop) {
	t.Helper()
	if hop.Location != "" || hop.Status >= 300 && hop.Status < 400 {
		t.Errorf("the callback redirects to %q", hop.Location)
	}
	wantNoCookie(t, "callback", hop)
	wantUncached(t, "callback", hop)
	page, _, ok := readPage(hop)
	if ok && (page.TargetOrigin == "*" || page.TargetOrigin == foreignOrigin) {
		t.Errorf("the page posts to %q", page.TargetOrigin)
	}
	if ok && page.Message.Response != nil || hop.Status == http.StatusOK && !ok {
		t.Errorf("the callback was answered with success")
	}
}

func wantSafeCookies(t testing.TB, hop *Hop) {
	t.Helper()
	const maxSetCookie = 4096
	for _, line := range hop.Header.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			t.Errorf("a Set-Cookie header cannot be parsed: %v", err)
			continue
		}
		if https := strings.HasPrefix(hop.URL, "https:"); !c.HttpOnly || c.Secure != https || c.Domain != "" || len(line) > maxSetCookie {
			t.Errorf("the cookie %q has HttpOnly %v, Secure %v, Domain %q and %d bytes", c.Name, c.HttpOnly, c.Secure, c.Domain, len(line))
		}
	}
}

// leak reports whether a text shows a token of a result.
func leak(text string, m Message) bool {
	if m.Response == nil {
		return false
	}
	tokens := []string{m.Response.ProviderInfo.AccessToken, m.Response.ProviderInfo.IDToken}
	if m.Response.BackstageIdentity != nil {
		tokens = append(tokens, m.Response.BackstageIdentity.Token)
	}
	for _, token := range tokens {
		if token != "" && strings.Contains(text, token) {
			return true
		}
	}
	return false
}

// tamper changes one character in the middle.
func tamper(state string) string {
	b := []byte(state)
	i := len(b) / 2
	if b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}
