// Package whatwgurl compares the readers of origins and redirect URLs in authprovider with a parser that follows the URL standard
// (https://url.spec.whatwg.org), as browsers do. It is a module of its own, so that the parser never reaches an importer.
package whatwgurl

import (
	"strings"
	"testing"

	"github.com/nlnwa/whatwg-url/url"
	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
)

var origins = []string{
	"https://portal.example.com", "https://portal.example.com:8443", "http://localhost:3000", "http://[::1]:7007", "http://127.0.0.1",
	"https://Portal.Example.com:443", "https://portal.example.com.", "https://portal.example.com/", "https://user@portal.example.com", "https:\\\\portal.example.com",
	"https:portal.example.com", "https:///portal.example.com", "https://portal.example.com\t", "https://port\nal.example.com", "blob:https://portal.example.com/x",
	"null", "https://0x7f.1", "https://127.1", "https://2130706433", "https://xn--mnchen-3ya.de", "https://xn--0", "https://m\u00fcnchen.de", "https://portal\u3002example.com",
	"https://portal.example.com%00", "https://%70ortal.example.com", "https://portal.example.com#@evil.example", "https://a..b", "https://-a.b", "https://[::ffff:1.2.3.4]",
}

// browserOrigin is what a browser says the origin of a URL is.
func browserOrigin(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Protocol() != "https:" && u.Protocol() != "http:" {
		return "", false
	}
	return u.Protocol() + "//" + u.Host(), true
}

// FuzzOrigin: an origin that is accepted is one that a browser reads as exactly the same.
func FuzzOrigin(f *testing.F) {
	for _, o := range origins {
		f.Add(o)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := authprovider.ParseOrigin(text)
		if err != nil {
			require.Empty(t, got)
			return
		}
		want, ok := browserOrigin(text)
		if !ok && strings.Contains(got, "xn--") {
			return // not valid Punycode: no page has this origin, so nobody gains by it
		}
		require.True(t, ok, "%q is no web URL to a browser", text)
		require.Equal(t, want, got, "%q", text)
	})
}

// FuzzRedirectURL: wherever a browser goes with a redirect URL that is accepted, it is a page of the app's own origin.
func FuzzRedirectURL(f *testing.F) {
	const app = "https://portal.example.com"
	policy, err := authprovider.NewOriginPolicy(app, "https://*.preview.example.com", "http://localhost:3000")
	require.NoError(f, err)
	for _, o := range origins {
		f.Add(o)
		f.Add(o + "/a?b=c#d")
	}
	for _, tail := range []string{"/", "/a/../b", "?a=1", "#x", "/%2e%2e/", "\\@evil.example", "/\\evil.example", "//evil.example", "@evil.example", ":443/", ":80", "/?error=x&b", ".evil.example",
		"/" + strings.Repeat("a", 3000), "?" + strings.Repeat("a", 3000), "%2f@evil.example", "\u3002evil.example", "/ \t\r\n"} {
		f.Add(app + tail)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := policy.ParseRedirectURL(text, app)
		if err != nil {
			require.Empty(t, got)
			return
		}
		require.LessOrEqual(t, len(got), 2048)
		for _, u := range []string{text, got} {
			origin, ok := browserOrigin(u)
			require.True(t, ok, "%q", u)
			require.Equal(t, app, origin, "%q", u)
		}
		again, err := policy.ParseRedirectURL(got, app)
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}

// TestCorpusIsSeen: the seeds are there, and the parser reads as browsers do.
func TestCorpusIsSeen(t *testing.T) {
	for text, want := range map[string]string{
		"https:\\\\evil.example": "https://evil.example", "https:evil.example": "https://evil.example", "http://0x7f.1": "http://127.0.0.1",
		"https://EVIL.example:443/": "https://evil.example", "https://a\tb.example": "https://ab.example",
	} {
		got, ok := browserOrigin(text)
		require.True(t, ok)
		require.Equal(t, want, got)
	}
}
