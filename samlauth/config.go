package samlauth

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"example.com/stagedoor/oauthadapter"
)

// Binding is how the request goes to the identity provider.
type Binding string

const (
	// BindingRedirect puts it into the query of a redirect (SAML bindings section 3.4).
	BindingRedirect Binding = "redirect"
	// BindingPost puts it into a form that sends itself (section 3.5).
	BindingPost Binding = "post"
)

const (
	defaultClockSkew       = time.Minute
	maxClockSkew           = 5 * time.Minute
	defaultSessionDuration = 12 * time.Hour
)

// Config configures one identity provider. It does not show its key when it is printed or logged.
type Config struct {
	// IDPMetadataURL is where the identity provider publishes its metadata: https, or http on loopback. It is read at the first sign-in, and
	// again as often as it asks for. One of IDPMetadataURL and IDPMetadata is required.
	IDPMetadataURL string
	// IDPMetadata is the metadata itself, from a file. Its keys are trusted until the file changes.
	IDPMetadata []byte
	// IDPEntityID is the identity provider's entity ID. It is required if the metadata describes several; if it is set, it must be the one.
	IDPEntityID string

	// EntityID is ours. If empty, it is the address of our metadata: {BaseURL}/{provider}/metadata.
	EntityID string
	// Key signs requests and decrypts assertions: RSA, at least 2048 bits. If it is not an *rsa.PrivateKey, such as one in an HSM, it only
	// signs. If nil, requests are not signed, there is no single logout, and encrypted assertions are refused.
	Key crypto.Signer
	// Certificate is the one of Key that is published in our metadata. It is required with Key. It may be self-signed.
	Certificate *x509.Certificate

	// RequestBinding is how requests are sent. If empty, it is redirect where the identity provider has it, and POST otherwise.
	RequestBinding Binding
	// NameIDFormat is the format of name ID to ask for, such as [NameIDPersistent]. If empty, the identity provider chooses.
	NameIDFormat string
	// AuthnContexts are the ways of signing in of which one must have been used, as URIs. They are asked for, and the answer is held
	// against them. If nil, any will do.
	AuthnContexts []string
	// ForceAuthn has the person sign in anew at the identity provider, though they are signed in there, and refuses an answer by which that
	// was more than ten minutes ago.
	ForceAuthn bool

	// Attributes are the names, full or friendly, of the attributes to keep: a session has place for about eight kilobytes. If nil, all.
	Attributes []string
	// EmailAttribute and NameAttribute are the attributes that hold the e-mail address and the name of the person, by full or friendly name.
	// If empty, they are looked for under their usual names, and the address in the name ID too if its format says that it is one.
	EmailAttribute, NameAttribute string
	// EmailsVerified says that the identity provider gives out only addresses that it has checked, or that the company gave. SAML has no
	// word for it. If false, sign-in resolvers are told that it is not known.
	EmailsVerified bool

	// ClockSkew is by how much clocks may differ. If zero, it is one minute; at most five.
	ClockSkew time.Duration
	// UnsolicitedRedirectURL is the page of the app that a sign-in which the identity provider began ends on: a tile in its portal. What it
	// posts is thrown away unread, and the browser sent through a sign-in of our own, which the identity provider answers without asking.
	// An answer that nobody asked for is never believed, since it could be anybody's (login CSRF). If empty, it is refused.
	UnsolicitedRedirectURL string
	// DangerouslyAllowSHA1 takes signatures and digests made with SHA-1. Whoever can make two documents with one digest, which costs about
	// as much as a car, may turn a signed assertion about themselves into one about somebody else. The one right use is an identity provider
	// that is about to be replaced.
	DangerouslyAllowSHA1 bool

	// HTTPClient fetches the metadata, within five seconds and one mebibyte. If nil, it is the ProviderContext's.
	HTTPClient *http.Client
	// Now is the clock. If nil, it is the ProviderContext's.
	Now func() time.Time
	// Logger hears of failed fetches. If nil, it is the ProviderContext's.
	Logger *slog.Logger

	// Options are those of every provider with sessions. SessionDuration is how long a session may live without the identity provider being
	// asked again, if it sets no end itself; if zero, it is 12 hours, since nobody here learns that a person was locked out there.
	Options oauthadapter.Options[Profile]
}

// Format implements [fmt.Formatter] for every verb, so that the key is never printed.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.redacted()) }

// LogValue implements [slog.LogValuer].
func (c Config) LogValue() slog.Value { return slog.StringValue(c.redacted()) }

func (c Config) redacted() string {
	return fmt.Sprintf("samlauth.Config{IDPMetadataURL: %q, IDPMetadata: %d bytes, IDPEntityID: %q, EntityID: %q, Key: %t}",
		c.IDPMetadataURL, len(c.IDPMetadata), c.IDPEntityID, c.EntityID, c.Key != nil)
}

func (c *Config) check() error {
	var errs []error
	field := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("samlauth: Config."+format, args...))
	}
	switch {
	case c.IDPMetadataURL == "" && len(c.IDPMetadata) == 0:
		field("IDPMetadataURL or Config.IDPMetadata is required")
	case c.IDPMetadataURL != "" && len(c.IDPMetadata) > 0:
		field("IDPMetadataURL and Config.IDPMetadata exclude each other")
	case c.IDPMetadataURL != "":
		if err := checkURL(c.IDPMetadataURL); err != nil {
			field("IDPMetadataURL: %w", err)
		}
	}
	if len(c.EntityID) > 1024 || strings.TrimSpace(c.EntityID) != c.EntityID || hasControl(c.EntityID) {
		field("EntityID is too long, or has white space around it")
	}
	if err := c.checkKeyPair(); err != nil {
		errs = append(errs, err)
	}
	switch c.RequestBinding {
	case "", BindingRedirect, BindingPost:
	default:
		field("RequestBinding %q is neither %q nor %q", c.RequestBinding, BindingRedirect, BindingPost)
	}
	if c.ClockSkew < 0 || c.ClockSkew > maxClockSkew {
		field("ClockSkew must be between zero and %s", maxClockSkew)
	}
	if c.ClockSkew == 0 {
		c.ClockSkew = defaultClockSkew
	}
	if c.Options.SessionDuration == 0 {
		c.Options.SessionDuration = defaultSessionDuration
	}
	return errors.Join(errs...)
}

func (c *Config) checkKeyPair() error {
	if c.Key == nil {
		if c.Certificate != nil {
			return errors.New("samlauth: Config.Key is required with Config.Certificate")
		}
		return nil
	}
	if c.Certificate == nil {
		return errors.New("samlauth: Config.Certificate is required with Config.Key")
	}
	public, ok := c.Key.Public().(*rsa.PublicKey)
	if !ok || public.N.BitLen() < minRSABits {
		return fmt.Errorf("samlauth: Config.Key must be an RSA key of at least %d bits", minRSABits)
	}
	if !public.Equal(c.Certificate.PublicKey) {
		return errors.New("samlauth: Config.Certificate is not that of Config.Key")
	}
	return nil
}
