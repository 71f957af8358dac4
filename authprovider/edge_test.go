package authprovider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/stagedoor/authprovider"
	"github.com/stretchr/testify/require"
)

// logged is a handler's audit log, one JSON object a line.
type logged struct{ bytes.Buffer }

func (l *logged) config(c *authprovider.Config) {
	c.Logger = slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (l *logged) entries(t *testing.T) []map[string]any {
	t.Helper()
	var entries []map[string]any
	d := json.NewDecoder(bytes.NewReader(l.Bytes()))
	for d.More() {
		var e map[string]any
		require.NoError(t, d.Decode(&e))
		require.Equal(t, authprovider.AuditMessage, e["msg"])
		entries = append(entries, e)
	}
	return entries
}

func failWith(err error) testRoutes {
	fail := func(http.ResponseWriter, *http.Request) error { return err }
	return testRoutes{start: fail, frame: fail, refresh: fail, logout: fail}
}

func TestErrorClasses(t *testing.T) {
	const hidden = "HIDDEN-cause"
	cause := errors.New(hidden)
	for _, tc := range []struct {
		kind              error
		status            int
		name, code, event string
	}{
		{authprovider.ErrInput, 400, "InputError", "invalid_request", "refused"},
		{authprovider.ErrAuthentication, 401, "AuthenticationError", "authentication_failed", "refused"},
		{authprovider.ErrNotAllowed, 403, "NotAllowedError", "sign_in_refused", "refused"},
		{authprovider.ErrNoMatch, 403, "NotAllowedError", "sign_in_refused", "refused"},
		{authprovider.ErrUserNotFound, 403, "NotAllowedError", "sign_in_refused", "refused"},
		{&authprovider.NoMatchError{Errs: []error{cause}}, 403, "NotAllowedError", "sign_in_refused", "refused"},
		{authprovider.ErrNotFound, 404, "NotFoundError", "not_found", "refused"},
		{authprovider.ErrMethodNotAllowed, 405, "MethodNotAllowedError", "method_not_allowed", "refused"},
		{authprovider.ErrConflict, 409, "ConflictError", "conflict", "refused"},
		{authprovider.ErrAmbiguousUser, 409, "ConflictError", "conflict", "refused"},
		{authprovider.ErrNotSupported, 501, "NotImplementedError", "not_supported", "refused"},
		{authprovider.ErrUnavailable, 503, "ServiceUnavailableError", "unavailable", "failed"},
	} {
		for form, err := range map[string]error{
			"bare":            tc.kind,
			"wrapped":         fmt.Errorf("context %s: %w", hidden, tc.kind),
			"joined":          errors.Join(cause, tc.kind),
			"Error":           &authprovider.Error{Kind: tc.kind, Err: cause},
			"wrapped Error":   fmt.Errorf("%s: %w", hidden, &authprovider.Error{Kind: tc.kind, Err: cause}),
			"Error around":    &authprovider.Error{Err: fmt.Errorf("%s: %w", hidden, tc.kind)},
			"other cause":     &authprovider.Error{Kind: tc.kind, Err: fmt.Errorf("%s: %w", hidden, authprovider.ErrMethodNotAllowed)},
			"with code":       &authprovider.Error{Kind: tc.kind, Code: "own_code", Err: cause},
			"with message":    &authprovider.Error{Kind: tc.kind, Message: "For you.", Err: cause},
			"with both":       &authprovider.Error{Kind: tc.kind, Code: "own_code", Message: "For you.", Err: cause},
			"Error in Error":  &authprovider.Error{Kind: tc.kind, Code: "own_code", Message: "For you.", Err: &authprovider.Error{Kind: authprovider.ErrInput, Code: "inner", Message: "Inner."}},
			"Kind that wraps": &authprovider.Error{Kind: fmt.Errorf("%s: %w", hidden, tc.kind), Code: "own_code"},
		} {
			t.Run(tc.name+" "+form, func(t *testing.T) {
				var log logged
				resp := serve(t, newHandler(t, failWith(err), log.config), http.MethodGet, "https://portal.example.com/api/auth/demo/refresh?optional&env=x", nil)
				require.Equal(t, tc.status, resp.StatusCode)
				require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
				require.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
				if tc.status == http.StatusServiceUnavailable {
					require.Equal(t, "10", resp.Header.Get("Retry-After"))
				} else {
					require.Empty(t, resp.Header.Get("Retry-After"))
				}
				body := readError(t, resp)
				code, message := tc.code, ""
				var e *authprovider.Error
				if errors.As(err, &e) {
					message = e.Message
					if e.Code != "" {
						code = e.Code
					}
				}
				require.Equal(t, tc.name, body.Error.Name)
				require.Equal(t, code, body.Error.Code)
				if message != "" {
					require.Equal(t, message, body.Error.Message)
				}
				require.NotContains(t, body.Error.Message, hidden)
				require.NotContains(t, body.Error.Message, "authprovider")
				require.Equal(t, "GET", body.Request.Method)
				require.Equal(t, "/api/auth/demo/refresh?optional&env=x", body.Request.URL)

				entries := log.entries(t)
				require.Len(t, entries, 1, "each error is logged once")
				require.Equal(t, tc.event, entries[0]["event"])
				require.Equal(t, code, entries[0]["reason"])
				require.Equal(t, "refresh", entries[0]["route"])
				require.Equal(t, "demo", entries[0]["provider"])
				require.EqualValues(t, tc.status, entries[0]["status"])
				require.Equal(t, err.Error(), entries[0]["error"])
				require.NotContains(t, entries[0], "log_id")
				level := map[string]string{"refused": "INFO", "failed": "ERROR"}[tc.event]
				require.Equal(t, level, entries[0]["level"])
			})
		}
	}
}

// brokenError panics when it is printed.
type brokenError struct{}

func (brokenError) Error() string { panic("HIDDEN in Error") }

func TestUnknownErrors(t *testing.T) {
	var typedNil *authprovider.Error
	panics := func(v any) func(http.ResponseWriter, *http.Request) error {
		return func(http.ResponseWriter, *http.Request) error { panic(v) }
	}
	for name, f := range map[string]func(http.ResponseWriter, *http.Request) error{
		"error":                       failWith(errors.New("HIDDEN")).refresh,
		"Error of no class":           failWith(&authprovider.Error{Code: "own", Message: "HIDDEN", Err: io.EOF}).refresh,
		"Error of another":            failWith(&authprovider.Error{Kind: io.EOF, Code: "own", Message: "HIDDEN"}).refresh,
		"empty Error":                 failWith(&authprovider.Error{}).refresh,
		"nil *Error":                  failWith(typedNil).refresh,
		"panicking error":             failWith(brokenError{}).refresh,
		"deadline":                    failWith(fmt.Errorf("HIDDEN: %w", context.DeadlineExceeded)).refresh,
		"canceled, not by the client": failWith(fmt.Errorf("HIDDEN: %w", context.Canceled)).refresh,
		"panic":                       panics("HIDDEN"),
		"panic of error":              panics(errors.New("HIDDEN")),
		"panic of class":              panics(authprovider.ErrNotFound),
		"panic of nil":                panics(nil),
		"panic of slice":              panics([]int{1}),
		"runtime error":               func(_ http.ResponseWriter, r *http.Request) error { _ = []int{}[len(r.Method)]; return nil },
		"nil dereference":             func(http.ResponseWriter, *http.Request) error { return errors.New(typedNil.Code) },
	} {
		t.Run(name, func(t *testing.T) {
			var log logged
			h := newHandler(t, testRoutes{refresh: f}, log.config)
			resp := serve(t, h, http.MethodGet, "/api/auth/demo/refresh", nil)
			require.Equal(t, http.StatusInternalServerError, resp.StatusCode)
			body := readError(t, resp)
			require.Equal(t, "Error", body.Error.Name)
			require.Equal(t, "internal_error", body.Error.Code)
			require.Regexp(t, `^Internal Server Error \(log ID [0-9a-f]{20}\)$`, body.Error.Message)

			entries := log.entries(t)
			require.Len(t, entries, 1)
			id := entries[0]["log_id"].(string)
			require.Contains(t, body.Error.Message, id)
			require.Equal(t, "ERROR", entries[0]["level"])
			require.Equal(t, "failed", entries[0]["event"])
			if strings.Contains(name, "panic") || strings.HasPrefix(name, "nil") || name == "runtime error" {
				require.Contains(t, entries[0]["stack"], ".go:")
			} else {
				require.NotContains(t, entries[0], "stack")
			}

			again := readError(t, serve(t, h, http.MethodGet, "/api/auth/demo/refresh", nil))
			require.NotEqual(t, body.Error.Message, again.Error.Message)
		})
	}
}

func TestAfterTheAnswerBegan(t *testing.T) {
	for name, tail := range map[string]func() error{
		"panic": func() error { panic("late") },
		"error": func() error { return errors.New("late") },
	} {
		for how, begin := range map[string]func(http.ResponseWriter){
			"Write":       func(w http.ResponseWriter) { _, _ = io.WriteString(w, "half") },
			"WriteHeader": func(w http.ResponseWriter) { w.WriteHeader(http.StatusFound) },
		} {
			t.Run(name+" after "+how, func(t *testing.T) {
				var log logged
				resp := serve(t, newHandler(t, testRoutes{start: func(w http.ResponseWriter, _ *http.Request) error {
					begin(w)
					return tail()
				}}, log.config), http.MethodGet, "/api/auth/demo/start", nil)
				require.NotEqual(t, http.StatusInternalServerError, resp.StatusCode)
				require.NotContains(t, bodyOf(t, resp), "log ID")
				require.Len(t, log.entries(t), 1)
				require.Equal(t, "failed", log.entries(t)[0]["event"])
			})
		}
	}
}

func TestAbortHandlerGoesThrough(t *testing.T) {
	var log logged
	h := newHandler(t, testRoutes{start: func(http.ResponseWriter, *http.Request) error { panic(http.ErrAbortHandler) }}, log.config)
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/api/auth/demo/start", nil))
	})
	require.Empty(t, log.entries(t))
}

