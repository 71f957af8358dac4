package fakeidp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/fakeidp"
)

func TestChooserPage(t *testing.T) {
	r := newRig(t)
	res, body := r.get(r.URL(fakeidp.Authorize) + "?" + query("scope", "openid email repo:<read>").Encode())
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Contains(t, body, "Demo identity provider")
	require.Contains(t, body, "<b>app</b>")
	require.Contains(t, body, "Jane &lt;Doe&gt;")
	require.Contains(t, body, "omar@example.com")
	require.Contains(t, body, "See your e-mail address")
	require.Contains(t, body, "<code>repo:&lt;read&gt;</code>")
	require.NotContains(t, body, "<Doe>")
	require.NotContains(t, body, "<script")

	policy := res.Header.Get("Content-Security-Policy")
	_, style, _ := strings.Cut(body, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	digest := sha256.Sum256([]byte(style))
	require.Contains(t, policy, "style-src 'sha256-"+base64.StdEncoding.EncodeToString(digest[:])+"'")
	require.Contains(t, policy, "default-src 'none'")
	require.Contains(t, policy, "frame-ancestors 'none'")
	require.NotContains(t, policy, "form-action", "Chromium would apply it to the redirects after the form")
	require.Empty(t, res.Header.Get("Cross-Origin-Opener-Policy"), "it would cut a popup off from its opener")
	require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
}

func TestChoice(t *testing.T) {
	r := newRig(t)
	target := r.URL(fakeidp.Authorize) + "?" + query().Encode()

	answer := r.answer(r.post(target, url.Values{"cancel": {"1"}}))
	require.Equal(t, "access_denied", answer.Get("error"))
	require.Equal(t, r.Issuer(), answer.Get("iss"))
	require.False(t, answer.Has("code"))

	answer = r.answer(r.post(target, url.Values{"person": {"omar-2"}}, "Sec-Fetch-Site", "same-origin"))
	require.NotEmpty(t, answer.Get("code"))
	require.Equal(t, r.Issuer(), answer.Get("iss"))

	res, _ := r.post(target, url.Values{"person": {"omar-2"}}, "Sec-Fetch-Site", "cross-site")
	require.Equal(t, http.StatusForbidden, res.StatusCode)
	res, _ = r.post(target, url.Values{"person": {"nobody"}})
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
	res, _ = r.get(target + "&person=omar-2")
	require.Equal(t, http.StatusOK, res.StatusCode, "a link does not choose")
	res, _ = r.post(r.URL(fakeidp.Authorize), query(), "Sec-Fetch-Site", "cross-site")
	require.Equal(t, http.StatusOK, res.StatusCode, "a client may post its request")
}

func TestAuthorizeRefusesWithoutRedirect(t *testing.T) {
	r := newRig(t)
	for name, q := range map[string]url.Values{
		"no client":           query("client_id", ""),
		"unknown client":      query("client_id", "nobody"),
		"no redirect URI":     query("redirect_uri", ""),
		"longer redirect URI": query("redirect_uri", callback+"&x=1"),
		"other loopback port": query("client_id", "public", "redirect_uri", "http://127.0.0.1:7001/cb"),
		"two redirect URIs":   {"client_id": {"app"}, "redirect_uri": {callback, "https://evil.example"}},
		"two clients":         {"client_id": {"app", "other"}, "redirect_uri": {callback}},
	} {
		t.Run(name, func(t *testing.T) {
			res, body := r.get(r.URL(fakeidp.Authorize) + "?" + q.Encode())
			require.Equal(t, http.StatusBadRequest, res.StatusCode)
			require.Empty(t, res.Header.Get("Location"))
			require.Contains(t, body, "This does not work")
		})
	}
}

func TestAuthorizeRefusesWithRedirect(t *testing.T) {
	twice := query()
	twice.Add("nonce", "n-2")
	for name, test := range map[string]struct {
		query url.Values
		set   func(*fakeidp.Behavior)
		want  string
	}{
		"response type":     {query: query("response_type", "token"), want: "unsupported_response_type"},
		"response mode":     {query: query("response_mode", "fragment"), want: "invalid_request"},
		"parameter twice":   {query: twice, want: "invalid_request"},
		"request object":    {query: query("request", "x"), want: "request_not_supported"},
		"request URI":       {query: query("request_uri", "https://x"), want: "request_uri_not_supported"},
		"plain PKCE":        {query: query("code_challenge_method", "plain"), want: "invalid_request"},
		"PKCE by default":   {query: query("code_challenge_method", ""), want: "invalid_request"},
		"PKCE required":     {query: query("code_challenge", ""), set: func(b *fakeidp.Behavior) { b.RequirePKCE = true }, want: "invalid_request"},
		"max_age":           {query: query("max_age", "-1"), want: "invalid_request"},
		"prompt none":       {query: query("prompt", "none"), want: "login_required"},
		"prompt none login": {query: query("prompt", "none login"), want: "invalid_request"},
		"asked for":         {query: query(), set: func(b *fakeidp.Behavior) { b.AuthorizeError = "temporarily_unavailable" }, want: "temporarily_unavailable"},
		"approve nobody":    {query: query(), set: func(b *fakeidp.Behavior) { b.AutoApprove = "nobody" }, want: "server_error"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			if test.set != nil {
				r.Set(test.set)
			}
			answer := r.authorize(test.query)
			require.Equal(t, test.want, answer.Get("error"), answer)
			require.False(t, answer.Has("code"))
		})
	}
}

