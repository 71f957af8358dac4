package authprovidertest

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"example.com/stagedoor/authprovider"
)

// AuditLog is a log that remembers. Pass its Logger to [authprovider.Config.Logger]. The zero value is ready, and it is safe
// for concurrent use.
type AuditLog struct {
	mu     sync.Mutex
	events []AuditEntry    // guarded by mu
	text   strings.Builder // guarded by mu
}

// AuditEntry is one audit event.
type AuditEntry struct {
	Event authprovider.AuditEvent
	Level slog.Level
	// Attrs are the attributes as text, such as "reason", "route", "user" and "provider". Those of groups have the group's name
	// and a dot in front.
	Attrs map[string]string
}

// Logger returns a logger that writes to the log.
func (l *AuditLog) Logger() *slog.Logger { return slog.New(auditHandler{log: l}) }

// Events returns the audit events, in order.
func (l *AuditLog) Events() []AuditEntry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.events)
}

// Last returns the last audit event, or the zero value.
func (l *AuditLog) Last() AuditEntry {
	events := l.Events()
	if len(events) == 0 {
		return AuditEntry{}
	}
	return events[len(events)-1]
}

// Text returns all that was logged, as slog's text and JSON handlers write it: a secret that a log could show is in there.
func (l *AuditLog) Text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Reset forgets everything.
func (l *AuditLog) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = nil
	l.text.Reset()
}

// auditHandler is the log seen through With and WithGroup.
type auditHandler struct {
	log    *AuditLog
	prefix string // of group names
	attrs  []slog.Attr
}

var _ slog.Handler = auditHandler{}

func (h auditHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h auditHandler) Handle(ctx context.Context, r slog.Record) error {
	all := slices.Clone(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		all = append(all, h.named(a))
		return true
	})
	entry := AuditEntry{Level: r.Level, Attrs: make(map[string]string)}
	for _, a := range all {
		flatten(entry.Attrs, "", a)
	}
	entry.Event = authprovider.AuditEvent(entry.Attrs["event"])

	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	if r.Message == authprovider.AuditMessage {
		h.log.events = append(h.log.events, entry)
	}
	flat := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	flat.AddAttrs(all...)
	options := &slog.HandlerOptions{Level: r.Level}
	if err := slog.NewTextHandler(&h.log.text, options).Handle(ctx, flat); err != nil {
		return err
	}
	return slog.NewJSONHandler(&h.log.text, options).Handle(ctx, flat)
}

func (h auditHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = slices.Clone(h.attrs)
	for _, a := range attrs {
		h.attrs = append(h.attrs, h.named(a))
	}
	return h
}

func (h auditHandler) WithGroup(name string) slog.Handler {
	if name != "" {
		h.prefix += name + "."
	}
	return h
}

// named puts the names of the groups in front. An unnamed group is its members, and each of them gets the prefix.
func (h auditHandler) named(a slog.Attr) slog.Attr {
	if a.Key == "" && a.Value.Kind() == slog.KindGroup {
		members := slices.Clone(a.Value.Group())
		for i, m := range members {
			members[i] = h.named(m)
		}
		return slog.Attr{Value: slog.GroupValue(members...)}
	}
	a.Key = h.prefix + a.Key
	return a
}

func flatten(into map[string]string, prefix string, a slog.Attr) {
	value := a.Value.Resolve()
	if value.Kind() != slog.KindGroup {
		into[prefix+a.Key] = value.String()
		return
	}
	if a.Key != "" {
		prefix += a.Key + "."
	}
	for _, member := range value.Group() {
		flatten(into, prefix, member)
	}
}
