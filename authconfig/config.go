package authconfig

import (
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/tokenissuer"
)

// Config is what a configuration says. Both parts are the host's to complete and to change:
//
//	issuer, err := tokenissuer.New(c.Issuer)
//	c.Auth.Issuer, c.Auth.Users = issuer, users
//	handler, err := authprovider.New(c.Auth)
//
// It does not show its secrets when it is printed or logged. Its parts alone are not made to be.
type Config struct {
	// Auth has BaseURL, AppURL, AllowedOrigins, Secrets, Environment and Providers. A provider of the registry that has no section is there too, and
	// its routes answer 404 "No auth provider registered for ...".
	Auth authprovider.Config
	// Issuer has Issuer, TTL, OwnershipInToken, Algorithm and where the keys are.
	Issuer tokenissuer.Config
	// Warnings are keys that are known and have no effect.
	Warnings []Warning

	configured []string // IDs of the providers that have a section
	root       *node
	from       *substituter
}

// Warning is a key that has no effect, and why.
type Warning struct {
	File    string
	Line    int
	Key     string
	Message string
}

// String returns all of it, such as "app-config.yaml:30: auth.autologout: is the app's".
func (w Warning) String() string {
	return fmt.Sprintf("%s:%d: %s: %s", w.File, w.Line, w.Key, w.Message)
}

// Format implements [fmt.Formatter] for every verb, so that no secret is ever printed.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.redacted()) }

// LogValue implements [slog.LogValuer].
func (c Config) LogValue() slog.Value { return slog.StringValue(c.redacted()) }

func (c Config) redacted() string {
	return fmt.Sprintf("authconfig.Config{Providers:%q}", c.configured)
}

// Decode reads another part of the same files, such as "backend.database", into a struct as [NewOAuth] says. What is not there
// leaves v as it is. Errors are [Errors].
func (c *Config) Decode(path string, v any) error {
	p := reflect.ValueOf(v)
	if p.Kind() != reflect.Pointer || p.IsNil() || p.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("authconfig: Decode needs a pointer to a struct, not %T", v)
	}
	n := c.root
	for key := range strings.SplitSeq(path, ".") {
		if n = n.get(key); n == nil {
			return nil
		}
	}
	d := &decoder{substituter: c.from}
	d.structs(n, n.at, path, p.Elem())
	c.Warnings = append(c.Warnings, d.warnings...)
	if len(d.errs) > 0 {
		return sorted(d.errs)
	}
	return nil
}
