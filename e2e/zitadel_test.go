package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// startQuickstartWithZitadel is the quickstart, pointed at zitadel's provider as its documentation says.
func startQuickstartWithZitadel(t *testing.T) (*zitadelProvider, *quickstart) {
	t.Helper()
	z := newZitadelProvider(t)
	q := startQuickstart(t, "-issuer", z.origin, "-client-id", zitadelClientID, "-client-secret", zitadelClientSecret, "-email", zitadelUserEmail)
	z.start(t, q.origin)
	return z, q
}

func TestZitadelPopup(t *testing.T) {
	t.Parallel()
	z, q := startQuickstartWithZitadel(t)
	a := openApp(newBrowser(t), q.origin)
	a.requireState("signed-out")
	popup := a.popup("#sign-in-popup")
	logIn(popup, zitadelUser, "wrong")
	popup.wait("the provider says no", `document.body.innerText.includes("username or password wrong")`)
	logIn(popup, zitadelUser, zitadelPassword)
	popup.waitClosed()
	a.requireSignedIn(zitadelUserName, zitadelPersonsRef)
	require.Equal(t, zitadelUserEmail, a.text("#profile-email"))
	require.Contains(t, a.hello(), zitadelPersonsRef)
	a.screenshot("15-signed-in-with-zitadel")

	calls := z.tokenCalls("authorization_code")
	require.Len(t, calls, 1)
	require.NotEmpty(t, calls[0].form.Get("code_verifier"), "PKCE")

	// Without offline_access there is no refresh token, and the session lives on the access token.
	require.Empty(t, calls[0].answer.RefreshToken)
	a.reload()
	a.requireSignedIn(zitadelUserName, zitadelPersonsRef)
	require.Empty(t, z.tokenCalls("refresh_token"))
}

func TestZitadelRedirect(t *testing.T) {
	t.Parallel()
	_, q := startQuickstartWithZitadel(t)
	a := openApp(newBrowser(t), q.origin)
	a.requireState("signed-out")
	a.click("#sign-in-redirect")
	logIn(a.tab, zitadelUser, zitadelPassword)
	a.requireSignedIn(zitadelUserName, zitadelPersonsRef)
	require.Equal(t, q.origin+"/", a.location())
}

func TestZitadelPersonWhoIsNotInTheCatalogIsRefused(t *testing.T) {
	t.Parallel()
	_, q := startQuickstartWithZitadel(t)
	a := openApp(newBrowser(t), q.origin)
	a.requireState("signed-out")
	popup := a.popup("#sign-in-popup")
	logIn(popup, zitadelOtherUser, zitadelPassword)
	popup.waitClosed()
	a.requireError("sign_in_refused")

	a.click("#sign-in-redirect")
	logIn(a.tab, zitadelOtherUser, zitadelPassword)
	a.requireError("sign_in_refused")
}