func TestProcessSurvivesPanics(t *testing.T) {
	server := httptest.NewServer(newHandler(t, testRoutes{start: func(http.ResponseWriter, *http.Request) error { panic("x") }}))
	defer server.Close()
	for range 3 {
		resp, err := server.Client().Get(server.URL + "/api/auth/demo/start")
		require.NoError(t, err)
		require.Equal(t, http.StatusInternalServerError, resp.StatusCode)
		_ = readError(t, resp)
		require.NoError(t, resp.Body.Close())
	}
	resp, err := server.Client().Get(server.URL + "/api/auth/demo/refresh")
	require.NoError(t, err)
	require.Equal(t, "refresh", bodyOf(t, resp))
	require.NoError(t, resp.Body.Close())
}

func TestClientGone(t *testing.T) {
	var log logged
	h := newHandler(t, testRoutes{refresh: func(_ http.ResponseWriter, r *http.Request) error {
		return &authprovider.Error{Kind: authprovider.ErrUnavailable, Err: r.Context().Err()}
	}}, log.config)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/auth/demo/refresh", nil).WithContext(ctx))
	require.Equal(t, 499, w.Code)
	entries := log.entries(t)
	require.Len(t, entries, 1)
	require.Equal(t, "refused", entries[0]["event"])
	require.Equal(t, "client_gone", entries[0]["reason"])
	require.Equal(t, "INFO", entries[0]["level"])
}

