package oauthadapter_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
)

// TestRowR9Logout and R10, where the provider's sign-out page is checked.
func TestRowR9Logout(t *testing.T) {
	t.Run("clears, revokes and says nothing", func(t *testing.T) {
		r := signedIn(t, &vendor{}, rigOptions{})
		hop := r.logout()
		require.Equal(t, http.StatusOK, hop.Status)
		require.Empty(t, hop.Body)
		require.True(t, sessionCleared(hop))
		require.Equal(t, refreshMarker+"1", string(r.vendor.revoked[0].RefreshToken))
		require.Equal(t, "logged_out", r.lastEvent())
		require.Equal(t, "session_missing", r.jsonError(r.refresh()))
	})
	t.Run("clears even if the provider fails", func(t *testing.T) {
		for name, revoke := range map[string]func(oauthadapter.Session) error{
			"error": func(oauthadapter.Session) error { return errors.New("boom") },
			"panic": func(oauthadapter.Session) error { panic("boom") },
		} {
			r := signedIn(t, &vendor{revoke: revoke}, rigOptions{})
			hop := r.logout()
			require.Equal(t, http.StatusOK, hop.Status, name)
			require.True(t, sessionCleared(hop))
			require.Contains(t, r.log.String(), "boom")
		}
	})
	t.Run("without a session it clears too", func(t *testing.T) {
		r := newRig(t, &vendor{}, rigOptions{})
		hop := r.logout()
		require.Equal(t, http.StatusOK, hop.Status)
		require.True(t, sessionCleared(hop))
		require.Zero(t, r.vendor.calls())
	})
	t.Run("is a POST", func(t *testing.T) {
		r := signedIn(t, &vendor{}, rigOptions{})
		hop := r.fetch(http.MethodGet, "/logout", nil)
		require.Equal(t, http.StatusMethodNotAllowed, hop.Status)
		require.Equal(t, "POST", hop.Header.Get("Allow"))
		require.False(t, sessionCleared(hop))
	})
	for logoutURL, ok := range map[string]bool{
		"https://idp.example.net/logout?x=1": true,
		"http://localhost:9/logout":          true,
		"http://idp.example.net/logout":      false,
		"javascript:alert(1)":                false,
		"https://user@idp.example.net/":      false,
		"//idp.example.net/":                 false,
	} {
		t.Run("R10 logoutUrl "+logoutURL, func(t *testing.T) {
			var got oauthadapter.LogoutRequest
			v := &vendor{endSession: func(req oauthadapter.LogoutRequest) (string, error) { got = req; return logoutURL, nil }}
			r := signedIn(t, v, rigOptions{})
			hop := r.logout()
			require.Equal(t, portal+"/", got.ReturnURL)
			require.Equal(t, idMarker+"1", string(got.Session.IDToken), "kept as the hint")
			if !ok {
				require.Empty(t, hop.Body)
				return
			}
			require.Equal(t, logoutURL, r.json(hop)["logoutUrl"])
		})
	}
}

// TestRowR9LogoutOfSomebodyWhoLeaves: a closed window does not keep the token from being revoked.
func TestRowR9LogoutOfSomebodyWhoLeaves(t *testing.T) {
	w := newWorld(t)
	w.signIn(t)
	gone, leave := context.WithCancel(t.Context())
	leave()
	request := refreshRequest(gone, w.browser.Cookies(provider+"/refresh"), "")
	request.Method, request.URL.Path = http.MethodPost, strings.Replace(request.URL.Path, "refresh", "logout", 1)
	w.handler.ServeHTTP(httptest.NewRecorder(), request)
	require.Equal(t, 1, w.idp.Calls(authprovidertest.Revoke))
}
