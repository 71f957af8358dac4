package google

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
)

const issuer = "https://accounts.google.com"

// Config configures one OAuth client of Google's. It does not show its secret when it is printed or logged.
type Config struct {
	// ClientID is required.
	ClientID string
	// ClientSecret is required.
	ClientSecret string

	// HostedDomains are the Google Workspace or Cloud Identity domains, such as "example.com", whose accounts may sign in; all others are
	// refused, among them consumer accounts, which have none. If nil, every Google account may.
	HostedDomains []string
	// Prompt is the prompt parameter, such as "consent select_account". If empty, it is "consent": without that Google gives a refresh token
	// at a person's first sign-in only, and the session of their next browser ends after an hour. With OnlineAccess it is none.
	Prompt string
	// OnlineAccess asks for no refresh token, and so for no consent but the first. Sessions end with their access token, after an hour.
	OnlineAccess bool

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
	return oauthclient.Redacted("google", issuer, c.ClientID, c.ClientSecret)
}

var domainForm = regexp.MustCompile(`^([a-z0-9][a-z0-9-]*\.)+[a-z0-9][a-z0-9-]*$`)

func (c Config) check() error {
	var errs []error
	if c.ClientID == "" {
		errs = append(errs, errors.New("google: Config.ClientID is required"))
	}
	if c.ClientSecret == "" {
		errs = append(errs, errors.New("google: Config.ClientSecret is required"))
	}
	if c.HostedDomains != nil && len(c.HostedDomains) == 0 {
		errs = append(errs, errors.New("google: Config.HostedDomains is empty but not nil: nobody could sign in"))
	}
	for _, d := range c.HostedDomains {
		if !domainForm.MatchString(d) {
			errs = append(errs, fmt.Errorf("google: Config.HostedDomains: %q is no domain in lower case such as \"example.com\"", d))
		}
	}
	return errors.Join(errs...)
}
