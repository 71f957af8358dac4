package oauthadapter_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
)

func signedIn(t *testing.T, v *vendor, o rigOptions) *rig {
	t.Helper()
	r := newRig(t, v, o)
	require.Nil(t, r.message(r.signIn(url.Values{"scope": {"read"}})).Message.Error)
	return r
}

func TestSessionWithoutRefreshToken(t *testing.T) {
	v := &vendor{authenticate: func(oauthadapter.CallbackRequest) (*oauthadapter.Result[string], error) {
		res := jane("1")
		res.Session.RefreshToken = ""
		return res, nil
	}}
	v.refresh = func(req oauthadapter.RefreshRequest) (*oauthadapter.Result[string], error) {
		res := jane("1")
		res.Session = req.Session
		return res, nil
	}
	r := newRig(t, v, rigOptions{})
	r.signIn(url.Values{"flow": {"redirect"}, "redirectUrl": {portal + "/"}})
	body := r.json(r.refresh())
	require.Equal(t, accessMarker+"1", body["providerInfo"].(map[string]any)["accessToken"])

	r.clock.Advance(time.Hour)
	hop := r.refresh()
	require.Equal(t, http.StatusUnauthorized, hop.Status, "the access token has ended, and the session with it")
	require.True(t, sessionCleared(hop))
	require.Len(t, v.refreshes, 1)
}

func TestSessionLife(t *testing.T) {
	day := 24 * time.Hour
	t.Run("ends without use", func(t *testing.T) {
		r := signedIn(t, &vendor{}, rigOptions{})
		r.clock.Advance(7*day + time.Minute)
		require.Equal(t, "session_missing", r.jsonError(r.refresh()))
	})
	t.Run("goes on with use, up to its duration", func(t *testing.T) {
		r := signedIn(t, &vendor{}, rigOptions{})
		for range 4 {
			r.clock.Advance(6 * day)
			r.json(r.refresh())
		}
		r.clock.Advance(6*day + time.Minute)
		require.Equal(t, "session_missing", r.jsonError(r.refresh()))
	})
	t.Run("a browser that ignores Max-Age does not live longer", func(t *testing.T) {
		r := signedIn(t, &vendor{}, rigOptions{})
		stopped := r.clock.Now()
		r.browser.Now = func() time.Time { return stopped }
		r.clock.Advance(31 * day)
		require.Equal(t, "session_missing", r.jsonError(r.refresh()))
	})
	t.Run("set by options", func(t *testing.T) {
		r := signedIn(t, &vendor{}, rigOptions{options: oauthadapter.Options[string]{SessionDuration: time.Hour}})
		r.clock.Advance(59 * time.Minute)
		r.json(r.refresh())
		r.clock.Advance(2 * time.Minute)
		require.Equal(t, "session_missing", r.jsonError(r.refresh()))
	})
}

// TestRowS8SessionBelongsToItsBrowser: a copied session cookie is of no use without the __Host- cookie of its browser.
func TestRowS8SessionBelongsToItsBrowser(t *testing.T) {
	r := signedIn(t, &vendor{}, rigOptions{})
	thief := r.browser.Other()
	for _, c := range r.browser.Cookies(provider + "/refresh") {
		if strings.Contains(c.Name, "~session") {
			require.True(t, thief.SetCookie(provider+"/start", c.Name+"="+c.Value+"; Path=/api/auth/demo; Secure; HttpOnly"))
		}
	}
	r.browser = thief
	r.start(nil) // the thief's browser gets a browser cookie of its own
	require.Equal(t, "session_missing", r.jsonError(r.refresh()))
	require.Empty(t, r.vendor.refreshes)
}

// TestRowF10SessionSize: a refresh token of any bytes comes through whole, or nothing is set.
func TestRowF10SessionSize(t *testing.T) {
	big := func(n int) *vendor {
		return &vendor{authenticate: func(oauthadapter.CallbackRequest) (*oauthadapter.Result[string], error) {
			res := jane("1")
			res.Session.RefreshToken = authprovider.Secret(strings.Repeat("r;\"\\", n/4))
			return res, nil
		}}
	}
	for _, size := range []int{100, 3_000, 4_096, 8_192, 12_000} {
		v := big(size)
		r := newRig(t, v, rigOptions{})
		hop := r.signIn(nil)
		require.Nil(t, r.message(hop).Message.Error, size)
		for _, line := range hop.Header.Values("Set-Cookie") {
			require.LessOrEqual(t, len(line), 4096)
		}
		r.json(r.refresh())
		require.Len(t, string(v.refreshes[0].Session.RefreshToken), size)
		require.Contains(t, string(v.refreshes[0].Session.RefreshToken), `;"\`)
	}
	r := newRig(t, big(13_000), rigOptions{})
	hop := r.signIn(nil)
	require.Equal(t, "internal_error", r.failure(hop))
	require.False(t, sessionSet(hop))
	require.Contains(t, r.log.String(), "server-side session store")
}

// TestWhatRests: no more of a session is kept than a refresh or a sign-out needs.
func TestWhatRests(t *testing.T) {
	v := &vendor{}
	r := signedIn(t, v, rigOptions{})
	r.json(r.refresh())
	require.Empty(t, v.refreshes[0].Session.AccessToken, "the refresh token gets another")
	require.Equal(t, idMarker+"1", string(v.refreshes[0].Session.IDToken), "the hint at sign-out")
	require.Equal(t, "read", v.refreshes[0].Session.Scope, "all that was granted")

	v = &vendor{}
	bare := struct {
		oauthadapter.OAuthHandlers[string]
		oauthadapter.Refresher[string]
	}{v, v} // it has no page to sign out at
	r = newRig(t, v, rigOptions{factory: oauthadapter.Provider(bare, oauthadapter.Options[string]{}, byEmail)})
	r.signIn(nil)
	r.json(r.refresh())
	require.Empty(t, v.refreshes[0].Session.IDToken)
}

// TestRowR3SessionDuration: a browser that ignores Max-Age and refreshes in time does not live longer than the session may.
func TestRowR3SessionDuration(t *testing.T) {
	r := signedIn(t, &vendor{}, rigOptions{})
	stopped := r.clock.Now()
	r.browser.Now = func() time.Time { return stopped }
	for range 4 {
		r.clock.Advance(6 * 24 * time.Hour)
		r.json(r.refresh())
	}
	kept := r.browser.Clone()
	r.clock.Advance(6*24*time.Hour - time.Minute)
	last := r.refresh()
	r.json(last)
	require.Equal(t, 60, setCookies(last)["__Secure-demo~session"].MaxAge, "an honest browser drops it in time")
	r.browser = kept
	r.clock.Advance(2 * time.Minute)
	require.Equal(t, "session_missing", r.jsonError(r.refresh()))
}

// TestRowF10IDTokenMakesRoom: the hint for sign-out is the first to go, before the session is refused.
func TestRowF10IDTokenMakesRoom(t *testing.T) {
	v := &vendor{authenticate: func(oauthadapter.CallbackRequest) (*oauthadapter.Result[string], error) {
		res := jane("1")
		res.Session.IDToken = authprovider.Secret(strings.Repeat("i", 13_000))
		return res, nil
	}}
	r := newRig(t, v, rigOptions{})
	require.Nil(t, r.message(r.signIn(nil)).Message.Error)
	r.json(r.refresh())
	require.Empty(t, v.refreshes[0].Session.IDToken)
	require.Equal(t, refreshMarker+"1", string(v.refreshes[0].Session.RefreshToken))
}
