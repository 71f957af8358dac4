package authprovider

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Config configures [New]. After it has been passed to New it must not be modified. It does not show its secrets when it is printed or logged.
type Config struct {
	// BaseURL is the external URL under which the handler is mounted, such as "https://portal.example.com/api/auth".
	// It is required, and is https, or http on loopback. Redirect URIs, cookies and the issuer come from it and never
	// from a request's Host or X-Forwarded headers.
	BaseURL string
	// AppURL is the URL of the app; its origin may always sign in. If empty, it is BaseURL's origin.
	AppURL string
	// AllowedOrigins are further origins that may sign in and call the routes: "https://app.example.com", or patterns such as
	// "https://*.preview.example.com" in which "*" is one whole DNS label. See [NewOriginPolicy].
	AllowedOrigins []string
	// MountPath is the path at which requests arrive, if an ingress strips or changes a prefix: "/" if nothing is left of it.
	// If empty, it is BaseURL's path.
	MountPath string

	// Secrets seal cookies and state: at least 32 bytes each, from a random generator, the same on every replica. The first
	// seals, all open; to rotate, put the new one in front and drop the old one when its sessions have run out.
	// If empty, BaseURL must be on loopback (or InsecureEphemeralSecret set): a random secret is made and sessions end with the process.
	Secrets [][]byte
	// InsecureEphemeralSecret makes a random secret on any base URL. With more than one replica, or after a restart, nobody's session opens.
	InsecureEphemeralSecret bool
	// InsecurePlainHTTP allows http outside loopback. Everybody on the network path can then take over every sign-in.
	InsecurePlainHTTP bool

	// Issuer makes user tokens, usually a *tokenissuer.Issuer. It is required as soon as a provider has a sign-in resolver.
	Issuer TokenIssuer
	// Users is the user catalog for sign-in resolvers. If nil, no user is ever found.
	Users UserCatalog
	// Ownership is the ownership rule. If nil, a user owns what it and its direct groups own.
	Ownership OwnershipResolver

	// Providers are the providers by ID. An ID matches [a-z0-9][A-Za-z0-9._-]*, at most 64 bytes.
	Providers map[string]ProviderFactory
	// Environment is the environment of a provider that has several when a request names none; each such
	// provider must have it. If empty, such a request is refused.
	Environment string

	// AllowedHeaders are header names that scripts of an allowed origin may send, beyond Authorization, Content-Type and X-Requested-With.
	AllowedHeaders []string
	// DisableCORS leaves CORS to the host: no CORS header is set and no preflight answered.
	DisableCORS bool

	// HTTPClient makes the outbound requests. If nil, it is a client with a time-out of ten seconds that follows no redirect.
	HTTPClient *http.Client
	// Now is the clock. If nil, it is time.Now.
	Now func() time.Time
	// Logger gets one audit entry for each outcome. If nil, nothing is logged.
	Logger *slog.Logger
}

// Format implements [fmt.Formatter] for every verb, so that no secret is ever printed.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.redacted()) }

// LogValue implements [slog.LogValuer].
func (c Config) LogValue() slog.Value { return slog.StringValue(c.redacted()) }

func (c Config) redacted() string {
	return fmt.Sprintf("authprovider.Config{BaseURL: %q, AppURL: %q, Secrets: %d, Providers: %q}", c.BaseURL, c.AppURL, len(c.Secrets), slices.Sorted(maps.Keys(c.Providers)))
}

const (
	minSecretLength = 32
	maxIDLength     = 64
)

