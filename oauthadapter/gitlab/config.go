package gitlab

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

const defaultBaseURL = "https://gitlab.com"

// Config configures one application of a GitLab instance. It does not show its secret when it is printed or logged.
type Config struct {
	// BaseURL is the instance's own URL, as its external_url says, such as "https://gitlab.example.com" or "https://example.com/gitlab". If
	// empty, it is "https://gitlab.com".
	BaseURL string
	// ClientID is the application ID. Required.
	ClientID string
	// ClientSecret is required.
	ClientSecret string

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
	return oauthclient.Redacted("gitlab", c.baseURL(), c.ClientID, c.ClientSecret)
}

// baseURL is the issuer too, which GitLab writes without a slash at its end.
func (c Config) baseURL() string {
	if c.BaseURL == "" {
		return defaultBaseURL
	}
	return strings.TrimRight(c.BaseURL, "/")
}

func (c Config) check() error {
	var errs []error
	if err := oauthclient.CheckURL(c.baseURL()); err != nil {
		errs = append(errs, fmt.Errorf("gitlab: Config.BaseURL %w", err))
	} else if strings.Contains(c.BaseURL, "?") {
		errs = append(errs, fmt.Errorf("gitlab: Config.BaseURL %q must be a URL without query", c.BaseURL))
	}
	if c.ClientID == "" {
		errs = append(errs, errors.New("gitlab: Config.ClientID is required"))
	}
	if c.ClientSecret == "" {
		errs = append(errs, errors.New("gitlab: Config.ClientSecret is required"))
	}
	return errors.Join(errs...)
}
