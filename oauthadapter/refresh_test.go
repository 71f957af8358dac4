package oauthadapter_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
)

func TestRefresh(t *testing.T) {
	r := signedIn(t, &vendor{}, rigOptions{})
	hop := r.refresh()
	body := r.json(hop)
	require.Equal(t, "user:default/jane", userRef(body))
	require.Equal(t, "read", body["providerInfo"].(map[string]any)["scope"], "no scope in the answer means what was stored")
	require.Equal(t, "no-store", hop.Header.Get("Cache-Control"))
	require.Equal(t, "nosniff", hop.Header.Get("X-Content-Type-Options"))
	require.Equal(t, "refreshed", r.lastEvent())
	require.Equal(t, refreshMarker+"1", string(r.vendor.refreshes[0].Session.RefreshToken))
	require.Empty(t, r.vendor.refreshes[0].Scopes, "nothing more is asked for than was granted")
	require.Equal(t, "read", r.vendor.refreshes[0].Session.Scope, "which is there to be looked at")

	r.json(r.fetch(http.MethodPost, "/refresh?optional&scope=read", nil))
	require.Equal(t, refreshMarker+"2", string(r.vendor.refreshes[1].Session.RefreshToken), "the rotated token reached the browser")
	require.Len(t, r.issuer.Issued(), 3, "a token for each sign-in and each refresh")
}

func TestRefreshWithoutSession(t *testing.T) {
	r := newRig(t, &vendor{}, rigOptions{})
	hop := r.refresh()
	require.Equal(t, http.StatusUnauthorized, hop.Status)
	require.Equal(t, "session_missing", r.jsonError(hop))
	require.Zero(t, r.vendor.calls())
}

// TestRowR1RequestGuard: Whatever is refused sets nothing and reaches nobody.
func TestRowR1RequestGuard(t *testing.T) {
	tests := []struct {
		name   string
		from   string
		header http.Header
		mode   string
		ok     bool
	}{
		{"the app", portal, http.Header{"X-Requested-With": {"XMLHttpRequest"}}, "cors", true},
		{"no X-Requested-With", portal, nil, "cors", false},
		{"another X-Requested-With", portal, http.Header{"X-Requested-With": {"xmlhttprequest"}}, "cors", false},
		{"two of them", portal, http.Header{"X-Requested-With": {"XMLHttpRequest", "XMLHttpRequest"}}, "cors", false},
		{"a foreign page", "https://evil.example", http.Header{"X-Requested-With": {"XMLHttpRequest"}}, "cors", false},
		{"a sibling page", "https://blog.example.com", http.Header{"X-Requested-With": {"XMLHttpRequest"}}, "cors", false},
		{"a sandboxed page", "null", http.Header{"X-Requested-With": {"XMLHttpRequest"}}, "cors", false},
		{"a navigation", portal, http.Header{"X-Requested-With": {"XMLHttpRequest"}}, "navigate", false},
	}
	for _, route := range []struct{ method, path string }{{"GET", "/refresh"}, {"POST", "/refresh"}, {"POST", "/logout"}} {
		for _, tt := range tests {
			t.Run(route.method+route.path+" "+tt.name, func(t *testing.T) {
				r := signedIn(t, &vendor{}, rigOptions{})
				before := r.vendor.calls()
				hop := r.browser.Do(authprovidertest.Request{Method: route.method, URL: provider + route.path, From: tt.from, Mode: tt.mode, Dest: "empty", Header: tt.header})
				if tt.ok {
					require.Equal(t, http.StatusOK, hop.Status)
					return
				}
				require.Equal(t, http.StatusForbidden, hop.Status)
				require.Empty(t, hop.Header.Values("Set-Cookie"))
				require.Equal(t, before, r.vendor.calls())
				require.True(t, strings.HasPrefix(r.lastEvent(), "refused:"))
			})
		}
	}
}

