package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// portal is the example as a browser sees it.
type portal struct {
	t      *testing.T
	origin string
	client *http.Client
}

func newPortal(t *testing.T) *portal { return newPortalWith(t, options{}, nil) }

// newPortalWith is newPortal for a command line. register is told the redirect URI before anybody signs in; if nil, nobody is.
func newPortalWith(t *testing.T, o options, register func(callback string)) *portal {
	server := httptest.NewUnstartedServer(nil)
	origin := "http://" + server.Listener.Addr().String()
	handler, err := newHandler(origin, o, nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	if register != nil {
		register(o.callback(origin))
	}
	server.Config.Handler = handler
	server.Start()
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &portal{t: t, origin: origin, client: &http.Client{Jar: jar}}
}

// do sends a request as the app's script would, and returns the answer and its body.
func (p *portal) do(method, path string, header http.Header) (*http.Response, string) {
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.origin+path, nil)
	require.NoError(p.t, err)
	if header != nil {
		r.Header = header
	}
	return p.send(r)
}

func (p *portal) send(r *http.Request) (*http.Response, string) {
	response, err := p.client.Do(r)
	require.NoError(p.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	return response, string(body)
}

func fromScript() http.Header { return http.Header{"X-Requested-With": {"XMLHttpRequest"}} }

// signIn chooses a person in the popup and returns the page that it ends on.
func (p *portal) signIn(subject string) string {
	start := "/api/auth/demo/start?" + url.Values{"env": {"development"}, "flow": {"popup"}, "origin": {p.origin}, "scope": {"openid profile email"}}.Encode()
	chooser, body := p.do(http.MethodGet, start, nil)
	require.Equal(p.t, http.StatusOK, chooser.StatusCode)
	require.Contains(p.t, body, `value="`+subject+`"`)
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, chooser.Request.URL.String(), strings.NewReader("person="+subject))
	require.NoError(p.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	end, body := p.send(r)
	require.Equal(p.t, "/api/auth/demo/handler/frame", end.Request.URL.Path)
	require.Contains(p.t, body, `"authorization_response"`)
	return body
}

func TestPage(t *testing.T) {
	p := newPortal(t)
	for path, contentType := range map[string]string{"/": "text/html", "/app.css": "text/css", "/app.js": "text/javascript"} {
		response, body := p.do(http.MethodGet, path, nil)
		require.Equal(t, http.StatusOK, response.StatusCode, path)
		require.Contains(t, response.Header.Get("Content-Type"), contentType, path)
		require.Equal(t, pagePolicy, response.Header.Get("Content-Security-Policy"), path)
		require.NotEmpty(t, body, path)
		// The policy would keep these from working without a word.
		require.NotContains(t, body, " style=", path)
		require.NotContains(t, body, "innerHTML", path)
		require.NotContains(t, body, "https://", path)
	}
	response, _ := p.do(http.MethodGet, "/main.go", nil)
	require.Equal(t, http.StatusNotFound, response.StatusCode)
}

func TestStartLeadsToTheProvider(t *testing.T) {
	p := newPortal(t)
	p.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, _ := p.do(http.MethodGet, "/api/auth/demo/start?env=development", nil)
	require.Equal(t, http.StatusFound, response.StatusCode)
	location, err := response.Location()
	require.NoError(t, err)
	require.Equal(t, p.origin+"/idp/authorize", location.Scheme+"://"+location.Host+location.Path)
	require.Equal(t, p.origin+"/api/auth/demo/handler/frame", location.Query().Get("redirect_uri"))
}

func TestDiscovery(t *testing.T) {
	p := newPortal(t)
	for path, issuer := range map[string]string{"/api/auth": p.origin + "/api/auth", "/idp": p.origin + "/idp"} {
		response, body := p.do(http.MethodGet, path+"/.well-known/openid-configuration", nil)
		require.Equal(t, http.StatusOK, response.StatusCode, path)
		var metadata struct{ Issuer string }
		require.NoError(t, json.Unmarshal([]byte(body), &metadata), path)
		require.Equal(t, issuer, metadata.Issuer)
	}
}

func TestSession(t *testing.T) {
	p := newPortal(t)
	response, _ := p.do(http.MethodGet, "/api/hello", nil)
	require.Equal(t, http.StatusUnauthorized, response.StatusCode)

	require.Contains(t, p.signIn("1001"), `"userEntityRef":"user:default/nora"`)

	response, body := p.do(http.MethodGet, "/api/auth/demo/refresh?env=development", fromScript())
	require.Equal(t, http.StatusOK, response.StatusCode, body)
	var session struct {
		BackstageIdentity struct{ Token string }
	}
	require.NoError(t, json.Unmarshal([]byte(body), &session))

	response, body = p.do(http.MethodGet, "/api/hello", http.Header{"Authorization": {"Bearer " + session.BackstageIdentity.Token}})
	require.Equal(t, http.StatusOK, response.StatusCode, body)
	require.Contains(t, body, "user:default/nora")

	response, body = p.do(http.MethodPost, "/api/auth/demo/logout?env=development", fromScript())
	require.Equal(t, http.StatusOK, response.StatusCode, body)
	response, _ = p.do(http.MethodGet, "/api/auth/demo/refresh?env=development", fromScript())
	require.Equal(t, http.StatusUnauthorized, response.StatusCode)
}

func TestPersonWhoIsNotInTheCatalogIsRefused(t *testing.T) {
	p := newPortal(t)
	body := p.signIn("1003")
	require.Contains(t, body, `"code":"sign_in_refused"`)
	require.NotContains(t, body, "accessToken")
	response, _ := p.do(http.MethodGet, "/api/auth/demo/refresh?env=development", fromScript())
	require.Equal(t, http.StatusUnauthorized, response.StatusCode)
}

func TestRunSaysThatThePortIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	err = run(t.Context(), options{addr: taken.Addr().String()})
	require.ErrorContains(t, err, taken.Addr().String()+" is taken by another program: stop it, or choose another port")
	require.NotContains(t, err.Error(), "\n")
}

func TestRunEndsCleanly(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, options{addr: "127.0.0.1:0"}) }()
	cancel()
	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(30 * time.Second):
		t.Fatal("run does not end")
	}
}

func TestOriginOf(t *testing.T) {
	got := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7007}
	for addr, want := range map[string]string{
		"localhost:7007": "http://localhost:7007",
		"localhost:0":    "http://localhost:7007",
		":7007":          "http://localhost:7007",
		"0.0.0.0:7007":   "http://localhost:7007",
		"[::]:7007":      "http://localhost:7007",
		"127.0.0.1:7007": "http://127.0.0.1:7007",
		"[::1]:7007":     "http://[::1]:7007",
	} {
		require.Equal(t, want, originOf(addr, got), addr)
	}
}
