package jose

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// KeySet finds the key of a token. It must be safe for concurrent use. kid is
// empty if the token names none. An error that wraps [ErrUnknownKey] means that
// there is no such key; any other, that it could not be found out.
type KeySet interface {
	Key(ctx context.Context, kid string, alg Algorithm) (PublicKey, error)
}

const (
	defaultLeeway = time.Minute
	maxLeeway     = 5 * time.Minute
)

// Expected is what a [Verifier] demands of a token. A token must always expire.
type Expected struct {
	// Issuer is the exact iss. Required.
	Issuer string
	// Audiences lists who the caller is: one of them must stand in aud. Required
	// unless InsecureSkipAudience is set.
	Audiences []string
	// InsecureSkipAudience accepts tokens made for anyone. Right only for issuers
	// that write no aud and are told apart by something else, as AWS ALB's signer.
	InsecureSkipAudience bool
	// Types lists the permitted typ values, compared exactly, with or without the
	// prefix "application/" (RFC 7515 section 4.1.9); an empty one permits tokens
	// without typ, an empty list nothing. If nil, typ must be JWT or absent.
	Types []string
	// Algorithms lists the permitted ones; an empty list permits nothing. If nil, all
	// that this package knows; the key's type and published algorithm decide then.
	Algorithms []Algorithm
	// Leeway is how far clocks may differ; at most 5 minutes. If zero, 60 s.
	Leeway time.Duration
	// IssuedAtLeeway is how far iat may lie in the future; at most 5 minutes. If zero, Leeway.
	IssuedAtLeeway time.Duration
	// RequireIssuedAt refuses tokens without iat.
	RequireIssuedAt bool
	// MaxAge refuses tokens whose iat is longer ago, or missing. If zero, exp alone
	// counts.
	MaxAge time.Duration
	// Now is the clock. If nil, time.Now.
	Now func() time.Time
}

// Verifier checks tokens against one expectation. It is immutable and safe for
// concurrent use if its key set is.
type Verifier struct {
	expected Expected
	keys     KeySet
}

// NewVerifier returns a verifier that takes its keys from keys.
func NewVerifier(e Expected, keys KeySet) (*Verifier, error) {
	switch {
	case keys == nil:
		return nil, errors.New("jose: key set is required")
	case e.Issuer == "":
		return nil, errors.New("jose: Expected.Issuer is required")
	case len(e.Audiences) == 0 && !e.InsecureSkipAudience:
		return nil, errors.New("jose: Expected.Audiences is required")
	case slices.Contains(e.Audiences, ""):
		return nil, errors.New("jose: Expected.Audiences contains an empty audience")
	case len(e.Audiences) > 0 && e.InsecureSkipAudience:
		return nil, errors.New("jose: Expected.Audiences and InsecureSkipAudience exclude each other")
	case e.Leeway < 0 || e.Leeway > maxLeeway:
		return nil, fmt.Errorf("jose: Expected.Leeway is %v, want 0 to %v", e.Leeway, maxLeeway)
	case e.IssuedAtLeeway < 0 || e.IssuedAtLeeway > maxLeeway:
		return nil, fmt.Errorf("jose: Expected.IssuedAtLeeway is %v, want 0 to %v", e.IssuedAtLeeway, maxLeeway)
	case e.MaxAge < 0:
		return nil, errors.New("jose: Expected.MaxAge is negative")
	}
	for _, alg := range e.Algorithms {
		if !alg.Known() {
			return nil, fmt.Errorf("jose: Expected.Algorithms: %w: %q", ErrAlgorithm, alg)
		}
	}
	e.Audiences = slices.Clone(e.Audiences)
	e.Algorithms = slices.Clone(e.Algorithms)
	if e.Types = slices.Clone(e.Types); e.Types == nil {
		e.Types = []string{"JWT", ""}
	}
	if e.Leeway == 0 {
		e.Leeway = defaultLeeway
	}
	if e.IssuedAtLeeway == 0 {
		e.IssuedAtLeeway = e.Leeway
	}
	if e.Now == nil {
		e.Now = time.Now
	}
	return &Verifier{expected: e, keys: keys}, nil
}

