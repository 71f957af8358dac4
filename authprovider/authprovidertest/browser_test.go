package authprovidertest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider/authprovidertest"
)

// names are those of cookies, in the order in which they are sent.
func names(cookies []*http.Cookie) string {
	var list []string
	for _, c := range cookies {
		list = append(list, c.Name)
	}
	return strings.Join(list, " ")
}

func TestBrowserTakesCookies(t *testing.T) {
	tests := []struct {
		name, page, header string
		taken              bool
	}{
		{"plain", "https://a.example.com/x", "n=v", true},
		{"__Host-", "https://a.example.com/x", "__Host-n=v; Secure; Path=/", true},
		{"__Host- without Secure", "https://a.example.com/x", "__Host-n=v; Path=/", false},
		{"__Host- with a path", "https://a.example.com/x", "__Host-n=v; Secure; Path=/x", false},
		{"__Host- without a path", "https://a.example.com/", "__Host-n=v; Secure", false},
		{"__Host- with a domain", "https://a.example.com/x", "__Host-n=v; Secure; Path=/; Domain=a.example.com", false},
		{"__host- in lower case", "https://a.example.com/x", "__host-n=v; Path=/", false},
		{"__Secure-", "https://a.example.com/x", "__Secure-n=v; Secure", true},
		{"__Secure- without Secure", "https://a.example.com/x", "__Secure-n=v", false},
		{"Secure on http", "http://a.example.com/x", "n=v; Secure", false},
		{"SameSite=None without Secure", "https://a.example.com/x", "n=v; SameSite=None", false},
		{"SameSite=None", "https://a.example.com/x", "n=v; SameSite=None; Secure", true},
		{"parent domain", "https://a.example.com/x", "n=v; Domain=example.com", true},
		{"public suffix", "https://a.example.com/x", "n=v; Domain=com", false},
		{"sibling domain", "https://a.example.com/x", "n=v; Domain=b.example.com", false},
		{"domain that ends alike", "https://a.example.com/x", "n=v; Domain=xample.com", false},
		{"too large", "https://a.example.com/x", "n=" + strings.Repeat("v", 4096), false},
		{"malformed", "https://a.example.com/x", "; Secure", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.taken, authprovidertest.NewBrowser(t).SetCookie(test.page, test.header))
		})
	}
}

func TestBrowserSendsCookies(t *testing.T) {
	b := authprovidertest.NewBrowser(t)
	clock := authprovidertest.NewClock(time.Time{})
	b.Now = clock.Now
	for _, header := range []string{"root=1; Path=/", "auth=1; Path=/auth", "secure=1; Path=/; Secure", "short=1; Path=/; Max-Age=60; Expires=Thu, 01 Jan 2099 00:00:00 GMT"} {
		require.True(t, b.SetCookie("https://a.example.com/", header), header)
	}
	require.True(t, b.SetCookie("https://b.example.com/", "tossed=1; Path=/; Domain=example.com"))
	require.True(t, b.SetCookie("https://b.example.com/", "own=1; Path=/"))

	require.Equal(t, "auth root secure short tossed", names(b.Cookies("https://a.example.com/auth/x")))
	require.Equal(t, "root secure short tossed", names(b.Cookies("https://a.example.com/authentic")))
	require.Equal(t, "root short tossed", names(b.Cookies("http://a.example.com/")))
	require.Equal(t, "tossed", names(b.Cookies("https://sub.a.example.com/")))
	clock.Advance(time.Minute)
	require.Equal(t, "root secure tossed", names(b.Cookies("https://a.example.com/")))
	require.True(t, b.SetCookie("https://a.example.com/", "root=; Path=/; Max-Age=0"))
	require.Equal(t, "secure tossed", names(b.Cookies("https://a.example.com/")))
	require.False(t, b.SetCookie("http://a.example.com/", "secure=evil; Path=/"), "a page on plain http puts a cookie over a secure one")

	other := b.Clone()
	other.ClearCookies()
	require.Equal(t, "secure tossed", names(b.Cookies("https://a.example.com/")))
	require.Empty(t, b.Other().Cookies("https://a.example.com/"))
}

