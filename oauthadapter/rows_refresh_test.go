package oauthadapter_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// TestRowR1OldBrowsersAndProxies: what the guard says where there is no Origin, or no Fetch Metadata.
func TestRowR1OldBrowsersAndProxies(t *testing.T) {
	script := http.Header{"X-Requested-With": {"XMLHttpRequest"}}
	with := func(more http.Header) http.Header {
		h := script.Clone()
		for name, values := range more {
			h[name] = values
		}
		return h
	}
	for name, tt := range map[string]struct {
		header http.Header
		status int
	}{
		"neither Origin nor Fetch Metadata":    {script, 200},
		"no Origin, same origin":               {with(http.Header{"Sec-Fetch-Site": {"same-origin"}}), 200},
		"no Origin, same site":                 {with(http.Header{"Sec-Fetch-Site": {"same-site"}}), 403},
		"no Origin, cross site":                {with(http.Header{"Sec-Fetch-Site": {"cross-site"}}), 403},
		"no Origin, typed":                     {with(http.Header{"Sec-Fetch-Site": {"none"}}), 403},
		"Origin unlisted, same origin (proxy)": {with(http.Header{"Origin": {"http://dev.internal"}, "Sec-Fetch-Site": {"same-origin"}}), 200},
		"Origin unlisted":                      {with(http.Header{"Origin": {"https://evil.example"}}), 403},
		"Origin null, same origin":             {with(http.Header{"Origin": {"null"}, "Sec-Fetch-Site": {"same-origin"}}), 403},
		"two Origins":                          {with(http.Header{"Origin": {portal, "https://evil.example"}}), 403},
		"two Sec-Fetch-Sites":                  {with(http.Header{"Sec-Fetch-Site": {"same-origin", "cross-site"}}), 403},
	} {
		t.Run(name, func(t *testing.T) {
			r := signedIn(t, &vendor{}, rigOptions{})
			for _, route := range []struct{ method, path string }{{http.MethodGet, "/refresh"}, {http.MethodPost, "/logout"}} {
				before := r.vendor.calls()
				request := httptest.NewRequest(route.method, provider+route.path, nil)
				request.Header = tt.header.Clone()
				for _, c := range r.browser.Cookies(provider + "/refresh") {
					request.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
				}
				w := httptest.NewRecorder()
				r.handler.ServeHTTP(w, request)
				require.Equal(t, tt.status, w.Code, route.path)
				if tt.status != http.StatusOK {
					require.Empty(t, w.Header().Values("Set-Cookie"))
					require.Equal(t, before, r.vendor.calls())
				}
			}
		})
	}
}

// TestRowR3SessionAtRest: a copy of the cookie says nothing, and opens only with a secret that the host still has.
func TestRowR3SessionAtRest(t *testing.T) {
	v := &vendor{}
	r := signedIn(t, v, rigOptions{})
	for _, c := range r.browser.Cookies(provider + "/refresh") {
		raw, _ := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(c.Value, "1."))
		for _, marker := range []string{refreshMarker, idMarker, accessMarker, "jane"} {
			require.NotContains(t, c.Value, marker)
			require.NotContains(t, string(raw), marker)
		}
	}
	restarted := func(secrets ...string) *authprovidertest.Hop {
		c := authprovider.Config{BaseURL: base, AppURL: portal, Issuer: r.issuer, Now: r.clock.Now, Users: authprovidertest.Users(t, authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"}),
			Providers: map[string]authprovider.ProviderFactory{"demo": oauthadapter.Provider(v, oauthadapter.Options[string]{}, byEmail)}}
		for _, s := range secrets {
			c.Secrets = append(c.Secrets, []byte(s))
		}
		h, err := authprovider.New(c)
		require.NoError(t, err)
		r.browser.Host(portal, h)
		return r.refresh()
	}
	const former, next = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
	require.Equal(t, "session_missing", r.jsonError(restarted(next)))
	r.json(restarted(next, former))
	r.json(restarted(next)) // the refresh sealed it anew
	require.Equal(t, "session_missing", r.jsonError(restarted(former)))
}