// Verify parses raw with [Parse] and checks it with [Verifier.VerifyToken].
func (v *Verifier) Verify(ctx context.Context, raw string) (*Token, error) {
	t, err := Parse(raw)
	if err != nil {
		return nil, err
	}
	if err := v.VerifyToken(ctx, t); err != nil {
		return nil, err
	}
	return t, nil
}

// VerifyToken checks t from cheap to dear: type, algorithm, issuer, audience, key,
// signature, times. Times come last, so that [ErrExpired] says that the token was
// good once; whoever forges one learns nothing but [ErrSignature].
func (v *Verifier) VerifyToken(ctx context.Context, t *Token) error {
	_, err := v.VerifyTokenKey(ctx, t)
	return err
}

// VerifyTokenKey is [Verifier.VerifyToken] for callers that want to know under which key the token verified.
func (v *Verifier) VerifyTokenKey(ctx context.Context, t *Token) (PublicKey, error) {
	e := &v.expected
	// RFC 8725 section 3.11: a token made for another purpose is none of ours.
	if !slices.ContainsFunc(e.Types, t.hasType) {
		return PublicKey{}, fmt.Errorf("%w: %q", ErrType, excerpt(t.header.Type))
	}
	if e.Algorithms != nil && !slices.Contains(e.Algorithms, t.header.Algorithm) {
		return PublicKey{}, fmt.Errorf("%w: %s", ErrAlgorithm, t.header.Algorithm)
	}
	// RFC 7519 section 4.1.1.
	if t.claims.Issuer != e.Issuer {
		return PublicKey{}, fmt.Errorf("%w: %q", ErrIssuer, excerpt(t.claims.Issuer))
	}
	// RFC 7519 section 4.1.3.
	if !e.InsecureSkipAudience && !slices.ContainsFunc(t.claims.Audiences, e.isAudience) {
		return PublicKey{}, ErrAudience
	}
	key, err := v.keys.Key(ctx, t.header.KeyID, t.header.Algorithm)
	if err != nil {
		return PublicKey{}, fmt.Errorf("jose: key of the token: %w", err)
	}
	if err := t.Verify(key); err != nil {
		return PublicKey{}, err
	}
	return key, e.checkTimes(&t.claims)
}

func (e *Expected) isAudience(aud string) bool { return slices.Contains(e.Audiences, aud) }

func (t *Token) hasType(want string) bool {
	typ := t.header.Type
	if typ == want {
		return true
	}
	rest, ok := strings.CutPrefix(typ, "application/")
	return ok && rest == want && want != ""
}

func (e *Expected) checkTimes(c *Claims) error {
	now := e.Now()
	if c.Expiry.IsZero() {
		return fmt.Errorf("%w: \"exp\" is missing", ErrClaim)
	}
	// RFC 7519 section 4.1.4: on or after exp the token must not be accepted.
	if !now.Before(c.Expiry.Add(e.Leeway)) {
		return fmt.Errorf("%w: at %v", ErrExpired, c.Expiry.UTC())
	}
	// RFC 7519 section 4.1.5.
	if !c.NotBefore.IsZero() && now.Add(e.Leeway).Before(c.NotBefore) {
		return fmt.Errorf("%w: not before %v", ErrNotYetValid, c.NotBefore.UTC())
	}
	if c.IssuedAt.IsZero() {
		if e.RequireIssuedAt || e.MaxAge > 0 {
			return fmt.Errorf("%w: \"iat\" is missing", ErrClaim)
		}
		return nil
	}
	if now.Add(e.IssuedAtLeeway).Before(c.IssuedAt) {
		return fmt.Errorf("%w: issued at %v", ErrNotYetValid, c.IssuedAt.UTC())
	}
	if e.MaxAge > 0 && now.Sub(c.IssuedAt) > e.MaxAge+e.Leeway {
		return fmt.Errorf("%w: issued at %v", ErrExpired, c.IssuedAt.UTC())
	}
	return nil
}