func TestBrowserEnforcesSameSite(t *testing.T) {
	b := authprovidertest.NewBrowser(t)
	b.Host("https://a.example.com", http.NotFoundHandler())
	for _, header := range []string{"strict=1; SameSite=Strict", "lax=1; SameSite=Lax", "default=1", "none=1; SameSite=None; Secure"} {
		require.True(t, b.SetCookie("https://a.example.com/", header))
	}
	tests := []struct {
		name string
		req  authprovidertest.Request
		want string
	}{
		{"typed", authprovidertest.Request{}, "strict lax default none"},
		{"same origin", authprovidertest.Request{From: "https://a.example.com", Mode: "cors", Dest: "empty"}, "strict lax default none"},
		{"same site", authprovidertest.Request{From: "https://b.example.com", Mode: "cors", Dest: "empty"}, "strict lax default none"},
		{"same site but for the scheme", authprovidertest.Request{From: "http://a.example.com", Mode: "cors", Dest: "empty"}, "none"},
		{"script", authprovidertest.Request{From: "https://evil.example.net", Mode: "cors", Dest: "empty"}, "none"},
		{"image", authprovidertest.Request{From: "https://evil.example.net", Mode: "no-cors", Dest: "image"}, "none"},
		{"frame", authprovidertest.Request{From: "https://evil.example.net", Mode: "navigate", Dest: "iframe"}, "none"},
		{"link", authprovidertest.Request{From: "https://evil.example.net"}, "lax default none"},
		{"form", authprovidertest.Request{Method: http.MethodPost, From: "https://evil.example.net"}, "none"},
		{"sandboxed", authprovidertest.Request{From: "null", Mode: "cors", Dest: "empty"}, "none"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.req.URL = "https://a.example.com/"
			req := http.Request{Header: b.Do(test.req).Sent}
			require.Equal(t, test.want, names(req.Cookies()))
		})
	}
	b.BlockThirdPartyCookies = true
	require.Empty(t, b.Do(authprovidertest.Request{URL: "https://a.example.com/", From: "https://evil.example.net", Mode: "cors", Dest: "empty"}).Sent.Values("Cookie"))
}

func TestBrowserSaysWhoAsks(t *testing.T) {
	b := authprovidertest.NewBrowser(t)
	tests := []struct {
		name         string
		req          authprovidertest.Request
		site, origin string
	}{
		{"typed", authprovidertest.Request{}, "none", ""},
		{"script of the same origin", authprovidertest.Request{From: "https://a.example.com", Mode: "cors", Dest: "empty"}, "same-origin", ""},
		{"its POST", authprovidertest.Request{Method: http.MethodPost, From: "https://a.example.com", Mode: "cors", Dest: "empty"}, "same-origin", "https://a.example.com"},
		{"script of the same site", authprovidertest.Request{From: "https://b.example.com", Mode: "cors", Dest: "empty"}, "same-site", "https://b.example.com"},
		{"foreign script", authprovidertest.Request{From: "https://evil.example.net", Mode: "cors", Dest: "empty"}, "cross-site", "https://evil.example.net"},
		{"foreign image", authprovidertest.Request{From: "https://evil.example.net", Mode: "no-cors", Dest: "image"}, "cross-site", ""},
		{"foreign link", authprovidertest.Request{From: "https://evil.example.net"}, "cross-site", ""},
		{"foreign form", authprovidertest.Request{Method: http.MethodPost, From: "https://evil.example.net"}, "cross-site", "https://evil.example.net"},
		{"sandboxed", authprovidertest.Request{From: "null", Mode: "cors", Dest: "empty"}, "cross-site", "null"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.req.URL = "https://a.example.com/"
			sent := b.Do(test.req).Sent
			require.Equal(t, test.site, sent.Get("Sec-Fetch-Site"))
			require.Equal(t, test.origin, sent.Get("Origin"))
		})
	}
	b.NoFetchMetadata = true
	require.Empty(t, b.Do(authprovidertest.Request{URL: "https://a.example.com/"}).Sent.Get("Sec-Fetch-Site"))
}

