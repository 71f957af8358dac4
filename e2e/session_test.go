package e2e

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/stretchr/testify/require"
)

func TestMoreScopesKeepThoseGrantedBefore(t *testing.T) {
	t.Parallel()
	q := startQuickstart(t)
	a := openApp(newBrowser(t), q.origin)
	a.requireState("signed-out")
	a.signInByPopup(nora)
	a.requireSignedIn("Nora Lind", "user:default/nora")
	require.Equal(t, []string{"email", "openid", "profile"}, a.scopes())

	popup := a.popup("#more-scopes")
	popup.waitFor(`button[name="person"]`)
	require.Contains(t, popup.text("body"), "See which groups you are in")
	popup.screenshot("04-provider-asks-for-more")
	choose(popup, nora)
	popup.waitClosed()
	a.requireSignedIn("Nora Lind", "user:default/nora")
	require.Equal(t, []string{"email", "groups", "openid", "profile"}, a.scopes())
	a.screenshot("05-more-scopes")

	a.click("#refresh")
	a.requireSignedIn("Nora Lind", "user:default/nora")
	require.Equal(t, []string{"email", "groups", "openid", "profile"}, a.scopes())
	a.reload()
	a.requireSignedIn("Nora Lind", "user:default/nora")
	require.Equal(t, []string{"email", "groups", "openid", "profile"}, a.scopes(), "the session remembers them")

	// A window that asks for less is asked for all of it: its new session would lose the rest.
	less := a.browser.newTab()
	less.open(startURL(q.origin, q.origin, "popup") + "&scope=openid")
	less.waitFor(`button[name="person"]`)
	require.Contains(t, less.text("body"), "See which groups you are in")
}

func TestSilentRefreshAfterReload(t *testing.T) {
	t.Parallel()
	q := startQuickstart(t)
	b := newBrowser(t)
	a := openApp(b, q.origin)
	a.requireState("signed-out")
	a.signInByPopup(nora)
	a.requireSignedIn("Nora Lind", "user:default/nora")
	for range 3 {
		a.reload()
		a.requireSignedIn("Nora Lind", "user:default/nora")
		require.Contains(t, a.hello(), "user:default/nora")
	}
	require.Empty(t, a.received(), "no window, no message")
	require.Len(t, b.pages(), 1)

	other := openApp(b, q.origin)
	other.requireSignedIn("Nora Lind", "user:default/nora")
	stranger := openApp(newBrowser(t), q.origin)
	stranger.requireState("signed-out")
}

func TestSignOutEndsTheSession(t *testing.T) {
	t.Parallel()
	q := startQuickstart(t)
	a := openApp(newBrowser(t), q.origin)
	a.requireState("signed-out")
	a.signInByPopup(nora)
	a.requireSignedIn("Nora Lind", "user:default/nora")

	a.click("#sign-out")
	a.requireState("signed-out")
	require.False(t, a.errorShown())
	a.screenshot("09-signed-out-again")

	require.Equal(t, `401 session_missing`, a.refreshByHand())
	a.reload()
	a.requireState("signed-out")
	a.signInByPopup(sam)
	a.requireSignedIn("Sam Okafor", "user:default/sam")
}

// What the browser keeps: attempts are gone once they are used, no script reads a cookie, and requests to the rest of the host stay small.
func TestCookiesInTheBrowser(t *testing.T) {
	t.Parallel()
	host := startHost(t)
	a := openApp(newBrowser(t), host.origin)
	kept := func(url string) map[string]*network.Cookie {
		cookies := a.cookies(url)
		delete(cookies, "fakeidp_session") // the provider is on this host name as well, and cookies do not know ports
		return cookies
	}
	a.requireState("signed-out")
	require.Empty(t, kept(host.callback()), "looking for a session sets none")

	popup := a.popup("#sign-in-popup")
	popup.waitFor(`button[name="person"]`)
	names := slices.Sorted(maps.Keys(kept(host.callback())))
	require.Len(t, names, 2)
	require.Equal(t, "auth-browser", names[0])
	require.True(t, strings.HasPrefix(names[1], "demo~attempt~"), names[1])
	choose(popup, nora)
	popup.waitClosed()
	a.requireSignedIn("Nora Lind", "user:default/nora")

	cookies := kept(host.callback())
	require.Equal(t, []string{"auth-browser", "demo~session"}, slices.Sorted(maps.Keys(cookies)))
	for name, c := range cookies {
		require.True(t, c.HTTPOnly, name)
		require.Equal(t, "Lax", c.SameSite.String(), name)
		require.Equal(t, "localhost", c.Domain, "%s is for this host alone", name)
		require.False(t, c.Session, "%s outlives the window", name)
	}
	require.Equal(t, "/api/auth/demo", cookies["demo~session"].Path)
	require.Equal(t, []string{"auth-browser"}, slices.Collect(maps.Keys(kept(host.origin+"/api/items"))))

	a.click("#sign-out")
	a.requireState("signed-out")
	require.Equal(t, []string{"auth-browser"}, slices.Collect(maps.Keys(kept(host.callback()))))
}

// A second window still holds the session in its memory when the first one signs out; its refresh fails and it says so.
func TestSignOutInAnotherTab(t *testing.T) {
	t.Parallel()
	q := startQuickstart(t)
	b := newBrowser(t)
	first := openApp(b, q.origin)
	first.requireState("signed-out")
	first.signInByPopup(nora)
	first.requireSignedIn("Nora Lind", "user:default/nora")
	second := openApp(b, q.origin)
	second.requireSignedIn("Nora Lind", "user:default/nora")

	first.click("#sign-out")
	first.requireState("signed-out")
	second.click("#refresh")
	require.Contains(t, second.requireError("session_missing"), "There is no session. Please sign in.")
	second.requireState("error")
}

// refreshByHand is what a script on the page gets.
func (a *app) refreshByHand() string {
	a.t.Helper()
	return evaluate[string](a.tab, `fetch("/api/auth/demo/refresh?optional&env=development", { headers: { "X-Requested-With": "XMLHttpRequest" } })
		.then(async (answer) => answer.status + " " + ((await answer.json()).error?.code ?? ""))`)
}

func TestPhoneWidth(t *testing.T) {
	t.Parallel()
	q := startQuickstart(t)
	a := openApp(newBrowser(t), q.origin)
	a.phone()
	a.requireState("signed-out")
	a.requireNoSidewaysScroll()
	a.screenshot("10-phone-signed-out")
	a.click("#sign-in-redirect")
	a.waitFor(`button[name="person"]`)
	a.requireNoSidewaysScroll()
	a.screenshot("11-phone-provider")
	choose(a.tab, nora)
	a.requireSignedIn("Nora Lind", "user:default/nora")
	a.requireNoSidewaysScroll()
	a.screenshot("12-phone-signed-in")
}
