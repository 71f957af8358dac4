package gitea

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

// Config configures one OAuth2 application of a Gitea or Forgejo. It does not show its secret when it is printed or logged.
type Config struct {
	// BaseURL is the instance's ROOT_URL, such as "https://git.example.com". Required.
	BaseURL string
	// Issuer is what {BaseURL}/.well-known/openid-configuration says that it is. If empty, it is BaseURL exactly as written here. Gitea has
	// written a slash at its end until 1.24 and none since, unless JWT_CLAIM_ISSUER says otherwise.
	Issuer string
	// ClientID is required.
	ClientID string
	// ClientSecret is required.
	ClientSecret string

	// ConfirmsEmail says that the instance has REGISTER_EMAIL_CONFIRM on, or has all its accounts from a directory, so that an address which
	// Gitea calls verified is. If false, no address is more than of unknown verification.
	ConfirmsEmail bool

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
	return oauthclient.Redacted("gitea", c.BaseURL, c.ClientID, c.ClientSecret)
}

func (c Config) check() error {
	var errs []error
	field := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("gitea: Config."+format, args...))
	}
	if c.BaseURL == "" {
		field("BaseURL is required")
	} else if err := oauthclient.CheckURL(c.BaseURL); err != nil {
		field("BaseURL %w", err)
	} else if strings.Contains(c.BaseURL, "?") {
		field("BaseURL %.200q must be a URL without query", c.BaseURL)
	}
	if c.ClientID == "" {
		field("ClientID is required")
	}
	if c.ClientSecret == "" {
		field("ClientSecret is required")
	}
	return errors.Join(errs...)
}

// issuer returns the issuer identifier and where its metadata is.
func (c Config) issuer() (issuer, discovery string) {
	if c.Issuer == "" {
		return c.BaseURL, ""
	}
	return c.Issuer, strings.TrimRight(c.BaseURL, "/")
}
