package oidcprovider

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
)

// Config configures one client of an OpenID Connect provider. It does not show its secret when it is printed or logged.
type Config struct {
	// Issuer is the provider's issuer identifier exactly as it writes it, with or without a slash at the end: https, or http on
	// loopback. Required. With "{tenantid}" in its path, as Microsoft Entra ID writes the issuer that several tenants share, the
	// iss of each ID token must be it with the token's own tid, a GUID, in that place; this needs DiscoveryURL, and CheckIDToken to say
	// which tenants may sign in, since anybody can have one.
	Issuer string
	// DiscoveryURL is where the metadata is, without /.well-known/openid-configuration, if that is not below Issuer. The metadata must name
	// Issuer all the same. If empty, it is Issuer.
	DiscoveryURL string
	// ClientID is required.
	ClientID string
	// ClientSecret is empty for public clients.
	ClientSecret string
	// ClientAuthMethod is how the client authenticates: "client_secret_basic", "client_secret_post" or "none". If empty, it is
	// client_secret_basic, or none without a secret.
	ClientAuthMethod string

	// Scopes are asked for with every sign-in; "openid" always is. If nil, they are openid, profile and email. Many providers
	// give refresh tokens only for "offline_access".
	Scopes []string
	// Prompt is the prompt parameter, such as "select_account". If empty, none is sent. "none" refuses everybody who is not
	// signed in at the provider already.
	Prompt string
	// AuthParams are further parameters of the authorization request, such as "domain_hint". Those that the protocol's security
	// rests on, such as "nonce" or "max_age", are refused.
	AuthParams map[string]string
	// AuthParamsFrom returns further parameters for one authorization request, which replace those of AuthParams. The query is that
	// of the caller, who can be anybody: it picks what it knows by name and checks it, and an error that wraps [authprovider.ErrInput]
	// refuses the start. Parameters that the protocol's security rests on are left out. If nil, nothing of the query is passed on.
	AuthParamsFrom func(query url.Values) (map[string]string, error)

	// CheckIDToken is a further condition on who may sign in, such as a domain or an organization, after all other checks of the
	// ID token. The profile holds the claims of the ID token alone. It turns the person down with an error that wraps
	// [authprovider.ErrNotAllowed]. A refresh is checked too, by the ID token that came with it or else by that of the stored session,
	// and ends if there is neither. If nil, there is no such condition.
	CheckIDToken func(idToken Profile) error

	// Algorithms are the signature algorithms that ID tokens may have, by their names in RFC 7518. If nil, all asymmetric
	// ones: RS, PS and ES with 256, 384 and 512, and EdDSA. There are no others.
	Algorithms []string
	// RequireVerifiedEmail drops an address from the default profile unless the provider says that it is verified. If false, only
	// those that it says are not verified are dropped, since many providers never send email_verified.
	RequireVerifiedEmail bool
	// SkipUserInfo does not read the userinfo endpoint when there is an ID token. Right for providers that put all claims into the
	// ID token: it saves a request with each sign-in and refresh.
	SkipUserInfo bool

	// EndSession sends the browser on to the provider's end-session page at sign-out, if it has one. If false, signing out here
	// leaves the person signed in at the provider.
	EndSession bool
	// PostLogoutRedirect asks that page to send the browser back to the app. The app's URL must be registered with the
	// provider as a post-logout redirect URI.
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
	return fmt.Sprintf("oidcprovider.Config{Issuer:%q ClientID:%q ClientSecret:%v}", c.Issuer, c.ClientID, authprovider.Secret(c.ClientSecret))
}

func (c Config) check() error {
	var errs []error
	field := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("oidcprovider: Config."+format, args...))
	}
	if c.Issuer == "" {
		field("Issuer is required")
	} else if err := checkURL(c.Issuer, true); err != nil {
		field("Issuer %w", err)
	} else if strings.ContainsAny(c.Issuer, "?#") {
		field("Issuer %q must be a URL without query and fragment", c.Issuer)
	} else {
		c.checkTenants(field)
	}
	if c.DiscoveryURL != "" {
		if err := checkURL(c.DiscoveryURL, strings.HasPrefix(c.Issuer, "http:")); err != nil {
			field("DiscoveryURL %w", err)
		} else if strings.ContainsAny(c.DiscoveryURL, "?#") {
			field("DiscoveryURL %q must be a URL without query and fragment", c.DiscoveryURL)
		}
	}
	if c.ClientID == "" {
		field("ClientID is required")
	}
	for name := range c.AuthParams {
		switch {
		case name == "":
			field("AuthParams has an empty name")
		case name == "prompt":
			field("AuthParams: use Config.Prompt")
		case oauthclient.IsProtocolParameter(name):
			field("AuthParams must not set %q", name)
		}
	}
	for _, alg := range c.Algorithms {
		if !jose.Algorithm(alg).Known() {
			field("Algorithms: %q is unknown or not asymmetric", alg)
		}
	}
	if c.PostLogoutRedirect && !c.EndSession {
		field("PostLogoutRedirect needs Config.EndSession")
	}
	return errors.Join(errs...)
}

// checkTenants reports what is missing beside an Issuer with a placeholder for the tenant.
func (c Config) checkTenants(field func(format string, args ...any)) {
	switch n := strings.Count(c.Issuer, tenantPlaceholder); {
	case n > 1:
		field("Issuer %q may have %s once", c.Issuer, tenantPlaceholder)
	case n == 1 && c.DiscoveryURL == "":
		field("DiscoveryURL is required for an Issuer with %s", tenantPlaceholder)
	case n == 1 && c.CheckIDToken == nil:
		field("CheckIDToken is required for an Issuer with %s: anybody can have a tenant", tenantPlaceholder)
	}
}

// checkURL is [oauthclient.CheckURL], but takes http on loopback only if that is permitted.
func checkURL(raw string, loopback bool) error {
	if err := oauthclient.CheckURL(raw); err != nil {
		return err
	}
	if u, err := url.Parse(raw); err != nil || u.Scheme != "https" && !loopback {
		return fmt.Errorf("%.200q must be https", raw)
	}
	return nil
}

// scopes returns the configured scopes, openid among them.
func (c Config) scopes() []string {
	if c.Scopes == nil {
		return []string{"openid", "profile", "email"}
	}
	if slices.Contains(c.Scopes, "openid") {
		return slices.Clone(c.Scopes)
	}
	return append([]string{"openid"}, c.Scopes...)
}
