package proxyauth_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/proxyauth"
)

func TestMiddleware(t *testing.T) {
	r := newRig(t, nil)
	c := r.config
	c.HTTPClient, c.Now = &http.Client{Transport: r.net}, r.clock.Now
	a, err := proxyauth.JWT(c)
	require.NoError(t, err)
	h := proxyauth.Middleware(a, proxyauth.MiddlewareOptions{Logger: r.log.Logger()})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, ok := proxyauth.FromContext[result](r.Context())
		if !ok {
			t.Error("no result in the context")
		}
		_, _ = fmt.Fprint(w, got.Subject)
	}))
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions, http.MethodDelete} {
		w := httptest.NewRecorder()
		req := httptest.NewRequest(method, portal+"/", nil)
		req.Header.Set(tokenHeader, r.token()) // and no X-Requested-With
		h.ServeHTTP(w, req)
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "jane", w.Body.String())
		require.Empty(t, w.Header().Get("Cache-Control"), "what next says is next's business")

		w = httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, portal+"/", nil))
		require.Equal(t, http.StatusUnauthorized, w.Code)
	}
	resp := send(h, http.MethodGet, portal+"/", http.Header{tokenHeader: {r.token("aud", `"x"`)}})
	require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
	require.Contains(t, r.log.Text(), "audience")
	wantNotLogged(t, r.log.Text(), r.token())
}

func TestMiddlewareAnswersByClass(t *testing.T) {
	const marker = "marker-of-the-cause"
	cause := errors.New(marker)
	for _, row := range []struct {
		name   string
		err    error
		status int
		level  slog.Level
	}{
		{"refused", proxyauth.Refuse("x", cause), 401, slog.LevelDebug},
		{"refused because of an outage", proxyauth.Refuse("x", authprovider.ErrUnavailable), 401, slog.LevelDebug},
		{"not allowed", fmt.Errorf("%w: "+marker, authprovider.ErrNotAllowed), 403, slog.LevelDebug},
		{"unavailable", &authprovider.Error{Kind: authprovider.ErrUnavailable, Err: cause}, 503, slog.LevelError},
		{"unavailable because of a refusal", &authprovider.Error{Kind: authprovider.ErrUnavailable, Err: authprovider.ErrAuthentication}, 503, slog.LevelError},
		{"failure", cause, 500, slog.LevelError},
		{"of another class", authprovider.ErrNoMatch, 500, slog.LevelError},
	} {
		t.Run(row.name, func(t *testing.T) {
			var levels levels
			h := proxyauth.Middleware(proxyauth.AuthenticatorFunc[visitor](func(context.Context, *http.Request) (visitor, error) { return visitor{}, row.err }),
				proxyauth.MiddlewareOptions{Logger: slog.New(&levels)})(unreachable(t))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
			require.Equal(t, row.status, w.Code)
			require.Equal(t, http.StatusText(row.status)+"\n", w.Body.String())
			require.Equal(t, row.status == 503, w.Header().Get("Retry-After") != "")
			require.Equal(t, []slog.Level{row.level}, levels.seen)
		})
	}
}

type levels struct {
	slog.Handler
	seen []slog.Level
}

func (l *levels) Enabled(context.Context, slog.Level) bool { return true }

func (l *levels) Handle(_ context.Context, r slog.Record) error {
	l.seen = append(l.seen, r.Level)
	return nil
}

func unreachable(t testing.TB) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request went through") })
}

// TestMiddlewareFailsClosed: a panic in an authenticator is a failure, and the default options are silent.
func TestMiddlewareFailsClosed(t *testing.T) {
	h := proxyauth.Middleware(proxyauth.AuthenticatorFunc[visitor](func(context.Context, *http.Request) (visitor, error) { panic("x") }), proxyauth.MiddlewareOptions{})(unreachable(t))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	require.Equal(t, http.StatusInternalServerError, w.Code)

	require.Panics(t, func() { proxyauth.Middleware[result](nil, proxyauth.MiddlewareOptions{}) })
	require.Panics(t, func() {
		proxyauth.Middleware[result]((*proxyauth.JWTAuthenticator)(nil), proxyauth.MiddlewareOptions{})
	})
	require.Panics(t, func() { proxyauth.Middleware(proxyauth.AuthenticatorFunc[visitor](nil), proxyauth.MiddlewareOptions{}) })
}

