package password_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/examples/custom-provider/password"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/resolver/memcatalog"
)

const (
	portal   = "https://portal.example.com"
	provider = portal + "/api/auth/staff"
	secret   = "correct horse battery staple"
	hash     = "pbkdf2-sha512$220000$DHWnx0OU9Q2XUqvmr1g20A$QRLg6uSnA3Z/UMoEwJlgK+86TsWy2LYQUPUgBdnSFVw" // of the secret
)

// accounts has Jane, and one that may not go on.
type accounts struct{ err error }

func (a accounts) FindAccount(_ context.Context, name string) (password.Account, password.Hash, error) {
	h, err := password.ParseHash(hash)
	switch {
	case a.err != nil || err != nil:
		return password.Account{}, password.Hash{}, errors.Join(a.err, err)
	case strings.EqualFold(name, "jane"): // as a database may
		return password.Account{ID: "17", Name: "jane", DisplayName: "Jane Doe", Email: "jane@example.com"}, h, nil
	case name == "joe":
		return password.Account{ID: "18", Name: "joe", Expired: true}, h, nil
	case name == "max":
		return password.Account{ID: "19", Name: "max"}, h, nil // who is no user of the catalog
	}
	return password.Account{}, password.Hash{}, password.ErrNoAccount
}

// stage is the provider in a portal, and a browser whose app has opened the popup.
type stage struct {
	t       *testing.T
	browser *authprovidertest.Browser
	clock   *authprovidertest.Clock
	log     *authprovidertest.AuditLog
}

func newStage(t *testing.T, c password.Config) *stage {
	t.Helper()
	if c.Accounts == nil {
		c.Accounts = accounts{}
	}
	s := &stage{t: t, browser: authprovidertest.NewBrowser(t), clock: authprovidertest.NewClock(time.Now()), log: &authprovidertest.AuditLog{}}
	handler, err := authprovider.New(authprovider.Config{
		BaseURL: portal + "/api/auth", AllowedOrigins: []string{"https://app.example.org"}, InsecureEphemeralSecret: true,
		Issuer: &authprovidertest.Issuer{Now: s.clock.Now}, Now: s.clock.Now, Logger: s.log.Logger(),
		Users:     memcatalog.New(authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"example.com/account-id": "17"}}),
		Providers: map[string]authprovider.ProviderFactory{"staff": password.Provider(c, password.AccountIDMatchingAnnotation)},
	})
	require.NoError(t, err)
	s.browser.Now = s.clock.Now
	s.browser.Host(portal, handler)
	return s
}

// open is what the app does.
func (s *stage) open(origin string) *authprovidertest.Hop {
	s.t.Helper()
	return s.browser.Open(origin, provider+"/start?"+url.Values{"origin": {origin}, "flow": {"popup"}}.Encode())
}

// fill returns what a person sends: the hidden fields of the page, and these.
func fill(page *authprovidertest.Hop, name, pass string) url.Values {
	form := url.Values{"name": {name}, "password": {pass}}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`).FindAllStringSubmatch(string(page.Body), -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	return form
}

func (s *stage) signIn(page *authprovidertest.Hop, name, pass string) *authprovidertest.Hop {
	s.t.Helper()
	return s.browser.Submit(page, fill(page, name, pass))
}

// posted is what the popup posts, and to whom.
type posted struct {
	TargetOrigin string
	Message      struct {
		Response *authprovider.ClientAuthResponse
		Error    *authprovider.WebMessageError
	}
}

func (s *stage) posted(hop *authprovidertest.Hop) (p posted) {
	s.t.Helper()
	data := regexp.MustCompile(`(?s)<script type="application/json" id="message">(.*?)</script>`).FindSubmatch(hop.Body)
	require.NotNil(s.t, data, "%d %s", hop.Status, hop.Body)
	require.NoError(s.t, json.Unmarshal(data[1], &p))
	return p
}

func TestRoutes(t *testing.T) {
	authprovidertest.TestRouteHandlers(t, authprovidertest.RouteHandlersConfig{
		Provider:    password.Provider(password.Config{Accounts: accounts{}}, password.AccountIDMatchingAnnotation),
		Unsupported: []string{"handler/frame", "refresh", "logout"},
	})
}

func TestSignIn(t *testing.T) {
	for _, origin := range []string{portal, "https://app.example.org"} {
		s := newStage(t, password.Config{ProfileTransform: password.RefuseExpired})
		page := s.open(origin)
		require.Equal(t, http.StatusOK, page.Status)
		end := s.posted(s.signIn(page, "jane", secret))
		require.Equal(t, origin, end.TargetOrigin)
		require.Equal(t, "user:default/jane", end.Message.Response.BackstageIdentity.Identity.UserEntityRef)
		require.Equal(t, "Jane Doe", end.Message.Response.Profile.DisplayName)
		require.Contains(t, s.log.Text(), "user:default/jane")
		require.NotContains(t, s.log.Text(), secret)
	}
}

// TestRefusals: who has an account does not show, in status, words and page alike.
func TestRefusals(t *testing.T) {
	s := newStage(t, password.Config{})
	var pages []string
	attempt := regexp.MustCompile(`name="token" value="[^"]*"| autofocus`) // which go with what was typed
	for _, c := range [][2]string{{"jane", "guess"}, {"nobody", secret}, {"JANE", secret}, {"jane", ""}, {"", secret}, {strings.Repeat("x", 129), secret}} {
		hop := s.signIn(s.open(portal), c[0], c[1])
		require.Equal(t, http.StatusUnauthorized, hop.Status, c)
		require.Contains(t, string(hop.Body), "User name or password is wrong.")
		require.NotContains(t, string(hop.Body), "guess")
		body := strings.Replace(string(hop.Body), `value="`+c[0]+`"`, "", 1)
		pages = append(pages, attempt.ReplaceAllString(body, ""))
		require.Equal(t, pages[0], pages[len(pages)-1])
	}
	require.NotContains(t, s.log.Text(), "nobody", "people type their password where their name belongs")
	require.Contains(t, s.log.Text(), "credentials_wrong")
	// After a refusal the page that is shown works.
	end := s.posted(s.signIn(s.signIn(s.open(portal), "jane", "guess"), "jane", secret))
	require.NotNil(t, end.Message.Response)
}