func TestHeadersOfAFailedAnswer(t *testing.T) {
	h := newHandler(t, testRoutes{refresh: func(w http.ResponseWriter, _ *http.Request) error {
		header := w.Header()
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
		http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
		header.Set("X-Own", "kept")
		header.Set("Cache-Control", "public, max-age=3600")
		header.Set("Content-Type", "text/html")
		header.Set("Content-Length", "3")
		header.Set("Content-Encoding", "br")
		header.Set("ETag", `"x"`)
		header.Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
		return authprovider.ErrAuthentication
	}})
	server := httptest.NewServer(h)
	defer server.Close()
	resp, err := server.Client().Get(server.URL + "/api/auth/demo/refresh")
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, []string{"a=1", "b=2"}, resp.Header.Values("Set-Cookie"))
	require.Equal(t, "kept", resp.Header.Get("X-Own"))
	require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
	for _, name := range []string{"Content-Encoding", "ETag", "Last-Modified"} {
		require.Empty(t, resp.Header.Get(name), name)
	}
	require.Equal(t, "AuthenticationError", readError(t, resp).Error.Name)
}

func TestRetryAfter(t *testing.T) {
	for _, tc := range []struct {
		own   string
		after time.Duration
		want  string
	}{
		{"", 0, "10"}, {"", -time.Second, "10"}, {"", time.Nanosecond, "1"}, {"", time.Second, "1"}, {"", 1001 * time.Millisecond, "2"}, {"", time.Hour, "3600"},
		{"120", 0, "120"}, {"120", time.Hour, "120"},
	} {
		resp := serve(t, newHandler(t, testRoutes{refresh: func(w http.ResponseWriter, _ *http.Request) error {
			if tc.own != "" {
				w.Header().Set("Retry-After", tc.own)
			}
			return &authprovider.Error{Kind: authprovider.ErrUnavailable, RetryAfter: tc.after}
		}}), http.MethodGet, "/api/auth/demo/refresh", nil)
		require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
		require.Equal(t, []string{tc.want}, resp.Header.Values("Retry-After"))
	}
	resp := serve(t, newHandler(t, failWith(&authprovider.Error{Kind: authprovider.ErrConflict, RetryAfter: time.Hour})), http.MethodGet, "/api/auth/demo/refresh", nil)
	require.Empty(t, resp.Header.Values("Retry-After"))
}

