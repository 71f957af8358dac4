package cookies_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"example.com/stagedoor/internal/cookies"
	"github.com/stretchr/testify/require"
)

func TestScopeName(t *testing.T) {
	for scope, want := range map[cookies.Scope]string{
		{Path: "/", Secure: true}:              "__Host-x",
		{Path: "/api/auth/demo", Secure: true}: "__Secure-x",
		{Path: "", Secure: true}:               "__Secure-x",
		{Path: "//", Secure: true}:             "__Secure-x",
		{Path: "/"}:                            "x",
		{Path: "/api/auth/demo"}:               "x",
	} {
		require.Equal(t, want, scope.Name("x"), scope)
	}
}

func TestAttributes(t *testing.T) {
	host, path, plain := cookies.Scope{Path: "/", Secure: true}, cookies.Scope{Path: "/api/auth/demo", Secure: true}, cookies.Scope{Path: "/api/auth/demo"}
	for _, tc := range []struct {
		scope    cookies.Scope
		lifetime time.Duration
		sameSite http.SameSite
		want     string
	}{
		{host, time.Hour, http.SameSiteLaxMode, "__Host-x=v; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax"},
		{path, time.Hour, http.SameSiteNoneMode, "__Secure-x=v; Path=/api/auth/demo; Max-Age=3600; HttpOnly; Secure; SameSite=None"},
		{path, 90 * time.Second, http.SameSiteStrictMode, "__Secure-x=v; Path=/api/auth/demo; Max-Age=90; HttpOnly; Secure; SameSite=Strict"},
		{path, 1500 * time.Millisecond, http.SameSiteLaxMode, "__Secure-x=v; Path=/api/auth/demo; Max-Age=1; HttpOnly; Secure; SameSite=Lax"},
		{plain, 30 * 24 * time.Hour, http.SameSiteLaxMode, "x=v; Path=/api/auth/demo; Max-Age=2592000; HttpOnly; SameSite=Lax"},
		// No lifetime is left: gone, and without the value.
		{path, 0, http.SameSiteLaxMode, "__Secure-x=; Path=/api/auth/demo; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
		{path, -time.Hour, http.SameSiteLaxMode, "__Secure-x=; Path=/api/auth/demo; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
		{path, time.Millisecond, http.SameSiteLaxMode, "__Secure-x=; Path=/api/auth/demo; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
	} {
		w := httptest.NewRecorder()
		tc.scope.Set(w, tc.scope.Name("x"), "v", tc.lifetime, tc.sameSite)
		require.Equal(t, []string{tc.want}, w.Header().Values("Set-Cookie"))
	}
	w := httptest.NewRecorder()
	host.Expire(w, host.Name("x"), http.SameSiteLaxMode)
	require.Equal(t, []string{"__Host-x=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"}, w.Header().Values("Set-Cookie"))
}

func TestGet(t *testing.T) {
	for name, tc := range map[string]struct {
		lines []string
		want  string
		err   error
	}{
		"none":              {nil, "", cookies.ErrMissing},
		"others":            {[]string{"y=1; xx=2; X=3"}, "", cookies.ErrMissing},
		"one":               {[]string{"y=1; x=2"}, "2", nil},
		"empty":             {[]string{"x="}, "", nil},
		"twice":             {[]string{"x=1; x=2"}, "", cookies.ErrTwice},
		"twice the same":    {[]string{"x=1; x=1"}, "", cookies.ErrTwice},
		"twice, one empty":  {[]string{"x=1; x="}, "", cookies.ErrTwice},
		"twice, two lines":  {[]string{"x=1", "y=1; x=2"}, "", cookies.ErrTwice},
		"quoted and not":    {[]string{`x="1"; x=1`}, "", cookies.ErrTwice},
		"three times":       {[]string{"x=1; x=2; x=3"}, "", cookies.ErrTwice},
		"prefix is another": {[]string{"__Host-x=1; x=2"}, "2", nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header["Cookie"] = tc.lines
			got, err := cookies.Get(r, "x")
			require.ErrorIs(t, err, tc.err)
			require.Equal(t, tc.want, got)
		})
	}
}

func TestNamesWithPrefix(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	require.Empty(t, cookies.NamesWithPrefix(r, "x"))
	r.Header.Set("Cookie", "x=1; x.1=2; y=3; xx=4; X.2=5; x.1=6")
	require.Equal(t, []string{"x.1", "x.1"}, cookies.NamesWithPrefix(r, "x."))
	require.Equal(t, []string{"x", "x.1", "xx", "x.1"}, cookies.NamesWithPrefix(r, "x"))
}
