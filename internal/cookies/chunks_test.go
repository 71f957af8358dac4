package cookies_test

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.com/stagedoor/internal/cookies"
	"github.com/stretchr/testify/require"
)

var chunkScope = cookies.Scope{Path: "/api/auth/demo", Secure: true}

func chunked() cookies.Chunked {
	return cookies.Chunked{Scope: chunkScope, Name: chunkScope.Name("demo~session")}
}

// browser keeps cookies in a real jar.
type browser struct {
	jar http.CookieJar
	url *url.URL
}

func newBrowser(t testing.TB) *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	u, err := url.Parse("https://portal.example.com/api/auth/demo/refresh")
	require.NoError(t, err)
	return &browser{jar, u}
}

func (b *browser) request() *http.Request {
	r := httptest.NewRequest(http.MethodGet, b.url.String(), nil)
	for _, c := range b.jar.Cookies(b.url) {
		r.AddCookie(c)
	}
	return r
}

func (b *browser) take(w *httptest.ResponseRecorder) { b.jar.SetCookies(b.url, w.Result().Cookies()) }

// set sets a value and holds every line against what browsers keep.
func (b *browser) set(t testing.TB, c cookies.Chunked, value string) {
	t.Helper()
	w := httptest.NewRecorder()
	require.NoError(t, c.Set(w, b.request(), value, 365*24*time.Hour, http.SameSiteStrictMode))
	for _, line := range w.Header().Values("Set-Cookie") {
		require.LessOrEqual(t, len(line), 4096)
	}
	b.take(w)
}

// text is a value of n bytes whose parts cannot be mistaken for each other.
func text(n int) string {
	var s strings.Builder
	for i := 0; s.Len() < n; i++ {
		fmt.Fprintf(&s, "%x_", i)
	}
	return s.String()[:n]
}

func TestChunkedLengths(t *testing.T) {
	c := chunked()
	size := cookies.ChunkSize(c.Scope, c.Name)
	most := 6*size - 2
	var lengths []int
	for n := 0; n <= 50_000; n += 997 {
		lengths = append(lengths, n)
	}
	for k := 1; k <= 7; k++ {
		for d := -4; d <= 4; d++ {
			lengths = append(lengths, k*size+d)
		}
	}
	lengths = append(lengths, 1, 2, 3, most, most+1, 50_000)
	for _, n := range lengths {
		b, value := newBrowser(t), text(n)
		w := httptest.NewRecorder()
		err := c.Set(w, b.request(), value, 365*24*time.Hour, http.SameSiteStrictMode)
		if n > most {
			require.ErrorContains(t, err, "does not fit", n)
			require.Empty(t, w.Header(), "nothing is set if it does not fit")
			continue
		}
		require.NoError(t, err, n)
		require.Len(t, w.Header().Values("Set-Cookie"), max(1, (n+2+size-1)/size))
		for _, line := range w.Header().Values("Set-Cookie") {
			require.LessOrEqual(t, len(line), 4096)
		}
		b.take(w)
		got, err := c.Get(b.request())
		require.NoError(t, err, n)
		require.True(t, value == got, n)
	}
	require.Greater(t, most*3/4, 12<<10, "a session of 12 KiB must fit when sealed")
}

func TestChunkedEverywhere(t *testing.T) {
	for _, path := range []string{"/", "/a", "/" + strings.Repeat("p", 500)} {
		for _, name := range []string{"a", strings.Repeat("n", 64) + "~" + strings.Repeat("e", 64) + "~session"} {
			for _, secure := range []bool{true, false} {
				scope := cookies.Scope{Path: path, Secure: secure}
				c := cookies.Chunked{Scope: scope, Name: scope.Name(name)}
				b := newBrowser(t)
				b.url.Path = path + "/x"
				if path == "/" {
					b.url.Path = "/x"
				}
				value := text(12 << 10)
				b.set(t, c, value)
				got, err := c.Get(b.request())
				require.NoError(t, err)
				require.True(t, value == got)
			}
		}
	}
}

func TestChunkedNoRoom(t *testing.T) {
	for _, n := range []int{3800, 4096, 10_000} {
		scope := cookies.Scope{Path: "/" + strings.Repeat("p", n), Secure: true}
		c := cookies.Chunked{Scope: scope, Name: scope.Name(strings.Repeat("n", 130))}
		w := httptest.NewRecorder()
		require.ErrorContains(t, c.Set(w, httptest.NewRequest(http.MethodGet, "/", nil), "v", time.Hour, http.SameSiteLaxMode), "no room")
		require.Empty(t, w.Header())
	}
}

func TestChunkedShrinksAndGrows(t *testing.T) {
	b, c := newBrowser(t), chunked()
	for _, n := range []int{100, 20_000, 5_000, 0, 12_000, 8_000, 1} {
		b.set(t, c, text(n))
		got, err := c.Get(b.request())
		require.NoError(t, err)
		require.True(t, text(n) == got, n)
		require.LessOrEqual(t, len(b.jar.Cookies(b.url)), n/cookies.ChunkSize(c.Scope, c.Name)+2, "stale chunks are expired")
	}
	b.set(t, c, text(20_000))
	w := httptest.NewRecorder()
	c.Expire(w, b.request(), http.SameSiteLaxMode)
	for _, line := range w.Header().Values("Set-Cookie") {
		require.Contains(t, line, "; Max-Age=0; HttpOnly; Secure; SameSite=Lax")
		require.Contains(t, line, "; Path=/api/auth/demo;")
	}
	b.take(w)
	require.Empty(t, b.jar.Cookies(b.url))
	_, err := c.Get(b.request())
	require.ErrorIs(t, err, cookies.ErrMissing)
}

