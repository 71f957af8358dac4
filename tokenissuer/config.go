package tokenissuer

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path"
	"strings"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
)

const (
	defaultTTL = time.Hour
	minTTL     = 10 * time.Minute
	maxTTL     = 24 * time.Hour

	defaultKeyPeriod = 7 * 24 * time.Hour
	minKeyPeriod     = time.Hour
	maxKeyPeriod     = 365 * 24 * time.Hour
)

// Config configures [New]. After it has been passed to New it must not be modified.
type Config struct {
	// Issuer is the iss claim and the URL below which the keys are published, such as "https://portal.example.com/api/auth":
	// https, or http on loopback, without query, fragment and slash at the end. It is required, and must equal
	// [authprovider.Config.BaseURL].
	Issuer string
	// TTL is the life of a token, from 10 minutes to 24 hours, in whole seconds. If zero, it is one hour.
	TTL time.Duration
	// OwnershipInToken writes the ent claim into the token. If false, as in Backstage, it is at the userinfo endpoint only,
	// and the token stays small however many groups its user has.
	OwnershipInToken bool

	// KeyPeriod is how long a key signs, at least an hour and at least TTL. If zero, it is seven days.
	KeyPeriod time.Duration
	// Keys is where the keys' public halves are kept; private ones never leave this process. If nil, it is a new
	// [MemoryKeyStore], which is right for one process.
	Keys KeyStore
	// UserInfo is where the answers of the userinfo endpoint are kept. If nil, they are kept in memory, up to 64 MiB, beyond
	// which the oldest go; that is right for one process.
	UserInfo UserInfoStore

	// InsecurePlainHTTP allows an http Issuer outside loopback. Everybody on the network path can then put keys of their own
	// into what verifiers fetch, and be any user.
	InsecurePlainHTTP bool

	// Now is the clock. If nil, it is time.Now.
	Now func() time.Time
	// Logger gets what befalls keys and stores. If nil, nothing is logged.
	Logger *slog.Logger
}

// New returns an issuer. It uses neither the network nor a store: the first key is made when the first token is issued or
// the keys are first asked for.
func New(c Config) (*Issuer, error) {
	if c.Issuer == "" {
		return nil, errors.New("tokenissuer: Config.Issuer is required")
	}
	if err := checkIssuerURL(c.Issuer, c.InsecurePlainHTTP); err != nil {
		return nil, fmt.Errorf("tokenissuer: Config.Issuer %w", err)
	}
	if c.TTL == 0 {
		c.TTL = defaultTTL
	}
	if c.TTL < minTTL || c.TTL > maxTTL || c.TTL%time.Second != 0 {
		return nil, fmt.Errorf("tokenissuer: Config.TTL is %v, want %v to %v in whole seconds", c.TTL, minTTL, maxTTL)
	}
	if c.KeyPeriod == 0 {
		c.KeyPeriod = defaultKeyPeriod
	}
	// A key is served for its period and a token's life: were the period much shorter, there would be no end of keys.
	if least := max(minKeyPeriod, c.TTL); c.KeyPeriod < least || c.KeyPeriod > maxKeyPeriod {
		return nil, fmt.Errorf("tokenissuer: Config.KeyPeriod is %v, want %v (not less than Config.TTL) to %v", c.KeyPeriod, least, maxKeyPeriod)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Keys == nil {
		c.Keys = new(MemoryKeyStore)
	}
	if c.UserInfo == nil {
		c.UserInfo = newMemoryUserInfo(c.Now)
	}

	discovery, err := newDiscovery(c.Issuer)
	if err != nil {
		return nil, err
	}
	i := &Issuer{
		url:              c.Issuer,
		ttl:              c.TTL,
		ownershipInToken: c.OwnershipInToken,
		clock:            clock{now: c.Now},
		keys:             newKeyRing(c.Keys, c.KeyPeriod, c.TTL, c.Logger),
		userInfo:         c.UserInfo,
		discovery:        discovery,
		logger:           c.Logger,
	}
	i.verifier, err = jose.NewVerifier(jose.Expected{
		Issuer:          c.Issuer,
		Audiences:       []string{audience},
		Types:           []string{typeUser},
		Algorithms:      []jose.Algorithm{algorithm},
		Leeway:          leeway,
		RequireIssuedAt: true,
		Now:             i.clock.verifying,
	}, publicKeys{i})
	if err != nil {
		return nil, fmt.Errorf("tokenissuer: %w", err)
	}
	return i, nil
}

// checkIssuerURL takes a URL in the one form that it has: verifiers compare iss as text.
func checkIssuerURL(raw string, insecureHTTP bool) error {
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.User != nil || strings.ContainsAny(raw, "?#") || u.RawPath != "" {
		return fmt.Errorf("%q must be an absolute URL without user, query and fragment", raw)
	}
	if u.Path != "" && (path.Clean(u.Path) != u.Path || u.Path == "/") {
		return fmt.Errorf("%q must have a clean path without a slash at its end", raw)
	}
	origin, err := parseIssuerOrigin(u, insecureHTTP)
	if err != nil {
		return fmt.Errorf("%q: %w", raw, err)
	}
	if want := origin + u.EscapedPath(); raw != want {
		return fmt.Errorf("%q must be written %q", raw, want)
	}
	return nil
}

func parseIssuerOrigin(u *url.URL, insecureHTTP bool) (string, error) {
	if !insecureHTTP || u.Scheme != "http" {
		return authprovider.ParseOrigin(u.Scheme + "://" + u.Host)
	}
	// The same rules for the host, whatever the scheme.
	origin, err := authprovider.ParseOrigin("https://" + strings.TrimSuffix(u.Host, ":80"))
	return "http" + strings.TrimPrefix(origin, "https"), err
}
