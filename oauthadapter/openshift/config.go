package openshift

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

// Config configures one OAuthClient of a cluster. It does not show its secret when it is printed or logged.
type Config struct {
	// OAuthURL is the address of the cluster's OAuth server, such as "https://oauth-openshift.apps.example.com": the issuer in
	// {APIURL}/.well-known/oauth-authorization-server. Required.
	OAuthURL string
	// APIURL is the address of the cluster's API server, such as "https://api.example.com:6443". Required.
	APIURL string
	// ClientID is the name of the OAuthClient. Required.
	ClientID string
	// ClientSecret is required.
	ClientSecret string

	// IdentityOnly asks for the scope user:info in place of user:full: the token then tells who the person is and nothing else. Signing out
	// forgets it, since it cannot delete itself.
	IdentityOnly bool

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
	return oauthclient.Redacted("openshift", c.OAuthURL, c.ClientID, c.ClientSecret)
}

func (c Config) check() error {
	var errs []error
	field := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("openshift: Config."+format, args...))
	}
	for _, u := range []struct{ name, value string }{{"OAuthURL", c.OAuthURL}, {"APIURL", c.APIURL}} {
		if u.value == "" {
			field("%s is required", u.name)
		} else if err := oauthclient.CheckURL(u.value); err != nil {
			field("%s %w", u.name, err)
		} else if strings.Contains(u.value, "?") {
			field("%s %.200q must be a URL without query", u.name, u.value)
		}
	}
	if c.ClientID == "" {
		field("ClientID is required")
	}
	if c.ClientSecret == "" {
		field("ClientSecret is required")
	}
	return errors.Join(errs...)
}

func (c Config) scopes() []string {
	if c.IdentityOnly {
		return []string{"user:info"}
	}
	return []string{"user:full"}
}
