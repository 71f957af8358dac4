package keycloak

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
)

// Config configures one client of a realm. It does not show its secret when it is printed or logged.
type Config struct {
	// RealmURL is the realm's issuer, such as "https://sso.example.com/realms/acme". Required.
	RealmURL string
	// ClientID is required.
	ClientID string
	// ClientSecret is required.
	ClientSecret string

	// IDPHint is the alias of the identity provider to which everybody is sent on. If empty, Keycloak's page offers those that there are.
	IDPHint string
	// EndSession ends the person's session in the realm too when they sign out, and with it that of other clients. If false, they stay
	// signed in there.
	EndSession bool
	// PostLogoutRedirect has Keycloak send the browser back to the app then. The app's URL must be one of the client's valid post-logout
	// redirect URIs.
	PostLogoutRedirect bool

	// HTTPClient makes the requests: without redirects, at most ten seconds and one mebibyte each, whatever its own settings
	// are. If nil, it is the ProviderContext's, or one on http.DefaultTransport.
	HTTPClient *http.Client
	// Now is the clock. If nil, it is the ProviderContext's, or time.Now.
	Now func() time.Time
	// Logger hears of failed discovery and key fetches. If nil, it is the ProviderContext's, or nobody does.
	Logger *slog.Logger

	// Options are those of every OAuth provider. [New] does not look at them.
	Options oauthadapter.Options[Profile]
}

// Format implements [fmt.Formatter] for every verb, so that the secret is never printed.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.redacted()) }

// LogValue implements [slog.LogValuer].
func (c Config) LogValue() slog.Value { return slog.StringValue(c.redacted()) }

func (c Config) redacted() string {
	return oauthclient.Redacted("keycloak", c.RealmURL, c.ClientID, c.ClientSecret)
}

func (c Config) check() error {
	var errs []error
	field := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("keycloak: Config."+format, args...))
	}
	if c.RealmURL == "" {
		field("RealmURL is required")
	} else if err := oauthclient.CheckURL(c.RealmURL); err != nil {
		field("RealmURL %w", err)
	} else if !strings.Contains(c.RealmURL, "/realms/") || strings.Contains(c.RealmURL, "?") {
		field("RealmURL %q must be a URL such as https://sso.example.com/realms/acme", c.RealmURL)
	}
	if c.ClientID == "" {
		field("ClientID is required")
	}
	if c.ClientSecret == "" {
		field("ClientSecret is required")
	}
	if c.PostLogoutRedirect && !c.EndSession {
		field("PostLogoutRedirect needs Config.EndSession")
	}
	return errors.Join(errs...)
}
