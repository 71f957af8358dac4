package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// A name that tries everything at once stays a name, from the provider to the page, and no policy has to stop it.
func TestHostileNameIsOnlyText(t *testing.T) {
	t.Parallel()
	const name = `</script><script>window.pwned = 1</script><img src=x onerror="window.pwned = 1">"'` + "`" + `&lt;` + "\u2028" + `{{1}}${1}`
	host, provider := newSite(t), newSite(t)
	verified := true
	idp, err := fakeidp.New(fakeidp.Config{
		Issuer:  provider.origin,
		People:  []fakeidp.Person{{Subject: nora, Name: name, Email: "nora@example.com", EmailVerified: &verified}},
		Clients: []fakeidp.Client{{ID: "host", Secret: "secret", RedirectURIs: []string{host.callback()}}},
	})
	require.NoError(t, err)
	provider.serve(idp)
	serveHost(t, host, hostConfig{
		provider: oidcprovider.Config{Issuer: provider.origin, ClientID: "host", ClientSecret: "secret"},
		users:    []authprovider.User{{Ref: "user:default/nora", Email: "nora@example.com"}},
	})
	a := openApp(newBrowser(t), host.origin)
	a.requireState("signed-out")
	a.signInByPopup(nora)
	a.requireState("signed-in")
	require.Equal(t, name, evaluate[string](a.tab, `document.querySelector("#profile-name").textContent`))
	require.True(t, evaluate[bool](a.tab, `window.pwned === undefined`))

	// The page that a person reads when the opener is gone.
	w := a.browser.newTab()
	w.open(startURL(host.origin, host.origin, "popup"))
	choose(w, nora)
	w.waitFor(resultPage)
	require.Equal(t, name, evaluate[string](w, `JSON.parse(document.querySelector("#message").textContent).message.response.profile.displayName`))
	require.Equal(t, 2, evaluate[int](w, `document.scripts.length`))
	require.True(t, evaluate[bool](w, `window.pwned === undefined && document.images.length === 0`))
}
