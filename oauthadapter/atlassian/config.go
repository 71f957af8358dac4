package atlassian

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
)

// Config configures one OAuth 2.0 (3LO) app of Atlassian's developer console. It does not show its secret when it is printed or logged.
type Config struct {
	// ClientID is required.
	ClientID string
	// ClientSecret is required.
	ClientSecret string

	// HTTPClient makes the requests: without redirects, at most ten seconds and one mebibyte each, whatever its own settings are. If nil,
	// it is the ProviderContext's, or one on http.DefaultTransport.
	HTTPClient *http.Client
	// Now is the clock. If nil, it is the ProviderContext's, or time.Now.
	Now func() time.Time
	// Logger hears, on level debug, what of the answers is not used. If nil, it is the ProviderContext's, or nobody does.
	Logger *slog.Logger

	// Options are those of every OAuth provider. [New] does not look at them.
	Options oauthadapter.Options[Profile]
}

// Format implements [fmt.Formatter] for every verb, so that the secret is never printed.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.redacted()) }

// LogValue implements [slog.LogValuer].
func (c Config) LogValue() slog.Value { return slog.StringValue(c.redacted()) }

func (c Config) redacted() string {
	return oauthclient.Redacted("atlassian", "", c.ClientID, c.ClientSecret)
}

func (c Config) check() error {
	var errs []error
	if c.ClientID == "" {
		errs = append(errs, errors.New("atlassian: Config.ClientID is required"))
	}
	if c.ClientSecret == "" {
		errs = append(errs, errors.New("atlassian: Config.ClientSecret is required"))
	}
	return errors.Join(errs...)
}
