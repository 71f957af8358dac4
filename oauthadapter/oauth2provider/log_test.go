package oauth2provider_test

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

// What of the answers is not used is said on level debug, by name: there is neither a token nor a person in it.
func TestLog(t *testing.T) {
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo} {
		v := newAcme(t)
		v.Handle(tokenAddress, says(200, `{"access_token":"access-marker","id_token":"token-marker","token_type":"bearer"}`))
		v.Handle(userAddress, says(200, `{"id":7,"login":"person-marker","contact":{"email":null}}`))
		var log bytes.Buffer
		c := config(v)
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: level}))
		c.Fields.Picture = ""
		_, err := signIn(t, v, c)
		require.NoError(t, err)
		if level == slog.LevelInfo {
			require.Empty(t, log.String())
			continue
		}
		require.Contains(t, log.String(), "field=Name path=full_name")
		require.Contains(t, log.String(), "field=EmailVerified path=contact.verified")
		require.Contains(t, log.String(), "ID tokens")
		for _, absent := range []string{"marker", "field=ID", "field=Username", "field=Email ", "field=Picture"} {
			require.NotContains(t, log.String(), absent)
		}
	}
}
