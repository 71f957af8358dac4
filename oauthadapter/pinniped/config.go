package pinniped

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

// Config configures one OIDCClient of a Supervisor. It does not show its secret when it is printed or logged.
type Config struct {
	// FederationDomain is the issuer of the FederationDomain, such as "https://pinniped.example.com/acme". Required.
	FederationDomain string
	// ClientID is the name of the OIDCClient, which begins with "client.oauth.pinniped.dev-". Required.
	ClientID string
	// ClientSecret is required.
	ClientSecret string

	// ReadGroups fills Profile.Groups, and asks for the scope groups.
	ReadGroups bool
	// Audiences are those of the clusters that [Authenticator.ExchangeForCluster] may get tokens for, as their JWTAuthenticators name them. With
	// one, the scope pinniped:request-audience is asked for, and the OIDCClient needs it and the grant type of the token exchange.
	Audiences []string
	// IDPName is the display name of the identity provider to which everybody is sent on. If empty, Pinniped asks where there are several.
	IDPName string

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
	return oauthclient.Redacted("pinniped", c.FederationDomain, c.ClientID, c.ClientSecret)
}

func (c Config) check() error {
	var errs []error
	field := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("pinniped: Config."+format, args...))
	}
	if c.FederationDomain == "" {
		field("FederationDomain is required")
	} else if err := oauthclient.CheckURL(c.FederationDomain); err != nil {
		field("FederationDomain %w", err)
	} else if strings.Contains(c.FederationDomain, "?") {
		field("FederationDomain %.200q must be a URL without query", c.FederationDomain)
	}
	if c.ClientID == "" {
		field("ClientID is required")
	}
	if c.ClientSecret == "" {
		field("ClientSecret is required")
	}
	for _, audience := range c.Audiences {
		// Pinniped reserves these for its clients: a token for one of them would be a sign-in there.
		if audience == "" || audience == "pinniped-cli" || strings.Contains(audience, ".pinniped.dev") {
			field("Audiences: %.200q is no cluster's", audience)
		}
	}
	return errors.Join(errs...)
}

func (c Config) scopes() []string {
	scopes := []string{"openid", "offline_access", "username"}
	if c.ReadGroups {
		scopes = append(scopes, "groups")
	}
	if len(c.Audiences) > 0 {
		scopes = append(scopes, "pinniped:request-audience")
	}
	return scopes
}