// TestRefusedAfterwards: whoever has the right password and may not sign in learns it in the app.
func TestRefusedAfterwards(t *testing.T) {
	s := newStage(t, password.Config{ProfileTransform: password.RefuseExpired})
	for name, code := range map[string]string{"joe": "password_expired", "max": "sign_in_refused"} {
		end := s.posted(s.signIn(s.open(portal), name, secret))
		require.Nil(t, end.Message.Response)
		require.Equal(t, code, end.Message.Error.Code)
		require.Equal(t, portal, end.TargetOrigin)
	}
}

func TestPage(t *testing.T) {
	page := newStage(t, password.Config{}).open(portal)
	policy := page.Header.Get("Content-Security-Policy")
	for _, directive := range []string{"default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
		require.Contains(t, policy, directive)
	}
	require.NotContains(t, policy, "unsafe")
	require.NotContains(t, policy, "script-src")
	for name, value := range map[string]string{"X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "unsafe-none", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
		require.Equal(t, value, page.Header.Get(name), name)
	}
	cookie, err := http.ParseSetCookie(page.Header.Get("Set-Cookie"))
	require.NoError(t, err)
	require.Equal(t, "__Host-staff-form", cookie.Name)
	require.True(t, cookie.HttpOnly && cookie.Secure && cookie.Path == "/" && cookie.Domain == "" && cookie.SameSite == http.SameSiteLaxMode)
	require.NotContains(t, string(page.Body), cookie.Value)
}

func TestReflection(t *testing.T) {
	s := newStage(t, password.Config{})
	form := fill(s.open(portal), `"><script>alert(1)</script>`, secret)
	form.Set("token", `"><script>`)
	hop := s.browser.Do(authprovidertest.Request{Method: http.MethodPost, URL: provider + "/sign-in", From: portal, Body: form.Encode()})
	require.Equal(t, http.StatusUnauthorized, hop.Status)
	require.Contains(t, string(hop.Body), "&gt;&lt;script&gt;alert(1)&lt;/script&gt;")
	require.NotContains(t, string(hop.Body), "<script")
}

