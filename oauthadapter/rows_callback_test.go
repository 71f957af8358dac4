package oauthadapter_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// TestRowF2AttemptsCrossed: a state works with its own attempt alone, even in one browser.
func TestRowF2AttemptsCrossed(t *testing.T) {
	r := newRig(t, &vendor{}, rigOptions{})
	attempts := func() map[string]string {
		all := make(map[string]string)
		for _, c := range r.browser.Cookies(provider + "/handler/frame") {
			if strings.Contains(c.Name, "~attempt~") {
				all[c.Name] = c.Value
			}
		}
		return all
	}
	first := r.start(url.Values{"scope": {"read"}})
	firstAttempt := attempts()
	second := r.start(url.Values{"scope": {"admin"}})
	for name, value := range attempts() {
		if _, ok := firstAttempt[name]; ok {
			continue
		}
		for firstName := range firstAttempt {
			require.True(t, r.browser.SetCookie(provider+"/start", firstName+"="+value+"; Path=/api/auth/demo; Secure; HttpOnly"))
		}
	}
	hop := r.callback(url.Values{"state": {first}, "code": {codeMarker}})
	require.Equal(t, "cookie_invalid", r.failure(hop))
	require.False(t, sessionSet(hop))
	require.Zero(t, r.vendor.calls())
	require.Nil(t, r.message(r.callback(url.Values{"state": {second}, "code": {codeMarker}})).Message.Error)
	require.Equal(t, []string{"admin"}, r.vendor.callbacks[0].Scopes)
}

// TestRowF2EditedAttempt: not a byte of the cookie can be changed.
func TestRowF2EditedAttempt(t *testing.T) {
	for _, edit := range []func(string) string{
		func(v string) string { return v[:len(v)-1] },
		func(v string) string { return v + "A" },
		func(v string) string { return "" },
		func(v string) string { return "A" + v[1:] + v[:1] },
		func(v string) string { return v[:40] + string(v[40]^1) + v[41:] },
	} {
		r := newRig(t, &vendor{}, rigOptions{})
		state := r.start(nil)
		for _, c := range r.browser.Cookies(provider + "/handler/frame") {
			if strings.Contains(c.Name, "~attempt~") {
				require.True(t, r.browser.SetCookie(provider+"/start", c.Name+"="+edit(c.Value)+"; Path=/api/auth/demo; Secure; HttpOnly"))
			}
		}
		hop := r.callback(url.Values{"state": {state}, "code": {codeMarker}})
		require.Equal(t, "cookie_invalid", r.failure(hop))
		require.Empty(t, hop.Location)
		require.Zero(t, r.vendor.calls())
	}
}

// TestRowF4ProvidersCrossed: one provider's answer at another's callback, with every cookie renamed to fit.
func TestRowF4ProvidersCrossed(t *testing.T) {
	honest, evil := &vendor{}, &vendor{}
	r := newRig(t, honest, rigOptions{})
	h, err := authprovider.New(authprovider.Config{BaseURL: base, AppURL: portal, Secrets: [][]byte{[]byte("0123456789abcdef0123456789abcdef")}, Issuer: r.issuer, Now: r.clock.Now,
		Providers: map[string]authprovider.ProviderFactory{
			"demo": oauthadapter.Provider(honest, oauthadapter.Options[string]{}, byEmail), "evil": oauthadapter.Provider(evil, oauthadapter.Options[string]{}, byEmail)}})
	require.NoError(t, err)
	r.browser.Host(portal, h)
	state := r.start(nil)
	for _, c := range r.browser.Cookies(provider + "/handler/frame") {
		if strings.Contains(c.Name, "~attempt~") {
			require.True(t, r.browser.SetCookie(base+"/evil/start", strings.Replace(c.Name, "demo~", "evil~", 1)+"="+c.Value+"; Path=/api/auth/evil; Secure; HttpOnly"))
		}
	}
	hop := r.browser.Do(authprovidertest.Request{URL: base + "/evil/handler/frame?" + url.Values{"state": {state}, "code": {codeMarker}}.Encode(), From: idp})
	require.Equal(t, "state_invalid", r.failure(hop))
	require.Empty(t, hop.Header.Values("Set-Cookie"))
	require.Zero(t, honest.calls()+evil.calls(), "the honest server's code must not be sent to the other")
	require.Equal(t, "sign_in_refused", r.failure(r.callback(url.Values{"state": {state}, "code": {codeMarker}})), "it got as far as the resolver: this host has no users")
	require.Equal(t, 1, honest.calls())
}

