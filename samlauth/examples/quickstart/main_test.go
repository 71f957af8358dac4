package main

import (
	"context"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
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

func newPortal(t *testing.T) *portal {
	server := httptest.NewUnstartedServer(nil)
	origin := "http://" + server.Listener.Addr().String()
	handler, err := newHandler(options{origin: origin}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	server.Config.Handler = handler
	server.Start()
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &portal{t: t, origin: origin, client: &http.Client{Jar: jar}}
}

func (p *portal) do(method, path string, header http.Header) (*http.Response, string) {
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.origin+path, nil)
	require.NoError(p.t, err)
	r.Header = header
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	return p.read(p.client.Do(r))
}

func (p *portal) read(response *http.Response, err error) (*http.Response, string) {
	require.NoError(p.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	return response, string(body)
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)" ?/?>`)

// signIn chooses a person and sends the forms that send themselves, until there are no more.
func (p *portal) signIn(person string) string {
	response, body := p.do(http.MethodGet, "/api/auth/sso/start?flow=popup&origin="+url.QueryEscape(p.origin), nil)
	require.Contains(p.t, body, "Who are you?")
	for {
		fields := hidden.FindAllStringSubmatch(body, -1)
		if len(fields) == 0 {
			return body
		}
		form := url.Values{}
		for _, f := range fields {
			form.Set(f[1], html.UnescapeString(f[2]))
		}
		if form.Has("SAMLRequest") {
			form.Set("person", person)
		}
		target := response.Request.URL
		if action := regexp.MustCompile(`action="([^"]*)"`).FindStringSubmatch(body); action != nil {
			var err error
			target, err = target.Parse(html.UnescapeString(action[1]))
			require.NoError(p.t, err)
		}
		response, body = p.read(p.client.PostForm(target.String(), form))
	}
}

func fromScript() http.Header { return http.Header{"X-Requested-With": {"XMLHttpRequest"}} }

func TestSignIn(t *testing.T) {
	p := newPortal(t)
	require.Contains(t, p.signIn("1001"), `"userEntityRef":"user:default/nora"`)
	response, body := p.do(http.MethodGet, "/api/auth/sso/refresh", fromScript())
	require.Equal(t, http.StatusOK, response.StatusCode, body)
	response, _ = p.do(http.MethodPost, "/api/auth/sso/logout", fromScript())
	require.Equal(t, http.StatusOK, response.StatusCode)
	response, _ = p.do(http.MethodGet, "/api/auth/sso/refresh", fromScript())
	require.Equal(t, http.StatusUnauthorized, response.StatusCode)
	require.Contains(t, p.signIn("1003"), `"code":"sign_in_refused"`)
}

func TestPage(t *testing.T) {
	p := newPortal(t)
	for _, path := range []string{"/", "/app.js"} {
		response, body := p.do(http.MethodGet, path, nil)
		require.Equal(t, http.StatusOK, response.StatusCode)
		require.NotContains(t, body, "innerHTML")
		require.Contains(t, response.Header.Get("Content-Security-Policy"), "script-src 'self'")
	}
}

func TestRunEndsCleanly(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, "127.0.0.1:0", options{}) }()
	cancel()
	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(30 * time.Second):
		t.Fatal("run does not end")
	}
	require.ErrorContains(t, run(t.Context(), "127.0.0.1:99999", options{}), "choose another address with -addr")
}