func TestExpireWithoutCookies(t *testing.T) {
	w := httptest.NewRecorder()
	chunked().Expire(w, httptest.NewRequest(http.MethodGet, "/", nil), http.SameSiteLaxMode)
	require.Len(t, w.Header().Values("Set-Cookie"), 1, "the first in any case")
	w = httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	name := chunked().Name
	r.Header.Set("Cookie", name+".1=a; "+name+".9=b; "+name+".x=c; "+name+"x.1=d; other=e")
	chunked().Expire(w, r, http.SameSiteLaxMode)
	require.Len(t, w.Header().Values("Set-Cookie"), 2, "only chunks of ours are touched")
}

func TestChunkedGetRefuses(t *testing.T) {
	name := chunked().Name
	for label, tc := range map[string]struct {
		cookie string
		want   string
		err    error
	}{
		"nothing":             {"", "", cookies.ErrMissing},
		"only a later chunk":  {name + ".1=b", "", cookies.ErrMissing},
		"one":                 {name + "=1.a", "a", nil},
		"one, empty":          {name + "=1.", "", nil},
		"dots":                {name + "=1.a.b.1.", "a.b.1.", nil},
		"two":                 {name + "=2.a; " + name + ".1=b", "ab", nil},
		"any order":           {name + ".2=c; " + name + ".1=b; " + name + "=3.a", "abc", nil},
		"six":                 {name + "=6.a; " + name + ".1=b; " + name + ".2=c; " + name + ".3=d; " + name + ".4=e; " + name + ".5=f", "abcdef", nil},
		"stale tail":          {name + "=1.a; " + name + ".1=old; " + name + ".2=old", "a", nil},
		"stale tail behind":   {name + "=2.a; " + name + ".1=b; " + name + ".2=old", "ab", nil},
		"torn":                {name + "=2.a", "", cookies.ErrTwice},
		"torn in the middle":  {name + "=3.a; " + name + ".2=c", "", cookies.ErrTwice},
		"torn at the end":     {name + "=3.a; " + name + ".1=b", "", cookies.ErrTwice},
		"first doubled":       {name + "=1.a; " + name + "=1.a", "", cookies.ErrTwice},
		"chunk doubled":       {name + "=2.a; " + name + ".1=b; " + name + ".1=b", "", cookies.ErrTwice},
		"no count":            {name + "=a", "", cookies.ErrTwice},
		"empty":               {name + "=", "", cookies.ErrTwice},
		"only a dot":          {name + "=.a", "", cookies.ErrTwice},
		"zero":                {name + "=0.a", "", cookies.ErrTwice},
		"seven":               {name + "=7.a; " + name + ".1=b; " + name + ".2=c; " + name + ".3=d; " + name + ".4=e; " + name + ".5=f; " + name + ".6=g", "", cookies.ErrTwice},
		"nine":                {name + "=9.a", "", cookies.ErrTwice},
		"two digits":          {name + "=01.a", "", cookies.ErrTwice},
		"many":                {name + "=4000.a", "", cookies.ErrTwice},
		"sign":                {name + "=-1.a", "", cookies.ErrTwice},
		"plus":                {name + "=+1.a", "", cookies.ErrTwice},
		"letter":              {name + "=a.a", "", cookies.ErrTwice},
		"other name":          {"x" + name + "=1.a", "", cookies.ErrMissing},
		"name without prefix": {"demo~session=1.a", "", cookies.ErrMissing},
	} {
		t.Run(label, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Cookie", tc.cookie)
			got, err := chunked().Get(r)
			require.ErrorIs(t, err, tc.err)
			require.Equal(t, tc.want, got)
		})
	}
}

// FuzzChunkedGet: whatever a request holds, an answer is made of what the named cookies hold, each once.
func FuzzChunkedGet(f *testing.F) {
	name := chunked().Name
	f.Add(name + "=2.a; " + name + ".1=b")
	f.Add(name + "=1.a; " + name + "=1.b")
	f.Add(name + "=6.a")
	f.Add(`x="; ` + name + `="1.a"`)
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", header)
		got, err := chunked().Get(r)
		if err != nil {
			require.Empty(t, got)
			return
		}
		first, err := cookies.Get(r, name)
		require.NoError(t, err)
		rest := got
		for i := range int(first[0] - '0') {
			part, chunk := first[2:], name
			if i > 0 {
				chunk = fmt.Sprintf("%s.%d", name, i)
				part, err = cookies.Get(r, chunk)
				require.NoError(t, err)
			}
			require.Len(t, r.CookiesNamed(chunk), 1)
			require.True(t, strings.HasPrefix(rest, part))
			rest = rest[len(part):]
		}
		require.Empty(t, rest)
	})
}

// FuzzChunkedRoundTrip: what is set over whatever was there is what is read back through a browser's jar.
func FuzzChunkedRoundTrip(f *testing.F) {
	f.Add(uint16(0), uint16(50_000))
	f.Add(uint16(20_000), uint16(3_900))
	f.Fuzz(func(t *testing.T, before, after uint16) {
		b, c := newBrowser(t), chunked()
		most := 6*cookies.ChunkSize(c.Scope, c.Name) - 2
		b.set(t, c, text(min(int(before), most)))
		value := text(min(int(after), most))
		b.set(t, c, value)
		got, err := c.Get(b.request())
		require.NoError(t, err)
		require.True(t, value == got)
	})
}
