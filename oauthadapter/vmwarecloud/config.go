package vmwarecloud

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

const (
	defaultConsoleURL = "https://console.cloud.vmware.com"
	defaultIssuer     = "https://gaz.csp-vidm-prod.com"
)

// Config configures one OAuth app of an organization. It does not show its secret when it is printed or logged.
type Config struct {
	// OrganizationID is the long ID of the organization, which everybody who signs in must have chosen. Required.
	OrganizationID string
	// ClientID is the app ID. Required.
	ClientID string
	// ClientSecret is empty for apps without a secret.
	ClientSecret string

	// ConsoleURL is the address of the console. If empty, it is "https://console.cloud.vmware.com".
	ConsoleURL string
	// Issuer is what {ConsoleURL}/csp/gateway/am/api/.well-known/openid-configuration says that it is. If empty, it is
	// "https://gaz.csp-vidm-prod.com". Required with ConsoleURL.
	Issuer string

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
	return oauthclient.Redacted("vmwarecloud", c.consoleURL(), c.ClientID, c.ClientSecret)
}

func (c Config) consoleURL() string {
	if c.ConsoleURL == "" {
		return defaultConsoleURL
	}
	return strings.TrimRight(c.ConsoleURL, "/")
}

func (c Config) issuer() string {
	if c.Issuer == "" {
		return defaultIssuer
	}
	return c.Issuer
}

func (c Config) check() error {
	var errs []error
	field := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("vmwarecloud: Config."+format, args...))
	}
	if c.OrganizationID == "" {
		field("OrganizationID is required")
	}
	if c.ClientID == "" {
		field("ClientID is required")
	}
	if err := oauthclient.CheckURL(c.consoleURL()); err != nil {
		field("ConsoleURL %w", err)
	} else if strings.Contains(c.ConsoleURL, "?") {
		field("ConsoleURL %.200q must be a URL without query", c.ConsoleURL)
	}
	if c.ConsoleURL != "" && c.Issuer == "" {
		field("Issuer is required with Config.ConsoleURL")
	}
	return errors.Join(errs...)
}
