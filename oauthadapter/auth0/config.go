package auth0

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

// Config configures one application of an Auth0 tenant. It does not show its secret when it is printed or logged.
type Config struct {
	// Domain is the tenant's, such as "acme.eu.auth0.com", or its custom domain. Required.
	Domain string
	// ClientID is required.
	ClientID string
	// ClientSecret is required.
	ClientSecret string

	// Audience is the identifier of the API that access tokens are for. If empty, they are for nothing but Auth0's own.
	Audience string
	// Connection is the one that everybody signs in with, such as "google-oauth2". If empty, Auth0's own page offers those that there are.
	Connection string
	// ConnectionScope are further scopes to be asked for at the provider behind the connection. If empty, there are none.
	ConnectionScope string
	// Organization is the only one whose members may sign in: its ID, such as "org_9ybsU1dN2dKfDkBi", or its name, which can change, if the tenant
	// allows names. ID tokens of another one, or of none, are refused. If empty, there is no such condition.
	Organization string
	// Prompt is the prompt parameter, such as "login" or "consent". If empty, none is sent.
	Prompt string
	// FederatedLogout ends the person's session at the provider behind the connection too when they sign out, and with it that of other
	// applications there.
	FederatedLogout bool

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
	return oauthclient.Redacted("auth0", c.baseURL(), c.ClientID, c.ClientSecret)
}

// baseURL is the issuer too: Auth0 writes it with a slash at its end.
func (c Config) baseURL() string { return "https://" + c.Domain + "/" }

var (
	domainForm       = regexp.MustCompile(`^([a-z0-9][a-z0-9-]*\.)+[a-z0-9][a-z0-9-]*$`)
	organizationForm = regexp.MustCompile(`^(org_[0-9A-Za-z]+|[0-9a-z][0-9a-z_-]*)$`)
)

func (c Config) check() error {
	var errs []error
	field := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("auth0: Config."+format, args...))
	}
	if c.Domain == "" {
		field("Domain is required")
	} else if !domainForm.MatchString(c.Domain) {
		field("Domain %q is no domain in lower case such as \"acme.eu.auth0.com\"", c.Domain)
	}
	if c.ClientID == "" {
		field("ClientID is required")
	}
	if c.ClientSecret == "" {
		field("ClientSecret is required")
	}
	if c.ConnectionScope != "" && c.Connection == "" {
		field("ConnectionScope needs Config.Connection")
	}
	if c.Organization != "" && !organizationForm.MatchString(c.Organization) {
		field("Organization %q is neither an ID nor a name in lower case", c.Organization)
	}
	return errors.Join(errs...)
}
