package gcpiap

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/proxytoken"
	"example.com/stagedoor/proxyauth"
)

const (
	// DefaultHeader is the header in which IAP sends its assertion.
	DefaultHeader = "X-Goog-Iap-Jwt-Assertion"

	issuer  = "https://cloud.google.com/iap"
	keysURL = "https://www.gstatic.com/iap/verify/public_key-jwk"

	// Google's documentation: 30 seconds for skew, and a lifetime of at most ten minutes and twice the skew.
	defaultLeeway = 30 * time.Second
	maxLeeway     = 5 * time.Minute
	maxLifetime   = 10 * time.Minute
)

// Config configures an [Authenticator]. Audience is required.
type Config struct {
	// Audience lists the applications behind IAP that this is; the assertion must be for one of them. Each has one of the forms
	//
	//	/projects/PROJECT_NUMBER/global/backendServices/SERVICE_ID     Compute Engine and GKE
	//	/projects/PROJECT_NUMBER/REGION/backendServices/SERVICE_ID     the same behind a regional load balancer
	//	/projects/PROJECT_NUMBER/apps/PROJECT_ID                       App Engine
	//	/projects/PROJECT_NUMBER/locations/REGION/services/SERVICE     Cloud Run
	//
	// Google's key signs for every customer: the audience is what tells our IAP from anybody's.
	Audience []string
	// HostedDomains are the Google Workspace or Cloud Identity domains, such as "example.com", whose accounts may sign in; all others
	// are refused, among them consumer, service and external accounts, which have none. If nil, IAP's policy alone decides.
	HostedDomains []string
	// Header is where the assertion is read from, if something in front renames it. If empty, it is [DefaultHeader].
	Header string
	// Leeway is how far clocks may differ, at most 5 minutes. If zero, it is 30 seconds, as Google's documentation says.
	Leeway time.Duration
	// HTTPClient fetches the keys. If nil, it is the ProviderContext's, or one of its own. Redirects are never followed.
	HTTPClient *http.Client
	// Now is the clock. If nil, it is the ProviderContext's, or time.Now.
	Now func() time.Time
	// Logger hears of failed fetches of keys. If nil, it is the ProviderContext's, or nobody does.
	Logger *slog.Logger

	// Options are those of every proxy provider. [New] does not look at them.
	Options proxyauth.Options[Result]
}

func (c *Config) check() error {
	if len(c.Audience) == 0 {
		return errors.New("gcpiap: Config.Audience is required")
	}
	for _, aud := range c.Audience {
		if !audienceForm.MatchString(aud) {
			return fmt.Errorf("gcpiap: Config.Audience: %q is none of IAP's, such as /projects/NUMBER/global/backendServices/ID", aud)
		}
	}
	if c.HostedDomains != nil && len(c.HostedDomains) == 0 {
		return errors.New("gcpiap: Config.HostedDomains is empty but not nil: nobody could sign in")
	}
	for _, d := range c.HostedDomains {
		if !domainForm.MatchString(d) {
			return fmt.Errorf("gcpiap: Config.HostedDomains: %q is no domain in lower case such as \"example.com\"", d)
		}
	}
	if c.Header != "" {
		if err := proxytoken.CheckHeaderName(c.Header); err != nil {
			return fmt.Errorf("gcpiap: Config.Header %w", err)
		}
	}
	if c.Leeway < 0 || c.Leeway > maxLeeway {
		return fmt.Errorf("gcpiap: Config.Leeway is %v, want 0 to %v", c.Leeway, maxLeeway)
	}
	return nil
}

// The forms of Google's documentation, so that an OAuth client ID or a project's name shows at construction and not as a sign-in that
// never works. Old project IDs begin with a domain: "example.com:project".
var audienceForm = regexp.MustCompile(`^/projects/[0-9]+/(` +
	`[a-z][a-z0-9-]*/backendServices/[0-9]+|` +
	`apps/[a-z][a-z0-9.:-]*|` +
	`locations/[a-z][a-z0-9-]*/services/[a-z][a-z0-9-]*)$`)

var domainForm = regexp.MustCompile(`^([a-z0-9][a-z0-9-]*\.)+[a-z0-9][a-z0-9-]*$`)

func (c *Config) expected() jose.Expected {
	return jose.Expected{
		Issuer:          issuer,
		Audiences:       c.Audience,
		Algorithms:      []jose.Algorithm{jose.ES256},
		Leeway:          c.Leeway,
		RequireIssuedAt: true,
		Now:             c.Now,
	}
}
