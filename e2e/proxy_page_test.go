package e2e

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// buildBehindAProxy builds the example once for all tests.
var buildBehindAProxy = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(scratch, "behind-a-proxy")
	command := exec.Command("go", "build", "-o", binary, "./examples/behind-a-proxy")
	command.Dir = ".."
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build behind-a-proxy: %w\n%s", err, output)
	}
	return binary, nil
})

var aroundLine = regexp.MustCompile(`curl -i (http://localhost:\d+)/me`)

// behindAProxy is the example as a newcomer's process.
type behindAProxy struct {
	edge, backend string // origins
	log           *logBuffer
}

// startBehindAProxy runs the example on free ports, until it says where both are. The end of the test presses Ctrl-C.
func startBehindAProxy(t *testing.T) *behindAProxy {
	t.Helper()
	binary, err := buildBehindAProxy()
	require.NoError(t, err)
	command := exec.Command(binary, "-edge", "localhost:0", "-backend", "localhost:0")
	p := &behindAProxy{log: &logBuffer{}}
	command.Stderr = p.log
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	said, ended := make(chan string, 2), make(chan error, 1)
	go func() {
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			for _, line := range []*regexp.Regexp{openLine, aroundLine} {
				if match := line.FindStringSubmatch(lines.Text()); match != nil {
					said <- match[1]
				}
			}
		}
		ended <- command.Wait()
	}()
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		select {
		case err := <-ended:
			require.NoError(t, err, "Ctrl-C ends it cleanly")
		case <-time.After(patience):
			_ = command.Process.Kill()
			require.NoError(t, <-ended, "Ctrl-C did not end it")
		}
		if t.Failed() {
			t.Logf("behind-a-proxy wrote:\n%s", p.log)
		}
	})
	for _, origin := range []*string{&p.edge, &p.backend} {
		select {
		case *origin = <-said:
		case err := <-ended:
			ended <- err
			require.FailNow(t, "behind-a-proxy ended", "%v\n%s", err, p.log)
		case <-time.After(patience):
			require.FailNow(t, "behind-a-proxy does not say where it is")
		}
	}
	return p
}

// A newcomer's walk: in at the edge, around it in vain, out, and in again as somebody who is no user.
func TestBehindAProxy(t *testing.T) {
	t.Parallel()
	p := startBehindAProxy(t)
	b := newBrowser(t)
	b.console.expect("network error", "status of 401", p.edge+"/")
	w := b.newTab()
	w.open(p.edge)
	w.waitFor(`button[name="person"]`)
	w.screenshot("20-edge-asks")

	w.click(`button[name="person"][value="` + nora + `"]`)
	w.wait("the page shows Nora", `document.querySelector("#title").innerText === "Hello Nora Lind"`)
	require.Equal(t, p.edge+"/", w.location())
	require.Equal(t, "user:default/nora", w.text("#user"))
	require.Equal(t, "user:default/nora, group:default/stage-managers", w.text("#owns"))
	require.Equal(t, "nora@example.com", w.text("#email"))
	require.Equal(t, "60 minutes", w.text("#left"))
	w.screenshot("21-behind-the-edge")

	w.click("#around")
	w.wait("the answer is there", `document.querySelector("#refused").innerText !== ""`)
	require.Equal(t, "GET "+p.backend+"/me: 401 Unauthorized", w.text("#refused"))
	w.screenshot("22-around-the-edge")
	require.Equal(t, "200 nora@example.com", me(w), "through it the same route answers")

	w.reload()
	w.wait("a reload needs no sign-in", `document.querySelector("#title").innerText === "Hello Nora Lind"`)

	// The session ends in another window: this one does not speak of the backend.
	other := b.newTab()
	other.open(p.edge + "/cdn-cgi/access/logout")
	other.close()
	b.console.expect("network error", "status of 401", p.edge+"/around")
	w.click("#around")
	w.waitFor(`button[name="person"][value="` + nora + `"]`)
	w.click(`button[name="person"][value="` + nora + `"]`)
	w.wait("she is back", `document.querySelector("#title").innerText === "Hello Nora Lind"`)

	w.click("#sign-out")
	w.wait("the edge says so", `document.querySelector("h1").innerText === "You are signed out"`)
	require.Equal(t, "/cdn-cgi/access/logout", w.path())
	w.screenshot("23-signed-out-at-the-edge")
	require.NotContains(t, w.cookies(p.edge), "CF_Authorization")

	w.click("a")
	w.waitFor(`button[name="person"]`)
	b.console.expect("network error", "status of 403", p.edge+"/api/auth/cfaccess/refresh")
	w.click(`button[name="person"][value="` + stranger + `"]`)
	w.wait("the page refuses Max", `document.querySelector("#title").innerText === "The edge knows you, this backend does not"`)
	require.Equal(t, "Sign-in was refused. If you should have access, please ask your administrator.", w.text("#detail"))
	require.NotContains(t, w.text("main"), "user:default")
	w.screenshot("24-refused-behind-the-edge")
	w.phone()
	w.requireNoSidewaysScroll()
	w.screenshot("25-phone-behind-the-edge")
}

// me asks the route that the middleware protects.
func me(w *tab) string {
	w.t.Helper()
	return evaluate[string](w, `fetch("/me").then(async (answer) => answer.status + " " + (await answer.json()).email)`)
}

// Around the edge there is nobody, with what a script at the edge's origin cannot know.
func TestBehindAProxyDirectly(t *testing.T) {
	t.Parallel()
	p := startBehindAProxy(t)
	for _, path := range []string{"/me", "/api/auth/cfaccess/refresh"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.backend+path, nil)
		require.NoError(t, err)
		request.Header = script(http.Header{"Cf-Access-Authenticated-User-Email": {"nora@example.com"}})
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	}
}