// TestRowR6RefreshFailures: only an ended session is cleared.
func TestRowR6RefreshFailures(t *testing.T) {
	providerError := func(status int, code string) error {
		return &oauthadapter.ProviderError{Endpoint: "token", Status: status, Code: code, Description: "words of the provider"}
	}
	tests := []struct {
		name    string
		err     error
		scope   string // "" asks for what was granted
		status  int
		code    string
		cleared bool
		event   string
	}{
		{"session ended", providerError(400, "invalid_grant"), "", 401, "session_ended", true, "refused"},
		{"session not good for more scope", providerError(400, "invalid_grant"), "more", 401, "invalid_grant", false, "refused"},
		{"scope refused", providerError(400, "invalid_scope"), "more", 401, "invalid_scope", false, "refused"},
		{"consent missing", providerError(400, "consent_required"), "", 401, "consent_required", false, "refused"},
		{"interaction needed", providerError(400, "interaction_required"), "", 401, "interaction_required", false, "refused"},
		{"too many requests", &oauthadapter.ProviderError{Endpoint: "token", Status: 429, RetryAfter: 90 * time.Second}, "", 503, "provider_unavailable", false, "failed"},
		{"provider fails", providerError(502, ""), "", 503, "provider_unavailable", false, "failed"},
		{"provider fails in words", providerError(400, "temporarily_unavailable"), "", 503, "provider_unavailable", false, "failed"},
		{"provider not reached", authprovider.ErrUnavailable, "", 503, "unavailable", false, "failed"},
		{"our client is refused", providerError(401, "invalid_client"), "", 500, "internal_error", false, "failed"},
		{"unknown", errors.New("secret cause"), "", 500, "internal_error", false, "failed"},
		{"the person is refused", &authprovider.Error{Kind: authprovider.ErrNotAllowed, Message: "Suspended."}, "", 403, "sign_in_refused", false, "refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := &vendor{}
			r := signedIn(t, v, rigOptions{})
			v.refresh = func(oauthadapter.RefreshRequest) (*oauthadapter.Result[string], error) { return nil, tt.err }
			path := "/refresh"
			if tt.scope != "" {
				path += "?scope=" + tt.scope
			}
			hop := r.fetch(http.MethodGet, path, nil)
			require.Equal(t, tt.status, hop.Status)
			require.Equal(t, tt.code, r.jsonError(hop))
			require.Equal(t, tt.cleared, sessionCleared(hop))
			require.False(t, sessionSet(hop))
			require.Equal(t, tt.event+":"+tt.code, r.lastEvent())
			require.NotContains(t, string(hop.Body), "words of the provider")
			require.NotContains(t, string(hop.Body), "secret cause")
			switch {
			case tt.name == "too many requests":
				require.Equal(t, "90", hop.Header.Get("Retry-After"))
			case tt.status == 503:
				require.Equal(t, "10", hop.Header.Get("Retry-After"))
			}
			if !tt.cleared {
				v.refresh = nil
				r.json(r.refresh()) // nobody was signed out
			}
		})
	}
}

func TestRefreshAsksForMoreScope(t *testing.T) {
	v := &vendor{required: []string{"openid"}}
	r := signedIn(t, v, rigOptions{})
	v.refresh = func(req oauthadapter.RefreshRequest) (*oauthadapter.Result[string], error) {
		res := jane("2")
		res.Session.Scope = strings.Join(req.Scopes, " ")
		return res, nil
	}
	body := r.json(r.fetch(http.MethodGet, "/refresh?scope=read+write", nil))
	require.Equal(t, []string{"read", "write", "openid"}, v.refreshes[0].Scopes)
	require.Equal(t, "read write openid", body["providerInfo"].(map[string]any)["scope"])
	r.json(r.fetch(http.MethodGet, "/refresh?scope=write", nil))
	require.Empty(t, v.refreshes[1].Scopes, "what was granted by then is not asked for again")
}

