package authprovidertest

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// Browser is a user agent for tests: it keeps cookies by the rules that matter to an attacker (prefixes, Path, Secure,
// HttpOnly, SameSite, Max-Age), says who asks by Sec-Fetch and Origin headers, enforces CORS, and follows redirects from host
// to host. It runs no script; what a sign-in popup posts it reads from the page, as far as a browser would let it be posted.
//
// Origins are served in memory by the handlers given to [Browser.Host]. Of the others, those whose host is a loopback IP address are
// reached over the network, such as a [Provider] or an httptest.Server, and the rest are blank pages: nothing leaves the machine.
//
// Its methods fail the test for mistakes of the test alone: what a server does wrong is for the test to judge. They must be called from one
// goroutine at a time; [Browser.Clone] makes another browser.
type Browser struct {
	// Now is the clock that ends cookies. If nil, time.Now.
	Now func() time.Time
	// NoFetchMetadata makes it an old browser, which sends no Sec-Fetch headers.
	NoFetchMetadata bool
	// BlockThirdPartyCookies takes no cookies along, and keeps none, where the page in the address bar is of another site.
	BlockThirdPartyCookies bool

	t       testing.TB
	client  *http.Client
	servers map[string]http.Handler // by origin
	jar     jar
	hops    []*Hop
}

// NewBrowser returns a browser without cookies.
func NewBrowser(t testing.TB) *Browser {
	return &Browser{t: t, client: newClient(t), servers: make(map[string]http.Handler)}
}

// Clone returns another browser that knows the same hosts and has a copy of the cookies.
func (b *Browser) Clone() *Browser {
	c := *b
	c.servers, c.jar.cookies, c.hops = maps.Clone(b.servers), slices.Clone(b.jar.cookies), nil
	return &c
}

// Other returns another person's browser: one that knows the same hosts and has no cookies.
func (b *Browser) Other() *Browser {
	c := b.Clone()
	c.jar.cookies = nil
	return c
}

// Host has a handler serve an origin such as "https://portal.example.com".
func (b *Browser) Host(origin string, h http.Handler) {
	b.t.Helper()
	u := b.parse(origin)
	if u.Path != "" || u.RawQuery != "" {
		b.t.Fatalf("authprovidertest: %q is not an origin", origin)
	}
	b.servers[originOf(u)] = h
}

// Request is one request as a page or a person makes it.
type Request struct {
	// Method is GET if empty.
	Method string
	URL    string
	// From is the origin of the page that makes the request, or "null" for a sandboxed one. If empty, the person typed the URL.
	From string
	// Mode and Dest are Sec-Fetch-Mode and Sec-Fetch-Dest. If empty, "navigate" and "document".
	Mode, Dest string
	// Header are further headers.
	Header http.Header
	// Body is sent as a form unless Header has a Content-Type.
	Body string

	over []string // origins that the request was redirected over
}

// Hop is one request and its answer.
type Hop struct {
	Method string
	// URL is what was asked for.
	URL string
	// Sent are the headers of the request, cookies included.
	Sent http.Header
	// Status is that of the answer. It is zero for a blank page, which nobody serves, and without an answer.
	Status int
	// Err says why there was no answer, such as a connection that was closed.
	Err    error
	Header http.Header
	Body   []byte
	// Location is the absolute URL that the answer redirects to, read as browsers read it, or "".
	Location string
	// CookiesRefused are the Set-Cookie headers that the browser did not take.
	CookiesRefused []string
}

// Do sends one request and takes the cookies of its answer. It follows no redirect and asks for no permission first.
func (b *Browser) Do(r Request) *Hop {
	b.t.Helper()
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if r.Mode == "" {
		r.Mode = "navigate"
	}
	if r.Dest == "" {
		r.Dest = "document"
	}
	u := b.parse(r.URL)
	s := b.sitting(r, u)
	req := b.request(r, u, s)
	hop := &Hop{Method: r.Method, URL: u.String(), Sent: req.Header}
	if h, ok := b.servers[originOf(u)]; ok {
		if resp, err := serve(h, req); err != nil {
			hop.Err = err
		} else {
			hop.take(resp)
		}
	} else if isLoopback(u.Hostname()) && u.Hostname() != "localhost" {
		req.RequestURI = ""
		if resp, err := b.client.Do(req); err != nil {
			hop.Err = err
		} else {
			hop.take(resp)
		}
	}
	for _, line := range hop.Header.Values("Set-Cookie") {
		if !b.jar.store(line, s, b.now()) {
			hop.CookiesRefused = append(hop.CookiesRefused, line)
		}
	}
	if location := hop.Header.Get("Location"); location != "" && hop.Status >= 300 && hop.Status < 400 {
		hop.Location = resolve(u, location)
	}
	b.hops = append(b.hops, hop)
	return hop
}