// refreshes sends n refreshes with the browser's cookies at once.
func (w *world) refreshes(n int, query func(i int) string) []*httptest.ResponseRecorder {
	answers := make([]*httptest.ResponseRecorder, n)
	cookies := w.browser.Cookies(provider + "/refresh")
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			answers[i] = httptest.NewRecorder()
			w.handler.ServeHTTP(answers[i], refreshRequest(context.Background(), cookies, query(i)))
		})
	}
	wg.Wait()
	return answers
}

func refreshRequest(ctx context.Context, cookies []*http.Cookie, query string) *http.Request {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, provider+"/refresh?"+query, nil)
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	r.Header.Set("Origin", portal)
	for _, c := range cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	return r
}

// take gives the browser the cookies of an answer.
func (w *world) take(answer *httptest.ResponseRecorder) {
	for _, line := range answer.Header().Values("Set-Cookie") {
		w.browser.SetCookie(provider+"/refresh", line)
	}
}

func (w *world) signIn(t *testing.T) {
	t.Helper()
	require.Nil(t, readPosted(t, w.browser.Open(portal, provider+"/start?scope=openid+email")).Message.Error)
}

func none(int) string { return "" }

// TestRowR4RotationRace: the provider rotates refresh tokens, and revokes the session when a spent one comes back.
func TestRowR4RotationRace(t *testing.T) {
	t.Run("20 at once", func(t *testing.T) {
		w := newWorld(t)
		w.signIn(t)
		w.idp.Set(func(b *authprovidertest.Behavior) { b.TokenDelay = 50 * time.Millisecond })
		before := w.calls()
		var tokens = make(map[string]bool)
		for _, answer := range w.refreshes(20, none) {
			require.Equal(t, http.StatusOK, answer.Code, "%s", answer.Body)
			var body authprovidertest.Session
			require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &body))
			require.Equal(t, "user:default/jane", body.UserRef())
			tokens[body.ProviderInfo.AccessToken] = true
			w.take(answer)
		}
		require.Len(t, tokens, 1)
		require.Equal(t, before+1, w.calls())
		require.Equal(t, http.StatusOK, w.refreshes(1, none)[0].Code, "and the session goes on")
		require.Equal(t, before+2, w.calls())
	})
	t.Run("a straggler", func(t *testing.T) {
		w := newWorld(t)
		w.signIn(t)
		require.Equal(t, http.StatusOK, w.refreshes(1, none)[0].Code) // its answer is lost on the way
		straggler := w.refreshes(1, none)[0]
		require.Equal(t, http.StatusOK, straggler.Code)
		require.Equal(t, 2, w.calls(), "the sign-in and one refresh")
		w.take(straggler)
		require.Equal(t, http.StatusOK, w.refreshes(1, none)[0].Code)
	})
	t.Run("different scopes at once", func(t *testing.T) {
		w := newWorld(t)
		w.idp.Set(func(b *authprovidertest.Behavior) { b.Scope = "openid" }) // each wider scope has to be asked for
		w.signIn(t)
		w.idp.Set(func(b *authprovidertest.Behavior) { b.TokenDelay = 20 * time.Millisecond })
		before := w.calls()
		scopes := []string{"", "scope=openid", "scope=email", "scope=openid+email"}
		answers := w.refreshes(2*len(scopes), func(i int) string { return scopes[i%len(scopes)] })
		for _, answer := range answers {
			require.Equal(t, http.StatusOK, answer.Code, "%s", answer.Body)
			w.take(answer)
		}
		require.LessOrEqual(t, w.calls()-before, 3, "nothing more, email, and both")
		require.Equal(t, http.StatusOK, w.refreshes(1, none)[0].Code)
	})
	t.Run("a caller that leaves", func(t *testing.T) {
		w := newWorld(t)
		w.signIn(t)
		w.idp.Set(func(b *authprovidertest.Behavior) { b.TokenDelay = 100 * time.Millisecond })
		before := w.calls()
		leaving, leave := context.WithCancel(context.Background())
		cookies := w.browser.Cookies(provider + "/refresh")
		gone := make(chan *httptest.ResponseRecorder)
		go func() {
			answer := httptest.NewRecorder()
			w.handler.ServeHTTP(answer, refreshRequest(leaving, cookies, ""))
			gone <- answer
		}()
		require.Eventually(t, func() bool { return w.calls() == before+1 }, time.Minute, time.Millisecond)
		leave()
		require.Equal(t, 499, (<-gone).Code)
		answer := w.refreshes(1, none)[0]
		require.Equal(t, http.StatusOK, answer.Code, "the refresh goes on for the next")
		require.Equal(t, before+1, w.calls())
		w.take(answer)
		require.Equal(t, http.StatusOK, w.refreshes(1, none)[0].Code)
	})
}

