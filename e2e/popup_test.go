package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPopupSignIn(t *testing.T) {
	t.Parallel()
	q := startQuickstart(t)
	a := openApp(newBrowser(t), q.origin)
	a.requireState("signed-out")
	a.screenshot("01-signed-out")

	popup := a.popup("#sign-in-popup")
	popup.waitFor(`button[name="person"]`)
	popup.screenshot("02-provider")
	choose(popup, nora)
	popup.waitClosed()

	a.requireSignedIn("Nora Lind", "user:default/nora")
	a.screenshot("03-signed-in")
	claims := a.userToken()
	require.Equal(t, "user:default/nora", claims["sub"])
	require.Equal(t, q.origin+"/api/auth", claims["iss"])
	require.Equal(t, "backstage", claims["aud"])
	require.Equal(t, "user:default/nora\ngroup:default/stage-managers\ngroup:default/crew", a.text("#ownership"))
	require.Equal(t, []string{"email", "openid", "profile"}, a.scopes())
	require.Contains(t, a.hello(), "user:default/nora", "the token opens a route that checks it")

	messages := a.received()
	require.Len(t, messages, 2)
	require.Equal(t, "config_info", messages[0].Data.Type, "the app learns first for whom the result is")
	require.Equal(t, q.origin, messages[0].Data.TargetOrigin)
	require.Equal(t, "authorization_response", messages[1].Data.Type)
	require.Nil(t, messages[1].Data.Error)
	for _, m := range messages {
		require.Equal(t, q.origin, m.Origin)
	}
	require.Empty(t, evaluate[string](a.tab, "document.cookie"), "no cookie can be read by a script")
}

func TestPopupRefusesWhoIsNotInTheCatalog(t *testing.T) {
	t.Parallel()
	q := startQuickstart(t)
	a := openApp(newBrowser(t), q.origin)
	a.requireState("signed-out")
	a.signInByPopup(stranger)

	text := a.requireError("sign_in_refused")
	require.Contains(t, text, "Sign-in was refused. If you should have access, please ask your administrator.")
	require.NotContains(t, text, "max@elsewhere.example", "nothing of what the catalog was asked")
	a.requireState("error")
	a.screenshot("06-refused-in-a-popup")
	a.browser.console.expect("network error", "status of 401", "/api/hello")
	require.Contains(t, a.hello(), "401")

	a.reload()
	a.requireState("signed-out")
	a.signInByPopup(sam)
	a.requireSignedIn("Sam Okafor", "user:default/sam")
}

func TestPopupCancelledAtTheProvider(t *testing.T) {
	t.Parallel()
	q := startQuickstart(t)
	a := openApp(newBrowser(t), q.origin)
	a.requireState("signed-out")
	popup := a.popup("#sign-in-popup")
	cancel(popup)
	popup.waitClosed()
	require.Contains(t, a.requireError("access_denied"), "The sign-in was cancelled, or the provider refused it.")
	a.screenshot("07-cancelled")
}

func TestPopupClosedByThePerson(t *testing.T) {
	t.Parallel()
	q := startQuickstart(t)
	a := openApp(newBrowser(t), q.origin)
	a.requireState("signed-out")
	popup := a.popup("#sign-in-popup")
	popup.waitFor(`button[name="person"]`)
	popup.close()
	a.requireError("popup_closed")
	require.Empty(t, a.received())
	a.signInByPopup(nora)
	a.requireSignedIn("Nora Lind", "user:default/nora")
}

// Two windows of one browser are at the provider at the same time, and the one that began last is done first.
func TestTwoTabsAtOnce(t *testing.T) {
	t.Parallel()
	q := startQuickstart(t)
	b := newBrowser(t)
	first, second := openApp(b, q.origin), openApp(b, q.origin)
	first.requireState("signed-out")
	second.requireState("signed-out")
	firstPopup := first.popup("#sign-in-popup")
	firstPopup.waitFor(`button[name="person"]`)
	secondPopup := second.popup("#sign-in-popup")
	secondPopup.waitFor(`button[name="person"]`)
	require.True(t, firstPopup.isOpen())
	require.NotEqual(t, firstPopup.id(), secondPopup.id())

	choose(secondPopup, sam)
	secondPopup.waitClosed()
	second.requireSignedIn("Sam Okafor", "user:default/sam")
	require.Empty(t, first.received(), "a result reaches the window that asked, and no other")

	choose(firstPopup, nora)
	firstPopup.waitClosed()
	first.requireSignedIn("Nora Lind", "user:default/nora")
	second.requireSignedIn("Sam Okafor", "user:default/sam")
	require.Len(t, second.received(), 2)
}
