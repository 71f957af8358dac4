package authprovidertest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.com/stagedoor/authprovider"
)

// App is a page of an app, and the provider that it signs in with.
type App struct {
	// Origin is the page's origin, such as "https://portal.example.com".
	Origin string
	// Provider is the provider's URL: the base URL and the provider's ID, such as "https://portal.example.com/api/auth/github".
	Provider string
	// Env is the env parameter. If empty, none is sent.
	Env string
	// Query are further parameters of the start, which replace the usual ones of the same name.
	Query url.Values
}

// Message is what a popup sign-in ended with.
type Message struct {
	// URL, Status and Header are those of the page that the popup ended on.
	URL    string
	Status int
	Header http.Header
	// TargetOrigin is the origin that the page posts its result to.
	TargetOrigin string
	// Posted is the message that the page posts, whoever gets it.
	Posted json.RawMessage
	// Undelivered says why the app's page does not get the message: it is posted to another origin, the opener was cut off, or
	// the browser would not run the script. If empty, it gets it.
	Undelivered string
	// Type, Response and Error are what the app's page gets. A popup that ends on a page of another kind, such as a JSON error, has
	// Undelivered set, and its Error is what the person reads there.
	Type     string
	Response *Session
	Error    *authprovider.WebMessageError
}

// Code returns the error's code, or "".
func (m Message) Code() string {
	if m.Error == nil {
		return ""
	}
	return m.Error.Code
}

// Landing is where a redirect sign-in ended.
type Landing struct {
	// URL is the page in the address bar.
	URL string
	// Status is that of the page; zero if nobody serves it.
	Status int
	// Error and Code are the error and error_code parameters of URL, or what the provider's routes say if the browser ended there.
	Error, Code string
}

// SignInPopup signs in with the popup flow, through whatever the provider does without asking the person.
func (b *Browser) SignInPopup(a App, scopes ...string) Message {
	b.t.Helper()
	return b.message(a, b.Open(a.Origin, a.startURL("popup", "", scopes)))
}

// SignInRedirect signs in with the redirect flow, and returns where the browser is then. The app has to call [Browser.Refresh]
// for the result.
func (b *Browser) SignInRedirect(a App, redirectURL string, scopes ...string) Landing {
	b.t.Helper()
	return b.landing(a, b.Open(a.Origin, a.startURL("redirect", redirectURL, scopes)))
}

// BeginPopup goes through a popup sign-in up to the callback, and returns the callback's URL, to be given to
// [Browser.FinishPopup] of this or of another browser. It fails the test if the sign-in does not get so far.
func (b *Browser) BeginPopup(a App, scopes ...string) (callbackURL string) {
	b.t.Helper()
	return b.begin(a.Origin, a.startURL("popup", "", scopes))
}

// BeginRedirect is [Browser.BeginPopup] for the redirect flow.
func (b *Browser) BeginRedirect(a App, redirectURL string, scopes ...string) (callbackURL string) {
	b.t.Helper()
	return b.begin(a.Origin, a.startURL("redirect", redirectURL, scopes))
}

func (b *Browser) begin(from, start string) string {
	b.t.Helper()
	hop := b.OpenUntil(from, start, isCallback)
	if !isCallback(hop.Location) {
		b.t.Fatalf("authprovidertest: the sign-in ended at %s with status %d (%v) before its callback: %.300q", hop.URL, hop.Status, hop.Err, bytes.TrimSpace(hop.Body))
	}
	return hop.Location
}

// isCallback tells an authorization response by its parameters (RFC 6749 section 4.1.2).
func isCallback(target string) bool {
	u, err := url.Parse(target)
	if err != nil {
		return false
	}
	q := u.Query()
	return q.Has("state") && (q.Has("code") || q.Has("error"))
}

// FinishPopup opens a callback URL as the provider's redirect does, and returns what the app's page gets.
func (b *Browser) FinishPopup(a App, callbackURL string) Message {
	b.t.Helper()
	return b.message(a, b.Open(a.Origin, callbackURL))
}

// FinishRedirect opens a callback URL as the provider's redirect does, and returns where the browser is then.
func (b *Browser) FinishRedirect(a App, callbackURL string) Landing {
	b.t.Helper()
	return b.landing(a, b.Open(a.Origin, callbackURL))
}

// Refresh asks for the session, as the app's script does when the page is loaded and before a token ends.
func (b *Browser) Refresh(a App, scopes ...string) Answer {
	b.t.Helper()
	q := url.Values{"optional": {""}}
	if len(scopes) > 0 {
		q.Set("scope", strings.Join(scopes, " "))
	}
	return b.Fetch(a.Origin, http.MethodGet, a.route("refresh", q), scriptHeader())
}

// Logout signs out, as the app's script does.
func (b *Browser) Logout(a App) Answer {
	b.t.Helper()
	return b.Fetch(a.Origin, http.MethodPost, a.route("logout", url.Values{}), scriptHeader())
}

// scriptHeader is what a page of another site cannot send without leave.
func scriptHeader() http.Header { return http.Header{"X-Requested-With": {"XMLHttpRequest"}} }