// newBase checks the configuration and makes the context that the providers' contexts are copies of.
func newBase(c Config) (*ProviderContext, error) {
	var errs []error
	field := func(name, format string, args ...any) {
		errs = append(errs, fmt.Errorf("authprovider: Config."+name+" "+format, args...))
	}

	base, baseOrigin, err := parseBaseURL(c.BaseURL, c.InsecurePlainHTTP)
	if err != nil {
		return nil, fmt.Errorf("authprovider: Config.BaseURL %w", err)
	}
	appURL := c.AppURL
	if appURL == "" {
		appURL = baseOrigin
	}
	_, appOrigin, err := parseBaseURL(appURL, c.InsecurePlainHTTP)
	if err != nil {
		return nil, fmt.Errorf("authprovider: Config.AppURL %w", err)
	}
	origins, err := newOriginPolicy(c.InsecurePlainHTTP, appOrigin, c.AllowedOrigins)
	if err != nil {
		field("AllowedOrigins", "has a bad entry: %w", err)
	}

	mountPath := c.MountPath
	if mountPath == "" {
		mountPath = base.Path
	}
	mountPath = strings.TrimSuffix(mountPath, "/")
	if !validPath(mountPath) {
		field("MountPath", "%q must be an absolute path, clean and without characters that need escaping", c.MountPath)
	}

	secrets := slices.Clone(c.Secrets)
	for i, s := range secrets {
		if len(s) < minSecretLength {
			field("Secrets", "[%d] has %d bytes, at least %d are required", i, len(s), minSecretLength)
		}
	}
	if len(secrets) == 0 {
		if !c.InsecureEphemeralSecret && !isLoopbackHost(hostOf(baseOrigin)) {
			field("Secrets", "is required unless BaseURL is on loopback")
		}
		secret := make([]byte, minSecretLength)
		rand.Read(secret)
		secrets = [][]byte{secret}
	}

	if isNilPointer(c.Issuer) {
		field("Issuer", "is a nil %T", c.Issuer)
	} else if i, ok := c.Issuer.(interface{ IssuerURL() string }); ok && i.IssuerURL() != base.String() {
		// A verifier finds the keys under the issuer's URL, so the two must not differ by as much as a slash.
		field("Issuer", "issues tokens for %q, but BaseURL is %q", i.IssuerURL(), base.String())
	}
	if isNilPointer(c.Users) {
		field("Users", "is a nil %T", c.Users)
	}
	if c.Environment != "" && !ValidID(c.Environment) {
		field("Environment", "%q is not a valid ID", c.Environment)
	}
	cors, err := newCORSPolicy(c.DisableCORS, c.AllowedHeaders)
	if err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}

	pc := &ProviderContext{
		DefaultEnvironment: c.Environment,
		BaseURL:            base.String(),
		Origins:            origins,
		ResolverContext:    NewResolverContext(ResolverContextConfig{Users: c.Users, Ownership: c.Ownership}),
		Issuer:             c.Issuer,
		Now:                c.Now,
		HTTPClient:         c.HTTPClient,
		Logger:             c.Logger,
		secrets:            secrets,
		mountPath:          mountPath,
		cors:               cors,
	}
	if pc.Now == nil {
		pc.Now = time.Now
	}
	if pc.Logger == nil {
		pc.Logger = slog.New(slog.DiscardHandler)
	}
	if pc.HTTPClient == nil {
		pc.HTTPClient = &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return pc, nil
}

// isNilPointer finds the nil pointer that is not a nil interface: a constructor's result whose error nobody looked at.
// It would be found by the first person who signs in.
func isNilPointer(v any) bool {
	p := reflect.ValueOf(v)
	return p.Kind() == reflect.Pointer && p.IsNil()
}

// provider returns the context of one provider.
func (pc *ProviderContext) provider(id string) (*ProviderContext, error) {
	if !ValidID(id) {
		return nil, fmt.Errorf("authprovider: provider ID %q does not match [a-z0-9][A-Za-z0-9._-]*", id)
	}
	c := *pc
	c.ProviderID = id
	c.URL = pc.BaseURL + "/" + id
	return &c, nil
}

// ValidID reports whether id may be the ID of a provider or of an environment: [a-z0-9][A-Za-z0-9._-]*, at most 64 bytes.
// IDs enter cookie names and paths.
func ValidID(id string) bool {
	if id == "" || len(id) > maxIDLength {
		return false
	}
	for i := 0; i < len(id); i++ {
		c := id[i]
		alnum := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !alnum && (i == 0 || !(c >= 'A' && c <= 'Z' || c == '.' || c == '_' || c == '-')) {
			return false
		}
	}
	return true
}
