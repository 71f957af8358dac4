package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
)

// foreignApp is an app on an origin of its own: a page with a button for the popup, which notes what it is sent.
func foreignApp(b *browser, s *site, start string) *tab {
	b.t.Helper()
	w := b.newTab()
	w.everyPage(recordMessages)
	w.open(s.origin + "/?" + url.Values{"start": {start}}.Encode())
	w.waitFor("#open")
	return w
}

// serveForeignApp serves the page of foreignApp.
func serveForeignApp(s *site) {
	s.serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<!doctype html><title>Foreign app</title><link rel="icon" href="data:,"><button id="open">Sign in</button>
<script>document.querySelector("#open").onclick = () => { window.popup = open(new URLSearchParams(location.search).get("start"), "", "width=450,height=730"); }</script>`)
	}))
}

// startURL is what an app at an origin opens to sign in at a backend.
func startURL(backend, origin, flow string) string {
	return backend + "/api/auth/demo/start?" + url.Values{"env": {"development"}, "flow": {flow}, "origin": {origin}}.Encode()
}

// scriptedRefresh is a refresh by the script of a page, with the browser's cookies.
func scriptedRefresh(w *tab, host *site) string {
	w.t.Helper()
	return evaluate[string](w, `fetch("`+host.origin+`/api/auth/demo/refresh?env=development", { credentials: "include", headers: { "X-Requested-With": "XMLHttpRequest" } })
		.then(async (r) => { const body = await r.json(); return r.status + " " + (body.backstageIdentity?.identity.userEntityRef ?? body.error?.code); }, () => "blocked")`)
}

func TestAppAtAnotherOriginThatIsNotAllowedGetsNothing(t *testing.T) {
	t.Parallel()
	host, foreign := startHost(t), newSite(t)
	serveForeignApp(foreign)
	b := newBrowser(t)
	b.console.expect("network error", "status of 403", "/api/auth/demo/start")
	b.console.expect("network error", "status of 404", "/favicon.ico") // Chromium wants one for JSON too
	app := foreignApp(b, foreign, startURL(host.origin, foreign.origin, "popup"))

	popup := app.popup("#open")
	popup.wait("start has answered", `location.pathname === "/api/auth/demo/start" && document.readyState === "complete"`)
	var answer struct {
		Error    struct{ Name, Code string }
		Response struct{ StatusCode int }
	}
	require.NoError(t, json.Unmarshal([]byte(popup.text("body")), &answer))
	require.Equal(t, 403, answer.Response.StatusCode)
	require.Equal(t, "origin_not_allowed", answer.Error.Code)
	require.Empty(t, app.received())

	// Nor by a script, not even with the session of a person who is signed in here.
	portal := openApp(b, host.origin)
	portal.requireState("signed-out")
	portal.signInByPopup(nora)
	portal.requireSignedIn("Nora Lind", "user:default/nora")
	b.console.expect("blocked by CORS policy", foreign.origin)
	b.console.expect("net::ERR_FAILED", "/api/auth/demo/refresh")
	require.Equal(t, "blocked", scriptedRefresh(app, host))
	portal.reload()
	portal.requireSignedIn("Nora Lind", "user:default/nora")
}

func TestAppAtAnotherOriginThatIsAllowed(t *testing.T) {
	t.Parallel()
	foreign := newSite(t)
	host := startHost(t, foreign.origin)
	serveForeignApp(foreign)
	b := newBrowser(t)
	app := foreignApp(b, foreign, startURL(host.origin, foreign.origin, "popup"))

	popup := app.popup("#open")
	choose(popup, nora)
	popup.waitClosed()
	messages := app.received()
	require.Len(t, messages, 2)
	require.Equal(t, "config_info", messages[0].Data.Type)
	require.Equal(t, foreign.origin, messages[0].Data.TargetOrigin)
	require.Equal(t, "authorization_response", messages[1].Data.Type)
	for _, m := range messages {
		require.Equal(t, host.origin, m.Origin, "the app can tell who posts")
	}
	var response authprovider.ClientAuthResponse
	require.NoError(t, json.Unmarshal(messages[1].Data.Response, &response))
	require.Equal(t, "user:default/nora", response.BackstageIdentity.Identity.UserEntityRef)
	require.Equal(t, "200 user:default/nora", scriptedRefresh(app, host), "its session refreshes across origins")
}

// An app at one allowed origin that asks on behalf of another learns which origin is expected, and nothing else: the browser
// delivers the result to that origin only.
func TestResultReachesItsTargetOriginOnly(t *testing.T) {
	t.Parallel()
	foreign := newSite(t)
	host := startHost(t, foreign.origin)
	serveForeignApp(foreign)
	b := newBrowser(t)
	app := foreignApp(b, foreign, startURL(host.origin, host.origin, "popup"))

	popup := app.popup("#open")
	refused := []string{"Failed to execute 'postMessage'", host.origin, "does not match the recipient window's origin", foreign.origin}
	b.console.expect(refused...)
	choose(popup, nora)
	popup.waitClosed()
	waitUntil(t, "the browser says that it kept the result back", func() bool { return b.console.seen(refused...) })
	messages := app.received()
	require.Len(t, messages, 1)
	require.Equal(t, "config_info", messages[0].Data.Type)
	require.Equal(t, host.origin, messages[0].Data.TargetOrigin)
	require.Nil(t, messages[0].Data.Response)
}