// overtaking makes the first refresh hang in its resolver, after the provider has answered, until release is closed.
func overtaking(t *testing.T, v *vendor) (r *rig, hung chan struct{}, release chan struct{}) {
	hung, release = make(chan struct{}), make(chan struct{})
	var began atomic.Bool
	refreshing := false
	r = signedIn(t, v, rigOptions{signIn: []authprovider.SignInResolver[*oauthadapter.Result[string]]{
		func(c ctx, in info, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
			if refreshing && began.CompareAndSwap(false, true) {
				close(hung)
				<-release
			}
			return byEmail(c, in, rc)
		}}})
	refreshing = true
	return r, hung, release
}

func (r *rig) refreshAside(query string) chan *http.Response {
	cookies := r.browser.Cookies(provider + "/refresh")
	answer := make(chan *http.Response, 1)
	go func() {
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, refreshRequest(context.Background(), cookies, query))
		answer <- w.Result()
	}()
	return answer
}

// TestRowR4OvertakenAnswer: a refresh that answers late must not put back the token that another, with other scopes, has spent since.
func TestRowR4OvertakenAnswer(t *testing.T) {
	r, hung, release := overtaking(t, &vendor{})
	first := r.refreshAside("")
	<-hung
	r.json(r.fetch(http.MethodGet, "/refresh?scope=write", nil))
	close(release)
	late := <-first
	require.Equal(t, http.StatusOK, late.StatusCode)
	for _, line := range late.Header.Values("Set-Cookie") {
		require.True(t, r.browser.SetCookie(provider+"/refresh", line))
	}
	r.clock.Advance(time.Minute) // nothing is remembered: the browser's copy decides
	r.json(r.refresh())
	require.Equal(t, refreshMarker+"3", string(r.vendor.refreshes[2].Session.RefreshToken), "the newest one")
}

// TestRowR9LogoutDuringRefresh: neither a refresh under way nor one sent at the same time brings the session back.
func TestRowR9LogoutDuringRefresh(t *testing.T) {
	t.Run("between the provider's answer and ours", func(t *testing.T) {
		r, hung, release := overtaking(t, &vendor{})
		first := r.refreshAside("")
		<-hung
		require.Equal(t, http.StatusOK, r.logout().Status)
		require.Equal(t, refreshMarker+"2", string(r.vendor.revoked[0].RefreshToken), "the newest token is revoked, not the one in the cookie")
		close(release)
		late := <-first
		require.Equal(t, http.StatusUnauthorized, late.StatusCode)
		require.Empty(t, late.Header.Values("Set-Cookie"))
	})
	t.Run("while the provider is asked", func(t *testing.T) {
		w := newWorld(t)
		w.signIn(t)
		w.idp.Set(func(b *authprovidertest.Behavior) { b.TokenDelay = 100 * time.Millisecond })
		before, cookies := w.calls(), w.browser.Cookies(provider+"/refresh")
		answer := make(chan *httptest.ResponseRecorder)
		go func() {
			a := httptest.NewRecorder()
			w.handler.ServeHTTP(a, refreshRequest(context.Background(), cookies, ""))
			answer <- a
		}()
		require.Eventually(t, func() bool { return w.calls() == before+1 }, time.Minute, time.Millisecond)
		hop := w.browser.Do(authprovidertest.Request{Method: http.MethodPost, URL: provider + "/logout", From: portal, Mode: "cors", Dest: "empty", Header: http.Header{"X-Requested-With": {"XMLHttpRequest"}}})
		require.Equal(t, http.StatusOK, hop.Status)
		require.True(t, sessionCleared(hop))
		late := <-answer
		require.Equal(t, http.StatusUnauthorized, late.Code)
		require.Empty(t, late.Header().Values("Set-Cookie"))
		revoked := w.idp.Last(authprovidertest.Revoke).Form.Get("token")
		require.NotEmpty(t, revoked)
	})
	t.Run("with a copy of the cookie, just after", func(t *testing.T) {
		r := signedIn(t, &vendor{}, rigOptions{})
		before := r.browser.Clone()
		require.Equal(t, http.StatusOK, r.logout().Status)
		r.browser = before
		hop := r.refresh()
		require.Equal(t, "session_missing", r.jsonError(hop))
		require.Empty(t, hop.Header.Values("Set-Cookie"))
		require.Empty(t, r.vendor.refreshes)
	})
}

