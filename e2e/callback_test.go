package e2e

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// unusedCallback is a callback URL with a genuine code and state that no browser has opened yet, made in somebody else's browser, with
// the cookies that this browser would send along.
func unusedCallback(t *testing.T, start, person string) (string, []*http.Cookie) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := &http.Client{Jar: jar, Timeout: patience}
	chooser, err := client.Get(start)
	require.NoError(t, err)
	require.NoError(t, chooser.Body.Close())
	require.Equal(t, http.StatusOK, chooser.StatusCode)

	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	choice, err := client.PostForm(chooser.Request.URL.String(), url.Values{"person": {person}})
	require.NoError(t, err)
	require.NoError(t, choice.Body.Close())
	require.Equal(t, http.StatusSeeOther, choice.StatusCode)
	callback, err := choice.Location()
	require.NoError(t, err)
	require.Equal(t, "/api/auth/demo/handler/frame", callback.Path)
	require.True(t, callback.Query().Has("code"))
	return callback.String(), jar.Cookies(callback)
}

// resultPage is what only the page of the callback has.
const resultPage = "main ~ script#message"

// requireRefusalPage asserts what a person reads on the callback's page, and that the browser stays there.
func requireRefusalPage(w *tab, host *site, words string) {
	w.t.Helper()
	w.waitFor(resultPage)
	require.Equal(w.t, "Sign-in did not work", w.text("h1"))
	require.Contains(w.t, w.text("main"), words)
	require.Equal(w.t, host.callback(), w.location(), "no redirect; code and state have left the address bar")
	require.Equal(w.t, host.origin+"/", evaluate[string](w, `document.querySelector("a").href`))
}

// Whoever is lured to another person's callback must not end up signed in as that person (login CSRF, RFC 9700 section 4.7).
func TestCallbackOfAnotherBrowserIsAReadableRefusal(t *testing.T) {
	t.Parallel()
	host := startHost(t)
	for _, flow := range []string{"popup", "redirect"} {
		t.Run(flow, func(t *testing.T) {
			start := startURL(host.origin, host.origin, flow) + "&redirectUrl=" + url.QueryEscape(host.origin+"/")
			b := newBrowser(t)
			victim := b.newTab()
			callback, _ := unusedCallback(t, start, nora)
			victim.open(callback)
			requireRefusalPage(victim, host, "Your browser did not send the cookie of this sign-in.")
			victim.screenshot("13-callback-of-another-browser")
			app := openApp(b, host.origin)
			app.requireState("signed-out")

			// With cookies of an attempt of its own it is the same.
			app.click("#sign-in-redirect")
			app.waitFor(`button[name="person"]`)
			callback, _ = unusedCallback(t, start, nora)
			victim.open(callback)
			requireRefusalPage(victim, host, "Your browser did not send the cookie of this sign-in.")
			choose(app.tab, nora)
			app.requireSignedIn("Nora Lind", "user:default/nora")
		})
	}
}

// A site on a sibling domain can set cookies for this host. The attempt's cookie does not open in a browser that it was not made for.
func TestCallbackWithAnAttemptTossedInFromAnotherBrowser(t *testing.T) {
	t.Parallel()
	host := startHost(t)
	b := newBrowser(t)
	app := openApp(b, host.origin)
	app.requireState("signed-out")
	app.click("#sign-in-redirect") // so that this browser has a name of its own
	app.waitFor(`button[name="person"]`)

	callback, cookies := unusedCallback(t, startURL(host.origin, host.origin, "redirect")+"&redirectUrl="+url.QueryEscape(host.origin+"/"), nora)
	tossed := 0
	for _, c := range cookies {
		if strings.Contains(c.Name, "attempt") {
			app.setCookie(host.origin+"/api/auth/demo", c)
			tossed++
		}
	}
	require.Equal(t, 1, tossed)
	app.open(callback)
	requireRefusalPage(app.tab, host, "The cookie of this sign-in is not valid.")
	app.open(host.origin)
	app.requireState("signed-out")
}

func TestCallbackWithForgedStateIsAReadableRefusal(t *testing.T) {
	t.Parallel()
	host := startHost(t)
	w := newBrowser(t).newTab()
	evil := "https://evil.example/"
	for name, query := range map[string]url.Values{
		"nothing":         {},
		"random":          {"code": {"c"}, "state": {strings.Repeat("A", 76)}},
		"error":           {"error": {"access_denied"}, "error_description": {evil}, "state": {"." + strings.Repeat("A", 75)}},
		"in another form": {"code": {"c"}, "state": {"6f726967696e3d68747470733a2f2f6576696c2e6578616d706c65"}, "redirectUrl": {evil}, "flow": {"redirect"}},
		"hostile text":    {"code": {"c"}, "state": {`"><script>alert(1)</script>`}, "error": {`</script><img src=x onerror=alert(1)>`}},
	} {
		t.Run(name, func(t *testing.T) {
			w := &tab{t: t, ctx: w.ctx, browser: w.browser}
			w.open(host.callback() + "?" + query.Encode())
			requireRefusalPage(w, host, "This sign-in did not begin here. Please go back to the app and try again.")
			require.NotContains(t, evaluate[string](w, "document.documentElement.outerHTML"), "evil.example")
		})
	}
}

// A callback that the person reloads is spent; the session that it made stays.
func TestCallbackUsedTwiceIsAReadableRefusal(t *testing.T) {
	t.Parallel()
	host := startHost(t)
	b := newBrowser(t)
	w := b.newTab()
	w.open(startURL(host.origin, host.origin, "popup"))
	requests := w.requests()
	choose(w, nora)
	w.waitFor(resultPage)
	require.Equal(t, "You are signed in", w.text("h1"))
	used := requests.find(t, host.callback()+"?")
	require.Contains(t, used, "code=")

	w.open(used)
	requireRefusalPage(w, host, "Your browser did not send the cookie of this sign-in.")
	openApp(b, host.origin).requireSignedIn("Nora Lind", "user:default/nora")
}

func TestPopupWhoseOpenerIsGoneCanBeRead(t *testing.T) {
	t.Parallel()
	host := startHost(t)
	for person, heading := range map[string]string{nora: "You are signed in", stranger: "Sign-in did not work"} {
		t.Run(heading, func(t *testing.T) {
			b := newBrowser(t)
			b.newTab() // keeps the browser open
			app := openApp(b, host.origin)
			app.requireState("signed-out")
			popup := app.popup("#sign-in-popup")
			popup.waitFor(`button[name="person"]`)
			app.close()
			choose(popup, person)
			popup.waitFor(resultPage)
			require.Equal(t, heading, popup.text("h1"))
			require.Equal(t, host.callback(), popup.location())
			require.True(t, popup.isOpen())
			popup.screenshot("14-popup-" + strings.ToLower(strings.ReplaceAll(heading, " ", "-")))
		})
	}
}

func TestPopupWithoutJavaScriptCanBeRead(t *testing.T) {
	t.Parallel()
	host := startHost(t)
	for person, want := range map[string]string{nora: "This window closes by itself.", stranger: "Sign-in was refused."} {
		t.Run(want, func(t *testing.T) {
			w := newBrowser(t).newTab()
			w.withoutScripts(true)
			w.open(startURL(host.origin, host.origin, "popup"))
			choose(w, person)
			w.waitFor(resultPage)
			require.Contains(t, w.text("main"), want)
			require.NotContains(t, w.text("body"), "accessToken", "the data is there for the script, not to be read")
			require.Contains(t, w.location(), "code=", "no script has run")
			w.click("main a")
			w.waitFor("noscript")
			require.Equal(t, host.origin+"/", w.location())
		})
	}
}
