package onelogin

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

// Config configures one application of a OneLogin account. It does not show its secret when it is printed or logged.
type Config struct {
	// Issuer is the account's issuer, such as "https://acme.onelogin.com/oidc/2". Required.
	Issuer string
	// ClientID is required.
	ClientID string
	// ClientSecret is required.
	ClientSecret string
	// ClientAuthMethod is what the application's SSO tab says: "client_secret_basic" or "client_secret_post". If empty, it is
	// client_secret_basic.
	ClientAuthMethod string

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
	return oauthclient.Redacted("onelogin", c.Issuer, c.ClientID, c.ClientSecret)
}

func (c Config) check() error {
	var errs []error
	if c.Issuer == "" {
		errs = append(errs, errors.New("onelogin: Config.Issuer is required"))
	} else if err := oauthclient.CheckURL(c.Issuer); err != nil {
		errs = append(errs, fmt.Errorf("onelogin: Config.Issuer %w", err))
	} else if strings.Contains(c.Issuer, "?") {
		errs = append(errs, fmt.Errorf("onelogin: Config.Issuer %q must be a URL without query", c.Issuer))
	}
	if c.ClientID == "" {
		errs = append(errs, errors.New("onelogin: Config.ClientID is required"))
	}
	if c.ClientSecret == "" {
		errs = append(errs, errors.New("onelogin: Config.ClientSecret is required"))
	}
	switch c.ClientAuthMethod {
	case "", "client_secret_basic", "client_secret_post":
	default:
		errs = append(errs, fmt.Errorf("onelogin: Config.ClientAuthMethod %q is neither client_secret_basic nor client_secret_post", c.ClientAuthMethod))
	}
	return errors.Join(errs...)
}