// TestRowR7RefreshNeverClaimsScopesThatWereNotGranted: what was asked for is not what was granted.
func TestRowR7RefreshNeverClaimsScopesThatWereNotGranted(t *testing.T) {
	v := &vendor{}
	r := signedIn(t, v, rigOptions{})
	body := r.json(r.fetch(http.MethodGet, "/refresh?scope=read+write", nil))
	require.Equal(t, "read", body["providerInfo"].(map[string]any)["scope"], "the answer named no scope: it granted what was stored")
}

// TestRowR5RotatedTokenReachesTheBrowser: Whatever fails on our side after the provider rotated, the browser must not keep the spent token.
func TestRowR5RotatedTokenReachesTheBrowser(t *testing.T) {
	fail := errors.New("boom")
	for name, resolver := range map[string]authprovider.SignInResolver[*oauthadapter.Result[string]]{
		"resolver fails": func(_ ctx, _ info, _ *authprovider.ResolverContext) (*authprovider.Identity, error) { return nil, fail },
		"resolver refuses": func(_ ctx, _ info, _ *authprovider.ResolverContext) (*authprovider.Identity, error) {
			return nil, authprovider.ErrNotAllowed
		},
		"resolver panics": func(_ ctx, _ info, _ *authprovider.ResolverContext) (*authprovider.Identity, error) { panic("boom") },
	} {
		t.Run(name, func(t *testing.T) {
			broken := false
			v := &vendor{}
			r := signedIn(t, v, rigOptions{signIn: []authprovider.SignInResolver[*oauthadapter.Result[string]]{
				func(c ctx, in info, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
					if broken {
						return resolver(c, in, rc)
					}
					return byEmail(c, in, rc)
				}}})
			broken = true
			hop := r.refresh()
			require.NotEqual(t, http.StatusOK, hop.Status)
			require.True(t, sessionSet(hop))
			broken = false
			r.json(r.refresh())
			require.Equal(t, refreshMarker+"2", string(v.refreshes[1].Session.RefreshToken))
		})
	}
}

// TestRowR5RefreshThatFailsHalfWay: the tokens were renewed, but then the profile could not be read.
func TestRowR5RefreshThatFailsHalfWay(t *testing.T) {
	v := &vendor{}
	r := signedIn(t, v, rigOptions{})
	v.refresh = func(oauthadapter.RefreshRequest) (*oauthadapter.Result[string], error) {
		return jane("2"), authprovider.ErrUnavailable
	}
	hop := r.refresh()
	require.Equal(t, http.StatusServiceUnavailable, hop.Status)
	require.True(t, sessionSet(hop))
	require.NotContains(t, string(hop.Body), accessMarker)
	v.refresh = nil
	r.json(r.refresh())
	require.Equal(t, refreshMarker+"2", string(v.refreshes[1].Session.RefreshToken))
}

func TestRowR11RefreshOfAnotherPersonEndsTheSession(t *testing.T) {
	v := &vendor{}
	r := signedIn(t, v, rigOptions{})
	v.refresh = func(oauthadapter.RefreshRequest) (*oauthadapter.Result[string], error) {
		res := jane("2")
		res.Session.Subject = "mallory-9"
		return res, nil
	}
	hop := r.refresh()
	require.Equal(t, http.StatusUnauthorized, hop.Status)
	require.True(t, sessionCleared(hop))
	require.Len(t, r.issuer.Issued(), 1, "for the sign-in alone")
}

func TestVendorWithoutRefresh(t *testing.T) {
	v := &vendor{}
	bare := struct {
		oauthadapter.OAuthHandlers[string]
	}{v} // hides the optional abilities
	r := newRig(t, v, rigOptions{factory: oauthadapter.Provider(bare, oauthadapter.Options[string]{}, byEmail)})
	hop := r.signIn(nil)
	require.Nil(t, r.message(hop).Message.Error)
	require.False(t, sessionSet(hop), "there is nothing to keep it for")
	require.Equal(t, http.StatusNotImplemented, r.refresh().Status)
	require.Equal(t, "redirect_flow_unsupported", r.jsonError(r.browser.Open(portal, provider+"/start?flow=redirect&redirectUrl="+portal)))
	require.Equal(t, http.StatusOK, r.logout().Status)
}

