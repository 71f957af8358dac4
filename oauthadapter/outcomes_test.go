package oauthadapter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/tokenissuer"
)

// switchCatalog can be broken while it is used.
type switchCatalog struct {
	authprovider.UserCatalog
	err error
}

func (c *switchCatalog) FindUsers(ctx context.Context, q authprovider.UserQuery) ([]authprovider.User, error) {
	if c.err != nil {
		return nil, c.err
	}
	return c.UserCatalog.FindUsers(ctx, q)
}

// world is the whole of it: a real OpenID provider on loopback, a real issuer, a browser.
type world struct {
	idp     *authprovidertest.Provider
	catalog *switchCatalog
	refuse  error // of the resolver
	reject  error // of the profile transform
	panics  bool  // the resolver does
	browser *authprovidertest.Browser
	handler http.Handler
	log     bytes.Buffer
}

func newWorld(t *testing.T, change ...func(*authprovider.Config, *oidcprovider.Config)) *world {
	t.Helper()
	w := &world{
		idp:     authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{RedirectURLs: []string{provider + "/handler/frame"}}),
		catalog: &switchCatalog{UserCatalog: authprovidertest.Users(t, authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"})},
		browser: authprovidertest.NewBrowser(t),
	}
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: base})
	require.NoError(t, err)
	c := oidcprovider.Config{Issuer: w.idp.Issuer(), ClientID: w.idp.ClientID(), ClientSecret: w.idp.ClientSecret()}
	c.Options.ProfileTransform = func(_ context.Context, r oidcprovider.Result, _ *authprovider.ResolverContext) (authprovider.Profile, error) {
		return r.Profile, w.reject
	}
	host := authprovider.Config{BaseURL: base, AppURL: portal, Secrets: [][]byte{make([]byte, 32)}, Issuer: issuer, Users: w.catalog,
		Logger: slog.New(slog.NewJSONHandler(&w.log, nil))}
	for _, f := range change {
		f(&host, &c)
	}
	host.Providers = map[string]authprovider.ProviderFactory{"demo": oidcprovider.Provider(c,
		func(context.Context, oidcprovider.SignInInfo, *authprovider.ResolverContext) (*authprovider.Identity, error) {
			if w.panics {
				panic("resolver")
			}
			if w.refuse != nil {
				return nil, w.refuse
			}
			return nil, authprovider.ErrNoMatch
		},
		resolver.EmailMatchingUserEntityProfileEmail)}
	h, err := authprovider.New(host)
	require.NoError(t, err)
	w.handler = h
	w.browser.Host(portal, h)
	t.Cleanup(func() { w.requireNoSecretsLogged(t) })
	return w
}

// requireNoSecretsLogged looks for what the provider was sent, and what the browser holds, in the log.
func (w *world) requireNoSecretsLogged(t *testing.T) {
	t.Helper()
	secrets := []string{w.idp.ClientSecret()}
	for _, name := range []string{"code", "code_verifier", "refresh_token"} {
		secrets = append(secrets, w.idp.Last(authprovidertest.Token).Form.Get(name))
	}
	secrets = append(secrets, strings.TrimPrefix(w.idp.Last(authprovidertest.UserInfo).Header.Get("Authorization"), "Bearer "), w.idp.Last(authprovidertest.Authorize).Query.Get("state"))
	for _, c := range w.browser.Cookies(provider + "/handler/frame") {
		secrets = append(secrets, c.Value)
	}
	for _, secret := range secrets {
		if secret != "" {
			require.NotContains(t, w.log.String(), secret, "a secret was logged")
		}
	}
}

// calls counts what reached the provider's token endpoint.
func (w *world) calls() int { return w.idp.Calls(authprovidertest.Token) }

