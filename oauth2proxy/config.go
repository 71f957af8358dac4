package oauth2proxy

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"example.com/stagedoor/internal/proxytoken"
	"example.com/stagedoor/proxyauth"
)

// Headers that hold tokens.
const (
	idTokenHeader          = "X-Oauth2-Proxy-Id-Token"
	forwardedAccessToken   = "X-Forwarded-Access-Token"
	authRequestAccessToken = "X-Auth-Request-Access-Token"
)

const (
	defaultProxyPrefix = "/oauth2"
	defaultGroupsClaim = "groups"
)

// Config configures an authenticator. Issuer and Audience, or Trust and HeaderStyle, are required.
type Config struct {
	// Issuer is the exact iss of the ID tokens: the identity provider's, as in oauth2-proxy's --oidc-issuer-url. With it the ID token
	// decides who signs in.
	Issuer string
	// JWKSURL is where the issuer publishes its keys: https, or http on loopback. If empty, it is found by OpenID Connect discovery.
	JWKSURL string
	// Audience lists the client IDs of oauth2-proxy at the issuer: one of them must stand in aud. Required with Issuer.
	Audience []string
	// Header is where the ID token is, with or without "Bearer " in front; in "Authorization" it must be there. If empty, it is
	// X-OAUTH2-PROXY-ID-TOKEN.
	Header string
	// GroupsClaim is the claim with the person's groups, as in oauth2-proxy's --oidc-groups-claim. If empty, it is "groups".
	GroupsClaim string

	// HeaderStyle says which plain headers are read. It needs Trust. If empty, none are.
	HeaderStyle HeaderStyle
	// Trust is how a request shows that it came through oauth2-proxy. Without Issuer it is required, since then whoever can set a header
	// is whoever they say; with Issuer it is demanded in addition to the token. If nil, requests may come from anywhere.
	Trust *proxyauth.TrustConfig

	// ProxyPrefix is where oauth2-proxy's own pages are, its --proxy-prefix. If empty, it is "/oauth2".
	ProxyPrefix string

	// HTTPClient fetches the keys. If nil, it is the ProviderContext's, or one of its own. Redirects are never followed.
	HTTPClient *http.Client
	// Now is the clock. If nil, it is the ProviderContext's, or time.Now.
	Now func() time.Time
	// Logger hears of failed fetches of keys. If nil, it is the ProviderContext's, or nobody does.
	Logger *slog.Logger

	// Options are those of every proxy provider. [New] does not look at them.
	Options proxyauth.Options[Result]
}

func (c Config) check() error {
	switch {
	case c.Issuer == "" && (len(c.Audience) > 0 || c.JWKSURL != "" || c.Header != "" || c.GroupsClaim != ""):
		// An issuer that got lost on the way from the environment must not turn verified tokens into plain headers.
		return errors.New("oauth2proxy: Config.Issuer is required for Config.Audience, JWKSURL, Header and GroupsClaim")
	case c.Issuer == "" && c.Trust == nil:
		return errors.New("oauth2proxy: Config.Issuer or Config.Trust is required: " +
			"without either anybody who reaches the port can sign in as anybody")
	case c.Issuer == "" && c.HeaderStyle == "":
		return errors.New("oauth2proxy: Config.HeaderStyle is required without Config.Issuer")
	case c.Issuer != "" && len(c.Audience) == 0:
		return errors.New("oauth2proxy: Config.Audience is required: a token for another client of the issuer is somebody else's sign-in")
	case slices.Contains(c.Audience, ""):
		return errors.New("oauth2proxy: Config.Audience has an empty entry")
	case c.HeaderStyle != "" && c.HeaderStyle != ForwardedHeaders && c.HeaderStyle != AuthRequestHeaders:
		return fmt.Errorf("oauth2proxy: Config.HeaderStyle %.64q is neither %q nor %q", c.HeaderStyle, ForwardedHeaders, AuthRequestHeaders)
	case c.HeaderStyle != "" && c.Trust == nil:
		return errors.New("oauth2proxy: Config.Trust is required for Config.HeaderStyle: the headers are not signed")
	}
	if c.Header != "" {
		if err := proxytoken.CheckHeaderName(c.Header); err != nil {
			return fmt.Errorf("oauth2proxy: Config.Header %w", err)
		}
		switch http.CanonicalHeaderKey(c.Header) {
		case forwardedAccessToken, authRequestAccessToken:
			return fmt.Errorf("oauth2proxy: Config.Header %q holds an access token, which is not made for this application", c.Header)
		}
	}
	if c.Trust != nil && http.CanonicalHeaderKey(c.Trust.SecretHeader) == c.tokenHeader() {
		return errors.New("oauth2proxy: Config.Trust.SecretHeader is the header of the ID token")
	}
	// The secret would be the name of a person, and shown to them.
	if c.Trust != nil && c.HeaderStyle != "" && slices.Contains(c.HeaderStyle.names(), http.CanonicalHeaderKey(c.Trust.SecretHeader)) {
		return fmt.Errorf("oauth2proxy: Config.Trust.SecretHeader %q is one of the plain headers", c.Trust.SecretHeader)
	}
	if p := c.ProxyPrefix; p != "" && (p[0] != '/' || p == "/" || path.Clean(p) != p || strings.ContainsFunc(p, notInPath)) {
		return fmt.Errorf("oauth2proxy: Config.ProxyPrefix %.200q is not a clean path such as /oauth2", p)
	}
	return nil
}

// notInPath reports what a path cannot hold unescaped, or would end it (RFC 3986 section 2.3).
func notInPath(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-._~/", r))
}

func (c Config) tokenHeader() string {
	if c.Header == "" {
		return idTokenHeader
	}
	return http.CanonicalHeaderKey(c.Header)
}
