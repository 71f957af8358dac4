package oauthadapter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
)

const (
	portal   = "https://portal.example.com"
	base     = portal + "/api/auth"
	idp      = "https://idp.example.net"
	provider = base + "/demo"
)

// vendor is an OAuthHandlers whose every step a test can change. It stands for the vendor's server as well, so its calls are counted.
type vendor struct {
	mu           sync.Mutex
	start        func(oauthadapter.StartRequest) (oauthadapter.StartResponse, error)
	authenticate func(oauthadapter.CallbackRequest) (*oauthadapter.Result[string], error)
	refresh      func(oauthadapter.RefreshRequest) (*oauthadapter.Result[string], error)
	revoke       func(oauthadapter.Session) error
	endSession   func(oauthadapter.LogoutRequest) (string, error)
	required     []string

	starts    []oauthadapter.StartRequest
	callbacks []oauthadapter.CallbackRequest
	refreshes []oauthadapter.RefreshRequest
	revoked   []oauthadapter.Session
}

func (v *vendor) Start(_ context.Context, req oauthadapter.StartRequest) (oauthadapter.StartResponse, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.starts = append(v.starts, req)
	if v.start != nil {
		return v.start(req)
	}
	return oauthadapter.StartResponse{URL: idp + "/authorize?" + url.Values{"state": {req.State}}.Encode(), Issuer: idp}, nil
}

func (v *vendor) Authenticate(_ context.Context, req oauthadapter.CallbackRequest) (*oauthadapter.Result[string], error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.callbacks = append(v.callbacks, req)
	if v.authenticate != nil {
		return v.authenticate(req)
	}
	return jane("1"), nil
}

func (v *vendor) Refresh(_ context.Context, req oauthadapter.RefreshRequest) (*oauthadapter.Result[string], error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.refreshes = append(v.refreshes, req)
	if v.refresh != nil {
		return v.refresh(req)
	}
	return jane(fmt.Sprint(len(v.refreshes) + 1)), nil
}

func (v *vendor) Revoke(_ context.Context, s oauthadapter.Session) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.revoked = append(v.revoked, s)
	if v.revoke != nil {
		return v.revoke(s)
	}
	return nil
}

func (v *vendor) EndSessionURL(_ context.Context, req oauthadapter.LogoutRequest) (string, error) {
	if v.endSession != nil {
		return v.endSession(req)
	}
	return "", nil
}

func (v *vendor) RequiredScopes() []string { return v.required }

// calls counts what reached the vendor's server, starts apart.
func (v *vendor) calls() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.callbacks) + len(v.refreshes) + len(v.revoked)
}

// The markers must not turn up in any log.
const (
	accessMarker  = "access-token-marker"
	refreshMarker = "refresh-token-marker"
	idMarker      = "id-token-marker"
	codeMarker    = "code-marker"
)

// jane is what the vendor vouches for; n tells successive tokens apart.
func jane(n string) *oauthadapter.Result[string] {
	return &oauthadapter.Result[string]{
		Profile:     authprovider.Profile{Email: "jane@example.com", DisplayName: "Jane"},
		FullProfile: "jane",
		Session: oauthadapter.Session{
			AccessToken: accessMarker + authprovider.Secret(n), RefreshToken: refreshMarker + authprovider.Secret(n), IDToken: idMarker + authprovider.Secret(n),
			Subject: "jane-1", ExpiresAt: time.Date(2030, 1, 1, 13, 0, 0, 0, time.UTC),
		},
	}
}

// rig is a host with one provider, "demo", and a browser in front of it.
type rig struct {
	t       *testing.T
	vendor  *vendor
	clock   *authprovidertest.Clock
	issuer  *authprovidertest.Issuer
	browser *authprovidertest.Browser
	log     bytes.Buffer
	handler *authprovider.Handler
}

type rigOptions struct {
	config  authprovider.Config
	options oauthadapter.Options[string]
	signIn  []authprovider.SignInResolver[*oauthadapter.Result[string]]
	factory authprovider.ProviderFactory // instead of the vendor's own
}

// byEmail is a resolver that needs no package resolver.
func byEmail(ctx context.Context, in authprovider.SignInInfo[*oauthadapter.Result[string]], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Email: in.Profile.Email})
}