func TestPublicClientNeedsPKCE(t *testing.T) {
	r := newRig(t)
	q := query("client_id", "public", "redirect_uri", "http://127.0.0.1:7000/cb", "code_challenge", "")
	res, _ := r.get(r.URL(fakeidp.Authorize) + "?" + q.Encode())
	location, err := res.Location()
	require.NoError(t, err)
	require.Equal(t, "invalid_request", location.Query().Get("error"))
}

func TestSignInWithoutPage(t *testing.T) {
	r := newRig(t)
	subject := func(answer url.Values) any {
		_, got := r.token(codeForm(answer.Get("code")))
		claims, _ := claimsOf(t, got.IDToken)
		return claims["sub"]
	}
	require.Equal(t, "omar-2", subject(r.authorize(query("login_hint", "omar@example.com"))))
	require.Equal(t, "jane-1", subject(r.authorize(query("login_hint", "jane"))))
	r.Set(func(b *fakeidp.Behavior) { b.AutoApprove = "omar-2" })
	require.Equal(t, "omar-2", subject(r.authorize(query("prompt", "login"))))
	r.Set(func(b *fakeidp.Behavior) { b.AutoApprove = "" })

	res, body := r.get(r.URL(fakeidp.Authorize) + "?" + query("login_hint", "jane", "prompt", "select_account").Encode())
	require.Equal(t, http.StatusOK, res.StatusCode, "select_account shows the page")
	require.Contains(t, body, `value="jane-1" autofocus`)
	res, _ = r.get(r.URL(fakeidp.Authorize) + "?" + query("login_hint", "nobody").Encode())
	require.Equal(t, http.StatusOK, res.StatusCode)
}

func TestPromptNone(t *testing.T) {
	r := newRig(t)
	r.signIn()
	start := r.clock.Now()
	r.clock.Advance(time.Minute)
	code := r.authorize(query("prompt", "none")).Get("code")
	_, got := r.token(codeForm(code))
	claims, _ := claimsOf(t, got.IDToken)
	require.EqualValues(t, start.Unix(), claims["auth_time"], "the session's, not now")
	require.Equal(t, "login_required", r.authorize(query("prompt", "none", "max_age", "30")).Get("error"))
	require.NotEmpty(t, r.authorize(query("prompt", "none", "max_age", "90")).Get("code"))
	require.Equal(t, "login_required", r.authorize(query("prompt", "none", "login_hint", "omar-2")).Get("error"))
	r.RemovePerson("jane-1")
	require.Equal(t, "login_required", r.authorize(query("prompt", "none")).Get("error"))
}

