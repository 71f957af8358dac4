package e2e

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
)

// The people of the quickstart's provider, as the values of their buttons.
const (
	nora     = "1001"
	sam      = "1002"
	stranger = "1003" // not in the catalog
)

// app is the quickstart's page in a window.
type app struct {
	*tab
	origin string
}

// openApp opens the page in a new window. Every message that is posted to it is written down.
func openApp(b *browser, origin string) *app {
	b.t.Helper()
	// Chromium writes each failed request on the console. Without a session this one is no failure of the page.
	b.console.expect("network error", "status of 401", origin+"/api/auth/demo/refresh?")
	a := &app{tab: b.newTab(), origin: origin}
	a.everyPage(recordMessages)
	a.open(origin)
	return a
}

// recordMessages notes what the window is sent, before any script of the page runs.
const recordMessages = `window.received = []; addEventListener("message", (e) => window.received.push({ origin: e.origin, data: e.data }), true);`

// message is what was posted to a window.
type message struct {
	Origin string `json:"origin"`
	Data   struct {
		Type         string          `json:"type"`
		TargetOrigin string          `json:"targetOrigin"`
		Response     json.RawMessage `json:"response"`
		Error        *struct {
			Name    string `json:"name"`
			Message string `json:"message"`
			Code    string `json:"code"`
		} `json:"error"`
	} `json:"data"`
}

// received are the messages that the window has been sent since it was opened.
func (w *tab) received() []message {
	w.t.Helper()
	return evaluate[[]message](w, "window.received")
}

// requireState waits until the page is in a state: "signed-in", "signed-out" or "error".
func (a *app) requireState(state string) {
	a.t.Helper()
	a.wait("the app is "+state, `document.body.dataset.state === "`+state+`" && !document.body.hasAttribute("aria-busy")`)
}

// requireSignedIn waits until the app shows a person.
func (a *app) requireSignedIn(name, userRef string) {
	a.t.Helper()
	a.requireState("signed-in")
	require.Equal(a.t, name, a.text("#profile-name"))
	require.Equal(a.t, userRef, a.text("#user-ref"))
	require.False(a.t, a.errorShown())
}

// requireError waits until the app shows an error, and returns its words.
func (a *app) requireError(code string) string {
	a.t.Helper()
	a.wait("the error is "+code, `document.querySelector("#error").dataset.code === "`+code+`" && !document.body.hasAttribute("aria-busy")`)
	require.True(a.t, a.errorShown())
	return a.text("#error")
}

func (a *app) errorShown() bool {
	a.t.Helper()
	return evaluate[bool](a.tab, `!document.querySelector("#error").hidden`)
}

// userToken are the claims that the page shows.
func (a *app) userToken() map[string]any {
	a.t.Helper()
	var claims map[string]any
	require.NoError(a.t, json.Unmarshal([]byte(a.text("#claims")), &claims))
	return claims
}

// scopes are the granted scopes that the page shows.
func (a *app) scopes() []string {
	a.t.Helper()
	scopes := strings.Fields(a.text("#scopes"))
	slices.Sort(scopes)
	return scopes
}

// hello asks the route that wants a valid user token.
func (a *app) hello() string {
	a.t.Helper()
	evaluate[bool](a.tab, `document.querySelector("#hello").textContent = "", true`)
	a.click("#call-hello")
	a.wait("the route answers", `document.querySelector("#hello").textContent !== ""`)
	return a.text("#hello")
}

// signInByPopup signs a person in and waits until the popup is gone.
func (a *app) signInByPopup(person string) {
	a.t.Helper()
	popup := a.popup("#sign-in-popup")
	choose(popup, person)
	popup.waitClosed()
}

// choose picks a person at the provider of the quickstart.
func choose(w *tab, person string) {
	w.t.Helper()
	w.waitFor(`button[name="person"]`)
	w.click(`button[name="person"][value="` + person + `"]`)
}

// cancel turns around at the provider of the quickstart.
func cancel(w *tab) {
	w.t.Helper()
	w.waitFor(`button[name="cancel"]`)
	w.click(`button[name="cancel"]`)
}

// path is the location of a window without origin, query and fragment.
func (w *tab) path() string {
	w.t.Helper()
	u, err := url.Parse(w.location())
	require.NoError(w.t, err)
	return u.Path
}