// TestRowF5Script: nothing of a provider's text or a person's profile gets out of the data block. (The page after an HTML5
// parser is tested in e2e.)
func TestRowF5Script(t *testing.T) {
	const script = "</script><script>alert(1)</script><!--\u2028\u2029&'\"\\"
	intact := func(t *testing.T, hop *authprovidertest.Hop) {
		t.Helper()
		page := string(hop.Body)
		require.Equal(t, 2, strings.Count(page, "<script"), "the data and the constant script: %s", page)
		require.Equal(t, 2, strings.Count(page, "</script>"))
		require.NotContains(t, page, "<!--")
		require.NotContains(t, page, "alert(1)</")
		data := string(messageBlock.FindSubmatch(hop.Body)[1])
		for _, raw := range []string{"<", ">", "&", "\u2028", "\u2029"} {
			require.NotContains(t, data, raw)
		}
		require.Contains(t, hop.Header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'sha256-")
		require.Equal(t, "nosniff", hop.Header.Get("X-Content-Type-Options"))
	}
	t.Run("in the provider's error", func(t *testing.T) {
		for _, code := range []string{"access_denied", script} {
			r := newRig(t, &vendor{}, rigOptions{})
			hop := r.callback(url.Values{"state": {r.start(nil)}, "error": {code}, "error_description": {script}, "error_uri": {"javascript:" + script}})
			intact(t, hop)
			require.NotContains(t, string(hop.Body), "alert", "the provider's words are for the log")
			require.Zero(t, r.vendor.calls())
			require.False(t, sessionSet(hop))
		}
	})
	t.Run("in the redirect", func(t *testing.T) {
		r := newRig(t, &vendor{}, rigOptions{})
		hop := r.callback(url.Values{"state": {r.start(url.Values{"flow": {"redirect"}, "redirectUrl": {portal + "/"}})}, "error": {script}, "error_description": {script}})
		require.Equal(t, "provider_error", r.failure(hop))
		require.NotContains(t, hop.Location, "alert")
	})
	t.Run("in the profile and the tokens", func(t *testing.T) {
		v := &vendor{authenticate: func(oauthadapter.CallbackRequest) (*oauthadapter.Result[string], error) {
			res := jane("1")
			res.Profile.DisplayName, res.Profile.Picture = script, "javascript:"+script
			res.Session.AccessToken, res.Session.Scope = script, script
			return res, nil
		}}
		r := newRig(t, v, rigOptions{})
		hop := r.signIn(nil)
		intact(t, hop)
		require.Equal(t, script, r.message(hop).Message.Response["profile"].(map[string]any)["displayName"], "whole, as data")
	})
	t.Run("in a refusal of ours", func(t *testing.T) {
		v := &vendor{authenticate: func(oauthadapter.CallbackRequest) (*oauthadapter.Result[string], error) {
			return nil, &authprovider.Error{Kind: authprovider.ErrNotAllowed, Message: script}
		}}
		r := newRig(t, v, rigOptions{})
		hop := r.signIn(nil)
		intact(t, hop)
		require.Equal(t, script, r.message(hop).Message.Error.Message)
	})
	t.Run("unsolicited", func(t *testing.T) {
		r := newRig(t, &vendor{}, rigOptions{})
		for _, name := range []string{"state", "error", "error_description", "code", "iss", "env", "flow", "redirectUrl"} {
			hop := r.browser.Do(authprovidertest.Request{URL: provider + "/handler/frame?" + url.Values{name: {script}}.Encode()})
			intact(t, hop)
			require.NotContains(t, string(hop.Body), "alert", "nothing is echoed")
			require.Empty(t, hop.Header.Values("Set-Cookie"))
		}
	})
}

// TestRowF6F7Answers: the result goes to one origin, the opener is not cut off, and nothing is kept on the way.
func TestRowF6F7Answers(t *testing.T) {
	const other = "https://other.example.com"
	r := newRig(t, &vendor{}, rigOptions{config: authprovider.Config{BaseURL: base, AppURL: portal, AllowedOrigins: []string{other}}})
	kept := func(hop *authprovidertest.Hop) {
		require.Equal(t, "no-store", hop.Header.Get("Cache-Control"))
		require.Equal(t, "no-referrer", hop.Header.Get("Referrer-Policy"))
		require.NotContains(t, string(hop.Body)+hop.Location, codeMarker)
	}
	began := r.browser.OpenUntil(other, provider+"/start?origin="+other, atVendor)
	kept(began)
	require.Equal(t, "unsafe-none", began.Header.Get("Cross-Origin-Opener-Policy"))
	popup := r.callback(url.Values{"state": {stateOf(t, began)}, "code": {codeMarker}})
	kept(popup)
	require.Equal(t, "unsafe-none", popup.Header.Get("Cross-Origin-Opener-Policy"))
	require.Equal(t, other, r.message(popup).TargetOrigin)
	require.NotContains(t, string(popup.Body), stateOf(t, began))

	kept(r.signIn(url.Values{"origin": {other}, "flow": {"redirect"}, "redirectUrl": {other + "/home"}}))
	kept(r.callback(url.Values{"state": {"forged"}, "code": {codeMarker}}))
}

// failsInBothFlows spoils a sign-in at the provider and checks that it is refused, and that only cookies are expired.
func failsInBothFlows(t *testing.T, spoil func(*authprovidertest.Behavior), code string, calls int) {
	t.Helper()
	for _, flow := range []string{"popup", "redirect"} {
		var spoiled authprovidertest.Behavior
		spoil(&spoiled)
		w := newWorld(t, func(host *authprovider.Config, c *oidcprovider.Config) {
			if spoiled.TokenAnswer == authprovidertest.StallAnswer {
				c.HTTPClient = &http.Client{Timeout: 1500 * time.Millisecond} // so that nobody waits for the ten seconds
			}
		})
		w.idp.Set(spoil)
		hop := w.browser.OpenUntil(portal, provider+"/start?flow="+flow+"&redirectUrl="+portal+"/home", func(target string) bool { return strings.HasPrefix(target, portal+"/home") })
		if flow == "popup" {
			p := readPosted(t, hop)
			require.Equal(t, portal, p.TargetOrigin)
			require.Nil(t, p.Message.Response)
			require.Equal(t, code, p.Message.Error.Code)
		} else {
			require.Contains(t, hop.Location, "&error_code="+code)
		}
		for name, c := range setCookies(hop) {
			require.Negative(t, c.MaxAge, name)
		}
		require.Equal(t, calls, w.calls(), "a code is sent once")
		require.Zero(t, w.idp.Calls(authprovidertest.Elsewhere))
		require.Contains(t, w.lastEvent(t), " frame "+code)
	}
}

// TestRowF8IDTokens: each fault alone. (The checks themselves are oidcprovider's.)
func TestRowF8IDTokens(t *testing.T) {
	for _, fault := range []authprovidertest.IDTokenFault{authprovidertest.WrongNonce, authprovidertest.MissingNonce, authprovidertest.WrongAudience, authprovidertest.ExtraAudience,
		authprovidertest.WrongIssuer, authprovidertest.WrongAzp, authprovidertest.WrongAtHash, authprovidertest.Expired, authprovidertest.FutureIssuedAt,
		authprovidertest.DuplicateClaim, authprovidertest.CaseTwinClaim, authprovidertest.AlgNone, authprovidertest.BadSignature, authprovidertest.ForeignKey} {
		t.Run(string(fault), func(t *testing.T) {
			failsInBothFlows(t, func(b *authprovidertest.Behavior) { b.IDToken = fault }, "id_token_invalid", 1)
		})
	}
	t.Run("userinfo of another person", func(t *testing.T) {
		failsInBothFlows(t, func(b *authprovidertest.Behavior) { b.UserInfoSubject = authprovidertest.Joe }, "userinfo_subject_mismatch", 1)
	})
}

// TestRowF9HostileAnswers: whatever the provider's endpoints send, the answer comes in time and sets nothing.
func TestRowF9HostileAnswers(t *testing.T) {
	for _, fault := range []authprovidertest.AnswerFault{authprovidertest.ServerErrorAnswer, authprovidertest.UnavailableAnswer, authprovidertest.HangUpAnswer, authprovidertest.RedirectAnswer,
		authprovidertest.MalformedAnswer, authprovidertest.HTMLAnswer, authprovidertest.HugeAnswer, authprovidertest.GzipBombAnswer, authprovidertest.StallAnswer} {
		t.Run("token: "+string(fault), func(t *testing.T) {
			failsInBothFlows(t, func(b *authprovidertest.Behavior) { b.TokenAnswer = fault }, "provider_unavailable", 1)
		})
		t.Run("userinfo: "+string(fault), func(t *testing.T) {
			if fault == authprovidertest.StallAnswer {
				return // waits for the same time-out once more
			}
			failsInBothFlows(t, func(b *authprovidertest.Behavior) { b.UserInfoAnswer = fault }, "provider_unavailable", 1)
		})
	}
	t.Run("token type", func(t *testing.T) {
		failsInBothFlows(t, func(b *authprovidertest.Behavior) { b.TokenType = "mac" }, "provider_unavailable", 1)
	})
	for text, want := range map[string]any{
		`-1`: nil, `0`: nil, `"3600"`: 3600.0, authprovidertest.Omit: nil, `2147483647`: 365 * 86400.0, `9223372036854775807`: 365 * 86400.0,
	} {
		t.Run("expires_in "+text, func(t *testing.T) {
			w := newWorld(t)
			w.idp.Set(func(b *authprovidertest.Behavior) { b.ExpiresIn = text })
			p := readPosted(t, w.browser.Open(portal, provider+"/start"))
			require.Nil(t, p.Message.Error)
			got := p.Message.Response["providerInfo"].(map[string]any)["expiresInSeconds"]
			if want == nil {
				require.Nil(t, got)
				return
			}
			require.InDelta(t, want, got, 60)
			require.LessOrEqual(t, got, 365*86400.0)
		})
	}
}

// TestRowF11DeniedLeavesNoCookie: every cookie comes after the resolver and the issuer, whichever of them refuses.
func TestRowF11DeniedLeavesNoCookie(t *testing.T) {
	for name, o := range map[string]rigOptions{
		"resolver": {signIn: []authprovider.SignInResolver[*oauthadapter.Result[string]]{func(ctx, info, *authprovider.ResolverContext) (*authprovider.Identity, error) {
			return nil, authprovider.ErrNotAllowed
		}}},
		"resolver with a bad identity": {signIn: []authprovider.SignInResolver[*oauthadapter.Result[string]]{func(ctx, info, *authprovider.ResolverContext) (*authprovider.Identity, error) {
			return &authprovider.Identity{UserRef: "not a reference"}, nil
		}}},
		"transform": {options: oauthadapter.Options[string]{ProfileTransform: func(ctx, *oauthadapter.Result[string], *authprovider.ResolverContext) (authprovider.Profile, error) {
			return authprovider.Profile{}, errors.New("boom")
		}}},
		"transform that panics": {options: oauthadapter.Options[string]{ProfileTransform: func(ctx, *oauthadapter.Result[string], *authprovider.ResolverContext) (authprovider.Profile, error) {
			panic("boom")
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, &vendor{}, o)
			hop := r.signIn(nil)
			require.NotNil(t, r.message(hop).Message.Error)
			require.False(t, sessionSet(hop))
			require.Empty(t, r.issuer.Issued())
			require.Equal(t, 1, r.vendor.calls())
		})
	}
	t.Run("a vendor with neither result nor error", func(t *testing.T) {
		r := newRig(t, &vendor{authenticate: func(oauthadapter.CallbackRequest) (*oauthadapter.Result[string], error) { return nil, nil }}, rigOptions{})
		require.Equal(t, "internal_error", r.failure(r.signIn(nil)))
	})
	t.Run("a vendor that does not say whose session it is", func(t *testing.T) {
		r := newRig(t, &vendor{authenticate: func(oauthadapter.CallbackRequest) (*oauthadapter.Result[string], error) {
			res := jane("1")
			res.Session.Subject = ""
			return res, nil
		}}, rigOptions{})
		require.Equal(t, "internal_error", r.failure(r.signIn(nil)))
		require.Contains(t, r.log.String(), "without Subject")
		require.Empty(t, r.issuer.Issued())
	})
	t.Run("no code", func(t *testing.T) {
		r := newRig(t, &vendor{}, rigOptions{})
		require.Equal(t, "code_missing", r.failure(r.callback(url.Values{"state": {r.start(nil)}})))
		require.Equal(t, "code_missing", r.failure(r.callback(url.Values{"state": {r.start(nil)}, "code": {""}})))
		require.Zero(t, r.vendor.calls())
	})
}

// formPostVendor answers by form post.
type formPostVendor struct{ *vendor }

func (formPostVendor) UsesFormPost() bool { return true }

// TestFormPost: the cross-site POST comes without cookies, and becomes a GET that has them.
func TestFormPost(t *testing.T) {
	v := &vendor{}
	factories := map[string]authprovider.ProviderFactory{
		"one":          oauthadapter.Provider(formPostVendor{v}, oauthadapter.Options[string]{}, byEmail),
		"environments": oauthadapter.EnvironmentHandler(map[string]authprovider.ProviderFactory{"production": oauthadapter.Provider(formPostVendor{v}, oauthadapter.Options[string]{}, byEmail)}),
	}
	for name, factory := range factories {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, v, rigOptions{factory: factory})
			post := func(query, body string) *authprovidertest.Hop {
				return r.browser.Do(authprovidertest.Request{Method: http.MethodPost, URL: provider + "/handler/frame" + query, From: idp, Body: body})
			}
			hop := post("", url.Values{"state": {r.start(nil)}, "code": {codeMarker}}.Encode())
			require.Empty(t, hop.Sent.Values("Cookie"))
			require.Equal(t, http.StatusSeeOther, hop.Status)
			require.True(t, strings.HasPrefix(hop.Location, provider+"/handler/frame?"))
			require.Equal(t, "no-referrer", hop.Header.Get("Referrer-Policy"))
			require.Equal(t, "no-store", hop.Header.Get("Cache-Control"))
			require.Empty(t, hop.Header.Values("Set-Cookie"))
			done := r.browser.Do(authprovidertest.Request{URL: hop.Location, From: idp})
			require.Nil(t, r.message(done).Message.Error)

			before := v.calls()
			for _, bad := range [][2]string{{"?state=x", "state=y"}, {"", ""}, {"", "%zz"}, {"", "state=" + strings.Repeat("a", 20<<10)}} {
				hop := post(bad[0], bad[1])
				require.Equal(t, "form_malformed", r.failure(hop))
				require.NotNil(t, r.message(hop).Message.Error, "in the popup, and no dead page")
				require.Empty(t, hop.Location)
			}
			require.Equal(t, "parameter_repeated", r.failure(r.browser.Do(authprovidertest.Request{URL: post("", "state=a&state=b").Location, From: idp})))
			require.Equal(t, before, v.calls())
		})
	}
	t.Run("a vendor without", func(t *testing.T) {
		r := newRig(t, &vendor{}, rigOptions{})
		hop := r.browser.Do(authprovidertest.Request{Method: http.MethodPost, URL: provider + "/handler/frame", From: idp, Body: "state=x"})
		require.Equal(t, http.StatusMethodNotAllowed, hop.Status)
	})
}
