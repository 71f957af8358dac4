package authprovider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"example.com/stagedoor/authprovider"
	"github.com/stretchr/testify/require"
)

// TestCheckRequestMatrix holds the guard against the rule itself, over every combination: X-Requested-With, and one of an allowed
// Origin; no Origin with Sec-Fetch-Site absent or same-origin; Sec-Fetch-Site same-origin (but never with Origin "null").
func TestCheckRequestMatrix(t *testing.T) {
	policy, err := authprovider.NewOriginPolicy(appOrigin, "https://*.preview.example.com")
	require.NoError(t, err)

	const absent = "-"
	requestedWith := map[string]bool{absent: false, "": false, "xmlhttprequest": false, "XMLHttpRequest ": false, "fetch": false, "XMLHttpRequest, XMLHttpRequest": false, "XMLHttpRequest": true}
	const (
		allowed = iota
		none
		foreign
		opaque
	)
	origins := map[string]int{
		absent: none, appOrigin: allowed, "https://pr-1.preview.example.com": allowed, "": foreign, "null": opaque, "https://evil.example": foreign,
		"https://portal.example.com.evil.example": foreign, "http://portal.example.com": foreign, "https://PORTAL.example.com": foreign, "https://portal.example.com/": foreign, "*": foreign,
	}
	sites := []string{absent, "same-origin", "same-site", "cross-site", "none", "Same-Origin", "same-origin, cross-site", "garbage"}
	modes := []string{absent, "cors", "no-cors", "same-origin", "navigate", "websocket", "garbage"}
	passed := 0
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		for rw, rwOK := range requestedWith {
			for origin, kind := range origins {
				for _, site := range sites {
					for _, mode := range modes {
						r := httptest.NewRequest(method, "/", nil)
						for name, v := range map[string]string{"X-Requested-With": rw, "Origin": origin, "Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode} {
							if v != absent {
								r.Header[name] = []string{v}
							}
						}
						want := rwOK && mode != "navigate" && (kind == allowed ||
							kind == none && (site == absent || site == "same-origin") ||
							kind == foreign && site == "same-origin")
						err := policy.CheckRequest(r)
						name := fmt.Sprintf("%s X-Requested-With %q Origin %q Sec-Fetch-Site %q Sec-Fetch-Mode %q", method, rw, origin, site, mode)
						if want {
							passed++
							require.NoError(t, err, name)
						} else {
							require.ErrorIs(t, err, authprovider.ErrNotAllowed, name)
						}
					}
				}
			}
		}
	}
	require.NotZero(t, passed)
}

func TestCheckRequestReasons(t *testing.T) {
	policy, err := authprovider.NewOriginPolicy(appOrigin)
	require.NoError(t, err)
	script := []string{"XMLHttpRequest"}
	for _, tc := range []struct {
		name   string
		header http.Header
		want   string
	}{
		{"nothing", http.Header{}, "requested_with_missing"},
		{"X-Requested-With twice", http.Header{"X-Requested-With": {"XMLHttpRequest", "XMLHttpRequest"}}, "requested_with_missing"},
		{"navigation", http.Header{"X-Requested-With": script, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Site": {"same-origin"}}, "navigation_refused"},
		{"two origins", http.Header{"X-Requested-With": script, "Origin": {appOrigin, appOrigin}}, "origin_invalid"},
		{"two origins, same-origin", http.Header{"X-Requested-With": script, "Origin": {appOrigin, "https://evil.example"}, "Sec-Fetch-Site": {"same-origin"}}, "origin_invalid"},
		{"no origin, cross-site", http.Header{"X-Requested-With": script, "Sec-Fetch-Site": {"cross-site"}}, "cross_site_refused"},
		{"no origin, same-site", http.Header{"X-Requested-With": script, "Sec-Fetch-Site": {"same-site"}}, "cross_site_refused"},
		{"no origin, typed in", http.Header{"X-Requested-With": script, "Sec-Fetch-Site": {"none"}}, "cross_site_refused"},
		{"null", http.Header{"X-Requested-With": script, "Origin": {"null"}}, "origin_not_allowed"},
		{"null, same-origin", http.Header{"X-Requested-With": script, "Origin": {"null"}, "Sec-Fetch-Site": {"same-origin"}}, "origin_not_allowed"},
		{"foreign", http.Header{"X-Requested-With": script, "Origin": {"https://evil.example"}}, "origin_not_allowed"},
		{"Sec-Fetch-Site twice", http.Header{"X-Requested-With": script, "Sec-Fetch-Site": {"same-origin", "cross-site"}}, "cross_site_refused"},
		{"Sec-Fetch-Site twice with a foreign origin", http.Header{"X-Requested-With": script, "Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"same-origin", "cross-site"}}, "origin_not_allowed"},
		{"Sec-Fetch-Mode twice", http.Header{"X-Requested-With": script, "Sec-Fetch-Mode": {"cors", "navigate"}}, "navigation_refused"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			r.Header = tc.header
			err := policy.CheckRequest(r)
			require.ErrorIs(t, err, authprovider.ErrNotAllowed)
			require.Equal(t, tc.want, codeOf(t, err))
		})
	}
}
