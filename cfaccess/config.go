package cfaccess

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/proxytoken"
	"example.com/stagedoor/proxyauth"
)

const (
	defaultHeader = "Cf-Access-Jwt-Assertion"
	// tokenCookie is where browsers keep the token, and what get-identity reads.
	tokenCookie = "CF_Authorization"
)

// Config says for which application of which team tokens are believed. TeamName or TeamDomain, and Audience, are required.
type Config struct {
	// TeamName is the team's name: "acme" for https://acme.cloudflareaccess.com.
	TeamName string
	// TeamDomain is the team's whole domain, such as "login.acme.com", instead of TeamName: for teams whose tokens have another issuer
	// than one under cloudflareaccess.com.
	TeamDomain string
	// Audience lists the audience (AUD) tags of the Access applications in front of this one. A token for one of them is required: without
	// that, whoever may use any other application of the team could sign in here.
	Audience []string

	// Header is where Access puts the token. If empty, it is Cf-Access-Jwt-Assertion.
	Header string
	// Cookie is where the token is looked for if the header is absent, and only then. If empty, it is CF_Authorization.
	Cookie string

	// ServiceTokens lists the service tokens that may come in. If empty, none may.
	ServiceTokens []ServiceToken

	// SkipIdentity does not ask get-identity. It saves a request per token and five minutes, and is right for hosts that need neither name
	// nor groups. A session that was revoked at Access is noticed only by get-identity: without it, a token counts until it expires.
	SkipIdentity bool
	// Cache shares the answers of get-identity between replicas. Whoever can write to it can put people into groups. If nil, or in front of
	// it, each Authenticator remembers up to 4,096 people of its own.
	Cache Cache

	// HTTPClient fetches keys and identities. Redirects are never followed, and an identity takes five seconds and one mebibyte at most. If
	// nil, it is the ProviderContext's, or one on http.DefaultTransport.
	HTTPClient *http.Client
	// Now is the clock. If nil, it is the ProviderContext's, or time.Now.
	Now func() time.Time
	// Logger hears of failed fetches of keys and of a Cache that fails. If nil, it is the ProviderContext's, or nobody does.
	Logger *slog.Logger

	// Options are those of every proxy provider. [New] does not look at them.
	Options proxyauth.Options[Result]
}

// ServiceToken is a service token of Access that may come in, and as whom.
type ServiceToken struct {
	// ClientID is the token's Client ID, such as "e367826f93b8d71185e03fe518aff3b4.access". It is compared with the common_name of tokens
	// that have no person in them, so never with a person's.
	ClientID string
	// Subject is whom the token stands for: an e-mail address, or the entity reference of a user, such as "user:default/ci-bot".
	Subject string
}

// check returns everything that is wrong with c.
func (c Config) check() error {
	var errs []error
	field := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("cfaccess: Config."+format, args...))
	}
	switch {
	case c.TeamName == "" && c.TeamDomain == "":
		field("TeamName is required")
	case c.TeamName != "" && c.TeamDomain != "":
		field("TeamName and TeamDomain exclude each other")
	case c.TeamName != "" && !isLabel(c.TeamName):
		field(`TeamName %.64q is not a name such as "acme": lower-case letters, digits and hyphens`, c.TeamName)
	case c.TeamDomain != "" && !isDomain(c.TeamDomain):
		field(`TeamDomain %.64q is not a domain such as "login.acme.com": lower-case, without scheme, port and path`, c.TeamDomain)
	}
	if len(c.Audience) == 0 {
		field("Audience is required")
	}
	for i, aud := range c.Audience {
		if aud == "" || strings.TrimSpace(aud) != aud {
			field("Audience[%d] %.64q is empty or has blanks around it", i, aud)
		}
	}
	if err := proxytoken.CheckHeaderName(c.Header); c.Header != "" && err != nil {
		field("Header %w", err)
	}
	if c.Cookie != "" && (&http.Cookie{Name: c.Cookie, Value: "x"}).Valid() != nil {
		field("Cookie %.64q is not a cookie's name", c.Cookie)
	}
	for i, s := range c.ServiceTokens {
		switch {
		case s.ClientID == "":
			field("ServiceTokens[%d].ClientID is required", i)
		case slices.ContainsFunc(c.ServiceTokens[:i], func(other ServiceToken) bool { return other.ClientID == s.ClientID }):
			field("ServiceTokens[%d].ClientID %.64q is there twice", i, s.ClientID)
		}
		switch ref, err := authprovider.ParseEntityRef(s.Subject); {
		case s.Subject == "":
			field("ServiceTokens[%d].Subject is required", i)
		case !s.isAddress() && (err != nil || !strings.EqualFold(ref.Kind, "user")):
			field("ServiceTokens[%d].Subject %.64q is neither an e-mail address nor the entity reference of a user", i, s.Subject)
		}
	}
	return errors.Join(errs...)
}

// issuer is the origin of the team, which is the exact iss of its tokens. c has been checked.
func (c Config) issuer() string {
	if c.TeamName != "" {
		return "https://" + c.TeamName + ".cloudflareaccess.com"
	}
	return "https://" + c.TeamDomain
}

// isAddress reports whether the subject is an e-mail address. An entity reference has a colon.
func (s ServiceToken) isAddress() bool {
	local, domain, ok := strings.Cut(s.Subject, "@")
	return ok && local != "" && domain != "" && !strings.Contains(domain, "@") &&
		!strings.ContainsFunc(s.Subject, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == ':' || r == '/' })
}

// isDomain reports whether s is a host name of two labels or more, and no IPv4 address. Nothing else may become the host
// that decides who is believed: a name such as "evil.example/#" would move it.
func isDomain(s string) bool {
	labels := strings.Split(s, ".")
	for _, label := range labels {
		if !isLabel(label) {
			return false
		}
	}
	return len(labels) >= 2 && len(s) <= 253 && strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

// isLabel reports whether s is one label of a host name (RFC 1123 section 2.1) as issuers write it, in lower case.
func isLabel(s string) bool {
	for i := range len(s) {
		if c := s[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-') {
			return false
		}
	}
	return s != "" && len(s) <= 63 && s[0] != '-' && s[len(s)-1] != '-'
}
