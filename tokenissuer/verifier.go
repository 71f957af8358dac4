package tokenissuer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
)

const (
	// leeway is how far clocks may differ when a token expires.
	leeway    = time.Minute
	maxLeeway = 5 * time.Minute
	// aheadLeeway is how far a token's iat may lie in the future: replicas' clocks may be two minutes off either way, and a token that
	// comes from another's future does no harm.
	aheadLeeway = 5 * time.Minute

	maxCacheSize = 1 << 20
)

// VerifierConfig configures [NewVerifier]. Issuer is required.
type VerifierConfig struct {
	// Issuer is the exact iss of the tokens, which is [Config.Issuer] of the service that makes them.
	Issuer string
	// JWKSURL is where the keys are: https, or http on loopback. If empty, it is Issuer and "/.well-known/jwks.json"; Issuer must then have
	// the form of [Config.Issuer].
	JWKSURL string

	// Algorithms lists the permitted ones. If nil, they are those of [Config.Algorithm]; the published key decides which of them it is for.
	Algorithms []string
	// Leeway is how far clocks may differ when a token expires, at most 5 minutes. If zero, it is one minute.
	Leeway time.Duration
	// AcceptLimited accepts limited user tokens too, for what every user may see.
	AcceptLimited bool
	// LimitedCookie is the name of a cookie in which [Verifier.Middleware] looks for a limited user token when a GET or HEAD request has
	// no Authorization header, such as "backstage-auth". Other methods take no cookie, as browsers send cookies along with what
	// foreign pages ask for. If empty, no cookie is read. It needs AcceptLimited.
	LimitedCookie string
	// CacheSize is about how many verified tokens are remembered, up to 1,048,576. One counts for nothing when it has expired or its key is
	// withdrawn, and takes some six times its length in memory; those longer than 8 KiB are verified at each sight. If zero, all are.
	CacheSize int

	// HTTPClient fetches the keys. If nil, it is a client of its own. Redirects are never followed.
	HTTPClient *http.Client
	// Now is the clock. If nil, it is time.Now.
	Now func() time.Time
	// Logger hears why tokens were refused, at level Debug, and of failures. If nil, nobody does.
	Logger *slog.Logger
}

// Verifier verifies user tokens. It pins issuer, audience, type and algorithms. [NewVerifier] makes one for a service that did not make the
// tokens, [Issuer.NewVerifier] one for the service that did. It is safe for concurrent use.
type Verifier struct {
	user          *jose.Verifier
	keys          jose.KeySet
	algorithms    []jose.Algorithm
	leeway        time.Duration
	acceptLimited bool
	cookie        string
	cache         *verifiedCache // nil if there is none
	now           func() time.Time
	logger        *slog.Logger
	remote        *keyset.Remote // nil in process
}