// TestStart: what a start refuses, and that it sets nothing then.
func TestStart(t *testing.T) {
	s := newStage(t, password.Config{})
	for query, status := range map[string]int{
		"": http.StatusOK, "env=development": http.StatusOK, "scope=openid&optional=": http.StatusOK,
		"origin=https://evil.example.net":               http.StatusForbidden,
		"origin=null":                                   http.StatusBadRequest,
		"origin=https://portal.example.com.evil.net":    http.StatusForbidden,
		"origin=https://portal.example.com@evil.net":    http.StatusBadRequest,
		"origin=" + portal + "&origin=https://evil.net": http.StatusBadRequest,
		"flow=redirect&redirectUrl=https://evil.net/":   http.StatusBadRequest,
		"flow=redirect&redirectUrl=" + portal + "/a":    http.StatusBadRequest,
		"origin=%zz": http.StatusBadRequest,
		"origin=" + portal + ";origin=https://evil.net":    http.StatusBadRequest,
		"redirectUrl=https://evil.example.net/&flow=popup": http.StatusOK, // which has no meaning
	} {
		hop := s.browser.Do(authprovidertest.Request{URL: provider + "/start?" + query, From: portal})
		require.Equal(t, status, hop.Status, query)
		require.Equal(t, status == http.StatusOK, hop.Header.Get("Set-Cookie") != "", query)
		require.NotContains(t, string(hop.Body), "evil.example.net/", query)
		require.Empty(t, hop.Location)
	}
	for _, dest := range []string{"iframe", "image", "script", "empty"} {
		hop := s.browser.Do(authprovidertest.Request{URL: provider + "/start", From: "https://evil.example.net", Dest: dest})
		require.Equal(t, http.StatusForbidden, hop.Status, dest)
	}
}

// TestForgedForms: a form counts only if our own page sent it, in the browser that it was shown in.
func TestForgedForms(t *testing.T) {
	s := newStage(t, password.Config{})
	page := s.open(portal)
	good := fill(page, "jane", secret)
	attacker := s.browser.Other()
	stolen := fill(attacker.Open(portal, provider+"/start"), "jane", secret)
	old := s.browser.Clone()
	old.NoFetchMetadata = true

	send := func(b *authprovidertest.Browser, from string, form url.Values) *authprovidertest.Hop {
		return b.Do(authprovidertest.Request{Method: http.MethodPost, URL: provider + "/sign-in", From: from, Body: form.Encode()})
	}
	with := func(name string, values ...string) url.Values {
		form, err := url.ParseQuery(good.Encode())
		require.NoError(t, err)
		form[name] = values
		return form
	}
	token := []byte(good.Get("token"))
	token[20] ^= 1
	for name, c := range map[string]struct {
		hop    *authprovidertest.Hop
		status int
	}{
		"another site":                      {send(s.browser, "https://evil.example.net", good), http.StatusForbidden},
		"another site, old browser":         {send(old, "https://evil.example.net", good), http.StatusForbidden},
		"a sibling":                         {send(s.browser, "https://evil.example.com", good), http.StatusForbidden},
		"an app that may open the popup":    {send(s.browser, "https://app.example.org", good), http.StatusForbidden},
		"a sandboxed page":                  {send(s.browser, "null", good), http.StatusForbidden},
		"no token":                          {send(s.browser, portal, with("token")), http.StatusUnauthorized},
		"the attacker's token":              {send(s.browser, portal, stolen), http.StatusUnauthorized},
		"no cookie":                         {send(attacker.Other(), portal, good), http.StatusUnauthorized},
		"a changed token":                   {send(s.browser, portal, with("token", string(token))), http.StatusUnauthorized},
		"a token of half the length":        {send(s.browser, portal, with("token", good.Get("token")[:26])), http.StatusUnauthorized},
		"another app than the form was for": {send(s.browser, portal, with("origin", "https://app.example.org")), http.StatusUnauthorized},
		"an app that is none of ours":       {send(s.browser, portal, with("origin", "https://evil.example.net")), http.StatusForbidden},
		"no origin":                         {send(s.browser, portal, with("origin")), http.StatusBadRequest},
		"two names":                         {send(s.browser, portal, with("name", "jane", "joe")), http.StatusBadRequest},
		"too large":                         {send(s.browser, portal, with("padding", strings.Repeat("x", 9<<10))), http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.status, c.hop.Status, string(c.hop.Body))
			require.NotContains(t, string(c.hop.Body), "user:default/jane")
			require.NotContains(t, string(c.hop.Body), secret)
		})
	}
	require.NotContains(t, s.log.Text(), "succeeded")

	query := s.browser.Do(authprovidertest.Request{Method: http.MethodPost, URL: provider + "/sign-in?" + good.Encode(), From: portal})
	require.Equal(t, http.StatusBadRequest, query.Status, "passwords in URLs end up in logs")
	require.NotContains(t, string(query.Body), "horse")
	require.Equal(t, http.StatusMethodNotAllowed, s.browser.Navigate(provider+"/sign-in").Status)

	s.browser.SetCookie(portal+"/", "__Host-staff-form=AAAAAAAAAAAAAAAAAAAAAAAAAA; Path=/; Secure; Domain=example.com")
	require.NotNil(t, s.posted(send(s.browser, portal, good)).Message.Response, "what nobody has touched works")
	s.clock.Advance(9 * time.Minute)
	s.open(portal) // another window keeps the cookie
	s.clock.Advance(time.Minute)
	require.Equal(t, http.StatusUnauthorized, send(s.browser, portal, good).Status, "a form that has lain open for too long")
}