func newRig(t *testing.T, v *vendor, o rigOptions) *rig {
	t.Helper()
	r := &rig{t: t, vendor: v, clock: authprovidertest.NewClock(time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)), browser: authprovidertest.NewBrowser(t)}
	r.issuer = &authprovidertest.Issuer{Now: r.clock.Now}
	c := o.config
	if c.BaseURL == "" {
		c.BaseURL, c.AppURL = base, portal
	}
	c.Secrets = [][]byte{[]byte("0123456789abcdef0123456789abcdef")}
	c.Now, c.Issuer = r.clock.Now, r.issuer
	c.Logger = slog.New(slog.NewJSONHandler(&r.log, nil))
	if c.Users == nil {
		c.Users = authprovidertest.Users(t, authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"})
	}
	if o.signIn == nil {
		o.signIn = append(o.signIn, byEmail)
	}
	factory := o.factory
	if factory == nil {
		factory = oauthadapter.Provider(v, o.options, o.signIn...)
	}
	c.Providers = map[string]authprovider.ProviderFactory{"demo": factory}
	h, err := authprovider.New(c)
	require.NoError(t, err)
	r.handler = h
	r.browser.Now = r.clock.Now
	r.browser.Host(portal, h)
	t.Cleanup(func() {
		for _, marker := range []string{accessMarker, refreshMarker, idMarker, codeMarker} {
			require.NotContains(t, r.log.String(), marker, "a secret was logged")
		}
		for _, c := range r.browser.Cookies(provider + "/handler/frame") {
			if len(c.Value) >= 16 {
				require.NotContains(t, r.log.String(), c.Value, "a cookie was logged")
			}
		}
		if v != nil {
			for _, s := range v.starts[:min(len(v.starts), 50)] {
				require.NotContains(t, r.log.String(), s.State, "a state was logged")
			}
		}
	})
	return r
}

// start opens the start route from the app and returns the state that the vendor got; the browser waits at the vendor.
func (r *rig) start(query url.Values) string {
	r.t.Helper()
	hop := r.browser.OpenUntil(portal, provider+"/start?"+query.Encode(), atVendor)
	require.Equal(r.t, http.StatusFound, hop.Status, "%s", hop.Body)
	return stateOf(r.t, hop)
}

func stateOf(t *testing.T, hop *authprovidertest.Hop) string {
	t.Helper()
	u, err := url.Parse(hop.Location)
	require.NoError(t, err)
	return u.Query().Get("state")
}

func atVendor(target string) bool { return strings.HasPrefix(target, idp) }

// callback is the browser coming back from the vendor. It stops before it leaves the portal's callback.
func (r *rig) callback(params url.Values) *authprovidertest.Hop {
	r.t.Helper()
	return r.browser.OpenUntil(idp, provider+"/handler/frame?"+params.Encode(), func(target string) bool {
		return !strings.HasPrefix(target, provider+"/handler/frame")
	})
}

func (r *rig) signIn(query url.Values) *authprovidertest.Hop {
	r.t.Helper()
	return r.callback(url.Values{"state": {r.start(query)}, "code": {codeMarker}})
}

// fetch is a request of the app's script.
func (r *rig) fetch(method, path string, header http.Header) *authprovidertest.Hop {
	r.t.Helper()
	h := http.Header{"X-Requested-With": {"XMLHttpRequest"}}
	for name, values := range header {
		h[name] = values
	}
	return r.browser.Do(authprovidertest.Request{Method: method, URL: provider + path, From: portal, Mode: "cors", Dest: "empty", Header: h})
}

func (r *rig) refresh() *authprovidertest.Hop {
	r.t.Helper()
	return r.fetch(http.MethodGet, "/refresh", nil)
}
func (r *rig) logout() *authprovidertest.Hop {
	r.t.Helper()
	return r.fetch(http.MethodPost, "/logout", nil)
}

// posted is what the popup page would post.
type posted struct {
	TargetOrigin string `json:"targetOrigin"`
	Message      struct {
		Type     string         `json:"type"`
		Response map[string]any `json:"response"`
		Error    *struct{ Name, Message, Code string }
	} `json:"message"`
}

