package authprovidertest

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	maxCookieSize     = 4096                 // name and value together, RFC 6265bis section 5.6
	maxCookieLifetime = 400 * 24 * time.Hour // RFC 6265bis section 5.5
)

// jar keeps cookies by the rules of RFC 6265bis that decide what an attacker can set, see and send. The sections in the
// comments are that document's.
type jar struct {
	cookies []storedCookie // in the order of creation
}

type storedCookie struct {
	name, value string
	host        string // or domain, if it is not hostOnly
	hostOnly    bool
	path        string
	secure      bool
	httpOnly    bool
	sameSite    http.SameSite
	expires     time.Time // zero: ends with the browser
}

// sitting is the situation that a request is made in, as far as cookies care.
type sitting struct {
	url       *url.URL
	crossSite bool // the page that makes the request, or one it was redirected over, is of another site
	topLevel  bool // it fills a window
	safe      bool // GET or HEAD
	blocked   bool // third-party cookies are blocked, and this would be one
}

// store takes one Set-Cookie header (section 5.7) and reports whether it was kept or carried out.
func (j *jar) store(line string, s sitting, now time.Time) bool {
	c, err := http.ParseSetCookie(line)
	if err != nil || s.blocked || len(c.Name)+len(c.Value) > maxCookieSize {
		return false
	}
	host := strings.ToLower(s.url.Hostname())
	stored := storedCookie{name: c.Name, value: c.Value, host: host, hostOnly: true, path: c.Path, secure: c.Secure, httpOnly: c.HttpOnly, sameSite: c.SameSite}
	if domain := strings.ToLower(strings.TrimPrefix(c.Domain, ".")); domain != "" && domain != host {
		// A page may set cookies for its own registrable domain and what lies between, but for no public suffix.
		if !domainMatches(host, domain) || !strings.Contains(domain, ".") {
			return false
		}
		stored.host, stored.hostOnly = domain, false
	} else if domain != "" {
		stored.hostOnly = false
	}
	if !strings.HasPrefix(stored.path, "/") {
		stored.path = defaultPath(s.url.Path)
	}
	if stored.sameSite == 0 || stored.sameSite == http.SameSiteDefaultMode {
		stored.sameSite = http.SameSiteLaxMode // "Lax by default", section 5.6.7
	}
	https := s.url.Scheme == "https"
	lower := strings.ToLower(c.Name)
	switch {
	case c.Secure && !https,
		strings.HasPrefix(lower, "__secure-") && !c.Secure,
		strings.HasPrefix(lower, "__host-") && (!c.Secure || !stored.hostOnly || c.Path != "/"),
		stored.sameSite == http.SameSiteNoneMode && !c.Secure,
		stored.sameSite != http.SameSiteNoneMode && s.crossSite && !s.topLevel: // set by a foreign page's subresource
		return false
	}
	// "Leave secure cookies alone": a page on plain http must not put one over or beside a secure one.
	if !https && slices.ContainsFunc(j.cookies, func(old storedCookie) bool {
		return old.secure && old.name == stored.name && (domainMatches(old.host, stored.host) || domainMatches(stored.host, old.host)) && pathMatches(stored.path, old.path)
	}) {
		return false
	}
	switch {
	case c.MaxAge < 0:
		stored.expires = now.Add(-time.Second)
	case c.MaxAge > 0: // it wins over Expires
		stored.expires = now.Add(min(time.Duration(c.MaxAge)*time.Second, maxCookieLifetime))
	case !c.Expires.IsZero():
		stored.expires = c.Expires
	}
	j.put(stored, now)
	return true
}

func (j *jar) put(c storedCookie, now time.Time) {
	same := func(old storedCookie) bool {
		return old.name == c.name && old.host == c.host && old.hostOnly == c.hostOnly && old.path == c.path
	}
	if c.expired(now) {
		j.cookies = slices.DeleteFunc(j.cookies, same)
		return
	}
	if i := slices.IndexFunc(j.cookies, same); i >= 0 {
		j.cookies[i] = c // keeps its age
		return
	}
	j.cookies = append(j.cookies, c)
}

// cookiesFor returns what is sent with a request, in the order of section 5.8.3: longer paths first, then older ones.
func (j *jar) cookiesFor(s sitting, now time.Time) []*http.Cookie {
	var found []storedCookie
	for _, c := range j.cookies {
		if !s.blocked && !c.expired(now) && c.goesTo(s.url) && c.crosses(s) {
			found = append(found, c)
		}
	}
	slices.SortStableFunc(found, func(a, b storedCookie) int { return len(b.path) - len(a.path) })
	out := make([]*http.Cookie, 0, len(found))
	for _, c := range found {
		out = append(out, &http.Cookie{Name: c.name, Value: c.value, Path: c.path, Secure: c.secure, HttpOnly: c.httpOnly, SameSite: c.sameSite, Expires: c.expires})
	}
	return out
}

func (c storedCookie) expired(now time.Time) bool {
	return !c.expires.IsZero() && !c.expires.After(now)
}

func (c storedCookie) goesTo(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	if c.hostOnly && host != c.host || !c.hostOnly && !domainMatches(host, c.host) {
		return false
	}
	return pathMatches(u.Path, c.path) && (!c.secure || u.Scheme == "https")
}

// crosses is SameSite enforcement: a cross-site request takes Lax cookies along only if it is a top-level navigation with a safe method.
func (c storedCookie) crosses(s sitting) bool {
	switch {
	case !s.crossSite || c.sameSite == http.SameSiteNoneMode:
		return true
	case c.sameSite == http.SameSiteLaxMode:
		return s.topLevel && s.safe
	}
	return false
}

func domainMatches(host, domain string) bool {
	if host == domain {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err != nil && strings.HasSuffix(host, "."+domain)
}

func pathMatches(path, cookiePath string) bool {
	if path == "" {
		path = "/"
	}
	rest, ok := strings.CutPrefix(path, cookiePath)
	return ok && (rest == "" || strings.HasSuffix(cookiePath, "/") || rest[0] == '/')
}

func defaultPath(path string) string {
	i := strings.LastIndexByte(path, '/')
	if i <= 0 {
		return "/"
	}
	return path[:i]
}

// site returns the schemeful site of an origin: its scheme and its registrable domain, which is taken to be the last two labels. There is
// no list of public suffixes, so tests should not use hosts below co.uk and the like.
func site(origin string) string {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return origin // "null" is a site of its own
	}
	host := strings.ToLower(u.Hostname())
	if _, err := netip.ParseAddr(host); err == nil {
		return u.Scheme + "://" + host
	}
	labels := strings.Split(host, ".")
	return u.Scheme + "://" + strings.Join(labels[max(0, len(labels)-2):], ".")
}

// originOf returns the origin of a URL as browsers write it.
func originOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}