func (a App) startURL(flow, redirectURL string, scopes []string) string {
	q := url.Values{"scope": {strings.Join(scopes, " ")}, "origin": {a.Origin}, "flow": {flow}}
	if redirectURL != "" {
		q.Set("redirectUrl", redirectURL)
	}
	maps.Copy(q, a.Query)
	return a.route("start", q)
}

func (a App) route(name string, q url.Values) string {
	if a.Env != "" {
		q.Set("env", a.Env)
	}
	target := a.Provider + "/" + name
	if len(q) > 0 {
		target += "?" + q.Encode()
	}
	return target
}

func (b *Browser) landing(a App, hop *Hop) Landing {
	l := Landing{URL: hop.URL, Status: hop.Status}
	// The fragment is not sent, but it is in the address bar.
	if i := len(b.hops) - 2; i >= 0 && b.hops[i].Location != "" {
		l.URL = b.hops[i].Location
	}
	if u, err := url.Parse(l.URL); err == nil {
		q := u.Query()
		l.Error, l.Code = q.Get("error"), q.Get("error_code")
	}
	if !strings.HasPrefix(l.URL, a.Provider+"/") {
		return l
	}
	if page, _, ok := readPage(hop); ok && page.Message.Error != nil {
		l.Error, l.Code = page.Message.Error.Message, page.Message.Error.Code
	} else if e := jsonError(hop); e != nil {
		l.Error, l.Code = e.Message, e.Code
	}
	return l
}

func (b *Browser) message(a App, hop *Hop) Message {
	m := Message{URL: hop.URL, Status: hop.Status, Header: hop.Header}
	page, posted, ok := readPage(hop)
	if !ok {
		m.Undelivered = "the popup did not end on a page with a result"
		m.Error = jsonError(hop)
		return m
	}
	m.TargetOrigin, m.Posted = page.TargetOrigin, posted
	switch {
	case page.TargetOrigin != a.Origin:
		m.Undelivered = "the message is posted to another origin than the app's"
	case slices.ContainsFunc(b.hops, cutsOpener):
		m.Undelivered = "a Cross-Origin-Opener-Policy cut the opener off"
	case !runsItsScript(hop):
		m.Undelivered = "the Content-Security-Policy does not allow the page's script"
	default:
		m.Type, m.Response, m.Error = page.Message.Type, page.Message.Response, page.Message.Error
	}
	return m
}

// resultPage is the data of the page that [authprovider.WriteWebMessage] writes.
type resultPage struct {
	TargetOrigin string      `json:"targetOrigin"`
	Message      postMessage `json:"message"`
}

type postMessage struct {
	Type     string                        `json:"type"`
	Response *Session                      `json:"response"`
	Error    *authprovider.WebMessageError `json:"error"`
}

func readPage(hop *Hop) (page resultPage, posted json.RawMessage, ok bool) {
	if !strings.HasPrefix(hop.Header.Get("Content-Type"), "text/html") {
		return resultPage{}, nil, false
	}
	for _, e := range elements(hop.Body) {
		if e.name != "script" || e.attributes["type"] != "application/json" || e.attributes["id"] != "message" {
			continue
		}
		var raw struct {
			Message json.RawMessage `json:"message"`
		}
		if json.Unmarshal(e.text, &page) != nil || json.Unmarshal(e.text, &raw) != nil {
			return resultPage{}, nil, false
		}
		return page, raw.Message, true
	}
	return resultPage{}, nil, false
}

func cutsOpener(h *Hop) bool {
	policy := h.Header.Get("Cross-Origin-Opener-Policy")
	return policy != "" && policy != "unsafe-none"
}

// runsItsScript reports whether the page has a script, and its policies allow every one (Content Security Policy Level 3).
func runsItsScript(hop *Hop) bool {
	ran := false
	for _, e := range elements(hop.Body) {
		if e.name != "script" || e.attributes["type"] != "" && e.attributes["type"] != "text/javascript" && e.attributes["type"] != "module" {
			continue // a block of data
		}
		for _, policy := range hop.Header.Values("Content-Security-Policy") {
			if !allowsScript(policy, e.text) {
				return false
			}
		}
		ran = true
	}
	return ran
}

func allowsScript(policy string, script []byte) bool {
	directives := make(map[string][]string)
	for directive := range strings.SplitSeq(policy, ";") {
		if fields := strings.Fields(directive); len(fields) > 0 {
			directives[strings.ToLower(fields[0])] = fields[1:]
		}
	}
	for _, name := range []string{"script-src-elem", "script-src", "default-src"} {
		sources, ok := directives[name]
		if !ok {
			continue
		}
		sum := sha256.Sum256(script)
		if slices.Contains(sources, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
			return true
		}
		// A hash or a nonce beside it switches 'unsafe-inline' off.
		return slices.Contains(sources, "'unsafe-inline'") && !strings.Contains(strings.Join(sources, " "), "'sha") && !strings.Contains(strings.Join(sources, " "), "'nonce-")
	}
	return true
}