func TestBrowserFollowsRedirects(t *testing.T) {
	b := authprovidertest.NewBrowser(t)
	network := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://a.example.com/end", http.StatusFound)
	}))
	t.Cleanup(network.Close)
	b.Host("https://a.example.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/begin" {
			w.Header().Set("Location", network.URL)
			w.WriteHeader(http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, r.Header.Get("Sec-Fetch-Site"))
	}))
	last := b.Open("https://a.example.com", "https://a.example.com/begin")
	require.Equal(t, "https://a.example.com/end", last.URL)
	require.Equal(t, "cross-site", string(last.Body), "the request went over another site")
	require.Len(t, b.Hops(), 3)
	require.Equal(t, "same-origin", b.Hops()[0].Sent.Get("Sec-Fetch-Site"))

	stopped := b.OpenUntil("", "https://a.example.com/begin", func(target string) bool { return strings.HasSuffix(target, "/end") })
	require.Equal(t, "https://a.example.com/end", stopped.Location)
	require.Len(t, b.Hops(), 2)
}

func TestBrowserRemembersWhereARequestWasSent(t *testing.T) {
	b := authprovidertest.NewBrowser(t)
	b.Host("https://a.example.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/form":
			_, _ = io.WriteString(w, `<form action="/out" ACTION="/elsewhere" method=post>`)
		case "/out":
			w.Header().Set("Location", "https://evil.example.net/back")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
	}))
	b.Host("https://evil.example.net", http.RedirectHandler("https://b.example.com/end", http.StatusTemporaryRedirect))
	require.True(t, b.SetCookie("https://b.example.com/", "strict=1; SameSite=Strict"))

	last := b.Submit(b.Navigate("https://a.example.com/form"), url.Values{"name": {"value"}})
	require.Equal(t, "https://b.example.com/end", last.URL)
	require.Equal(t, http.MethodPost, last.Method, "a 307 keeps the method")
	require.Equal(t, "null", last.Sent.Get("Origin"), "it went over a foreign origin")
	require.Equal(t, "https://a.example.com", b.Hops()[0].Sent.Get("Origin"))
	require.Empty(t, last.Sent.Values("Cookie"), "and so over a foreign site")
}

func TestBrowserRefusesCookiesOfForeignSubresources(t *testing.T) {
	b := authprovidertest.NewBrowser(t)
	b.Host("https://a.example.com", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Set-Cookie"] = []string{"lax=1", "none=1; SameSite=None; Secure"}
	}))
	image := authprovidertest.Request{URL: "https://a.example.com/", From: "https://evil.example.net", Mode: "no-cors", Dest: "image"}
	require.Equal(t, []string{"lax=1"}, b.Do(image).CookiesRefused)
	require.Equal(t, "none", names(b.Cookies("https://a.example.com/")))
	image.From = "https://b.example.com"
	require.Empty(t, b.Do(image).CookiesRefused)
}

