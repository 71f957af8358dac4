package authprovider

import (
	"errors"
	"net/http"
	"slices"
	"strings"
)

// CheckRequest guards the routes that act on a cookie or a proxy's header: it passes requests that the app's own script made
// and nothing else. It demands X-Requested-With: XMLHttpRequest, which a foreign page cannot send without a preflight, and one
// of: an allowed Origin; no Origin, as on same-origin GET requests, unless Fetch Metadata says that the request is not
// same-origin; Sec-Fetch-Site: same-origin, as behind a development proxy under an unlisted name, but never with Origin: null.
// Only the browser can set Sec-Fetch headers. Errors are *[Error] of class [ErrNotAllowed], with a code for each reason.
func (p *OriginPolicy) CheckRequest(r *http.Request) error {
	refuse := func(code, cause string) error {
		return &Error{Kind: ErrNotAllowed, Code: code, Message: "This request is not allowed.", Err: errors.New("authprovider: " + cause)}
	}
	if v := r.Header.Values("X-Requested-With"); len(v) != 1 || v[0] != "XMLHttpRequest" {
		return refuse("requested_with_missing", "X-Requested-With is not XMLHttpRequest")
	}
	if slices.Contains(r.Header.Values("Sec-Fetch-Mode"), "navigate") {
		return refuse("navigation_refused", "request is a navigation")
	}
	// A header sent twice is read as what it is on one line, which is none of the known values.
	origins, site := r.Header.Values("Origin"), strings.Join(r.Header.Values("Sec-Fetch-Site"), ", ")
	switch {
	case len(origins) > 1:
		return refuse("origin_invalid", "several Origin headers")
	case len(origins) == 0:
		if site == "" || site == "same-origin" {
			return nil
		}
		return refuse("cross_site_refused", "no Origin on a request that is not same-origin")
	case p.Allowed(origins[0]):
		return nil
	case site == "same-origin" && origins[0] != "null":
		return nil
	}
	return refuse("origin_not_allowed", "Origin is not allowed")
}
