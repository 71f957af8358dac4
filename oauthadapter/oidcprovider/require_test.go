package oidcprovider_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// requireNoSecrets looks for everything that the last requests carried: errors end in logs.
func requireNoSecrets(t *testing.T, err error, w *world) {
	t.Helper()
	text := fmt.Sprintf("%v %+v %#v", err, err, err)
	secrets := []string{clientSecret, verifier, nonce}
	for _, e := range []fakeidp.Endpoint{fakeidp.Token, fakeidp.Revoke} {
		form := w.idp.Last(e).Form
		secrets = append(secrets, form.Get("code"), form.Get("refresh_token"), form.Get("token"))
	}
	secrets = append(secrets, w.idp.Last(fakeidp.UserInfo).Header.Get("Authorization"))
	for _, s := range secrets {
		if s != "" {
			require.NotContains(t, text, s)
		}
	}
}

// requireRefused: the person was turned down, for this reason and no other.
func requireRefused(t *testing.T, result oidcprovider.Result, err, want error) {
	t.Helper()
	require.Nil(t, result)
	require.ErrorIs(t, err, want)
	require.ErrorIs(t, err, authprovider.ErrAuthentication)
	require.NotErrorIs(t, err, authprovider.ErrUnavailable)
	for _, secret := range []string{clientSecret, verifier, nonce, accessToken, "marker-code", "marker-refresh-token"} {
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), secret)
	}
}

// requireSessionEnded: whoever the answer is about, it is not the person who signed in.
func requireSessionEnded(t *testing.T, result oidcprovider.Result, err error) {
	t.Helper()
	require.Nil(t, result)
	require.ErrorIs(t, err, oauthadapter.ErrSessionEnded)
	require.ErrorIs(t, err, authprovider.ErrAuthentication)
	require.NotErrorIs(t, err, authprovider.ErrUnavailable)
}

// requireInvalidGrant: the session cannot go on; the adapter clears it as after an ErrSessionEnded.
func requireInvalidGrant(t *testing.T, err error) {
	t.Helper()
	var p *oauthadapter.ProviderError
	require.ErrorAs(t, err, &p)
	require.Equal(t, "invalid_grant", p.Code)
	require.NotErrorIs(t, err, authprovider.ErrUnavailable)
}