func TestTwoWindows(t *testing.T) {
	s := newStage(t, password.Config{})
	first := s.open(portal)
	s.open(portal)
	require.NotNil(t, s.posted(s.signIn(first, "jane", secret)).Message.Response)
}

func TestOutage(t *testing.T) {
	s := newStage(t, password.Config{Accounts: accounts{err: fmt.Errorf("db is down: %w", authprovider.ErrNotAllowed)}})
	for range 12 { // none of which counts as a guess
		hop := s.signIn(s.open(portal), "jane", secret)
		require.Equal(t, http.StatusServiceUnavailable, hop.Status)
		require.NotContains(t, string(hop.Body), "db is down")
	}
	require.Contains(t, s.log.Text(), "db is down")
}

// TestEnvironments: the form comes back to the environment that it was shown in, and counts in no other.
func TestEnvironments(t *testing.T) {
	one := password.Provider(password.Config{Accounts: accounts{}}, password.AccountIDMatchingAnnotation)
	handler, err := authprovider.New(authprovider.Config{
		BaseURL: portal + "/api/auth", InsecureEphemeralSecret: true, Issuer: &authprovidertest.Issuer{}, Environment: "main",
		Users:     memcatalog.New(authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"example.com/account-id": "17"}}),
		Providers: map[string]authprovider.ProviderFactory{"staff": oauthadapter.EnvironmentHandler(map[string]authprovider.ProviderFactory{"main": one, "partners": one})},
	})
	require.NoError(t, err)
	s := &stage{t: t, browser: authprovidertest.NewBrowser(t)}
	s.browser.Host(portal, handler)
	page := s.browser.Open(portal, provider+"/start?env=partners")
	other := s.browser.Do(authprovidertest.Request{Method: http.MethodPost, URL: provider + "/sign-in?env=main", From: portal, Body: fill(page, "jane", secret).Encode()})
	require.Equal(t, http.StatusUnauthorized, other.Status)
	require.NotNil(t, s.posted(s.signIn(page, "jane", secret)).Message.Response)
	require.Equal(t, provider+"/sign-in?env=partners", s.browser.Hops()[0].URL)
}

func TestRefreshAndLogoutAreUnsupported(t *testing.T) {
	s := newStage(t, password.Config{})
	app := authprovidertest.App{Origin: portal, Provider: provider}
	require.Equal(t, "not_supported", s.browser.Refresh(app).Code())
	require.Equal(t, "not_supported", s.browser.Logout(app).Code())
}

func TestConfig(t *testing.T) {
	config := authprovider.Config{BaseURL: portal + "/api/auth", InsecureEphemeralSecret: true, Issuer: &authprovidertest.Issuer{}}
	for want, factory := range map[string]authprovider.ProviderFactory{
		"Config.Accounts is required":     password.Provider(password.Config{}, password.AccountIDMatchingAnnotation),
		"a sign-in resolver is required":  password.Provider(password.Config{Accounts: accounts{}}),
		"a sign-in resolver is required ": password.Provider(password.Config{Accounts: accounts{}}, nil),
	} {
		config.Providers = map[string]authprovider.ProviderFactory{"staff": factory}
		_, err := authprovider.New(config)
		require.ErrorContains(t, err, strings.TrimSpace(want))
	}
	config.Issuer = nil
	config.Providers = map[string]authprovider.ProviderFactory{"staff": password.Provider(password.Config{Accounts: accounts{}}, password.AccountIDMatchingAnnotation)}
	_, err := authprovider.New(config)
	require.ErrorContains(t, err, "Config.Issuer is required")
}

// TestPlainHTTP: on loopback there is no prefix, since browsers would refuse the cookie.
func TestPlainHTTP(t *testing.T) {
	handler, err := authprovider.New(authprovider.Config{
		BaseURL: "http://localhost:7007/api/auth", Issuer: &authprovidertest.Issuer{},
		Providers: map[string]authprovider.ProviderFactory{"staff": password.Provider(password.Config{Accounts: accounts{}}, password.AccountIDMatchingAnnotation)},
	})
	require.NoError(t, err)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/auth/staff/start", nil))
	require.True(t, strings.HasPrefix(w.Header().Get("Set-Cookie"), "staff-form="))
	require.NotContains(t, w.Header().Get("Set-Cookie"), "Secure")
}