// serve is a request in memory.
func serve(h http.Handler, req *http.Request) (resp *http.Response, err error) {
	defer func() {
		if v := recover(); v == http.ErrAbortHandler {
			resp, err = nil, http.ErrAbortHandler
		} else if v != nil {
			panic(v)
		}
	}()
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, req)
	return recorder.Result(), nil
}

func (h *Hop) take(resp *http.Response) {
	defer resp.Body.Close()
	const maxBody = 32 << 20
	h.Status, h.Header = resp.StatusCode, resp.Header
	h.Body, _ = io.ReadAll(io.LimitReader(resp.Body, maxBody)) // an answer that is cut off shows what there is, as in a browser
}

func (b *Browser) sitting(r Request, u *url.URL) sitting {
	target := originOf(u)
	crossSite := r.From != "" && site(r.From) != site(target)
	for _, origin := range r.over {
		crossSite = crossSite || r.From != "" && site(origin) != site(target)
	}
	topLevel := r.Mode == "navigate" && r.Dest == "document"
	return sitting{
		url: u, crossSite: crossSite, topLevel: topLevel, safe: r.Method == http.MethodGet || r.Method == http.MethodHead,
		blocked: b.BlockThirdPartyCookies && !topLevel && r.From != "" && site(r.From) != site(target),
	}
}