func (w *world) lastEvent(t *testing.T) string {
	t.Helper()
	var last string
	for line := range strings.Lines(w.log.String()) {
		var e struct{ Msg, Event, Route, Reason string }
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		if e.Msg == authprovider.AuditMessage {
			last = e.Event + " " + e.Route + " " + e.Reason
		}
	}
	return last
}

// outcome is one thing that can go wrong. Empty text is not compared.
type outcome struct {
	name    string
	spoil   func(*world)
	code    string
	errName string
	status  int // on refresh; a sign-in shows its failure in the flow
	message string
	event   string
	calls   int  // to the token endpoint
	refresh bool // whether it can happen on refresh
	retry   bool // whether there is a Retry-After
	ends    bool // whether it ends the session on refresh: tokens that do not verify are of no use (OpenID Connect Core 12.2)
}

// check is what holds in both flows.
func (tt outcome) check(t *testing.T, w *world, hop *authprovidertest.Hop, code, message string) {
	t.Helper()
	if tt.code != "" {
		require.Equal(t, tt.code, code)
	}
	if tt.message != "" {
		require.Equal(t, tt.message, message)
	}
	require.NotEmpty(t, message)
	require.NotContains(t, message, "secret-host")
	require.NotContains(t, string(hop.Body), "words</script>")
	require.Equal(t, tt.calls, w.calls())
	require.Contains(t, w.lastEvent(t), tt.event+" frame ")
	require.Equal(t, tt.retry, hop.Header.Get("Retry-After") != "")
	require.False(t, sessionSet(hop), "somebody who is not signed in leaves with no session")
	require.Equal(t, "no-store", hop.Header.Get("Cache-Control"))
	for name, c := range setCookies(hop) {
		require.Negative(t, c.MaxAge, "%s: the attempt's cookie is expired, and nothing else is set", name)
	}
}