// respondingError shows itself.
type respondingError struct {
	err     error
	respond func(http.ResponseWriter, *http.Request, authprovider.PublicError)
}

func (e *respondingError) Error() string { return "responding: " + e.err.Error() }
func (e *respondingError) Unwrap() error { return e.err }
func (e *respondingError) Respond(w http.ResponseWriter, r *http.Request, p authprovider.PublicError) {
	e.respond(w, r, p)
}

func TestResponder(t *testing.T) {
	var got authprovider.PublicError
	show := func(w http.ResponseWriter, _ *http.Request, p authprovider.PublicError) {
		got = p
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "shown")
	}
	var log logged
	inner := &authprovider.Error{Kind: authprovider.ErrUnavailable, Code: "idp_down", Message: "Down.", RetryAfter: time.Minute, Err: io.EOF}
	resp := serve(t, newHandler(t, failWith(fmt.Errorf("wrapped: %w", &respondingError{inner, show})), log.config), http.MethodGet, "/api/auth/demo/handler/frame?code=x", nil)
	require.Equal(t, http.StatusTeapot, resp.StatusCode)
	require.Equal(t, "shown", bodyOf(t, resp))
	require.Equal(t, "60", resp.Header.Get("Retry-After"))
	require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
	require.Equal(t, authprovider.PublicError{Name: "ServiceUnavailableError", Status: 503, Code: "idp_down", Message: "Down.", RetryAfter: time.Minute}, got)
	require.Len(t, log.entries(t), 1)

	// A failure of ours brings its log ID along.
	serve(t, newHandler(t, failWith(&respondingError{io.EOF, show}), log.config), http.MethodGet, "/api/auth/demo/handler/frame", nil)
	require.Equal(t, http.StatusInternalServerError, got.Status)
	require.Len(t, got.LogID, 20)
	require.Contains(t, got.Message, got.LogID)
	require.Equal(t, got.LogID, log.entries(t)[1]["log_id"])

	// One that panics is shown as JSON, and one that had begun is left alone.
	resp = serve(t, newHandler(t, failWith(&respondingError{inner, func(http.ResponseWriter, *http.Request, authprovider.PublicError) { panic("HIDDEN") }})), http.MethodGet, "/api/auth/demo/start", nil)
	require.Equal(t, http.StatusInternalServerError, resp.StatusCode)
	require.Equal(t, "internal_error", readError(t, resp).Error.Code)
	resp = serve(t, newHandler(t, failWith(&respondingError{inner, func(w http.ResponseWriter, _ *http.Request, _ authprovider.PublicError) {
		_, _ = io.WriteString(w, "half")
		panic("late")
	}})), http.MethodGet, "/api/auth/demo/start", nil)
	require.Equal(t, "half", bodyOf(t, resp))
}

