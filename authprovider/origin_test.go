package authprovider_test

import (
	"net/url"
	"strings"
	"testing"

	"example.com/stagedoor/authprovider"
	"github.com/stretchr/testify/require"
)

func TestParseOriginTakes(t *testing.T) {
	for in, want := range map[string]string{
		"https://portal.example.com":       "https://portal.example.com",
		"https://PORTAL.Example.COM":       "https://portal.example.com",
		"https://portal.example.com:443":   "https://portal.example.com",
		"https://portal.example.com:8443":  "https://portal.example.com:8443",
		"https://portal.example.com:80":    "https://portal.example.com:80",
		"https://portal.example.com:65535": "https://portal.example.com:65535",
		"https://portal":                   "https://portal",
		"https://my_host.example.com":      "https://my_host.example.com",
		"https://xn--bcher-kva.example":    "https://xn--bcher-kva.example",
		"https://192.0.2.7":                "https://192.0.2.7",
		"https://192.0.2.7:8443":           "https://192.0.2.7:8443",
		"https://[2001:db8::1]":            "https://[2001:db8::1]",
		"https://[2001:DB8::1]:443":        "https://[2001:db8::1]",
		"https://[2001:db8::1]:8443":       "https://[2001:db8::1]:8443",
		"http://localhost":                 "http://localhost",
		"http://localhost:80":              "http://localhost",
		"http://localhost:3000":            "http://localhost:3000",
		"http://localhost:443":             "http://localhost:443",
		"http://LOCALHOST:3000":            "http://localhost:3000",
		"http://app.localhost:3000":        "http://app.localhost:3000",
		"http://127.0.0.1:7007":            "http://127.0.0.1:7007",
		"http://127.8.9.1":                 "http://127.8.9.1",
		"http://[::1]:7007":                "http://[::1]:7007",
		"https://0x7f.example.com":         "https://0x7f.example.com",
		"https://1.example.com":            "https://1.example.com",
	} {
		t.Run(in, func(t *testing.T) {
			got, err := authprovider.ParseOrigin(in)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

// hostileOrigins are refused as origins, whatever the policy.
var hostileOrigins = []string{
	"", " ", "null", "undefined", "*", "app", "//portal.example.com", "portal.example.com", "://portal.example.com",
	// schemes
	"https:", "https:/", "https://", "https:portal.example.com", "https:/portal.example.com", "https:///portal.example.com",
	"HTTPS://portal.example.com", "Https://portal.example.com", "ftp://portal.example.com", "ws://localhost", "wss://portal.example.com",
	"file://portal.example.com", "data://portal.example.com", "javascript://portal.example.com", "chrome-extension://abcdef",
	"blob:https://portal.example.com", "blob:https://portal.example.com/0b7e", "view-source:https://portal.example.com",
	"filesystem:https://portal.example.com", "https://https://portal.example.com", "https://https:portal.example.com",
	" https://portal.example.com", "\thttps://portal.example.com", "\x00https://portal.example.com", "ht\ntps://portal.example.com",
	// plain http outside loopback
	"http://portal.example.com", "http://portal.example.com:443", "http://192.0.2.7", "http://[2001:db8::1]", "http://0.0.0.0", "http://localhost.example.com",
	"http://localhostx", "http://xlocalhost", "http://127.0.0.1.example.com", "http://128.0.0.1", "http://[::]", "http://[::ffff:127.0.0.1]",
	// after the authority
	"https://portal.example.com/", "https://portal.example.com/path", "https://portal.example.com?", "https://portal.example.com?q=1",
	"https://portal.example.com#", "https://portal.example.com#f", `https://portal.example.com\`, `https://portal.example.com\@evil.example`,
	"https://portal.example.com;", "https://portal.example.com,https://evil.example", "https://portal.example.com https://evil.example",
	// users
	"https://user@portal.example.com", "https://user:pass@portal.example.com", "https://@portal.example.com", "https://:@portal.example.com",
	"https://portal.example.com@evil.example", "https://portal.example.com:443@evil.example", "https://portal.example.com%40evil.example",
	// white space and controls
	"https://portal.example.com ", "https://portal.example.com\t", "https://portal.example.com\n", "https://portal.example.com\r\n",
	"https://portal\t.example.com", "https://por\ntal.example.com", "https://portal.example.com\x00", "https://\x7fportal.example.com", "https:// portal.example.com",
	// dots
	"https://portal.example.com.", "https://.portal.example.com", "https://portal..example.com", "https://.", "https://..", "https://portal.example.com..",
	"https://portal。example。com", "https://portal.example.com。", "https://portal．example．com", "https://portal｡example.com",
	// names
	"https://bücher.example", "https://ｐortal.example.com", "https://portal.example.ⓒom", "https://portal.example.\u212aom", "https://\u0130.example.com",
	"https://port\u00adal.example.com", "https://portal\u200b.example.com", "https://\xff\xfe", "https://-portal.example.com", "https://portal-.example.com",
	"https://" + strings.Repeat("a", 64) + ".example.com", "https://" + strings.Repeat("a.", 130) + "com", "https://xn--.example.com",
	"https://portal.example.com%2e", "https://portal%2eexample.com", "https://%70ortal.example.com", "https://portal%00.example.com",
	"https://*", "https://*.example.com", "https://portal.*", "https://{portal,evil}.example.com", "https://(portal).example.com", "https://!portal.example.com",
	"https://portal|evil.example", "https://portal^.example.com", "https://portal<.example.com", "https://\"portal.example.com", "https://$.example.com", "https://a+b.example.com",
	// numbers that browsers read as IPv4
	"https://0x7f.1", "https://127.1", "https://2130706433", "https://0x7f000001", "https://0177.0.0.1", "https://127.0.0.01", "https://127.0.0.1.",
	"https://256.0.0.1", "https://1.2.3.4.5", "https://1.2.3", "https://portal.example.0x7f", "https://portal.example.1", "https://portal.1com", "https://127.0.0.1e0",
	// IPv6
	"https://[::1", "https://::1", "https://::1]", "https://[]", "https://[::1]x", "https://[::1]:", "https://[0:0:0:0:0:0:0:1]", "https://[2001:0db8::1]", "https://[fe80::1%eth0]",
	"https://[fe80::1%25eth0]", "https://[::ffff:192.0.2.1]", "https://[::ffff:c000:201]", "https://[127.0.0.1]", "https://[portal.example.com]", "https://[v1.fe80]", "https://[[::1]]",
	// ports
	"https://portal.example.com:", "https://portal.example.com:0", "https://portal.example.com:00", "https://portal.example.com:0443", "https://portal.example.com:+443",
	"https://portal.example.com:-1", "https://portal.example.com:65536", "https://portal.example.com:99999999999999999999", "https://portal.example.com:443:443",
	"https://portal.example.com:https", "https://portal.example.com:4 43", "https://portal.example.com:4\t43", "https://portal.example.com:٤٤٣", "https://portal.example.com:*", "https://:443", "https://:",
}

func TestParseOriginRefuses(t *testing.T) {
	require.GreaterOrEqual(t, len(hostileOrigins), 80)
	policy, err := authprovider.NewOriginPolicy("https://portal.example.com", "https://*.example.com.example", "http://localhost:3000")
	require.NoError(t, err)
	for _, in := range hostileOrigins {
		t.Run(in, func(t *testing.T) {
			got, err := authprovider.ParseOrigin(in)
			require.ErrorIs(t, err, authprovider.ErrInput)
			require.Empty(t, got)

			require.False(t, policy.Allowed(in))
			got, err = policy.Parse(in)
			require.ErrorIs(t, err, authprovider.ErrInput)
			require.Equal(t, "origin_invalid", codeOf(t, err))
			require.Empty(t, got)

			_, err = authprovider.NewOriginPolicy(in)
			require.ErrorIs(t, err, authprovider.ErrInput)
			if !strings.Contains(in, "*") {
				_, err = authprovider.NewOriginPolicy("https://portal.example.com", in)
				require.ErrorIs(t, err, authprovider.ErrInput)
			}
		})
	}
}

func TestOriginErrorsStayShort(t *testing.T) {
	_, err := authprovider.ParseOrigin("https://" + strings.Repeat("a", 1<<20))
	require.ErrorIs(t, err, authprovider.ErrInput)
	require.Less(t, len(err.Error()), 300)
}

func TestOriginPolicyAllowed(t *testing.T) {
	policy, err := authprovider.NewOriginPolicy("https://Portal.example.com:443",
		"https://other.example.net:8443", "http://localhost:3000", "https://*.preview.example.com", "https://a.*.c.example.com:8443", "https://*.*.twice.example.com", "http://*.app.localhost:3000",
		"https://*.Upper.example.com:443")
	require.NoError(t, err)
	require.Equal(t, "https://portal.example.com", policy.AppOrigin())

	for _, origin := range []string{
		"https://portal.example.com", "https://other.example.net:8443", "http://localhost:3000",
		"https://a.preview.example.com", "https://pr-17.preview.example.com", "https://0.preview.example.com", "https://xn--bcher-kva.preview.example.com",
		"https://a.b.c.example.com:8443", "https://x.y.twice.example.com", "http://x.app.localhost:3000", "https://x.upper.example.com",
	} {
		t.Run(origin, func(t *testing.T) {
			require.True(t, policy.Allowed(origin))
			got, err := policy.Parse(origin)
			require.NoError(t, err)
			require.Equal(t, origin, got)
		})
	}

	// Well-formed, but nobody's.
	for _, origin := range []string{
		"https://evil.example", "https://portal.example.com.evil.example", "https://evilportal.example.com", "https://portal.example.comm", "https://portal.example.co",
		"https://sub.portal.example.com", "https://example.com", "https://com", "https://portal.example.com:8443", "https://portal.example.com:80",
		"https://other.example.net", "https://other.example.net:8444", "https://x.other.example.net:8443", "https://localhost:3000", "http://localhost", "http://localhost:3001", "http://127.0.0.1:3000", "http://[::1]:3000",
		"https://preview.example.com", "https://a.b.preview.example.com", "https://a.preview.example.com:8443", "https://apreview.example.com", "https://a.preview.example.com.evil.example",
		"https://a.preview.example.org", "https://a.xpreview.example.com", "https://a.b.c.example.com", "https://b.b.c.example.com:8443", "https://a.b.b.c.example.com:8443", "https://a.c.example.com:8443",
		"https://y.twice.example.com", "https://x.y.z.twice.example.com", "http://x.app.localhost", "http://x.app.localhost:3001", "http://x.y.app.localhost:3000", "https://x.app.localhost:3000",
	} {
		t.Run(origin, func(t *testing.T) {
			require.False(t, policy.Allowed(origin))
			got, err := policy.Parse(origin)
			require.ErrorIs(t, err, authprovider.ErrNotAllowed)
			require.Equal(t, "origin_not_allowed", codeOf(t, err))
			require.Empty(t, got)
		})
	}

	// Text that a header can hold and that a pattern must not reach over. Allowed compares, it does not normalise.
	for _, origin := range []string{
		"", "*", "null", "https://*.preview.example.com", "https://A.preview.example.com", "https://a.preview.example.com:443", "https://a.preview.example.com.", "https://.preview.example.com", "https://a.preview.example.com/",
		"https://evil.example/.preview.example.com", "https://evil.example#.preview.example.com", "https://evil.example?.preview.example.com", `https://evil\.preview.example.com`,
		"https://u@preview.example.com", "https://u:p@x.preview.example.com", "https://evil:1.preview.example.com", "https://a b.preview.example.com", "https://a%2eb.preview.example.com",
		"https://\x00.preview.example.com", "https://ä.preview.example.com", "https://-.preview.example.com", "https://a-.preview.example.com", "https://" + strings.Repeat("a", 64) + ".preview.example.com",
		"a.preview.example.com", "//a.preview.example.com", "HTTPS://portal.example.com", "https://PORTAL.example.com", " https://portal.example.com", "https://portal.example.com ", "https://portal.example.com,https://evil.example",
	} {
		t.Run("raw "+origin, func(t *testing.T) { require.False(t, policy.Allowed(origin)) })
	}

	got, err := policy.Parse("https://A.Preview.example.com:443")
	require.NoError(t, err)
	require.Equal(t, "https://a.preview.example.com", got)
}

func TestOriginPatternsRefused(t *testing.T) {
	for _, pattern := range []string{
		"*", "**", "*://portal.example.com", "https://*", "https://*:443", "https://*.", "https://.*", "https://*.com", "https://example.*", "https://a.example.*", "https://a.*.com", "https://*.*", "https://*.*.com", "https://a.*.*",
		"https://**.example.com", "https://**.preview.example.com", "https://a*.preview.example.com", "https://*a.preview.example.com", "https://a*b.preview.example.com", "https://*-pr.preview.example.com", "https://pr-*.preview.example.com",
		"https://*preview.example.com", "https://*.preview.example.com*", "https://*.preview.example.com:*", "https://*.preview.example.com:3*", "https://*.preview.example.com:", "https://*.preview.example.com:0", "https://*.preview.example.com:080",
		"https://*.preview.example.com/", "https://*.preview.example.com/*", "https://*.preview.example.com?", "https://*.preview.example.com#", "https://*@preview.example.com", "https://user@*.preview.example.com", "https://*:443@a.preview.example.com",
		"http*://a.preview.example.com", "http://*.preview.example.com", "http?://*.preview.example.com", "ftp://*.preview.example.com", "HTTPS://*.preview.example.com", "!https://*.preview.example.com", "!https://portal.example.com", "#https://*.preview.example.com",
		"https://!*.preview.example.com", "https://{*,a}.preview.example.com", "https://[*].preview.example.com", "https://(*).preview.example.com", "https://+(*).preview.example.com", "https://[a-z].preview.example.com", "https://?.preview.example.com", `https://\*.preview.example.com`,
		"https://*..preview.example.com", "https://.*.preview.example.com", "https://*.preview.example.com.", "https://*.bücher.example.com", "https://*.PREVIEW.\u212aexample.com", "https://*.preview .example.com", "https://*.preview.example.com\n", " https://*.preview.example.com",
		"https://*.0.0.1", "https://*.2.3.4", "https://192.*.2.7", "https://*.a.0x7f", "https://[*::1]", "https://[2001:db8::*]", "*.preview.example.com", "//*.preview.example.com", "https:*.preview.example.com", "https://*.preview.example.com,https://evil.example",
		"https://%2a.preview.example.com", "https://*%2epreview.example.com", "https://*.preview.example.com://", "https://*.a.b.c." + strings.Repeat("d.", 125) + "com",
		"blob:https://*.preview.example.com", "null", "", "{https://a.example.com,https://b.example.com}", "https://a.example.{com,net}",
	} {
		t.Run(pattern, func(t *testing.T) {
			p, err := authprovider.NewOriginPolicy("https://portal.example.com", "https://ok.example.com", pattern)
			require.ErrorIs(t, err, authprovider.ErrInput)
			require.Nil(t, p)
		})
	}
}

func FuzzParseOrigin(f *testing.F) {
	for _, in := range hostileOrigins {
		f.Add(in)
	}
	f.Add("https://portal.example.com:8443")
	f.Add("http://[::1]:80")
	f.Fuzz(func(t *testing.T, in string) {
		got, err := authprovider.ParseOrigin(in)
		if err != nil {
			require.ErrorIs(t, err, authprovider.ErrInput)
			require.Empty(t, got)
			return
		}
		again, err := authprovider.ParseOrigin(got)
		require.NoError(t, err)
		require.Equal(t, got, again)

		// What was accepted is, but for letter case and default port, what net/url reads, and nothing else.
		for _, text := range []string{in, got} {
			u, err := url.Parse(text)
			require.NoError(t, err)
			require.Nil(t, u.User)
			require.Empty(t, u.Opaque+u.Path+u.RawQuery+u.Fragment)
			require.Equal(t, text, u.Scheme+"://"+u.Host)
			port := u.Port()
			if port == map[string]string{"https": "443", "http": "80"}[u.Scheme] {
				port = ""
			}
			host := strings.ToLower(u.Hostname())
			if strings.Contains(host, ":") {
				host = "[" + host + "]"
			}
			if port != "" {
				host += ":" + port
			}
			require.Equal(t, got, u.Scheme+"://"+host)
		}
		for i := 0; i < len(got); i++ {
			require.True(t, got[i] > ' ' && got[i] < 0x7f)
		}
	})
}

// FuzzOriginPattern: a pattern matches nothing with another scheme, port or number of labels, and never outside of its fixed labels.
func FuzzOriginPattern(f *testing.F) {
	f.Add("https://*.preview.example.com", "https://a.preview.example.com")
	f.Add("https://*.preview.example.com:8443", "https://a.b.preview.example.com:8443")
	f.Add("https://a.*.example.com", "https://a.evil.example#.example.com")
	f.Add("http://*.app.localhost:3000", "http://x.app.localhost:3000")
	for _, in := range hostileOrigins {
		f.Add("https://*.preview.example.com", in)
	}
	f.Fuzz(func(t *testing.T, pattern, origin string) {
		if !strings.Contains(pattern, "*") {
			return
		}
		policy, err := authprovider.NewOriginPolicy("https://portal.invalid", pattern)
		if err != nil {
			require.Nil(t, policy)
			return
		}
		if origin == "https://portal.invalid" || !policy.Allowed(origin) {
			return
		}
		parsed, err := authprovider.ParseOrigin(origin)
		require.NoError(t, err)
		require.Equal(t, parsed, origin)
		// The same again, written another way: fill the stars from the origin's labels and compare as a whole.
		pScheme, p, _ := strings.Cut(pattern, "://")
		oScheme, o, _ := strings.Cut(origin, "://")
		require.Equal(t, pScheme, oScheme)
		pLabels, oLabels := strings.Split(p, "."), strings.Split(o, ".")
		require.Len(t, oLabels, len(pLabels))
		for i := range pLabels {
			if pLabels[i] == "*" {
				require.Less(t, i, len(pLabels)-2)
				pLabels[i] = oLabels[i]
			}
		}
		filled, err := authprovider.ParseOrigin(pScheme + "://" + strings.Join(pLabels, "."))
		require.NoError(t, err)
		require.Equal(t, filled, origin)
	})
}