// TestOutcomes is the table of what can go wrong, in both flows and on refresh, against a provider that speaks OpenID Connect.
func TestOutcomes(t *testing.T) {
	down := errors.New("connection to secret-host refused")
	tests := []outcome{
		{"rejected person", func(w *world) {
			w.reject = &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "suspended", Message: "Your account is suspended."}
		}, "suspended", "NotAllowedError", 403, "Your account is suspended.", "refused", 1, true, false, false},
		{"cancelled at the provider", func(w *world) {
			w.idp.Set(func(b *authprovidertest.Behavior) {
				b.AuthorizeError = "access_denied"
				b.AuthorizeErrorDescription = "<script>words</script>"
			})
		}, "access_denied", "NotAllowedError", 0, "The sign-in was cancelled, or the provider refused it.", "refused", 0, false, false, false},
		{"provider wants consent", func(w *world) {
			w.idp.Set(func(b *authprovidertest.Behavior) { b.AuthorizeError = "consent_required" })
		}, "consent_required", "AuthenticationError", 0, "The provider needs your consent or another sign-in.", "refused", 0, false, false, false},
		{"provider down", func(w *world) {
			w.idp.Set(func(b *authprovidertest.Behavior) { b.TokenAnswer = authprovidertest.UnavailableAnswer })
		}, "provider_unavailable", "ServiceUnavailableError", 503, "", "failed", 1, true, true, false},
		{"provider hangs up", func(w *world) {
			w.idp.Set(func(b *authprovidertest.Behavior) { b.TokenAnswer = authprovidertest.HangUpAnswer })
		}, "", "ServiceUnavailableError", 503, "", "failed", 1, true, true, false},
		{"ID token of somebody else's making", func(w *world) {
			w.idp.Set(func(b *authprovidertest.Behavior) { b.IDToken = authprovidertest.ForeignKey })
		}, "", "AuthenticationError", 401, "", "refused", 1, true, false, true},
		{"resolver refused", func(w *world) { w.refuse = authprovider.ErrNotAllowed },
			"sign_in_refused", "NotAllowedError", 403, "Sign-in was refused. If you should have access, please ask your administrator.", "refused", 1, true, false, false},
		{"unknown user", func(w *world) { w.catalog.UserCatalog = authprovidertest.Users(t) },
			"sign_in_refused", "NotAllowedError", 403, "Sign-in was refused. If you should have access, please ask your administrator.", "refused", 1, true, false, false},
		{"catalog down", func(w *world) { w.catalog.err = down },
			"internal_error", "Error", 500, "", "failed", 1, true, false, false},
		{"resolver panics", func(w *world) { w.panics = true },
			"internal_error", "Error", 500, "", "failed", 1, true, false, false},
	}
	start := func(flow string) string {
		return provider + "/start?" + url.Values{"env": {"development"}, "origin": {portal}, "flow": {flow}, "scope": {"openid"}, "redirectUrl": {portal + "/home"}}.Encode()
	}
	toApp := func(target string) bool { return strings.HasPrefix(target, portal+"/home") }

	for _, tt := range tests {
		t.Run(tt.name+"/popup", func(t *testing.T) {
			w := newWorld(t)
			tt.spoil(w)
			hop := w.browser.OpenUntil(portal, start("popup"), toApp)
			require.Equal(t, http.StatusOK, hop.Status)
			require.Empty(t, hop.Location)
			block := messageBlock.FindSubmatch(hop.Body)
			require.NotNil(t, block)
			var p posted
			require.NoError(t, json.Unmarshal(block[1], &p))
			require.Equal(t, portal, p.TargetOrigin)
			require.NotNil(t, p.Message.Error)
			require.Nil(t, p.Message.Response)
			require.Equal(t, tt.errName, p.Message.Error.Name)
			tt.check(t, w, hop, p.Message.Error.Code, p.Message.Error.Message)
		})
		t.Run(tt.name+"/redirect", func(t *testing.T) {
			w := newWorld(t)
			tt.spoil(w)
			hop := w.browser.OpenUntil(portal, start("redirect"), toApp)
			require.Equal(t, http.StatusFound, hop.Status)
			u, err := url.Parse(hop.Location)
			require.NoError(t, err)
			require.Equal(t, "/home", u.Path)
			require.Len(t, u.Query(), 2, "error and error_code alone")
			tt.check(t, w, hop, u.Query().Get("error_code"), u.Query().Get("error"))
		})
		if !tt.refresh {
			continue
		}
		t.Run(tt.name+"/refresh", func(t *testing.T) {
			w := newWorld(t)
			require.Equal(t, portal+"/home", w.browser.OpenUntil(portal, start("redirect"), toApp).Location)
			refresh := func() *authprovidertest.Hop {
				return w.browser.Do(authprovidertest.Request{URL: provider + "/refresh", From: portal, Mode: "cors", Dest: "empty",
					Header: http.Header{"X-Requested-With": {"XMLHttpRequest"}}})
			}
			require.Equal(t, http.StatusOK, refresh().Status)
			before := w.calls()
			tt.spoil(w)
			hop := refresh()
			require.Equal(t, tt.status, hop.Status)
			var body struct {
				Error    struct{ Name, Message, Code string }
				Request  struct{ Method, URL string }
				Response struct{ StatusCode int }
			}
			require.NoError(t, json.Unmarshal(hop.Body, &body))
			require.Equal(t, tt.errName, body.Error.Name)
			require.Equal(t, tt.status, body.Response.StatusCode)
			require.Equal(t, "/api/auth/demo/refresh", body.Request.URL)
			require.Equal(t, before+tt.calls, w.calls())
			require.Contains(t, w.lastEvent(t), tt.event+" refresh ")
			require.Equal(t, tt.retry, hop.Header.Get("Retry-After") != "")
			require.Equal(t, tt.ends, sessionCleared(hop), "an outage or a refusal of ours ends no session")
			require.NotContains(t, string(hop.Body), "secret-host")
			if tt.code != "" {
				require.Equal(t, tt.code, body.Error.Code)
			}
		})
	}
}
