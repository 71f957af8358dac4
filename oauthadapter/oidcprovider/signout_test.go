package oidcprovider_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/oauthadapter"
)

func TestRevoke(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator()
	s := w.signedIn(a).Session
	require.NoError(t, a.Revoke(context.Background(), s))
	form := w.idp.Last(fakeidp.Revoke).Form
	require.Equal(t, string(s.RefreshToken), form.Get("token"))
	require.Equal(t, "refresh_token", form.Get("token_type_hint"))
	_, err := refresh(a, s)
	requireInvalidGrant(t, err)

	s = w.signedIn(a).Session
	s.RefreshToken = ""
	require.NoError(t, a.Revoke(context.Background(), s))
	require.Equal(t, string(s.AccessToken), w.idp.Last(fakeidp.Revoke).Form.Get("token"))
	require.NoError(t, a.Revoke(context.Background(), oauthadapter.Session{}))
	require.Equal(t, 2, w.idp.Calls(fakeidp.Revoke))

	w.set(func(b *fakeidp.Behavior) { b.RevokeAnswer = fakeidp.Unavailable })
	err = a.Revoke(context.Background(), s)
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	requireNoSecrets(t, err, w)
}

func TestRevokeNotAdvertised(t *testing.T) {
	w := newWorld(t)
	w.set(func(b *fakeidp.Behavior) { b.NoRevoke = true })
	a := w.authenticator()
	require.NoError(t, a.Revoke(context.Background(), w.signedIn(a).Session))
	require.Zero(t, w.idp.Calls(fakeidp.Revoke))
}

func TestEndSessionURL(t *testing.T) {
	w := newWorld(t)
	req := oauthadapter.LogoutRequest{Session: oauthadapter.Session{IDToken: "the-id-token"}, ReturnURL: appURL}
	get := func() string {
		u, err := w.authenticator().EndSessionURL(context.Background(), req)
		require.NoError(t, err)
		return u
	}
	require.Empty(t, get(), "it is asked for by configuration alone")

	w.config.EndSession = true
	u, err := url.Parse(get())
	require.NoError(t, err)
	require.Equal(t, url.Values{"client_id": {"portal"}, "id_token_hint": {"the-id-token"}}, u.Query())
	u.RawQuery = ""
	require.Equal(t, w.idp.URL(fakeidp.EndSession), u.String())

	w.config.PostLogoutRedirect = true
	u, err = url.Parse(get())
	require.NoError(t, err)
	require.Equal(t, appURL, u.Query().Get("post_logout_redirect_uri"))

	w.set(func(b *fakeidp.Behavior) { b.NoEndSession = true })
	require.Empty(t, get())
}