func TestMiddlewareClientGone(t *testing.T) {
	var levels levels
	h := proxyauth.Middleware(proxyauth.AuthenticatorFunc[visitor](func(ctx context.Context, _ *http.Request) (visitor, error) { return visitor{}, ctx.Err() }),
		proxyauth.MiddlewareOptions{Logger: slog.New(&levels)})(unreachable(t))
	ctx, cancel := contextWithCancel(t)
	cancel()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
	require.Equal(t, []slog.Level{slog.LevelDebug}, levels.seen)
}

// TestFromContext: only the exact type is found.
func TestFromContext(t *testing.T) {
	type person interface{ String() string }
	var seen bool
	h := proxyauth.Middleware(proxyauth.AuthenticatorFunc[person](func(context.Context, *http.Request) (person, error) { return slog.LevelInfo, nil }), proxyauth.MiddlewareOptions{})(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			p, ok := proxyauth.FromContext[person](r.Context())
			require.True(t, ok)
			require.Equal(t, slog.LevelInfo, p)
			_, ok = proxyauth.FromContext[any](r.Context())
			require.False(t, ok)
			_, ok = proxyauth.FromContext[visitor](r.Context())
			require.False(t, ok)
			seen = true
		}))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	require.True(t, seen)
	_, ok := proxyauth.FromContext[result](t.Context())
	require.False(t, ok)
}

// TestNobodyIsNotSomebody: an authenticator that returns nil for "not signed in" lets nobody in.
func TestNobodyIsNotSomebody(t *testing.T) {
	refusesAll(t, proxyauth.AuthenticatorFunc[*visitor](func(context.Context, *http.Request) (*visitor, error) { return nil, nil }))
	refusesAll(t, proxyauth.AuthenticatorFunc[fmt.Stringer](func(context.Context, *http.Request) (fmt.Stringer, error) { return nil, nil }))
}

func refusesAll[R any](t *testing.T, a proxyauth.Authenticator[R]) {
	t.Helper()
	w := httptest.NewRecorder()
	proxyauth.Middleware(a, proxyauth.MiddlewareOptions{})(unreachable(t)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	require.Equal(t, http.StatusInternalServerError, w.Code)

	h, log := custom(t, proxyauth.Provider(a, proxyauth.Options[R]{}, func(ctx, authprovider.SignInInfo[R], *rc) (*authprovider.Identity, error) {
		t.Error("a resolver was asked about nobody")
		return nil, nil
	}))
	require.Equal(t, "internal_error", wantRefusal(t, send(h, http.MethodGet, provider+"/refresh", script()), http.StatusInternalServerError, "Error"))
	require.Contains(t, log.Last().Attrs["error"], "neither a result nor an error")
}

// TestMiddlewareTwice: two proxies, two results.
func TestMiddlewareTwice(t *testing.T) {
	inner := proxyauth.AuthenticatorFunc[int](func(context.Context, *http.Request) (int, error) { return 7, nil })
	h := proxyauth.Middleware(named, proxyauth.MiddlewareOptions{})(proxyauth.Middleware(inner, proxyauth.MiddlewareOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, _ := proxyauth.FromContext[visitor](r.Context())
		n, _ := proxyauth.FromContext[int](r.Context())
		_, _ = fmt.Fprint(w, v.Name, n)
	})))
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("X-Name", "jane")
	h.ServeHTTP(w, r)
	require.Equal(t, "jane7", w.Body.String())
}