func TestRequestURLInErrors(t *testing.T) {
	h := newHandler(t, failWith(authprovider.ErrNotAllowed))
	const base = "https://portal.example.com/api/auth/demo"
	for _, tc := range []struct{ path, want string }{
		{"/start?scope=a&origin=b", "/api/auth/demo/start?scope=a&origin=b"},
		{"/refresh?", "/api/auth/demo/refresh"},
		{"/refresh?a=%3Cscript%3E&b=</script>", "/api/auth/demo/refresh?a=%3Cscript%3E&b=</script>"},
		{"/handler/frame?code=MARKER&state=MARKER", "/api/auth/demo/handler/frame"},
		{"/refresh?" + strings.Repeat("a", 5000), "/api/auth/demo/refresh?" + strings.Repeat("a", 1024-len("/api/auth/demo/refresh?"))},
	} {
		resp := serve(t, h, http.MethodGet, base+tc.path, nil)
		raw := bodyOf(t, resp)
		require.NotContains(t, raw, "MARKER")
		require.NotContains(t, raw, "<")
		var body errorBody
		require.NoError(t, json.Unmarshal([]byte(raw), &body))
		require.Equal(t, tc.want, body.Request.URL)
	}
	// A wrong method on the frame route hides the code as well.
	require.NotContains(t, bodyOf(t, serve(t, h, http.MethodPost, base+"/handler/frame?code=MARKER", nil)), "MARKER")
}

// TestLogHygiene: whatever a request holds, the log does not, unless an error says so itself.
func TestLogHygiene(t *testing.T) {
	header := http.Header{
		"Cookie": {"session=MARKER-cookie"}, "Authorization": {"Bearer MARKER-token"}, "X-Requested-With": {"MARKER"}, "Origin": {"https://MARKER.example"}, "User-Agent": {"MARKER"},
		"Referer": {"https://MARKER.example"}, "Cf-Access-Jwt-Assertion": {"MARKER"}, "X-Request-Id": {"MARKER"},
	}
	for _, err := range []error{authprovider.ErrInput, authprovider.ErrUnavailable, errors.New("ours"), &authprovider.Error{Kind: authprovider.ErrNotAllowed}} {
		for method, paths := range map[string][]string{
			http.MethodGet:  {"/demo/start", "/demo/handler/frame", "/demo/refresh", "/demo/unknown", "/other/start", "/MARKER/start", "/v1/userinfo"},
			http.MethodPost: {"/demo/logout", "/demo/start", "/demo/handler/frame"},
		} {
			for _, path := range paths {
				var log logged
				serve(t, newHandler(t, failWith(err), log.config), method, "https://portal.example.com/api/auth"+path+"?code=MARKER&state=MARKER&redirectUrl=MARKER&MARKER", header)
				require.Len(t, log.entries(t), 1)
				require.NotContains(t, log.String(), "MARKER", path)
			}
		}
	}
	// Nor do panics show the request.
	var log logged
	serve(t, newHandler(t, testRoutes{start: func(_ http.ResponseWriter, r *http.Request) error { panic("boom") }}, log.config), http.MethodGet, "/api/auth/demo/start?code=MARKER", header)
	require.NotContains(t, log.String(), "MARKER")
	// The guard and the origin policy speak to the log too.
	policy, err := authprovider.NewOriginPolicy(appOrigin)
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodGet, "/?MARKER", nil)
	r.Header = header
	require.NotContains(t, policy.CheckRequest(r).Error(), "MARKER")
}