func TestEndSession(t *testing.T) {
	logout := func(r *rig, pairs ...string) string {
		return r.URL(fakeidp.EndSession) + "?" + with(url.Values{}, pairs...).Encode()
	}
	signedIn := func(r *rig) bool { return r.authorize(query("prompt", "none")).Has("code") }

	t.Run("asks without a hint", func(t *testing.T) {
		r := newRig(t)
		r.signIn()
		res, body := r.get(logout(r))
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Contains(t, body, "Sign out?")
		require.True(t, signedIn(r))
		_, _ = r.post(logout(r), url.Values{"confirm": {"1"}}, "Sec-Fetch-Site", "cross-site")
		require.True(t, signedIn(r), "another site cannot confirm")
		_, body = r.post(logout(r), url.Values{"confirm": {"1"}}, "Sec-Fetch-Site", "same-origin")
		require.Contains(t, body, "signed out")
		require.False(t, signedIn(r))
	})
	t.Run("returns to the client", func(t *testing.T) {
		r := newRig(t)
		got := r.signIn()
		r.clock.Advance(24 * time.Hour) // an expired hint is a hint
		res, _ := r.get(logout(r, "id_token_hint", got.IDToken, "client_id", "app", "post_logout_redirect_uri", loggedOut, "state", "s 1"))
		require.Equal(t, http.StatusSeeOther, res.StatusCode)
		require.Equal(t, loggedOut+"?state=s+1", res.Header.Get("Location"))
		require.False(t, signedIn(r))
	})
	t.Run("refuses", func(t *testing.T) {
		r := newRig(t)
		got := r.signIn()
		r.Set(func(b *fakeidp.Behavior) { b.IDToken = fakeidp.ForeignKey })
		forged := r.signIn()
		for name, target := range map[string]string{
			"foreign address":     logout(r, "id_token_hint", got.IDToken, "post_logout_redirect_uri", "https://evil.example"),
			"callback as address": logout(r, "id_token_hint", got.IDToken, "post_logout_redirect_uri", callback),
			"address, no client":  logout(r, "post_logout_redirect_uri", loggedOut),
			"another client":      logout(r, "id_token_hint", got.IDToken, "client_id", "other"),
			"forged hint":         logout(r, "id_token_hint", forged.IDToken),
			"no token":            logout(r, "id_token_hint", "x"),
		} {
			res, _ := r.get(target)
			require.Equal(t, http.StatusBadRequest, res.StatusCode, name)
			require.Empty(t, res.Header.Get("Location"), name)
		}
		require.True(t, signedIn(r))
	})
}

// Whatever the query, the browser goes to a registered redirect URI or nowhere.
func FuzzAuthorize(f *testing.F) {
	idp, err := fakeidp.New(fakeidp.Config{
		Issuer:   "https://idp.example",
		People:   []fakeidp.Person{{Subject: "jane"}},
		Clients:  []fakeidp.Client{{ID: "app", Secret: "s", RedirectURIs: []string{callback}}},
		Behavior: fakeidp.Behavior{AutoApprove: "jane"},
	})
	require.NoError(f, err)
	f.Add(query().Encode())
	f.Add(query("redirect_uri", "https://evil.example").Encode())
	f.Add(query().Encode() + "&redirect_uri=https://evil.example")
	f.Add(query("state", "\r\nLocation: https://evil.example").Encode())
	f.Add("client_id=app&redirect_uri=%zz")
	f.Fuzz(func(t *testing.T, raw string) {
		r := httptest.NewRequest(http.MethodGet, "https://idp.example/authorize", nil)
		r.URL.RawQuery = raw
		w := httptest.NewRecorder()
		idp.ServeHTTP(w, r)
		location := w.Header().Get("Location")
		require.Equal(t, w.Code == http.StatusSeeOther, location != "")
		if location != "" {
			require.True(t, strings.HasPrefix(location, callback+"&"), location)
			require.NotContains(t, location, "\n")
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	r := newRig(t)
	r.Set(func(b *fakeidp.Behavior) { b.AutoApprove = "jane-1" })
	var codes []string
	for range 10_002 {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, r.URL(fakeidp.Authorize)+"?"+query().Encode(), nil))
		location, err := url.Parse(w.Header().Get("Location"))
		require.NoError(t, err)
		codes = append(codes, location.Query().Get("code"))
	}
	_, got := r.token(codeForm(codes[1]))
	require.Equal(t, "invalid_grant", got.Error, "the oldest are forgotten")
	_, got = r.token(codeForm(codes[2]))
	require.Empty(t, got.Error)
}