var messageBlock = regexp.MustCompile(`(?s)<script type="application/json" id="message">(.*?)</script>`)

// message reads the popup page, and makes sure that a person can read it too.
func (r *rig) message(hop *authprovidertest.Hop) posted {
	r.t.Helper()
	require.Equal(r.t, http.StatusOK, hop.Status, "%s", hop.Body)
	require.Equal(r.t, "text/html; charset=utf-8", hop.Header.Get("Content-Type"))
	require.Equal(r.t, "no-store", hop.Header.Get("Cache-Control"))
	block := messageBlock.FindSubmatch(hop.Body)
	require.NotNil(r.t, block, "%s", hop.Body)
	var p posted
	require.NoError(r.t, json.Unmarshal(block[1], &p))
	if p.Message.Error != nil {
		require.Contains(r.t, string(hop.Body), "<p>"+html.EscapeString(p.Message.Error.Message)+"</p>")
	}
	return p
}

// failure is the code of a failed sign-in, however it was shown.
func (r *rig) failure(hop *authprovidertest.Hop) string {
	r.t.Helper()
	if hop.Location != "" {
		u, err := url.Parse(hop.Location)
		require.NoError(r.t, err)
		require.NotEmpty(r.t, u.Query().Get("error"))
		return u.Query().Get("error_code")
	}
	if strings.HasPrefix(hop.Header.Get("Content-Type"), "application/json") {
		return r.jsonError(hop)
	}
	p := r.message(hop)
	require.NotNil(r.t, p.Message.Error, "%v", p.Message.Response)
	return p.Message.Error.Code
}

func (r *rig) jsonError(hop *authprovidertest.Hop) string {
	r.t.Helper()
	var body struct {
		Error struct{ Code string }
	}
	require.NoError(r.t, json.Unmarshal(hop.Body, &body), "%s", hop.Body)
	return body.Error.Code
}

func (r *rig) json(hop *authprovidertest.Hop) map[string]any {
	r.t.Helper()
	require.Equal(r.t, http.StatusOK, hop.Status, "%s", hop.Body)
	var body map[string]any
	require.NoError(r.t, json.Unmarshal(hop.Body, &body))
	return body
}

// cookies set by an answer, by name; those that it expires have the value "".
func setCookies(hop *authprovidertest.Hop) map[string]*http.Cookie {
	set := make(map[string]*http.Cookie)
	for _, c := range (&http.Response{Header: hop.Header}).Cookies() {
		set[c.Name] = c
	}
	return set
}

// sessionSet reports whether an answer sets a session, as opposed to leaving or ending one.
func sessionSet(hop *authprovidertest.Hop) bool {
	for name, c := range setCookies(hop) {
		if strings.Contains(name, "~session") && c.Value != "" {
			return true
		}
	}
	return false
}

func sessionCleared(hop *authprovidertest.Hop) bool {
	for name, c := range setCookies(hop) {
		if strings.HasSuffix(name, "~session") && c.MaxAge < 0 {
			return true
		}
	}
	return false
}

// events are the audit events so far, as "event:reason".
func (r *rig) events() []string {
	r.t.Helper()
	var events []string
	for line := range strings.Lines(r.log.String()) {
		var e struct{ Msg, Event, Reason string }
		require.NoError(r.t, json.Unmarshal([]byte(line), &e))
		if e.Msg != authprovider.AuditMessage {
			continue
		}
		if e.Reason != "" {
			e.Event += ":" + e.Reason
		}
		events = append(events, e.Event)
	}
	return events
}

func (r *rig) lastEvent() string {
	r.t.Helper()
	all := r.events()
	require.NotEmpty(r.t, all)
	return all[len(all)-1]
}

// Short names for the types of a resolver's parameters.
type (
	ctx  = context.Context
	info = authprovider.SignInInfo[*oauthadapter.Result[string]]
)

// readPosted reads the message of a popup page.
func readPosted(t *testing.T, hop *authprovidertest.Hop) posted {
	t.Helper()
	block := messageBlock.FindSubmatch(hop.Body)
	require.NotNil(t, block, "%s", hop.Body)
	var p posted
	require.NoError(t, json.Unmarshal(block[1], &p))
	return p
}