// request makes the request with the headers that the browser, and not the page, decides on.
func (b *Browser) request(r Request, u *url.URL, s sitting) *http.Request {
	req := httptest.NewRequestWithContext(b.t.Context(), r.Method, u.String(), strings.NewReader(r.Body))
	if r.Body == "" {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	req.Header = r.Header.Clone()
	if req.Header == nil {
		req.Header = make(http.Header)
	}
	if r.Body != "" && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name := range req.Header {
		// Forbidden header names of the Fetch standard, as far as they matter here: no page can set them.
		if lower := strings.ToLower(name); lower == "origin" || lower == "cookie" || lower == "host" || lower == "referer" || strings.HasPrefix(lower, "sec-") {
			b.t.Fatalf("authprovidertest: browser: a page cannot set the header %s", name)
		}
	}
	if origin := b.origin(r, u, s); origin != "" {
		req.Header.Set("Origin", origin)
	}
	if !b.NoFetchMetadata && (u.Scheme == "https" || isLoopback(u.Hostname())) { // only to trustworthy URLs (Fetch Metadata section 3)
		req.Header.Set("Sec-Fetch-Site", fetchSite(r, u))
		req.Header.Set("Sec-Fetch-Mode", r.Mode)
		req.Header.Set("Sec-Fetch-Dest", r.Dest)
	}
	for _, c := range b.jar.cookiesFor(s, b.now()) {
		req.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	return req
}

// origin returns the Origin header of a request: on whatever is not safe, and on a script's requests to another origin (Fetch,
// section 3.2). A request that was redirected over a foreign origin no longer says whose it is.
func (b *Browser) origin(r Request, u *url.URL, s sitting) string {
	target := originOf(u)
	if r.From == "" {
		if s.safe {
			return ""
		}
		return "null"
	}
	if s.safe && (r.Mode != "cors" || r.From == target) {
		return ""
	}
	if slices.ContainsFunc(r.over, func(o string) bool { return o != r.From }) && r.From != target {
		return "null"
	}
	return r.From
}

// fetchSite is the relation of the asking page to all that the request goes over (Fetch Metadata section 2.3).
func fetchSite(r Request, u *url.URL) string {
	if r.From == "" {
		return "none"
	}
	relation := "same-origin"
	for _, origin := range append(slices.Clone(r.over), originOf(u)) {
		switch {
		case site(origin) != site(r.From):
			return "cross-site"
		case origin != r.From:
			relation = "same-site"
		}
	}
	return relation
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

func (b *Browser) parse(raw string) *url.URL {
	b.t.Helper()
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		b.t.Fatalf("authprovidertest: browser: %q is not an absolute http or https URL", raw)
	}
	u.Fragment, u.RawFragment = "", "" // stays in the browser
	return u
}

func (b *Browser) now() time.Time {
	if b.Now != nil {
		return b.Now()
	}
	return time.Now()
}

// Hops returns the requests of the last navigation or fetch, in order.
func (b *Browser) Hops() []*Hop { return slices.Clone(b.hops) }

// Cookies returns the cookies that a person who types the URL would send.
func (b *Browser) Cookies(target string) []*http.Cookie {
	b.t.Helper()
	return b.jar.cookiesFor(sitting{url: b.parse(target), topLevel: true, safe: true}, b.now())
}

// SetCookie sets a cookie as the page at the URL could, by its Set-Cookie header, and reports whether the browser took it. A sibling domain
// that tosses a cookie is one line: b.SetCookie("https://evil.example.com/", "name=value; Domain=example.com").
func (b *Browser) SetCookie(pageURL, setCookie string) bool {
	b.t.Helper()
	return b.jar.store(setCookie, sitting{url: b.parse(pageURL), topLevel: true, safe: true}, b.now())
}

// ClearCookies forgets every cookie.
func (b *Browser) ClearCookies() { b.jar.cookies = nil }

const maxRedirects = 20

// Navigate opens a URL in the window, typed by the person, and follows redirects.
func (b *Browser) Navigate(target string) *Hop {
	b.t.Helper()
	return b.Open("", target)
}

// Open opens a URL in a window on behalf of a page of the given origin, and follows redirects.
func (b *Browser) Open(from, target string) *Hop {
	b.t.Helper()
	return b.OpenUntil(from, target, func(string) bool { return false })
}

// OpenUntil is like Open, but stops before it asks for a URL that stop says true to. The last hop's Location is then that URL.
func (b *Browser) OpenUntil(from, target string, stop func(target string) bool) *Hop {
	b.t.Helper()
	b.hops = nil
	return b.follow(Request{URL: target, From: from}, stop)
}

func (b *Browser) follow(r Request, stop func(string) bool) *Hop {
	b.t.Helper()
	for range maxRedirects {
		hop := b.Do(r)
		if !strings.HasPrefix(hop.Location, "http://") && !strings.HasPrefix(hop.Location, "https://") || stop(hop.Location) {
			return hop // no browser follows a redirect to another scheme
		}
		r.over = append(r.over, originOf(b.parse(r.URL)))
		if hop.Status != http.StatusTemporaryRedirect && hop.Status != http.StatusPermanentRedirect {
			r.Method, r.Body, r.Header = http.MethodGet, "", nil
		}
		r.URL = hop.Location
	}
	b.t.Fatalf("authprovidertest: browser: more than %d redirects, the last to %q", maxRedirects, r.URL)
	return nil
}

// Submit sends the first form of a page with these values, as a person who presses one of its buttons, and follows redirects.
func (b *Browser) Submit(page *Hop, values url.Values) *Hop {
	b.t.Helper()
	return b.SubmitUntil(page, values, func(string) bool { return false })
}

// SubmitUntil is like Submit, but stops before it asks for a URL that stop says true to.
func (b *Browser) SubmitUntil(page *Hop, values url.Values, stop func(target string) bool) *Hop {
	b.t.Helper()
	for _, e := range elements(page.Body) {
		if e.name != "form" {
			continue
		}
		at := b.parse(page.URL)
		target, err := at.Parse(e.attributes["action"])
		if err != nil {
			b.t.Fatalf("authprovidertest: browser: form action: %v", err)
		}
		b.hops = nil
		if strings.EqualFold(e.attributes["method"], http.MethodPost) {
			return b.follow(Request{Method: http.MethodPost, URL: target.String(), From: originOf(at), Body: values.Encode()}, stop)
		}
		target.RawQuery = values.Encode()
		return b.follow(Request{URL: target.String(), From: originOf(at)}, stop)
	}
	b.t.Fatalf("authprovidertest: browser: there is no form at %s: %.200q", page.URL, bytes.TrimSpace(page.Body))
	return nil
}
