package microsoft

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
)

// Config configures one application of Microsoft Entra ID. It does not show its secret when it is printed or logged.
type Config struct {
	// TenantID is the directory (tenant) ID of the people who may sign in, a GUID, or a verified domain of that tenant, which Entra is asked
	// about at first use. "organizations" is every tenant, and needs AllowedTenants or DangerouslyAllowAnyTenant; "common" is personal
	// Microsoft accounts as well, and needs the latter. Required.
	TenantID string
	// AllowedTenants are the IDs of the tenants, GUIDs, whose people may sign in through "organizations".
	AllowedTenants []string
	// DangerouslyAllowAnyTenant lets everybody in the world sign in who has or makes a tenant, or with "common" a personal account: the
	// sign-in resolvers alone decide then, and they must not go by anything but [Profile].ObjectID and TenantID.
	DangerouslyAllowAnyTenant bool
	// AuthorityHost is the host name of the cloud: "login.microsoftonline.com", "login.microsoftonline.us" for the US government, or
	// "login.partner.microsoftonline.cn" for China. If empty, it is the first.
	AuthorityHost string
	// GraphHost is the host name of Microsoft Graph. If empty, it is that of the cloud: "graph.microsoft.com", "graph.microsoft.us" or
	// "microsoftgraph.chinacloudapi.cn". The US Department of Defense has "dod-graph.microsoft.us".
	GraphHost string

	// ClientID is the application (client) ID. Required.
	ClientID string
	// ClientSecret is required.
	ClientSecret string

	// Prompt is the prompt parameter, such as "select_account". If empty, none is sent.
	Prompt string
	// DomainHint is the domain of the people who sign in, or their tenant's ID, which spares them the page where they type it: "example.com",
	// "organizations" or "consumers". It restricts nobody. If empty, none is sent.
	DomainHint string
	// SkipProfile does not read the person's profile and photo from Microsoft Graph, and does not ask for the scope User.Read.
	SkipProfile bool
	// SkipPhoto does not read the photo.
	SkipPhoto bool
	// EndSession ends the person's session at Entra too when they sign out, and with it that of other applications. If false, they stay
	// signed in there.
	EndSession bool
	// PostLogoutRedirect has Entra send the browser back to the app then. The app's URL must be one of the application's redirect URIs.
	PostLogoutRedirect bool

	// HTTPClient makes the requests: without redirects, at most ten seconds and one mebibyte each, whatever its own settings
	// are. If nil, it is the ProviderContext's, or one on http.DefaultTransport.
	HTTPClient *http.Client
	// Now is the clock. If nil, it is the ProviderContext's, or time.Now.
	Now func() time.Time
	// Logger hears of failed discovery and key fetches, and of photos that could not be read. If nil, it is the ProviderContext's, or nobody does.
	Logger *slog.Logger

	// Options are those of every OAuth provider. [New] does not look at them. AdditionalScopes must be of one resource.
	Options oauthadapter.Options[Profile]
}

// Format implements [fmt.Formatter] for every verb, so that the secret is never printed.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.redacted()) }

// LogValue implements [slog.LogValuer].
func (c Config) LogValue() slog.Value { return slog.StringValue(c.redacted()) }

func (c Config) redacted() string {
	return oauthclient.Redacted("microsoft", c.authority(c.TenantID), c.ClientID, c.ClientSecret)
}

const (
	publicCloud = "login.microsoftonline.com"
	// personalAccounts is the tenant of all personal Microsoft accounts, "consumers" by its GUID.
	personalAccounts = "9188040d-6c67-4c5b-b112-36a304b66dad"
)

// graphHosts returns those of the cloud, the usual one first. Access tokens are sent there, so that a name must be one of Microsoft's.
func graphHosts(authorityHost string) []string {
	switch authorityHost {
	case publicCloud:
		return []string{"graph.microsoft.com"}
	case "login.microsoftonline.us":
		return []string{"graph.microsoft.us", "dod-graph.microsoft.us"}
	case "login.partner.microsoftonline.cn":
		return []string{"microsoftgraph.chinacloudapi.cn"}
	}
	return nil
}

