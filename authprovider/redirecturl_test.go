package authprovider_test

import (
	"net/url"
	"strings"
	"testing"

	"example.com/stagedoor/authprovider"
	"github.com/stretchr/testify/require"
)

const appOrigin = "https://portal.example.com"

func redirectPolicy(t testing.TB) *authprovider.OriginPolicy {
	p, err := authprovider.NewOriginPolicy(appOrigin, "https://*.preview.example.com", "http://localhost:3000")
	require.NoError(t, err)
	return p
}

func TestParseRedirectURLTakes(t *testing.T) {
	policy := redirectPolicy(t)
	for _, tc := range []struct{ in, want string }{
		{"https://portal.example.com", "https://portal.example.com/"},
		{"https://portal.example.com/", "https://portal.example.com/"},
		{"https://PORTAL.example.com:443/a", "https://portal.example.com/a"},
		{"https://portal.example.com?a=1", "https://portal.example.com/?a=1"},
		{"https://portal.example.com#a", "https://portal.example.com/#a"},
		// Byte for byte, however odd: an app reads its own URL in its own way.
		{"https://portal.example.com/a/../b/./c//d", "https://portal.example.com/a/../b/./c//d"},
		{"https://portal.example.com//evil.example/", "https://portal.example.com//evil.example/"},
		{"https://portal.example.com/%2f%2Fevil.example/%zz/100%", "https://portal.example.com/%2f%2Fevil.example/%zz/100%"},
		{"https://portal.example.com/@evil.example", "https://portal.example.com/@evil.example"},
		{"https://portal.example.com/a;b=c,d!$&'()*+:@~", "https://portal.example.com/a;b=c,d!$&'()*+:@~"},
		{`https://portal.example.com/<script>"x"</script>`, `https://portal.example.com/<script>"x"</script>`},
		{"https://portal.example.com/?b=2&a=1&&=&b&%zz;c=%20+", "https://portal.example.com/?b=2&a=1&&=&b&%zz;c=%20+"},
		{"https://portal.example.com/?next=https://evil.example/#@evil", "https://portal.example.com/?next=https://evil.example/#@evil"},
		{`https://portal.example.com/?a=\b#c\d`, `https://portal.example.com/?a=\b#c\d`},
		{"https://portal.example.com/#/route?error=1", "https://portal.example.com/#/route?error=1"},
		{"https://portal.example.com/#a#b?c", "https://portal.example.com/#a#b?c"},
		{"https://portal.example.com/#", "https://portal.example.com/#"},
		// Our own parameters, however they are spelt for the app to read them.
		{"https://portal.example.com/?error=x", "https://portal.example.com/"},
		{"https://portal.example.com/?error", "https://portal.example.com/"},
		{"https://portal.example.com/?error=x&error_code=y", "https://portal.example.com/"},
		{"https://portal.example.com/?a=1&error=x&b=2&error_code=y&error=z&c=%33", "https://portal.example.com/?a=1&b=2&c=%33"},
		{"https://portal.example.com/?%65rror=x&err%6Fr%5fcode=y&a=error", "https://portal.example.com/?a=error"},
		{"https://portal.example.com/?Error=x&errors=y&my_error=z&error_description=d&error[]=e", "https://portal.example.com/?Error=x&errors=y&my_error=z&error_description=d&error[]=e"},
		{"https://portal.example.com/error?error=x#error", "https://portal.example.com/error#error"},
	} {
		t.Run(tc.in, func(t *testing.T) {
			got, err := policy.ParseRedirectURL(tc.in, appOrigin)
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
			again, err := policy.ParseRedirectURL(got, appOrigin)
			require.NoError(t, err)
			require.Equal(t, got, again)
		})
	}

	got, err := policy.ParseRedirectURL("http://localhost:3000/a", "http://localhost:3000")
	require.NoError(t, err)
	require.Equal(t, "http://localhost:3000/a", got)
	got, err = policy.ParseRedirectURL("https://pr-1.preview.example.com/a", "https://pr-1.preview.example.com")
	require.NoError(t, err)
	require.Equal(t, "https://pr-1.preview.example.com/a", got)
}

