package authprovidertest

import (
	"net/http"
	"strings"
	"testing"
)

// sessionCases are about what is left after the sign-in.
var sessionCases = []conformanceCase[*routeRig]{
	{"refresh", "A refresh gives the same person a session; its answer is JSON.", func(t testing.TB, r *routeRig) {
		if a := r.browser.Refresh(r.app); a.OK() || a.Status != http.StatusUnauthorized {
			t.Errorf("a refresh without a session answered %d, want 401", a.Status)
		}
		m := r.signIn(t)
		a := r.browser.Refresh(r.app, r.Scopes...)
		if !a.OK() || a.Session == nil {
			t.Fatalf("the refresh answered %d: %.200q", a.Status, a.Body)
		}
		if !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
			t.Errorf("Content-Type is %q", a.Header.Get("Content-Type"))
		}
		wantUncached(t, "refresh", r.browser.Hops()[0])
		if a.Session.UserRef() != m.Response.UserRef() {
			t.Errorf("the refresh is for %q, the sign-in was for %q", a.Session.UserRef(), m.Response.UserRef())
		}
	}},
	{"a session belongs to its browser", "A session's cookie in another browser is of no use.", func(t testing.TB, r *routeRig) {
		r.signIn(t)
		thief := r.browser.Other()
		// The attacker's own attempt gives the other browser whatever cookie binds it.
		thief.BeginPopup(r.app, r.Scopes...)
		own := make(map[string]bool)
		secure := ""
		if strings.HasPrefix(r.ProviderURL, "https:") {
			secure = "; Secure"
		}
		for _, c := range thief.Cookies(r.CallbackURL) {
			own[c.Name] = true
		}
		for _, c := range r.browser.Cookies(r.ProviderURL + "/refresh") {
			if !own[c.Name] {
				thief.SetCookie(r.ProviderURL+"/refresh", c.Name+"="+c.Value+"; Path="+c.Path+secure+"; HttpOnly")
			}
		}
		if thief.Refresh(r.app).OK() {
			t.Errorf("a session that was tossed into another browser works there")
		}
	}},
	{"redirect flow", "In the redirect flow the browser comes back to the app's URL as it was given, without a token in it, and the app gets its result by a refresh.", func(t testing.TB, r *routeRig) {
		back := r.AppOrigin + "/app/page?a=1#part"
		l := r.browser.SignInRedirect(r.app, back, r.Scopes...)
		if l.URL != back {
			t.Fatalf("the sign-in ended at %q (%s %s), want %q", l.URL, l.Code, l.Error, back)
		}
		if a := r.browser.Refresh(r.app); !a.OK() {
			t.Errorf("the refresh after it answered %d", a.Status)
		}
	}},
	{"refused requests change nothing", "A request that is refused neither ends nor changes a session.", func(t testing.TB, r *routeRig) {
		r.signIn(t)
		for _, header := range r.foreignRequests() {
			r.send(http.MethodGet, "refresh", "", header)
			if r.supports("logout") {
				r.send(http.MethodPost, "logout", "", header)
			}
		}
		if a := r.browser.Refresh(r.app); !a.OK() {
			t.Errorf("the session is gone: %d %s", a.Status, a.Code())
		}
	}},
	{"logout", "Logout ends the session in the browser, and works without one.", func(t testing.TB, r *routeRig) {
		if !r.supports("logout") {
			return
		}
		if a := r.browser.Logout(r.app); !a.OK() {
			t.Errorf("a logout without a session answered %d", a.Status)
		}
		r.signIn(t)
		old := r.browser.Clone()
		if a := r.browser.Logout(r.app); !a.OK() {
			t.Errorf("the logout answered %d", a.Status)
		}
		if r.browser.Refresh(r.app).OK() {
			t.Errorf("the session is still there after the logout")
		}
		for _, c := range r.browser.Cookies(r.ProviderURL + "/refresh") {
			for _, before := range old.Cookies(r.ProviderURL + "/refresh") {
				if c.Name == before.Name && len(c.Value) > 64 {
					t.Errorf("the cookie %q was not ended", c.Name)
				}
			}
		}
	}},
}
