package okta

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
)

// Config configures one application of an Okta organization. It does not show its secret when it is printed or logged.
type Config struct {
	// OrgURL is the organization's URL, such as "https://acme.okta.com", or its custom domain; not that of its admin console. Required.
	OrgURL string
	// AuthServerID is the custom authorization server, such as "default" or "aus1a2b3c". If empty, it is that of the organization.
	AuthServerID string
	// ClientID is required.
	ClientID string
	// ClientSecret is required.
	ClientSecret string

	// IDP is the ID of an identity provider at Okta, to which everybody is sent on. If empty, Okta's own rules decide.
	IDP string
	// EndSession ends the person's session at Okta too when they sign out, and with it that of other applications. If false, they stay
	// signed in there.
	EndSession bool
	// PostLogoutRedirect has Okta send the browser back to the app then. The app's URL must be one of the application's sign-out redirect
	// URIs.
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
	return oauthclient.Redacted("okta", c.issuer(), c.ClientID, c.ClientSecret)
}

func (c Config) issuer() string {
	org := strings.TrimRight(c.OrgURL, "/")
	if c.AuthServerID == "" {
		return org
	}
	return org + "/oauth2/" + c.AuthServerID
}

var idForm = regexp.MustCompile(`^[0-9A-Za-z_-]+$`)

func (c Config) check() error {
	var errs []error
	field := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("okta: Config."+format, args...))
	}
	if c.OrgURL == "" {
		field("OrgURL is required")
	} else if err := oauthclient.CheckURL(c.OrgURL); err != nil {
		field("OrgURL %w", err)
	} else if u, err := url.Parse(c.OrgURL); err != nil || strings.Trim(u.Path, "/") != "" || strings.Contains(c.OrgURL, "?") {
		field("OrgURL %q must be a URL without path and query", c.OrgURL)
	} else if org, _, _ := strings.Cut(u.Hostname(), "."); strings.HasSuffix(org, "-admin") && strings.Contains(u.Hostname(), ".okta") {
		field("OrgURL %q is that of the admin console", c.OrgURL)
	}
	if c.AuthServerID != "" && !idForm.MatchString(c.AuthServerID) {
		field("AuthServerID %q is no ID", c.AuthServerID)
	}
	if c.IDP != "" && !idForm.MatchString(c.IDP) {
		field("IDP %q is no ID", c.IDP)
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
