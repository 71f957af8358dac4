package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRedirectSignIn(t *testing.T) {
	t.Parallel()
	q := startQuickstart(t)
	a := openApp(newBrowser(t), q.origin)
	a.requireState("signed-out")
	a.click("#sign-in-redirect")
	choose(a.tab, sam)
	a.requireSignedIn("Sam Okafor", "user:default/sam")
	require.Equal(t, q.origin+"/", a.location(), "neither code nor state stay in the address bar")
	require.Len(t, a.browser.pages(), 1, "no window but this one")
	require.Empty(t, a.received())
	require.Contains(t, a.hello(), "user:default/sam")
}

func TestRedirectRefusesWhoIsNotInTheCatalog(t *testing.T) {
	t.Parallel()
	q := startQuickstart(t)
	a := openApp(newBrowser(t), q.origin)
	a.requireState("signed-out")
	a.click("#sign-in-redirect")
	choose(a.tab, stranger)
	text := a.requireError("sign_in_refused")
	require.Contains(t, text, "Sign-in was refused. If you should have access, please ask your administrator.")
	require.Equal(t, q.origin+"/", a.location())
	a.screenshot("08-refused-in-a-redirect")

	a.reload()
	a.requireState("signed-out")
	require.False(t, a.errorShown(), "a reload does not show it again")
}

func TestRedirectCancelledAtTheProvider(t *testing.T) {
	t.Parallel()
	q := startQuickstart(t)
	a := openApp(newBrowser(t), q.origin)
	a.requireState("signed-out")
	a.click("#sign-in-redirect")
	cancel(a.tab)
	require.Contains(t, a.requireError("access_denied"), "The sign-in was cancelled, or the provider refused it.")
	a.click("#error-close")
	a.requireState("signed-out")
}

// The way back leads nowhere that the browser has been: "back" from the signed-in app must not use a code twice or show an error.
func TestRedirectThenBack(t *testing.T) {
	t.Parallel()
	q := startQuickstart(t)
	a := openApp(newBrowser(t), q.origin)
	a.requireState("signed-out")
	a.click("#sign-in-redirect")
	choose(a.tab, nora)
	a.requireSignedIn("Nora Lind", "user:default/nora")
	evaluate[bool](a.tab, "history.back(), true")
	a.waitFor(`button[name="person"]`)
	require.Equal(t, "/idp/authorize", a.path())
	evaluate[bool](a.tab, "history.forward(), true")
	a.requireSignedIn("Nora Lind", "user:default/nora")
}