// TestSignInReplacesTheSession: the late answer to a refresh of the session before it does not put that one back.
func TestSignInReplacesTheSession(t *testing.T) {
	v := &vendor{}
	r, hung, release := overtaking(t, v)
	first := r.refreshAside("")
	<-hung
	require.Nil(t, r.message(r.signIn(nil)).Message.Error)
	close(release)
	late := <-first
	require.Empty(t, late.Header.Values("Set-Cookie"))
	r.json(r.refresh())
}

// TestRowR7R8EditedSession: chunks that are left out, swapped, doubled, stale or edited give no session, and reach nobody.
func TestRowR7R8EditedSession(t *testing.T) {
	big := func() *rig {
		v := &vendor{authenticate: func(oauthadapter.CallbackRequest) (*oauthadapter.Result[string], error) {
			res := jane("1")
			res.Session.RefreshToken = authprovider.Secret(strings.Repeat("r", 6_000))
			return res, nil
		}}
		return signedIn(t, v, rigOptions{})
	}
	const name = "__Secure-demo~session"
	for label, edit := range map[string]func(c map[string]string){
		"a chunk missing":  func(c map[string]string) { delete(c, name+".1") },
		"first missing":    func(c map[string]string) { delete(c, name) },
		"swapped":          func(c map[string]string) { c[name+".1"], c[name+".2"] = c[name+".2"], c[name+".1"] },
		"count lowered":    func(c map[string]string) { c[name] = "1" + c[name][1:] },
		"count raised":     func(c map[string]string) { c[name] = "9" + c[name][1:] },
		"count of one":     func(c map[string]string) { c[name] = "1." + c[name][2:] + c[name+".1"] + c[name+".2"] + "A" },
		"last byte off":    func(c map[string]string) { c[name+".2"] = c[name+".2"][:len(c[name+".2"])-1] },
		"edited":           func(c map[string]string) { c[name+".1"] = "AAAA" + c[name+".1"][4:] },
		"from one session": func(c map[string]string) { c[name] = "1.AAAA" },
		"browser missing":  func(c map[string]string) { delete(c, "__Host-auth-browser") },
		"browser another":  func(c map[string]string) { c["__Host-auth-browser"] = "AAAAAAAAAAAAAAAAAAAAAA" },
		"browser short":    func(c map[string]string) { c["__Host-auth-browser"] = "AAAA" },
	} {
		t.Run(label, func(t *testing.T) {
			r := big()
			sent := make(map[string]string)
			for _, c := range r.browser.Cookies(provider + "/refresh") {
				sent[c.Name] = c.Value
			}
			require.Contains(t, sent, name+".2")
			before := r.vendor.calls()
			edit(sent)
			request := refreshRequest(context.Background(), nil, "")
			for n, v := range sent {
				request.AddCookie(&http.Cookie{Name: n, Value: v})
			}
			w := httptest.NewRecorder()
			r.handler.ServeHTTP(w, request)
			require.Equal(t, http.StatusUnauthorized, w.Code)
			require.Empty(t, w.Header().Values("Set-Cookie"))
			require.Equal(t, before, r.vendor.calls())
		})
	}
	t.Run("a stale tail", func(t *testing.T) {
		r := big()
		r.vendor.refresh = func(oauthadapter.RefreshRequest) (*oauthadapter.Result[string], error) { return jane("2"), nil }
		hop := r.refresh()
		r.json(hop)
		require.Negative(t, setCookies(hop)[name+".1"].MaxAge, "the longer session's tail goes")
		require.True(t, r.browser.SetCookie(provider+"/refresh", name+".1=old; Path=/api/auth/demo; Secure"))
		r.vendor.refresh = nil
		r.json(r.refresh()) // and does no harm where it stays
	})
}

