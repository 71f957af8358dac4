package oauthadapter

import (
	"errors"
	"net/http"
	"time"

	"example.com/stagedoor/internal/cookies"
)

const (
	browserSize = 16
	// browserLifetime is as long as browsers keep any cookie (RFC 6265bis section 5.5).
	browserLifetime = 400 * 24 * time.Hour
)

var errBrowserCookie = errors.New("oauthadapter: malformed browser cookie")

// browserCookie is 16 random bytes that tell one browser from another. It is the one cookie with the "__Host-" prefix, so nobody but
// this host can set it; whatever is sealed with it as associated data opens in no other browser.
type browserCookie struct {
	scope cookies.Scope
	name  string
}

func newBrowserCookie(secure bool) browserCookie {
	scope := cookies.Scope{Path: "/", Secure: secure}
	return browserCookie{scope: scope, name: scope.Name("auth-browser")}
}

// get returns the browser's bytes as text.
func (c browserCookie) get(r *http.Request) (string, error) {
	value, err := cookies.Get(r, c.name)
	if err != nil {
		return "", err
	}
	var raw [browserSize]byte
	if strictBase64.DecodedLen(len(value)) != browserSize {
		return "", errBrowserCookie
	}
	if n, err := strictBase64.Decode(raw[:], []byte(value)); err != nil || n != browserSize {
		return "", errBrowserCookie
	}
	return value, nil
}

// value returns the browser's bytes, or new ones, and whether the cookie must be set. One for a cross-site app is set again in any
// case: an app on the same site may have set it first, as one that is not sent across sites.
func (c browserCookie) value(r *http.Request, sameSite http.SameSite) (value string, set bool) {
	if value, err := c.get(r); err == nil {
		return value, sameSite == http.SameSiteNoneMode
	}
	return randomText(browserSize), true
}

func (c browserCookie) set(w http.ResponseWriter, value string, sameSite http.SameSite) {
	c.scope.Set(w, c.name, value, browserLifetime, sameSite)
}