// TestRefreshKeepsWhatTheAnswerLeavesOut: refresh token and ID token of the answer before.
func TestRefreshKeepsWhatTheAnswerLeavesOut(t *testing.T) {
	v := &vendor{}
	r := signedIn(t, v, rigOptions{})
	v.refresh = func(oauthadapter.RefreshRequest) (*oauthadapter.Result[string], error) {
		res := jane("2")
		res.Session.RefreshToken, res.Session.IDToken = "", ""
		return res, nil
	}
	r.json(r.refresh())
	r.json(r.refresh())
	require.Equal(t, refreshMarker+"1", string(v.refreshes[1].Session.RefreshToken))
	require.Equal(t, idMarker+"1", string(v.refreshes[1].Session.IDToken))
}

// TestRowF9ExpiresIn: an app reckons with it, so it is neither negative nor endless, whatever the vendor says.
func TestRowF9ExpiresIn(t *testing.T) {
	for _, tt := range []struct {
		left time.Duration
		want float64
	}{{-time.Hour, 0}, {0, 0}, {1500 * time.Millisecond, 1}, {time.Hour, 3600}, {100 * 365 * 24 * time.Hour, 365 * 86400}} {
		v := &vendor{}
		r := newRig(t, v, rigOptions{})
		v.authenticate = func(oauthadapter.CallbackRequest) (*oauthadapter.Result[string], error) {
			res := jane("1")
			res.Session.ExpiresAt = r.clock.Now().Add(tt.left)
			return res, nil
		}
		require.Equal(t, tt.want, r.message(r.signIn(nil)).Message.Response["providerInfo"].(map[string]any)["expiresInSeconds"])
	}
}

// TestRowR11InvalidGrantAfterRenewal: a request for more scope may be refused while the session is good, but a refusal beside new tokens is
// about those, and ends it.
func TestRowR11InvalidGrantAfterRenewal(t *testing.T) {
	v := &vendor{}
	r := signedIn(t, v, rigOptions{})
	v.refresh = func(oauthadapter.RefreshRequest) (*oauthadapter.Result[string], error) {
		return jane("2"), &oauthadapter.ProviderError{Endpoint: "token", Code: "invalid_grant"}
	}
	hop := r.fetch(http.MethodGet, "/refresh?scope=more", nil)
	require.Equal(t, "session_ended", r.jsonError(hop))
	require.True(t, sessionCleared(hop))
	require.False(t, sessionSet(hop))
}

// normalising grants "all" for "read" and "write", as some vendors do.
type normalising struct{ *vendor }

func (normalising) ImpliedScopes(granted []string) []string {
	if slices.Contains(granted, "all") {
		return []string{"read", "write"}
	}
	return nil
}

func TestScopeImplier(t *testing.T) {
	v := &vendor{authenticate: func(oauthadapter.CallbackRequest) (*oauthadapter.Result[string], error) {
		res := jane("1")
		res.Session.Scope = "all"
		return res, nil
	}}
	r := newRig(t, v, rigOptions{factory: oauthadapter.Provider(normalising{v}, oauthadapter.Options[string]{}, byEmail)})
	p := r.message(r.signIn(url.Values{"scope": {"read"}}))
	require.Equal(t, "all read write", p.Message.Response["providerInfo"].(map[string]any)["scope"], "or the app would take it for too little")
	r.json(r.fetch(http.MethodGet, "/refresh?scope=write", nil))
	require.Empty(t, v.refreshes[0].Scopes, "what is implied is not asked for again")
}