// TestRowR11RefreshedIDTokenOfAnotherPerson: whatever was asked for, the session ends, and nobody else's tokens get into it.
func TestRowR11RefreshedIDTokenOfAnotherPerson(t *testing.T) {
	for name, query := range map[string]string{"what was granted": "", "more scope": "scope=openid+email+profile"} {
		for _, fault := range []authprovidertest.IDTokenFault{authprovidertest.OtherSubject, authprovidertest.WrongIssuer, authprovidertest.WrongAudience, authprovidertest.ForeignKey} {
			t.Run(name+"/"+string(fault), func(t *testing.T) {
				w := newWorld(t, func(_ *authprovider.Config, c *oidcprovider.Config) { c.Scopes = []string{"openid", "email"} })
				require.Nil(t, readPosted(t, w.browser.Open(portal, provider+"/start?scope=openid+email+profile")).Message.Error)
				if query != "" {
					// The provider grants less, so that the same request asks for more than is stored.
					w = newWorld(t, func(_ *authprovider.Config, c *oidcprovider.Config) { c.Scopes = []string{"openid", "email"} })
					w.idp.Set(func(b *authprovidertest.Behavior) { b.Scope = "openid email" })
					require.Nil(t, readPosted(t, w.browser.Open(portal, provider+"/start?scope=openid+email+profile")).Message.Error)
				}
				w.idp.Set(func(b *authprovidertest.Behavior) { b.RefreshIDToken = fault })
				before := w.calls()
				answer := w.refreshes(1, func(int) string { return query })[0]
				require.Equal(t, before+1, w.calls())
				require.Equal(t, query != "", w.idp.Last(authprovidertest.Token).Form.Has("scope"))
				require.Equal(t, http.StatusUnauthorized, answer.Code)
				hop := &authprovidertest.Hop{Header: answer.Header()}
				require.True(t, sessionCleared(hop))
				require.False(t, sessionSet(hop))
				require.NotContains(t, answer.Body.String(), "joe")
				w.take(answer)
				require.Equal(t, http.StatusUnauthorized, w.refreshes(1, none)[0].Code)
				require.Equal(t, before+1, w.calls())
			})
		}
	}
}

// TestDecision9 is what "granted" means.
func TestDecision9GrantedScope(t *testing.T) {
	tests := []struct {
		name                      string
		asked, signIn             string // the code flow, and its answer
		refreshAsked, refreshed   string
		afterSignIn, afterRefresh string
	}{
		{"named by both answers", "read write", "read", "", "read admin", "read", "read admin"},
		{"named by none", "read write", "", "", "", "read write", "read write"},
		{"named by none, more asked at refresh", "read", "", "read write", "", "read", "read"},
		{"narrowed at refresh", "read write", "", "", "read", "read write", "read"},
		{"other separators", "read", "read,write", "", "a|b\tc", "read write", "a b c"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := &vendor{}
			v.authenticate = func(oauthadapter.CallbackRequest) (*oauthadapter.Result[string], error) {
				res := jane("1")
				res.Session.Scope = tt.signIn
				return res, nil
			}
			v.refresh = func(oauthadapter.RefreshRequest) (*oauthadapter.Result[string], error) {
				res := jane("2")
				res.Session.Scope = tt.refreshed
				return res, nil
			}
			r := newRig(t, v, rigOptions{})
			p := r.message(r.signIn(url.Values{"scope": {tt.asked}}))
			require.Equal(t, tt.afterSignIn, p.Message.Response["providerInfo"].(map[string]any)["scope"])
			body := r.json(r.fetch(http.MethodGet, "/refresh?"+url.Values{"scope": {tt.refreshAsked}}.Encode(), nil))
			require.Equal(t, tt.afterRefresh, body["providerInfo"].(map[string]any)["scope"])
			r.start(nil)
			require.Equal(t, strings.Fields(tt.afterRefresh), v.starts[1].Scopes, "and that is what is stored")
		})
	}
}