func TestBrowserReadsRedirectsAsBrowsersDo(t *testing.T) {
	tests := map[string]string{
		"https://b.example.com/x?y#z":            "https://b.example.com/x?y#z",
		"/x":                                     "https://a.example.com/x",
		"?x=1":                                   "https://a.example.com/dir/page?x=1",
		"//evil.example.net/":                    "https://evil.example.net/",
		`/\evil.example.net/`:                    "https://evil.example.net/",
		`\\evil.example.net/`:                    "https://evil.example.net/",
		"///evil.example.net/":                   "https://evil.example.net/",
		"https:evil.example.net/":                "https://a.example.com/dir/evil.example.net/",
		"http:evil.example.net/":                 "http://evil.example.net/",
		`https:\\evil.example.net/`:              "https://evil.example.net/",
		"https:///evil.example.net/":             "https://evil.example.net/",
		"\t//evil.example.net/":                  "https://evil.example.net/",
		"/\t/evil.example.net/":                  "https://evil.example.net/",
		"  https://evil.example.net/ ":           "https://evil.example.net/",
		`https://a.example.com\@evil.example/`:   "https://a.example.com/@evil.example/",
		"HTTPS://evil.example.net/?a=\\b":        "https://evil.example.net/?a=\\b",
		"javascript:alert(1)":                    "javascript:alert(1)",
		"https://a.example.com@evil.example.net": "https://a.example.com@evil.example.net",
	}
	for location, want := range tests {
		b := authprovidertest.NewBrowser(t)
		b.Host("https://a.example.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/dir/page" && r.URL.RawQuery == "" {
				w.Header()["Location"] = []string{location}
				w.WriteHeader(http.StatusFound)
			}
		}))
		require.Equal(t, want, b.Do(authprovidertest.Request{URL: "https://a.example.com/dir/page"}).Location, "%q", location)
		b.Navigate("https://a.example.com/dir/page") // and goes there, or nowhere
	}
}

func TestBrowserEnforcesCORS(t *testing.T) {
	allow := http.Header{}
	calls := 0
	b := authprovidertest.NewBrowser(t)
	b.Host("https://api.example.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions {
			if r.Header.Get("Cookie") != "" {
				t.Error("the preflight has a cookie")
			}
		} else {
			calls++
		}
		for name, values := range allow {
			w.Header()[name] = values
		}
	}))
	require.True(t, b.SetCookie("https://api.example.com/", "n=v"))
	header := http.Header{"X-Requested-With": {"XMLHttpRequest"}}
	fetch := func(from string) authprovidertest.Answer {
		return b.Fetch(from, http.MethodGet, "https://api.example.com/", header)
	}

	require.True(t, fetch("https://api.example.com").OK(), "the same origin needs no leave")
	for _, broken := range []http.Header{
		{},
		{"Access-Control-Allow-Origin": {"*"}, "Access-Control-Allow-Credentials": {"true"}, "Access-Control-Allow-Headers": {"x-requested-with"}},
		{"Access-Control-Allow-Origin": {"https://app.example.com"}, "Access-Control-Allow-Headers": {"x-requested-with"}},
		{"Access-Control-Allow-Origin": {"https://app.example.com"}, "Access-Control-Allow-Credentials": {"true"}, "Access-Control-Allow-Headers": {"*"}},
		{"Access-Control-Allow-Origin": {"https://app.example.com", "https://app.example.com"}, "Access-Control-Allow-Credentials": {"true"}, "Access-Control-Allow-Headers": {"x-requested-with"}},
	} {
		allow = broken
		a := fetch("https://app.example.com")
		require.NotEmpty(t, a.Blocked, "%v", broken)
		require.Zero(t, a.Status)
	}
	require.Equal(t, 1, calls, "a request without leave is not sent")
	allow = http.Header{"Access-Control-Allow-Origin": {"https://app.example.com"}, "Access-Control-Allow-Credentials": {"true"}, "Access-Control-Allow-Headers": {"Content-Type, X-Requested-With"}}
	require.True(t, fetch("https://app.example.com").OK())

	allow = nil
	a := b.Fetch("https://app.example.com", http.MethodGet, "https://api.example.com/", nil)
	require.Equal(t, http.StatusOK, a.Status, "a simple request is sent without asking")
	require.NotEmpty(t, a.Blocked, "but its answer is not shown")
}

