package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
)

const gateSecret = "32-characters-of-a-random-secret"

// portal is the example on a port of its own, and a browser.
type portal struct {
	t      *testing.T
	origin string
	client *http.Client
}

func newPortal(t *testing.T) *portal {
	server := httptest.NewUnstartedServer(nil)
	origin := "http://" + server.Listener.Addr().String()
	handler, err := newHandler(origin, gateSecret, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	server.Config.Handler = handler
	server.Start()
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &portal{t: t, origin: origin, client: &http.Client{Jar: jar}}
}

// send sends a request and returns the answer at the end of its redirects.
func (p *portal) send(method, target, body string, header http.Header) (*http.Response, string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, target, strings.NewReader(body))
	require.NoError(p.t, err)
	if header != nil {
		r.Header = header
	}
	answer, err := p.client.Do(r)
	require.NoError(p.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(p.t, err)
	return answer, string(text)
}

func asForm() http.Header { return http.Header{"Content-Type": {"application/x-www-form-urlencoded"}} }

// TestCurl makes the request of docs/adding-a-provider.md as curl does, over a socket, and compares what comes back with the page.
func TestCurl(t *testing.T) {
	handler, err := newHandler("http://localhost:7007", gateSecret, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprint(conn, "GET /api/auth/providerA/start HTTP/1.1\r\nHost: localhost:7007\r\nUser-Agent: curl/8.14.1\r\nAccept: */*\r\n\r\n")
	require.NoError(t, err)
	var got strings.Builder
	for lines := bufio.NewScanner(conn); lines.Scan() && lines.Text() != ""; { // there is no body
		got.WriteString(lines.Text() + "\n")
	}

	page, err := os.ReadFile("../../docs/adding-a-provider.md")
	require.NoError(t, err)
	_, want, ok := strings.Cut(string(page), "$ curl -i localhost:7007/api/auth/providerA/start\n")
	require.True(t, ok)
	want, _, ok = strings.Cut(want, "```")
	require.True(t, ok)
	require.Equal(t, constant(want), constant(got.String()))
}

// constant replaces what differs each time.
func constant(answer string) string {
	for pattern, with := range map[string]string{
		`(code_challenge=|state=development\.)[\w-]+`: "$1...",
		`(auth-browser=)[\w-]+`:                       "$1...",
		`(~attempt~)[\w-]+=[\w-]+`:                    "$1...",
		`(?m)^Date: .*$`:                              "Date: ...",
	} {
		answer = regexp.MustCompile(pattern).ReplaceAllString(answer, with)
	}
	return answer
}

func TestProviderA(t *testing.T) {
	p := newPortal(t)
	for person, want := range map[string]string{"1001": `"userEntityRef":"user:default/nora"`, "1003": `"code":"sign_in_refused"`} {
		chooser, body := p.send(http.MethodGet, p.origin+"/api/auth/providerA/start", "", nil)
		require.Equal(t, http.StatusOK, chooser.StatusCode)
		require.Contains(t, body, `value="`+person+`"`)
		_, body = p.send(http.MethodPost, chooser.Request.URL.String(), "person="+person, asForm())
		require.Contains(t, body, want)
	}
}

// TestProductionOfProviderA: the other environment is another client at another server.
func TestProductionOfProviderA(t *testing.T) {
	p := newPortal(t)
	p.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, _ := p.send(http.MethodGet, p.origin+"/api/auth/providerA/start?env=production", "", nil)
	require.True(t, strings.HasPrefix(answer.Header.Get("Location"), "https://id.acme.example/authorize?"))
	answer, _ = p.send(http.MethodGet, p.origin+"/api/auth/providerA/start?env=staging", "", nil)
	require.Equal(t, http.StatusNotFound, answer.StatusCode)
}

func TestProviderB(t *testing.T) {
	p := newPortal(t)
	header := http.Header{"X-Requested-With": {"XMLHttpRequest"}, "X-Gate-User": {"nora"}, "X-Gate-Name": {"Nora Lind"}, "X-Gate-Groups": {"ops"}}
	answer, _ := p.send(http.MethodGet, p.origin+"/api/auth/providerB/refresh", "", header.Clone())
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode, "around the gateway")
	header.Set("X-Gate-Secret", gateSecret)
	answer, body := p.send(http.MethodGet, p.origin+"/api/auth/providerB/refresh", "", header)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	var session authprovider.ClientAuthResponse
	require.NoError(t, json.Unmarshal([]byte(body), &session))
	require.Equal(t, "user:default/nora", session.BackstageIdentity.Identity.UserEntityRef)
	require.Equal(t, "Nora Lind (ops)", session.Profile.DisplayName)
}

func TestProviderC(t *testing.T) {
	p := newPortal(t)
	for name, want := range map[string]string{"nora": `"userEntityRef":"user:default/nora"`, "sam": `"code":"password_expired"`, "max": "User name or password is wrong."} {
		_, body := p.send(http.MethodGet, p.origin+"/api/auth/providerC/start?origin="+p.origin, "", nil)
		form := url.Values{"name": {name}, "password": {demoPassword}}
		for _, m := range regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`).FindAllStringSubmatch(body, -1) {
			form.Set(m[1], html.UnescapeString(m[2]))
		}
		header := asForm()
		header.Set("Origin", p.origin)
		_, body = p.send(http.MethodPost, p.origin+"/api/auth/providerC/sign-in", form.Encode(), header)
		require.Contains(t, body, want)
	}
}

func TestPage(t *testing.T) {
	p := newPortal(t)
	for _, path := range []string{"/", "/app.js"} {
		answer, body := p.send(http.MethodGet, p.origin+path, "", nil)
		require.Equal(t, http.StatusOK, answer.StatusCode)
		require.Equal(t, pagePolicy, answer.Header.Get("Content-Security-Policy"))
		require.NotContains(t, body, "innerHTML")
	}
	answer, _ := p.send(http.MethodGet, p.origin+"/portal.go", "", nil)
	require.Equal(t, http.StatusNotFound, answer.StatusCode)
}