func TestParseRedirectURLRefuses(t *testing.T) {
	policy := redirectPolicy(t)
	input, notAllowed := authprovider.ErrInput, authprovider.ErrNotAllowed
	cases := []struct {
		in   string
		want error
	}{
		// Another place, well spelt.
		{"https://evil.example/", notAllowed}, {"https://evil.example", notAllowed}, {"https://evil.example/https://portal.example.com/", notAllowed},
		{"https://evil.example?https://portal.example.com", notAllowed}, {"https://evil.example#https://portal.example.com", notAllowed}, {"https://evil.example/@portal.example.com", notAllowed},
		{"https://portal.example.com.evil.example/", notAllowed}, {"https://evilportal.example.com/", notAllowed}, {"https://sub.portal.example.com/", notAllowed}, {"https://example.com/", notAllowed},
		{"https://portal.example.comm/", notAllowed}, {"https://portal.example.com:8443/", notAllowed}, {"https://portal.example.com:80/", notAllowed}, {"https://localhost:3000/", notAllowed},
		{"https://127.0.0.1/", notAllowed}, {"https://[::1]/", notAllowed},
		// Allowed as an origin, but not the one that the sign-in runs for.
		{"http://localhost:3000/", notAllowed}, {"https://a.preview.example.com/", notAllowed},
		// Schemes and slashes.
		{"", input}, {"/", input}, {"/path", input}, {"//evil.example", input}, {"///evil.example", input}, {"////evil.example", input}, {`/\evil.example`, input}, {`\\evil.example`, input}, {`\/evil.example`, input},
		{"portal.example.com", input}, {"evil.example/https://portal.example.com", input}, {"https:portal.example.com", input}, {"https:/portal.example.com", input}, {"https:///portal.example.com", input},
		{"https:////evil.example", input}, {`https:\\evil.example`, input}, {`https:/\evil.example`, input}, {`https:\/evil.example`, input}, {`https://\evil.example`, input}, {"https://", input}, {"https:///", input},
		{"https:evil.example", input}, {"http://portal.example.com/", input}, {"HTTPS://portal.example.com/", input}, {"hTTps://portal.example.com/", input}, {"ftp://portal.example.com/", input},
		{"javascript:alert(1)", input}, {"javascript://portal.example.com/%0aalert(1)", input}, {"javascript:alert(1)//https://portal.example.com/", input}, {"data:text/html,<script>alert(1)</script>", input},
		{"data://portal.example.com/", input}, {"vbscript://portal.example.com/", input}, {"blob:https://portal.example.com/", input}, {"view-source:https://portal.example.com/", input}, {"file://portal.example.com/", input}, {"app://portal.example.com/", input},
		// Users.
		{"https://portal.example.com@evil.example/", input}, {"https://portal.example.com:443@evil.example/", input}, {"https://portal.example.com:@evil.example/", input}, {"https://@portal.example.com/", input},
		{"https://user:pass@portal.example.com/", input}, {"https://portal.example.com%40evil.example/", input}, {"https://evil.example%2f@portal.example.com/", input}, {"https://evil.example%00@portal.example.com/", input},
		// Back-slashes: a slash to browsers, nothing to net/url.
		{`https://portal.example.com\@evil.example/`, input}, {`https://portal.example.com\evil`, input}, {`https://evil.example\@portal.example.com/`, notAllowed}, {`https://evil.example\.portal.example.com/`, notAllowed}, {`https://portal.example.com/\evil.example`, input},
		{`https://portal.example.com/a\..\..\b`, input}, {`https://portal.example.com\`, input}, {`https://portal.example.com:443\@evil.example`, input},
		// Tabs and newlines vanish in browsers.
		{"https://portal.example.com\t.evil.example/", input}, {"https://portal.example.com/\r\nSet-Cookie:x=1", input}, {"https://portal.example.com/\n", input}, {"java\tscript:alert(1)", input}, {"ht\ntps://evil.example", input},
		{"\thttps://portal.example.com/", input}, {" https://portal.example.com/", input}, {"https://portal.example.com/ ", input}, {"https://portal.example.com /", input}, {"https://portal.example.com/?a= b", input}, {"https://portal.example.com/#\x00", input},
		{"https://portal.example.com/\x7f", input}, {"https://portal.example.com/\x1b[2J", input}, {"/\t/evil.example", input},
		// Not ASCII.
		{"https://portal。example。com/", input}, {"https://portal.example.com／@evil.example", input}, {"https://portal.example.com/ü", input}, {"https://portal.example.com\u2044evil.example/", input}, {"https://portal.example.\u212aom/", input},
		{"https://portal.example.com/\u202e", input}, {"https://portal.example.com/\xff", input}, {"https://evil.example\u3002portal.example.com/", input}, {"https://portal.example.com/?q=é", input},
		// Hosts and ports.
		{"https://portal.example.com./", input}, {"https://portal.example.com:/", input}, {"https://portal.example.com:0443/", input}, {"https://portal.example.com:443:443/", input}, {"https://portal.example.com:99999/", input},
		{"https://portal%2eexample.com/", input}, {"https://portal.example.com%2f.evil.example/", input}, {"https://portal.example.com%00/", input}, {"https://0x7f.1/", input}, {"https://2130706433/", input}, {"https://portal.example.com;evil.example/", input},
		{"https://portal.example.com,evil.example/", input}, {"https://portal.example.com&evil.example/", input}, {"https://*.preview.example.com/", input}, {"https://[::1/", input}, {"https://portal.example.com[/", input}, {"https://<portal.example.com>/", input},
		{"null", input}, {"*", input}, {"about:blank", input},
	}
	require.GreaterOrEqual(t, len(cases), 60)
	for _, tc := range cases {
		t.Run(tc.in, func(t *testing.T) {
			got, err := policy.ParseRedirectURL(tc.in, appOrigin)
			require.ErrorIs(t, err, tc.want)
			require.Empty(t, got)
			code := "redirect_url_invalid"
			if tc.want == notAllowed {
				code = "redirect_url_not_allowed"
			}
			require.Equal(t, code, codeOf(t, err))
		})
	}
}

func TestParseRedirectURLNeedsAnAllowedOrigin(t *testing.T) {
	// Equal to the flow's origin is not enough: the flow's origin may be stale.
	_, err := redirectPolicy(t).ParseRedirectURL("https://evil.example/", "https://evil.example")
	require.ErrorIs(t, err, authprovider.ErrNotAllowed)
	for _, origin := range []string{"", "*", "null", "https://portal.example.com/", "https://PORTAL.example.com"} {
		_, err = redirectPolicy(t).ParseRedirectURL("https://portal.example.com/", origin)
		require.ErrorIs(t, err, authprovider.ErrNotAllowed, origin)
	}
}

func TestParseRedirectURLTooLong(t *testing.T) {
	policy := redirectPolicy(t)
	fill := func(n int) string { return strings.Repeat("a", n) }
	page := "https://portal.example.com/page"
	for _, tc := range []struct{ name, in, want string }{
		{"at the limit", page + "?" + fill(2048-len(page)-1), page + "?" + fill(2048-len(page)-1)},
		{"one more", page + "?" + fill(2048-len(page)), page},
		{"fragment", page + "?a=1#" + fill(2048), page},
		{"query", page + "?" + fill(1<<20) + "#x", page},
		{"fits without errors", page + "?error=" + fill(4096) + "&a=1", page + "?a=1"},
		{"path at the limit", "https://portal.example.com/" + fill(2048-27) + "?q", "https://portal.example.com/" + fill(2048-27)},
		{"path", "https://portal.example.com/" + fill(2048-26) + "?a=1", "https://portal.example.com/"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := policy.ParseRedirectURL(tc.in, appOrigin)
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
}

func TestParseRedirectURLErrorsKeepTheQueryOut(t *testing.T) {
	_, err := redirectPolicy(t).ParseRedirectURL("https://portal.example.com/\\?token=MARKER-a#MARKER-b", appOrigin)
	require.ErrorIs(t, err, authprovider.ErrInput)
	require.NotContains(t, err.Error(), "MARKER")
	_, err = redirectPolicy(t).ParseRedirectURL("https://portal.example.com/"+strings.Repeat("\\", 1<<20), appOrigin)
	require.Less(t, len(err.Error()), 1000)
}

func FuzzParseRedirectURL(f *testing.F) {
	for _, in := range []string{
		"https://portal.example.com/a?b=1&error=2#c", "https://portal.example.com", "https://portal.example.com\\@evil.example", "https://portal.example.com:443/%zz?%65rror",
		"//evil.example", "https://portal.example.com@evil.example", "https://portal.example.com\t/", "http://localhost:3000/#?",
	} {
		f.Add(in)
	}
	policy := redirectPolicy(f)
	f.Fuzz(func(t *testing.T, in string) {
		got, err := policy.ParseRedirectURL(in, appOrigin)
		if err != nil {
			require.Empty(t, got)
			require.NotEmpty(t, codeOf(t, err))
			return
		}
		require.LessOrEqual(t, len(got), 2048)
		require.True(t, strings.HasPrefix(got, appOrigin+"/"))
		beforeQuery, _, _ := strings.Cut(got, "?")
		beforeQuery, _, _ = strings.Cut(beforeQuery, "#")
		require.NotContains(t, beforeQuery, `\`)
		for i := 0; i < len(got); i++ {
			require.True(t, got[i] > ' ' && got[i] < 0x7f)
		}
		// net/url refuses bad escapes, which browsers keep; there is none in the authority.
		u, err := url.Parse(strings.ReplaceAll(got, "%", "_"))
		require.NoError(t, err)
		require.Equal(t, appOrigin, u.Scheme+"://"+u.Host)
		require.Nil(t, u.User)
		if u, err := url.Parse(got); err == nil {
			query, _ := url.ParseQuery(u.RawQuery)
			require.False(t, query.Has("error") || query.Has("error_code"))
		}
		again, err := policy.ParseRedirectURL(got, appOrigin)
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}