func TestBrowserIsCutOff(t *testing.T) {
	b := authprovidertest.NewBrowser(t)
	b.Host("https://a.example.com", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	hop := b.Navigate("https://a.example.com/")
	require.ErrorIs(t, hop.Err, http.ErrAbortHandler)
	require.Zero(t, hop.Status)
	require.Zero(t, b.Navigate("https://nobody.example.com/").Status, "a blank page")
	a := b.Fetch("https://a.example.com", http.MethodGet, "https://a.example.com/", nil)
	require.False(t, a.OK())
	require.NotEmpty(t, a.Blocked)
}

func TestChoosingAPerson(t *testing.T) {
	p := newPortal(t)
	p.idp.SignsIn("")
	page := p.browser.Open(appOrigin, p.app.Provider+"/start?scope=openid+email&origin="+url.QueryEscape(appOrigin))
	require.Equal(t, http.StatusOK, page.Status)
	callback := p.browser.SubmitUntil(page, url.Values{"person": {authprovidertest.Jane}}, func(target string) bool { return strings.HasPrefix(target, baseURL) })
	m := p.browser.FinishPopup(p.app, callback.Location)
	require.Equal(t, "user:default/jane", m.Response.UserRef())

	p = newPortal(t)
	p.idp.SignsIn("")
	page = p.browser.Open(appOrigin, p.app.Provider+"/start?scope=openid+email")
	require.Equal(t, http.StatusOK, p.browser.Submit(page, url.Values{"cancel": {"1"}}).Status)
}

// popup serves a page at the end of a popup, to be read by the app's page.
func popup(t *testing.T, page string, header http.Header) authprovidertest.Message {
	b := authprovidertest.NewBrowser(t)
	b.Host(appOrigin, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		for name, values := range header {
			w.Header()[name] = values
		}
		_, _ = io.WriteString(w, page)
	}))
	return b.SignInPopup(authprovidertest.App{Origin: appOrigin, Provider: baseURL + "/idp"})
}

func TestPopupDelivery(t *testing.T) {
	data := func(origin string) string {
		return `<script type="application/json" id="message">{"targetOrigin":"` + origin + `","message":{"type":"authorization_response","error":{"name":"E","message":"m","code":"c"}}}</script>`
	}
	const script = `<script>post()</script>`
	sum := sha256.Sum256([]byte("post()"))
	digest := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	tests := []struct {
		name      string
		page      string
		header    http.Header
		delivered bool
	}{
		{"plain", data(appOrigin) + script, nil, true},
		{"after hostile text", `<!-- <script id="message" type="application/json">{}</script> --><p title="<script>">` + data(appOrigin) + script, nil, true},
		{"to another origin", data("https://evil.example.net") + script, nil, false},
		{"to anybody", data("*") + script, nil, false},
		{"opener cut off", data(appOrigin) + script, http.Header{"Cross-Origin-Opener-Policy": {"same-origin"}}, false},
		{"no script", data(appOrigin), nil, false},
		{"script allowed", data(appOrigin) + script, http.Header{"Content-Security-Policy": {"default-src 'none'; script-src " + digest}}, true},
		{"script not allowed", data(appOrigin) + script, http.Header{"Content-Security-Policy": {"default-src 'none'"}}, false},
		{"second policy", data(appOrigin) + script, http.Header{"Content-Security-Policy": {"script-src " + digest, "script-src 'self'"}}, false},
		{"inline scripts allowed", data(appOrigin) + script, http.Header{"Content-Security-Policy": {"script-src 'unsafe-inline'"}}, true},
		{"but for a digest beside it", data(appOrigin) + script, http.Header{"Content-Security-Policy": {"script-src 'unsafe-inline' 'sha256-AAAA'"}}, false},
		{"digest in another directive", data(appOrigin) + script, http.Header{"Content-Security-Policy": {"script-src 'self'; style-src " + digest}}, false},
		{"block of another type", strings.Replace(data(appOrigin), "application/json", "text/plain", 1) + script, nil, false},
		{"block broken open", `<script type="application/json" id="message">{"a":"</script>"}</script>` + script, nil, false},
		{"not HTML", data(appOrigin) + script, http.Header{"Content-Type": {"application/json"}}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := popup(t, test.page, test.header)
			require.Equal(t, test.delivered, m.Undelivered == "", m.Undelivered)
			if test.delivered {
				require.Equal(t, "c", m.Code())
			} else {
				require.Nil(t, m.Error)
			}
		})
	}
}
