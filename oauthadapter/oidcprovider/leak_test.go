package oidcprovider_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/fakeidp"
)

// requireNoSecrets looks for everything that the last requests carried.
func requireNoSecrets(t *testing.T, err error, w *world) {
	t.Helper()
	text := fmt.Sprintf("%v %+v %#v", err, err, err)
	secrets := []string{clientSecret, verifier, nonce}
	for _, e := range []fakeidp.Endpoint{fakeidp.Token, fakeidp.Revoke} {
		form := w.idp.Last(e).Form
		secrets = append(secrets, form.Get("code"), form.Get("refresh_token"), form.Get("token"))
	}
	secrets = append(secrets, w.idp.Last(fakeidp.Userinfo).Header.Get("Authorization"))
	for _, s := range secrets {
		if s != "" {
			require.NotContains(t, text, s)
		}
	}
}