// NewVerifier returns a verifier. It needs no network: keys are fetched at first use, kept as long as the issuer says, and used for up to a
// day while it is down; keys that are not known are asked for at most twice in ten seconds.
func NewVerifier(c VerifierConfig) (*Verifier, error) {
	if c.Issuer == "" {
		return nil, errors.New("tokenissuer: VerifierConfig.Issuer is required")
	}
	if c.JWKSURL == "" {
		if err := checkIssuerURL(c.Issuer, false); err != nil {
			return nil, fmt.Errorf("tokenissuer: VerifierConfig.Issuer without JWKSURL: %w", err)
		}
		c.JWKSURL = c.Issuer + "/.well-known/jwks.json"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	keys, err := keyset.New(keyset.Config{URL: c.JWKSURL, Client: c.HTTPClient, Now: c.Now, Logger: c.Logger})
	if err != nil {
		return nil, fmt.Errorf("tokenissuer: VerifierConfig.JWKSURL: %w", err)
	}
	v, err := newVerifier(c, keys)
	if err != nil {
		return nil, err
	}
	v.remote = keys
	return v, nil
}

// NewVerifier returns a verifier that takes its keys from i, in the same process, for a host that wants one other than [Issuer.Verify] has:
// with limited tokens, a cookie or a cache. c.Issuer, c.JWKSURL and c.HTTPClient are not used; clock and logger are those of i if
// nil.
func (i *Issuer) NewVerifier(c VerifierConfig) (*Verifier, error) {
	c.Issuer = i.url
	if c.Now == nil {
		c.Now = i.clock.verifying
	}
	if c.Logger == nil {
		c.Logger = i.logger
	}
	return newVerifier(c, publicKeys{i})
}

func newVerifier(c VerifierConfig, keys jose.KeySet) (*Verifier, error) {
	v := &Verifier{keys: keys, algorithms: algorithms(), leeway: c.Leeway, acceptLimited: c.AcceptLimited, cookie: c.LimitedCookie,
		now: c.Now, logger: c.Logger}
	if c.Algorithms != nil {
		v.algorithms = make([]jose.Algorithm, len(c.Algorithms))
		for n, name := range c.Algorithms {
			if v.algorithms[n] = jose.Algorithm(name); !isKnownAlgorithm(v.algorithms[n]) {
				return nil, fmt.Errorf("tokenissuer: VerifierConfig.Algorithms: %q is not one of ES256, ES384, RS256, PS256 and EdDSA", name)
			}
		}
	}
	switch {
	case len(v.algorithms) == 0:
		return nil, errors.New("tokenissuer: VerifierConfig.Algorithms permits none: leave it nil for those of any issuer")
	case c.Leeway < 0 || c.Leeway > maxLeeway:
		return nil, fmt.Errorf("tokenissuer: VerifierConfig.Leeway is %v, want 0 to %v", c.Leeway, maxLeeway)
	case c.CacheSize < 0 || c.CacheSize > maxCacheSize:
		return nil, fmt.Errorf("tokenissuer: VerifierConfig.CacheSize is %d, want 0 to %d", c.CacheSize, maxCacheSize)
	case c.LimitedCookie != "" && !c.AcceptLimited:
		return nil, errors.New("tokenissuer: VerifierConfig.LimitedCookie needs AcceptLimited: nothing else is taken from a cookie")
	case c.LimitedCookie != "" && (&http.Cookie{Name: c.LimitedCookie, Value: "x"}).Valid() != nil:
		return nil, fmt.Errorf("tokenissuer: VerifierConfig.LimitedCookie %q is not a cookie's name", c.LimitedCookie)
	}
	if v.leeway == 0 {
		v.leeway = leeway
	}
	if v.logger == nil {
		v.logger = slog.New(slog.DiscardHandler)
	}
	v.cache = newVerifiedCache(c.CacheSize)
	var err error
	v.user, err = jose.NewVerifier(jose.Expected{
		Issuer:          c.Issuer,
		Audiences:       []string{audience},
		Types:           []string{typeUser},
		Algorithms:      v.algorithms,
		Leeway:          v.leeway,
		IssuedAtLeeway:  aheadLeeway,
		RequireIssuedAt: true,
		Now:             v.now,
	}, keys)
	if err != nil {
		return nil, fmt.Errorf("tokenissuer: %w", err)
	}
	return v, nil
}

// Close ends a fetch of keys under way. Tokens under known keys verify on.
func (v *Verifier) Close() error {
	if v.remote == nil {
		return nil
	}
	return v.remote.Close()
}

// Verify checks a user token: that the issuer signed it, as a user token for the audience backstage, and that it is alive. Limited user
// tokens are refused unless [VerifierConfig.AcceptLimited] is set.
//
// Errors wrap [ErrInvalidToken], but for those that wrap [authprovider.ErrUnavailable] or the error of ctx: then the keys could
// not be read and nothing is known about the token.
func (v *Verifier) Verify(ctx context.Context, token string) (*VerifiedToken, error) {
	if v.cache == nil || len(token) > maxRemembered {
		t, _, err := v.verify(ctx, token)
		return t, err
	}
	e := v.cache.get(token)
	if e != nil && v.stillGood(ctx, e) {
		return e.token, nil
	}
	t, key, err := v.verify(ctx, token)
	switch {
	case err == nil:
		v.cache.put(token, v.newEntry(t, key))
	case e != nil && errors.Is(err, ErrInvalidToken): // and not because the keys cannot be read just now
		v.cache.drop(e)
	}
	return t, err
}

// newEntry remembers t for as long as verifying it again, under the same key, would succeed.
func (v *Verifier) newEntry(t *VerifiedToken, key jose.PublicKey) *verifiedEntry {
	c := t.token.Claims()
	e := &verifiedEntry{token: t, key: key, from: c.IssuedAt.Add(-aheadLeeway), until: c.Expiry.Add(v.leeway)}
	if !c.NotBefore.IsZero() {
		e.from = latest(e.from, c.NotBefore.Add(-v.leeway))
	}
	return e
}

// stillGood reports whether a remembered token is good at this time, however the clock was set since, and its key is published still.
func (v *Verifier) stillGood(ctx context.Context, e *verifiedEntry) bool {
	if now := v.now(); now.Before(e.from) || !now.Before(e.until) {
		return false
	}
	h := e.token.token.Header()
	key, err := v.keys.Key(ctx, h.KeyID, h.Algorithm)
	return err == nil && sameKey(key, e.key)
}

func (v *Verifier) verify(ctx context.Context, raw string) (*VerifiedToken, jose.PublicKey, error) {
	t, err := jose.Parse(raw)
	if err != nil {
		return nil, jose.PublicKey{}, verifyError(ctx, err)
	}
	var key jose.PublicKey
	limited := v.acceptLimited && t.Header().Type == typeLimitedUser
	if limited {
		key, err = v.verifyLimited(ctx, t)
	} else {
		key, err = v.user.VerifyTokenKey(ctx, t)
	}
	if err != nil {
		return nil, jose.PublicKey{}, verifyError(ctx, err)
	}
	verified, err := newVerifiedToken(t, limited)
	return verified, key, err
}

// verifyLimited checks a token whose typ is that of a limited user token. It has neither iss nor aud: that one of the issuer's keys
// signed exactly these three claims under that typ is what makes it the issuer's.
func (v *Verifier) verifyLimited(ctx context.Context, t *jose.Token) (jose.PublicKey, error) {
	h, c := t.Header(), t.Claims()
	if !slices.Contains(v.algorithms, h.Algorithm) {
		return jose.PublicKey{}, fmt.Errorf("%w: %s", jose.ErrAlgorithm, h.Algorithm)
	}
	if !slices.Equal(t.Names(), []string{"sub", "iat", "exp"}) {
		return jose.PublicKey{}, fmt.Errorf("%w: claims are not those of a limited user token", ErrInvalidToken)
	}
	key, err := v.keys.Key(ctx, h.KeyID, h.Algorithm)
	if err != nil {
		return jose.PublicKey{}, err
	}
	if err := t.Verify(key); err != nil {
		return jose.PublicKey{}, err
	}
	now := v.now()
	if !now.Before(c.Expiry.Add(v.leeway)) || now.Add(aheadLeeway).Before(c.IssuedAt) {
		return jose.PublicKey{}, fmt.Errorf("%w: limited user token is not valid now", ErrInvalidToken)
	}
	return key, nil
}

// verifyError tells a bad token from keys that could not be read.
func verifyError(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, keyset.ErrUnavailable):
		return fmt.Errorf("%w: verify: %w", authprovider.ErrUnavailable, err)
	case errors.Is(err, authprovider.ErrUnavailable), ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return fmt.Errorf("tokenissuer: verify: %w", err)
	case errors.Is(err, ErrInvalidToken):
		return err
	}
	return fmt.Errorf("%w: %w", ErrInvalidToken, err)
}
