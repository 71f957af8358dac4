package github

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
)

// Config configures one OAuth App or GitHub App. It does not show its secret when it is printed or logged.
type Config struct {
	// ClientID is required.
	ClientID string
	// ClientSecret is required: GitHub has no public clients.
	ClientSecret string
	// EnterpriseURL is the address of a GitHub of one's own: "https://ghe.example.com" for an Enterprise Server,
	// "https://octocorp.ghe.com" for data residency. If empty, it is github.com.
	EnterpriseURL string

	// ReadOrganizations fills Profile.Organizations, and asks for the scope read:org.
	ReadOrganizations bool
	// ReadTeams fills Profile.Teams, and asks for the scope read:org.
	ReadTeams bool

	// HTTPClient makes the requests: without redirects, at most ten seconds and one mebibyte each, whatever its own settings are. If nil,
	// it is the ProviderContext's, or one on http.DefaultTransport.
	HTTPClient *http.Client
	// Now is the clock. If nil, it is the ProviderContext's, or time.Now.
	Now func() time.Time
	// Logger hears, on level debug, when GitHub refuses the list of somebody's e-mail addresses. If nil, it is the ProviderContext's, or nobody does.
	Logger *slog.Logger

	// Options are those of every OAuth provider. [New] does not look at them.
	Options oauthadapter.Options[Profile]
}

// Format implements [fmt.Formatter] for every verb, so that the secret is never printed.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.redacted()) }

// LogValue implements [slog.LogValuer].
func (c Config) LogValue() slog.Value { return slog.StringValue(c.redacted()) }

func (c Config) redacted() string {
	return oauthclient.Redacted("github", c.EnterpriseURL, c.ClientID, c.ClientSecret)
}

func (c Config) check() error {
	var errs []error
	if c.ClientID == "" {
		errs = append(errs, errors.New("github: Config.ClientID is required"))
	}
	if c.ClientSecret == "" {
		errs = append(errs, errors.New("github: Config.ClientSecret is required"))
	}
	if c.EnterpriseURL != "" {
		if err := oauthclient.CheckURL(c.EnterpriseURL); err != nil {
			errs = append(errs, fmt.Errorf("github: Config.EnterpriseURL %w", err))
		} else if strings.Contains(c.EnterpriseURL, "?") {
			errs = append(errs, fmt.Errorf("github: Config.EnterpriseURL %.200q must be a URL without query", c.EnterpriseURL))
		}
	}
	return errors.Join(errs...)
}

// bases returns where the pages and the REST API are, without a slash at the end.
func (c Config) bases() (web, api string) {
	web = strings.TrimRight(c.EnterpriseURL, "/")
	u, err := url.Parse(web)
	switch {
	case web == "", err == nil && strings.EqualFold(u.Host, "github.com"):
		return "https://github.com", "https://api.github.com"
	case err == nil && strings.HasSuffix(strings.ToLower(u.Hostname()), ".ghe.com"):
		return web, u.Scheme + "://api." + u.Host
	}
	return web, web + "/api/v3"
}

func (c Config) scopes() []string {
	if c.ReadOrganizations || c.ReadTeams {
		return []string{"read:user", "read:org"}
	}
	return []string{"read:user"}
}
