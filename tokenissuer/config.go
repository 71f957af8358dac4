package tokenissuer

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"path"
	"slices"
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
	// minKeyPeriod: a successor is published for 30 % of it before it signs. That has to outlast half an hour without the store, in which
	// a replica learns of no new key, and then caches and clocks that differ.
	minKeyPeriod = 3 * time.Hour
	maxKeyPeriod = 365 * 24 * time.Hour

	minSecretLength = 32
)

// Config configures [New]. After it has been passed to New it must not be modified. It does not show its secrets when it is printed or logged.
type Config struct {
	// Issuer is the iss claim and the URL below which the keys are published, such as "https://portal.example.com/api/auth":
	// https, or http on loopback, without query, fragment and slash at the end. It is required, and must equal
	// [authprovider.Config.BaseURL].
	Issuer string
	// TTL is the life of a token, from 10 minutes to 24 hours, in whole seconds. If zero, it is one hour. When it is raised, tokens of keys that
	// were made before may live shorter, as nobody would serve those keys for so long.
	TTL time.Duration
	// OwnershipInToken writes the ent claim into the token. If false, as in Backstage, it is at the userinfo endpoint only,
	// and the token stays small however many groups its user has.
	OwnershipInToken bool

	// Algorithm is that of new keys: ES256, ES384, RS256, PS256 (both with 2048 bits) or EdDSA (Ed25519). If empty, it is ES256, which is all that
	// old Backstage backends take. A change takes effect with the next key.
	Algorithm string
	// KeyPeriod is how long a key signs, at least three hours and at least TTL. If zero, it is seven days.
	KeyPeriod time.Duration
	// Keys is where replicas share their keys. If nil, keys live in the memory of this process alone.
	Keys KeyStore
	// Secrets protect what is in Keys, and are required with it: at least 32 bytes each, from a random generator, the same on
	// every replica. A record that was not written under one of them is not served, and private keys are encrypted. The first writes, all read. To
	// rotate, add the new one behind on every replica, then put it in front on every replica, and drop the old one when its keys have expired.
	Secrets [][]byte
	// KeyFiles are keys in PEM files, instead of keys that the issuer makes: the first signs, all verify. They are read by New, and again once a
	// minute; a file that cannot be read then leaves what was read before in force. To exchange a key, put the new one second, and first ten
	// minutes later; if it is put first at once, the old one goes on signing for so long while it is listed. They exclude Keys.
	KeyFiles []KeyFile
	// PerReplicaKeys gives each replica a signing key of its own, of which only the public half is in Keys. The set of published keys
	// then grows with replicas and restarts, up to twenty.
	PerReplicaKeys bool
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

// Format implements [fmt.Formatter] for every verb, so that no secret is ever printed.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.redacted()) }

// LogValue implements [slog.LogValuer].
func (c Config) LogValue() slog.Value { return slog.StringValue(c.redacted()) }

func (c Config) redacted() string {
	return fmt.Sprintf("tokenissuer.Config{Issuer: %q, Algorithm: %q, TTL: %s, Keys: %T, KeyFiles: %d, Secrets: %d}", c.Issuer, c.Algorithm, c.TTL, c.Keys, len(c.KeyFiles), len(c.Secrets))
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
	algorithm := jose.Algorithm(c.Algorithm)
	if algorithm == "" {
		algorithm = jose.ES256
	}
	if !isKnownAlgorithm(algorithm) {
		return nil, fmt.Errorf("tokenissuer: Config.Algorithm %q is not one of ES256, ES384, RS256, PS256 and EdDSA", c.Algorithm)
	}
	codec, err := c.recordCodec()
	if err != nil {
		return nil, err
	}
	var keys keySource
	if c.KeyFiles != nil {
		if keys, err = newFileKeys(slices.Clone(c.KeyFiles), algorithm, c.Now(), c.Logger); err != nil {
			return nil, err
		}
	} else {
		ring := &keyRing{store: c.Keys, codec: codec, shared: c.Keys != nil && !c.PerReplicaKeys, algorithm: algorithm, period: c.KeyPeriod, ttl: c.TTL,
			logger: c.Logger, refreshing: make(chan struct{}, 1), known: make(map[string]knownKey), revoked: make(map[string]bool)}
		if ring.store == nil {
			ring.store = &MemoryKeyStore{Now: c.Now}
		}
		keys = ring
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
		iss:              jose.Claim{Name: "iss", Value: c.Issuer},
		ttl:              c.TTL,
		ownershipInToken: c.OwnershipInToken,
		clock:            clock{now: c.Now},
		keys:             keys,
		userInfo:         c.UserInfo,
		discovery:        discovery,
		logger:           c.Logger,
	}
	if i.verifier, err = i.NewVerifier(VerifierConfig{}); err != nil {
		return nil, err
	}
	if i.userInfoVerifier, err = i.NewVerifier(VerifierConfig{AcceptLimited: true}); err != nil {
		return nil, err
	}
	return i, nil
}

// recordCodec checks Secrets.
func (c *Config) recordCodec() (*recordCodec, error) {
	switch {
	case c.KeyFiles != nil && len(c.KeyFiles) == 0:
		return nil, errors.New("tokenissuer: Config.KeyFiles is empty: leave it nil for keys that the issuer makes")
	case c.Keys != nil && c.KeyFiles != nil:
		return nil, errors.New("tokenissuer: Config.Keys and KeyFiles exclude each other")
	case c.Keys == nil && (c.Secrets != nil || c.PerReplicaKeys):
		return nil, errors.New("tokenissuer: Config.Secrets and PerReplicaKeys are for Config.Keys, which is nil")
	case c.Keys == nil:
		return newRecordCodec([][]byte{randomSecret()})
	case len(c.Secrets) == 0:
		return nil, errors.New("tokenissuer: Config.Secrets is required with Config.Keys: without it whoever can write to the store can make tokens")
	}
	for i, s := range c.Secrets {
		if len(s) < minSecretLength {
			return nil, fmt.Errorf("tokenissuer: Config.Secrets[%d] has %d bytes, at least %d are required", i, len(s), minSecretLength)
		}
	}
	return newRecordCodec(c.Secrets)
}

// algorithms lists those of our keys.
func algorithms() []jose.Algorithm {
	return []jose.Algorithm{jose.ES256, jose.ES384, jose.RS256, jose.PS256, jose.EdDSA}
}

func isKnownAlgorithm(alg jose.Algorithm) bool { return slices.Contains(algorithms(), alg) }

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