// normalized fills in what is empty and may be, and writes tenants as ID tokens do.
func (c Config) normalized() Config {
	if c.AuthorityHost == "" {
		c.AuthorityHost = publicCloud
	}
	if hosts := graphHosts(c.AuthorityHost); c.GraphHost == "" && hosts != nil {
		c.GraphHost = hosts[0]
	}
	c.TenantID = strings.ToLower(c.TenantID)
	c.AllowedTenants = slices.Clone(c.AllowedTenants)
	for i, id := range c.AllowedTenants {
		c.AllowedTenants[i] = strings.ToLower(id)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// authority is Entra's address for a tenant, and its issuer if that is written as a GUID.
func (c Config) authority(tenant string) string {
	host := c.AuthorityHost
	if host == "" {
		host = publicCloud
	}
	return "https://" + host + "/" + tenant + "/v2.0"
}

func (c Config) manyTenants() bool { return c.TenantID == "organizations" || c.TenantID == "common" }

// severalTenants reports whether a person of one tenant could pass for one of another.
func (c Config) severalTenants() bool { return c.manyTenants() && len(c.AllowedTenants) != 1 }

var (
	guid       = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	domainForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?$`)
)

// check looks at a normalized configuration.
func (c Config) check() error {
	var errs []error
	field := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("microsoft: Config."+format, args...))
	}
	hosts := graphHosts(c.AuthorityHost)
	switch {
	case hosts == nil:
		field("AuthorityHost %.300q is none of Entra's clouds", c.AuthorityHost)
	case !slices.Contains(hosts, c.GraphHost):
		field("GraphHost %.300q is not that of the cloud %q", c.GraphHost, c.AuthorityHost)
	}
	if c.ClientID == "" {
		field("ClientID is required")
	}
	if c.ClientSecret == "" {
		field("ClientSecret is required")
	}
	if c.DomainHint != "" && c.DomainHint != "organizations" && c.DomainHint != "consumers" && !domainForm.MatchString(c.DomainHint) && !guid.MatchString(c.DomainHint) {
		field("DomainHint %.300q is no domain in lower case such as \"example.com\", and no tenant's ID", c.DomainHint)
	}
	if c.PostLogoutRedirect && !c.EndSession {
		field("PostLogoutRedirect needs Config.EndSession")
	}
	return errors.Join(append(errs, c.checkTenants()...)...)
}

func (c Config) checkTenants() (errs []error) {
	field := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("microsoft: Config."+format, args...))
	}
	switch {
	case c.TenantID == "":
		field("TenantID is required")
	case c.TenantID == personalAccounts || c.TenantID == "consumers":
		field("TenantID is that of all personal accounts: use \"common\" with Config.DangerouslyAllowAnyTenant")
	case !c.manyTenants():
		if !guid.MatchString(c.TenantID) && !domainForm.MatchString(c.TenantID) {
			field("TenantID %.300q is neither a GUID nor a domain, nor \"organizations\" or \"common\"", c.TenantID)
		}
		if c.AllowedTenants != nil || c.DangerouslyAllowAnyTenant {
			field("AllowedTenants and DangerouslyAllowAnyTenant are for other values of TenantID than one tenant")
		}
	case c.TenantID == "common" && len(c.AllowedTenants) > 0:
		// The keys of personal accounts are published with the others there, and must not vouch for a tenant of the list.
		field("TenantID \"common\" has personal accounts, which no list can have: use \"organizations\" with Config.AllowedTenants")
	case c.DangerouslyAllowAnyTenant == (len(c.AllowedTenants) > 0):
		field("TenantID %q needs either AllowedTenants or DangerouslyAllowAnyTenant: anybody can have a tenant", c.TenantID)
	}
	for _, id := range c.AllowedTenants {
		switch {
		case !guid.MatchString(id):
			field("AllowedTenants: %.300q is no GUID", id)
		case id == personalAccounts:
			field("AllowedTenants has that of all personal accounts: use \"common\" with Config.DangerouslyAllowAnyTenant")
		}
	}
	return errs
}
