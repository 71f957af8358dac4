package authprovider

import (
	"crypto/hkdf"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"time"
)

// ProviderContext is what a provider is built with. [New] makes one for each provider; [NewProviderContext] makes one for
// hosts that mount a single provider's handlers themselves. Its fields are read-only and its methods safe for concurrent use.
type ProviderContext struct {
	// ProviderID is the ID under which the provider is mounted.
	ProviderID string
	// Environment is the environment that this instance serves; empty if the provider has only one configuration.
	Environment string
	// DefaultEnvironment is [Config.Environment].
	DefaultEnvironment string
	// BaseURL is the external URL of the handler without a slash at its end, such as "https://portal.example.com/api/auth".
	BaseURL string
	// URL is the external URL of the provider: BaseURL and its ID.
	URL string
	// Origins is the origin policy.
	Origins *OriginPolicy
	// ResolverContext is what sign-in resolvers and profile transforms get.
	ResolverContext *ResolverContext
	// Issuer makes user tokens. It may be nil if no provider has a resolver.
	Issuer TokenIssuer
	// Now is the clock; never nil.
	Now func() time.Time
	// HTTPClient is for outbound requests; never nil.
	HTTPClient *http.Client
	// Logger is never nil.
	Logger *slog.Logger

	secrets   [][]byte
	mountPath string
	cors      *corsPolicy
}

// NewProviderContext makes the context of a single provider, for hosts that mount its handlers on their own mux with
// [ProviderContext.Handler]. c.Providers is not looked at. Errors are those of [New].
func NewProviderContext(c Config, providerID string) (*ProviderContext, error) {
	base, err := newBase(c)
	if err != nil {
		return nil, err
	}
	return base.provider(providerID)
}

// ForEnvironment returns a copy of the context for one environment of the provider.
func (pc *ProviderContext) ForEnvironment(environment string) *ProviderContext {
	c := *pc
	c.Environment = environment
	return &c
}

// Inherit fills what a provider's own configuration left nil with the context's client, clock and logger: for factories.
func (pc *ProviderContext) Inherit(client **http.Client, now *func() time.Time, logger **slog.Logger) {
	if *client == nil {
		*client = pc.HTTPClient
	}
	if *now == nil {
		*now = pc.Now
	}
	if *logger == nil {
		*logger = pc.Logger
	}
}

// Keys derives 256-bit keys for one purpose from the configured secrets, in their order: the first seals, all open.
// Keys of different purposes say nothing about each other (HKDF, RFC 5869 section 3.2).
func (pc *ProviderContext) Keys(purpose string) [][]byte {
	keys := make([][]byte, 0, len(pc.secrets))
	for _, secret := range pc.secrets {
		key, err := hkdf.Key(sha256.New, secret, nil, "stagedoor/1 "+purpose, 32)
		if err != nil {
			panic("authprovider: " + err.Error()) // only possible with a key longer than HKDF's limit
		}
		keys = append(keys, key)
	}
	return keys
}