func TestZitadelRefreshTokensRotate(t *testing.T) {
	t.Parallel()
	z, q := startQuickstartWithZitadel(t)
	a := openApp(newBrowser(t), q.origin)
	a.requireState("signed-out")
	popup := a.popup("#sign-in-popup")
	logIn(popup, zitadelUser, zitadelPassword)
	popup.waitClosed()
	a.requireSignedIn(zitadelUserName, zitadelPersonsRef)

	a.typeInto("#extra-scope", "offline_access")
	popup = a.popup("#more-scopes")
	logIn(popup, zitadelUser, zitadelPassword)
	popup.waitClosed()
	a.requireSignedIn(zitadelUserName, zitadelPersonsRef)
	require.Equal(t, []string{"email", "offline_access", "openid", "profile"}, a.scopes())

	codes := z.tokenCalls("authorization_code")
	require.Len(t, codes, 2)
	current := codes[1].answer.RefreshToken
	require.NotEmpty(t, current)
	const times = 4
	for range times {
		before := a.userToken()["uip"]
		a.reload()
		a.requireSignedIn(zitadelUserName, zitadelPersonsRef)
		require.NotEqual(t, before, a.userToken()["uip"], "a new user token each time")
	}
	refreshes := z.tokenCalls("refresh_token")
	require.Len(t, refreshes, times)
	for _, call := range refreshes {
		require.Equal(t, 200, call.status)
		require.Equal(t, current, call.form.Get("refresh_token"), "each refresh spends the newest token")
		require.NotEqual(t, current, call.answer.RefreshToken, "the provider rotates them")
		require.Equal(t, "invalid_grant", z.replay(t, current), "a spent one is worth nothing")
		current = call.answer.RefreshToken
	}

	// Requests at the same time share one call: the second use of a token would end the session.
	before := len(z.tokenCalls("refresh_token"))
	statuses := evaluate[[]int](a.tab, `Promise.all(Array.from({ length: 8 }, () =>
		fetch("/api/auth/demo/refresh?env=development", { headers: { "X-Requested-With": "XMLHttpRequest" } }).then((r) => r.status)))`)
	require.Equal(t, []int{200, 200, 200, 200, 200, 200, 200, 200}, statuses)
	for _, call := range z.tokenCalls("refresh_token")[before:] {
		require.Equal(t, 200, call.status)
	}
	a.reload()
	a.requireSignedIn(zitadelUserName, zitadelPersonsRef)

	newest := z.tokenCalls("refresh_token")
	current = newest[len(newest)-1].answer.RefreshToken
	a.click("#sign-out")
	a.requireState("signed-out")
	revoked := z.revocations()
	require.Len(t, revoked, 1)
	require.Equal(t, 200, revoked[0].status)
	require.Equal(t, current, revoked[0].form.Get("token"))
	require.Equal(t, "invalid_grant", z.replay(t, current), "the provider has forgotten the session")
	require.Equal(t, "401 session_missing", a.refreshByHand())
}

// A host that wants offline_access from the start and sends the browser to the provider's end-session page at sign-out.
func TestZitadelSignOutAtTheProviderToo(t *testing.T) {
	t.Parallel()
	z, host := newZitadelProvider(t), newSite(t)
	z.start(t, host.origin)
	serveHost(t, host, hostConfig{
		provider: oidcprovider.Config{
			Issuer: z.origin, ClientID: zitadelClientID, ClientSecret: zitadelClientSecret,
			Scopes:     []string{"openid", "profile", "email", "offline_access"},
			EndSession: true, PostLogoutRedirect: true,
		},
		users: []authprovider.User{{Ref: zitadelPersonsRef, Email: zitadelUserEmail}},
	})
	a := openApp(newBrowser(t), host.origin)
	a.requireState("signed-out")
	popup := a.popup("#sign-in-popup")
	logIn(popup, zitadelUser, zitadelPassword)
	popup.waitClosed()
	a.requireSignedIn(zitadelUserName, zitadelPersonsRef)
	a.click("#refresh")
	a.requireSignedIn(zitadelUserName, zitadelPersonsRef)
	refreshes := z.tokenCalls("refresh_token")
	require.Len(t, refreshes, 1)

	requests := a.requests()
	a.click("#sign-out")
	waitUntil(t, "the browser has been at the provider and back", func() bool {
		return len(requests.all(host.origin+"/")) > 0 && len(requests.all(z.origin+"/end_session?")) > 0
	})
	a.requireState("signed-out")
	require.Equal(t, host.origin+"/", a.location())
	visited := requests.find(t, z.origin+"/end_session?")
	require.Contains(t, visited, "id_token_hint=")
	require.Contains(t, visited, "client_id="+zitadelClientID)
	require.False(t, strings.Contains(visited, "access_token"))
	require.Equal(t, "invalid_grant", z.replay(t, refreshes[0].answer.RefreshToken))
	require.Equal(t, "401 session_missing", a.refreshByHand())
}
