package authprovider

import (
	"context"
	"log/slog"
)

// AuditEvent is one line of the audit log.
type AuditEvent string

const (
	AuditStarted   AuditEvent = "started"    // a sign-in was sent to the provider
	AuditSucceeded AuditEvent = "succeeded"  // a sign-in was completed
	AuditRefreshed AuditEvent = "refreshed"  // a session was refreshed
	AuditLoggedOut AuditEvent = "logged_out" // a session was ended
	AuditRefused   AuditEvent = "refused"    // a request or a person was turned down
	AuditFailed    AuditEvent = "failed"     // something of ours or of the provider's failed
)

// AuditMessage is the message of every audit log entry, to filter by.
const AuditMessage = "auth"

// Audit logs an event: level Info, and Error for [AuditFailed], with the attributes event, provider, environment and those given.
// Attributes never hold a token, code, cookie or raw header.
func (pc *ProviderContext) Audit(ctx context.Context, event AuditEvent, attrs ...slog.Attr) {
	level := slog.LevelInfo
	if event == AuditFailed {
		level = slog.LevelError
	}
	if !pc.Logger.Enabled(ctx, level) {
		return
	}
	all := append(make([]slog.Attr, 0, 3+len(attrs)),
		slog.String("event", string(event)), slog.String("provider", pc.ProviderID), slog.String("environment", pc.Environment))
	pc.Logger.LogAttrs(ctx, level, AuditMessage, append(all, attrs...)...)
}
