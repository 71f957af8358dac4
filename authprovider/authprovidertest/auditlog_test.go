package authprovidertest_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/slogtest"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
)

func TestAuditLogIsAHandler(t *testing.T) {
	log := &authprovidertest.AuditLog{}
	var before int
	slogtest.Run(t, func(*testing.T) slog.Handler {
		log.Reset()
		before = 0
		return log.Logger().Handler()
	}, func(t *testing.T) map[string]any {
		text := log.Text()[before:]
		lines := strings.Split(strings.TrimSpace(text), "\n")
		var record map[string]any
		require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &record))
		return unflatten(record)
	})
}

// unflatten turns "a.b" into nested groups, which the log writes with dots.
func unflatten(flat map[string]any) map[string]any {
	out := make(map[string]any)
	for name, value := range flat {
		at := out
		parts := strings.Split(name, ".")
		for _, group := range parts[:len(parts)-1] {
			if _, ok := at[group].(map[string]any); !ok {
				at[group] = make(map[string]any)
			}
			at = at[group].(map[string]any)
		}
		if nested, ok := value.(map[string]any); ok {
			if old, ok := at[parts[len(parts)-1]].(map[string]any); ok {
				for k, v := range unflatten(nested) {
					old[k] = v
				}
				continue
			}
			value = unflatten(nested)
		}
		at[parts[len(parts)-1]] = value
	}
	return out
}

func TestAuditLogEvents(t *testing.T) {
	log := &authprovidertest.AuditLog{}
	p := newPortal(t, func(c *authprovider.Config) { c.Logger = log.Logger() })
	p.browser.SignInPopup(p.app, "openid", "email")
	p.idp.SignsIn(authprovidertest.Max) // nobody of ours
	require.Equal(t, "sign_in_refused", p.browser.SignInPopup(p.app, "openid", "email").Code())
	log.Logger().Info("something else")

	var events []authprovider.AuditEvent
	for _, e := range log.Events() {
		events = append(events, e.Event)
	}
	require.Equal(t, []authprovider.AuditEvent{authprovider.AuditStarted, authprovider.AuditSucceeded, authprovider.AuditStarted, authprovider.AuditRefused}, events)
	require.Equal(t, "user:default/jane", log.Events()[1].Attrs["user"])
	require.Equal(t, "idp", log.Last().Attrs["provider"])
	require.Equal(t, "403", log.Last().Attrs["status"])
	require.Contains(t, log.Text(), "something else")
	log.Reset()
	require.Empty(t, log.Text())
	require.Equal(t, authprovidertest.AuditEntry{}, log.Last())
}
