package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// stage is the example on ports of its own.
type stage struct {
	t              *testing.T
	public, direct string
	client         *http.Client
}

func newStage(t *testing.T) *stage {
	access, err := newAccess()
	require.NoError(t, err)
	front, behind := httptest.NewUnstartedServer(nil), httptest.NewUnstartedServer(nil)
	s := &stage{t: t, public: "http://" + front.Listener.Addr().String(), direct: "http://" + behind.Listener.Addr().String()}
	backend, err := newBackend(s.public, s.direct, access, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	target, err := url.Parse(s.direct)
	require.NoError(t, err)
	front.Config.Handler = access.Protect(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }})
	behind.Config.Handler = backend
	for _, server := range []*httptest.Server{front, behind} {
		server.Start()
		t.Cleanup(server.Close)
	}
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	s.client = &http.Client{Jar: jar}
	return s
}

func (s *stage) do(method, url, body string, header http.Header) (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, url, strings.NewReader(body))
	require.NoError(s.t, err)
	if header != nil {
		r.Header = header
	}
	answer, err := s.client.Do(r)
	require.NoError(s.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	return answer.StatusCode, string(text)
}

func (s *stage) signIn(subject string) {
	s.t.Helper()
	status, _ := s.do(http.MethodPost, s.public+"/.fakeproxy/sign-in", "person="+subject, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
	require.Equal(s.t, http.StatusOK, status)
}

func fromScript() http.Header { return http.Header{"X-Requested-With": {"XMLHttpRequest"}} }

func TestThroughTheEdge(t *testing.T) {
	s := newStage(t)
	status, body := s.do(http.MethodGet, s.public+"/", "", nil)
	require.Equal(t, http.StatusUnauthorized, status, "the edge asks first")
	require.Contains(t, body, "Nora Lind")

	s.signIn("1001")
	status, body = s.do(http.MethodGet, s.public+"/", "", nil)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, "app.js")
	status, body = s.do(http.MethodGet, s.public+"/api/auth/cfaccess/refresh", "", fromScript())
	require.Equal(t, http.StatusOK, status, body)
	require.Contains(t, body, `"userEntityRef":"user:default/nora"`)
	require.Contains(t, body, `"displayName":"Nora Lind"`)
	status, body = s.do(http.MethodGet, s.public+"/me", "", nil)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, `"email":"nora@example.com"`)
	status, body = s.do(http.MethodPost, s.public+"/around", "", fromScript())
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, `"status":"401 Unauthorized"`)

	status, body = s.do(http.MethodPost, s.public+"/api/auth/cfaccess/logout", "", fromScript())
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"logoutUrl":"`+s.public+`/cdn-cgi/access/logout"}`, body)
	_, _ = s.do(http.MethodGet, s.public+"/cdn-cgi/access/logout", "", nil)
	status, _ = s.do(http.MethodGet, s.public+"/", "", nil)
	require.Equal(t, http.StatusUnauthorized, status, "the session at the edge is over")
}

func TestStranger(t *testing.T) {
	s := newStage(t)
	s.signIn("1003")
	status, body := s.do(http.MethodGet, s.public+"/api/auth/cfaccess/refresh", "", fromScript())
	require.Equal(t, http.StatusForbidden, status)
	require.NotContains(t, body, "token")
	status, _ = s.do(http.MethodGet, s.public+"/me", "", nil)
	require.Equal(t, http.StatusOK, status, "Access vouches for somebody who is none of our users")
}

func TestAroundTheEdge(t *testing.T) {
	s := newStage(t)
	for name, header := range map[string]http.Header{
		"nothing":         {},
		"plain headers":   {"Cf-Access-Authenticated-User-Email": {"nora@example.com"}},
		"unsigned token":  {"Cf-Access-Jwt-Assertion": {"eyJhbGciOiJub25lIn0.eyJlbWFpbCI6Im5vcmFAZXhhbXBsZS5jb20ifQ."}},
		"unsigned cookie": {"Cookie": {"CF_Authorization=eyJhbGciOiJub25lIn0.eyJlbWFpbCI6Im5vcmFAZXhhbXBsZS5jb20ifQ."}},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.t = t
			header.Set("X-Requested-With", "XMLHttpRequest")
			for _, path := range []string{"/me", "/api/auth/cfaccess/refresh"} {
				status, body := s.do(http.MethodGet, s.direct+path, "", header)
				require.Equal(t, http.StatusUnauthorized, status)
				require.NotContains(t, body, "nora")
			}
		})
	}
}