func TestAudit(t *testing.T) {
	var log logged
	c := testConfig()
	log.config(&c)
	pc, err := authprovider.NewProviderContext(c, "demo")
	require.NoError(t, err)
	pc.Audit(t.Context(), authprovider.AuditSucceeded, slog.String("user", "user:default/jane"))
	pc.ForEnvironment("production").Audit(t.Context(), authprovider.AuditFailed)
	entries := log.entries(t)
	for _, e := range entries {
		delete(e, "time")
	}
	require.Equal(t, []map[string]any{
		{"level": "INFO", "msg": "auth", "event": "succeeded", "provider": "demo", "environment": "", "user": "user:default/jane"},
		{"level": "ERROR", "msg": "auth", "event": "failed", "provider": "demo", "environment": "production"},
	}, entries)
}

func TestContain(t *testing.T) {
	require.NoError(t, authprovider.Contain(func() error { return nil }))
	require.ErrorIs(t, authprovider.Contain(func() error { return io.EOF }), io.EOF)
	require.EqualError(t, authprovider.Contain(func() error { panic("x") }), "authprovider: panic: x")
	require.ErrorContains(t, authprovider.Contain(func() error { panic(nil) }), "nil")
	require.Error(t, authprovider.Contain(func() error { panic(http.ErrAbortHandler) }))
}

func TestResponseControllerReachesTheWriter(t *testing.T) {
	server := httptest.NewServer(newHandler(t, testRoutes{start: func(w http.ResponseWriter, _ *http.Request) error {
		return http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute))
	}}))
	defer server.Close()
	resp, err := server.Client().Get(server.URL + "/api/auth/demo/start")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.NoError(t, resp.Body.Close())
}

// What decided about a person stands in attributes of its own, to be counted by.
func TestAuditNamesTheRule(t *testing.T) {
	decided := &authprovider.ResolverError{Resolver: "RequireDomain", Reason: "domain_not_allowed", Err: authprovider.ErrNotAllowed}
	var log bytes.Buffer
	auth, err := authprovider.New(authprovider.Config{BaseURL: "http://localhost:7007/api/auth", Logger: slog.New(slog.NewJSONHandler(&log, nil)),
		Providers: map[string]authprovider.ProviderFactory{"corp": func(*authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
			return lister{routes: []authprovider.Route{{Path: "/x", Methods: []string{http.MethodGet}, Serve: func(http.ResponseWriter, *http.Request) error {
				return fmt.Errorf("outer: %w", decided)
			}}}}, nil
		}}})
	require.NoError(t, err)
	w := httptest.NewRecorder()
	auth.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/auth/corp/x", nil))
	require.Equal(t, http.StatusForbidden, w.Code)
	require.NotContains(t, w.Body.String(), "domain_not_allowed")
	var entry map[string]any
	require.NoError(t, json.Unmarshal(log.Bytes(), &entry))
	require.Equal(t, "RequireDomain", entry["resolver"])
	require.Equal(t, "domain_not_allowed", entry["rule"])
}
