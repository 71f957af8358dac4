package azureeasyauth

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"example.com/stagedoor/proxyauth"
)

// Config configures an authenticator. TenantID and ClientID are required, or TenantID, ClientPrincipal and Trust.
type Config struct {
	// TenantID is the directory (tenant) ID of the people who may sign in, a GUID. "common", "organizations" and "consumers" are everybody's
	// tenants and refused. Required.
	TenantID string
	// ClientID is the application (client) ID of the app registration that Easy Auth signs people in with. Required for the ID token; with
	// ClientPrincipal it may be empty, and is compared with the principal's aud, if both are there.
	ClientID string
	// AuthorityHost is the host name of Entra's national cloud, such as "login.microsoftonline.us" or "login.partner.microsoftonline.cn". If
	// empty, it is "login.microsoftonline.com".
	AuthorityHost string

	// ClientPrincipal believes the unsigned header X-MS-CLIENT-PRINCIPAL in place of the ID token: for Container Apps without token store.
	ClientPrincipal bool
	// Trust is how a request shows that it came through the platform. It is required for ClientPrincipal; for the ID token it is demanded in
	// addition. If nil, requests may come from anywhere.
	Trust *proxyauth.TrustConfig

	// HTTPClient fetches the keys. If nil, it is the ProviderContext's, or one of its own. Redirects are never followed.
	HTTPClient *http.Client
	// Now is the clock. If nil, it is the ProviderContext's, or time.Now.
	Now func() time.Time
	// Logger hears of failed fetches of keys. If nil, it is the ProviderContext's, or nobody does.
	Logger *slog.Logger

	// Options are those of every proxy provider. [New] does not look at them.
	Options proxyauth.Options[Result]
}

const (
	publicCloud = "login.microsoftonline.com"
	// personalAccounts is the tenant of all personal Microsoft accounts, "consumers" by its GUID: anybody can sign up there.
	personalAccounts = "9188040d-6c67-4c5b-b112-36a304b66dad"
)

func (c Config) check() error {
	switch {
	case c.TenantID == "":
		return errors.New("azureeasyauth: Config.TenantID is required")
	case !isGUID(c.TenantID):
		return fmt.Errorf("azureeasyauth: Config.TenantID %.64q is not the GUID of one tenant", c.TenantID)
	case strings.EqualFold(c.TenantID, personalAccounts):
		return errors.New("azureeasyauth: Config.TenantID is that of all personal Microsoft accounts: anybody can sign up there")
	case c.ClientPrincipal && c.Trust == nil:
		return errors.New("azureeasyauth: Config.Trust is required for Config.ClientPrincipal: " +
			"without it anybody who reaches the port can sign in as anybody")
	case c.ClientID == "" && !c.ClientPrincipal:
		return errors.New("azureeasyauth: Config.ClientID is required")
	case c.ClientID != "" && !isGUID(c.ClientID):
		return fmt.Errorf("azureeasyauth: Config.ClientID %.64q is not a GUID", c.ClientID)
	case c.AuthorityHost != "" && !isHostName(c.AuthorityHost):
		return fmt.Errorf("azureeasyauth: Config.AuthorityHost %.300q is not a host name such as %q", c.AuthorityHost, publicCloud)
	}
	if c.Trust != nil {
		switch name := http.CanonicalHeaderKey(c.Trust.SecretHeader); name {
		case idTokenHeader, accessTokenHeader, principalHeader, principalIDHeader, principalIDPHeader, principalNameHeader:
			return fmt.Errorf("azureeasyauth: Config.Trust.SecretHeader %q is a header of the platform's", name)
		}
	}
	return nil
}

// authority is Entra's address for the tenant.
func (c Config) authority() string {
	host := c.AuthorityHost
	if host == "" {
		host = publicCloud
	}
	return "https://" + host + "/" + strings.ToLower(c.TenantID)
}

// isGUID reports whether s is written 8-4-4-4-12, without braces.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'):
			return false
		}
	}
	return true
}

// isHostName reports whether s is a lower-case DNS name of two labels at least: no scheme, port, path, user or address.
func isHostName(s string) bool {
	labels := strings.Split(s, ".")
	if len(s) > 253 || len(labels) < 2 || strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-') {
				return false
			}
		}
	}
	return true
}
