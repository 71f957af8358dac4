package e2e

import (
	"bytes"
	"html/template"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crewjam/saml/samlidp"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/samlauth"
	"example.com/stagedoor/samlauth/samlauthtest"
	"example.com/stagedoor/tokenissuer"
)

// samlHost is a host whose provider is crewjam's samlidp, which asks for a user name and a password. It is at http://127.0.0.1, so that for the
// browser it is another site than the host at http://localhost: its POST comes without our cookies.
type samlHost struct {
	*site
	idp   *samlIDP
	log   *logText
	posts *postLog
}

const samlPassword = "correct horse"

func startSAMLHost(t *testing.T, change func(*samlauth.Config)) *samlHost {
	t.Helper()
	idp := newSAMLIDP(t)
	host := &samlHost{site: newSite(t), idp: idp, log: &logText{}, posts: &postLog{}}
	key, certificate := samlauthtest.NewKeyPair(t, time.Now())
	c := samlauth.Config{IDPMetadataURL: idp.origin + "/metadata", Key: key, Certificate: certificate, UnsolicitedRedirectURL: host.origin + "/"}
	if change != nil {
		change(&c)
	}
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: host.origin + "/api/auth"})
	require.NoError(t, err)
	auth, err := authprovider.New(authprovider.Config{
		BaseURL:   host.origin + "/api/auth",
		Issuer:    issuer,
		Users:     memcatalog.New(authprovider.User{Ref: "user:default/nora", Email: "nora@example.com"}),
		Logger:    slog.New(slog.NewTextHandler(host.log, nil)),
		Providers: map[string]authprovider.ProviderFactory{"demo": samlauth.Provider(c, resolver.EmailMatchingUserEntityProfileEmail)},
	})
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", host.posts.around(auth))
	mux.Handle("GET /api/hello", issuer.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := tokenissuer.UserFromContext(r.Context()) // the middleware lets nobody through without
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"message":"Hello `+token.Subject+`"}`)
	})))
	mux.Handle("/", http.FileServerFS(os.DirFS("../examples/quickstart/web")))
	host.serve(mux)

	metadata, err := http.Get(host.origin + "/api/auth/demo/metadata")
	require.NoError(t, err)
	document, err := io.ReadAll(metadata.Body)
	require.NoError(t, err)
	require.NoError(t, metadata.Body.Close())
	require.Equal(t, http.StatusOK, metadata.StatusCode)
	idp.put(t, "/services/host", document)
	return host
}

type samlIDP struct {
	origin string
	server *samlidp.Server
}

// samlLogin is samlidp's own page, but sends the form to /sso: its own goes to /login, which forgets what was asked for.
var samlLogin = template.Must(template.New("").Parse(`<!DOCTYPE html><html lang="en"><title>Log in</title><link rel="icon" href="data:,">
<p>{{.Toast}}</p>
<form method="post" action="/sso">
<input name="user" placeholder="user"><input type="password" name="password" placeholder="password">
<input type="hidden" name="SAMLRequest" value="{{.SAMLRequest}}"><input type="hidden" name="RelayState" value="{{.RelayState}}">
<input type="submit" value="Log in">
</form></html>`))

func newSAMLIDP(t *testing.T) *samlIDP {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	idp := &samlIDP{origin: "http://" + listener.Addr().String()}
	base, err := url.Parse(idp.origin)
	require.NoError(t, err)
	key, certificate := samlauthtest.NewKeyPair(t, time.Now())
	idp.server, err = samlidp.New(samlidp.Options{
		URL: *base, Key: key, Signer: key, Certificate: certificate, Store: &samlidp.MemoryStore{}, Logger: log.New(io.Discard, "", 0), LoginFormTemplate: samlLogin,
	})
	require.NoError(t, err)
	idp.server.IDP.SignatureMethod = dsig.RSASHA256SignatureMethod // it is SHA-1 otherwise
	server := httptest.NewUnstartedServer(idp.server)
	require.NoError(t, server.Listener.Close())
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	idp.put(t, "/users/nora", []byte(`{"email":"nora@example.com","common_name":"Nora Lind","groups":["stage-managers"],"password":"`+samlPassword+`"}`))
	idp.put(t, "/users/max", []byte(`{"email":"max@elsewhere.example","common_name":"Max Stranger","password":"`+samlPassword+`"}`))
	return idp
}

// put configures the identity provider, by its own interface.
func (s *samlIDP) put(t *testing.T, path string, body []byte) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPut, s.origin+path, bytes.NewReader(body))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusNoContent, response.StatusCode, path)
}

// logText is a log to be read by the test.
type logText struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// postLog notes how each POST to the assertion consumer came.
type postLog struct {
	mu    sync.Mutex
	posts []post // guarded by mu
}

type post struct {
	site, origin string
	attempt      bool // with the attempt's cookie
}

func (l *postLog) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/handler/frame") {
			l.mu.Lock()
			l.posts = append(l.posts, post{r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin"), strings.Contains(r.Header.Get("Cookie"), "attempt")})
			l.mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}

// requireTwo asserts that the identity provider's POST came without the cookie, and ours with it.
func (l *postLog) requireTwo(t *testing.T, origin string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	require.Len(t, l.posts, 2)
	require.Equal(t, "cross-site", l.posts[0].site)
	require.False(t, l.posts[0].attempt, "the cookie is SameSite=Lax")
	require.Equal(t, post{site: "same-origin", origin: origin, attempt: true}, l.posts[1])
}

// enter types a user name and the password at samlidp.
func enter(w *tab, user string) {
	w.t.Helper()
	w.waitFor(`input[name="password"]`)
	w.browser.console.expect("status of 404", "/favicon.ico") // its page with the answer has no icon
	w.typeInto(`input[name="user"]`, user)
	w.typeInto(`input[name="password"]`, samlPassword)
	w.click(`input[type="submit"]`)
}

func TestSAMLPopup(t *testing.T) {
	t.Parallel()
	host := startSAMLHost(t, nil)
	a := openApp(newBrowser(t), host.origin)
	a.requireState("signed-out")
	popup := a.popup("#sign-in-popup")
	enter(popup, "nora")
	popup.waitClosed()
	a.requireSignedIn("Nora Lind", "user:default/nora")
	host.posts.requireTwo(t, host.origin)
	require.Contains(t, a.hello(), "user:default/nora", "the token opens a route that checks it")
	messages := a.received()
	require.Len(t, messages, 2)
	require.Equal(t, "authorization_response", messages[1].Data.Type)
	require.NotContains(t, string(messages[1].Data.Response), "stage-managers", "attributes are not the app's business")
	require.NotContains(t, host.log.String(), "stage-managers")

	for range 2 { // the session rests in the cookie, and nobody asks the identity provider
		a.reload()
		a.requireSignedIn("Nora Lind", "user:default/nora")
	}
	a.click("#sign-out")
	a.requireState("signed-out")
	a.reload()
	a.requireState("signed-out")
}

func TestSAMLRedirect(t *testing.T) {
	t.Parallel()
	host := startSAMLHost(t, func(c *samlauth.Config) { c.RequestBinding = samlauth.BindingPost })
	a := openApp(newBrowser(t), host.origin)
	a.requireState("signed-out")
	a.click("#sign-in-redirect")
	enter(a.tab, "nora")
	a.requireSignedIn("Nora Lind", "user:default/nora")
	require.Equal(t, host.origin+"/", a.location())
	require.Len(t, a.browser.pages(), 1, "no window but this one")
	host.posts.requireTwo(t, host.origin)
	a.reload()
	a.requireSignedIn("Nora Lind", "user:default/nora")

	// The way back leads to the identity provider, and not to a page that posts an answer again.
	evaluate[bool](a.tab, "history.back(), true")
	a.wait("the identity provider is there", `location.hostname === "127.0.0.1"`)
}

func TestSAMLRefusesWhoIsNotInTheCatalog(t *testing.T) {
	t.Parallel()
	host := startSAMLHost(t, nil)
	a := openApp(newBrowser(t), host.origin)
	a.requireState("signed-out")
	popup := a.popup("#sign-in-popup")
	enter(popup, "max")
	popup.waitClosed()
	require.Contains(t, a.requireError("sign_in_refused"), "Sign-in was refused.")
	a.reload()
	a.requireState("signed-out")
}

// A tile in the identity provider's portal posts an answer that nobody asked for. It leads to a sign-in of ours, in which nobody is asked again.
func TestSAMLTile(t *testing.T) {
	t.Parallel()
	host := startSAMLHost(t, nil)
	host.idp.put(t, "/shortcuts/portal", []byte(`{"service_provider":"`+host.origin+`/api/auth/demo/metadata"}`))
	a := openApp(newBrowser(t), host.origin)
	a.requireState("signed-out")
	a.click("#sign-in-redirect")
	enter(a.tab, "nora")
	a.requireSignedIn("Nora Lind", "user:default/nora")
	a.click("#sign-out")
	a.requireState("signed-out")

	a.open(host.idp.origin + "/login/portal")
	a.wait("the app is back", `location.origin === "`+host.origin+`" && document.querySelector("#profile-name")`)
	a.requireSignedIn("Nora Lind", "user:default/nora")
	require.Equal(t, host.origin+"/", a.location())
}

// Without JavaScript the person presses two buttons.
func TestSAMLWithoutJavaScript(t *testing.T) {
	t.Parallel()
	host := startSAMLHost(t, nil)
	w := newBrowser(t).newTab()
	w.withoutScripts(true)
	w.open(startURL(host.origin, host.origin, "popup"))
	enter(w, "nora")
	w.waitFor("#SAMLSubmitButton")
	w.click("#SAMLSubmitButton")
	w.waitFor(`input[name="again"]`)
	require.Contains(t, w.text("body"), "One moment, please. If nothing happens:")
	w.screenshot("15-saml-without-javascript")
	w.click(`button[type="submit"]`)
	w.waitFor(resultPage)
	require.Equal(t, "You are signed in", w.text("h1"))
	host.posts.requireTwo(t, host.origin)
}
