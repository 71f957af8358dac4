package tokenissuer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/stagedoor/internal/jose"
)

// VerifiedToken is what a user token says, once it is known to be the issuer's and alive. Nobody may modify it: all requests with one token
// may share it, see [VerifierConfig.CacheSize].
type VerifiedToken struct {
	// Subject is the user's entity reference.
	Subject string
	// Ownership are the entity references through which the user owns things. It is nil if the token does not carry
	// them, which is the default; see [Config.OwnershipInToken].
	Ownership []string
	// IssuedAt and Expiry are the times between which the token is good.
	IssuedAt, Expiry time.Time
	// Limited reports whether it is a limited user token, which says who the user is and no more.
	Limited bool

	token *jose.Token
}

func newVerifiedToken(t *jose.Token, limited bool) (*VerifiedToken, error) {
	c := t.Claims()
	v := &VerifiedToken{Subject: c.Subject, IssuedAt: c.IssuedAt, Expiry: c.Expiry, Limited: limited, token: t}
	if v.Subject == "" {
		return nil, fmt.Errorf("%w: no sub", ErrInvalidToken)
	}
	if t.Has("ent") {
		if err := t.Decode("ent", &v.Ownership); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalidToken, err)
		}
		v.Ownership = slices.Clip(v.Ownership) // so that append copies it
	}
	return v, nil
}

// Claims stores the token's claims in v, as encoding/json does but with names matched exactly. An error means that a claim does
// not fit v.
func (t *VerifiedToken) Claims(v any) error { return t.token.DecodeAll(v) }

// Verify checks a user token of this issuer, as [Verifier.Verify] does. Limited user tokens are refused.
func (i *Issuer) Verify(ctx context.Context, token string) (*VerifiedToken, error) {
	return i.verifier.Verify(ctx, token)
}

// publicKeys is the key set of an issuer's own verifiers.
type publicKeys struct{ issuer *Issuer }

var _ jose.KeySet = publicKeys{}

// Key implements [jose.KeySet].
func (p publicKeys) Key(ctx context.Context, kid string, _ jose.Algorithm) (jose.PublicKey, error) {
	s, err := p.issuer.keys.current(ctx, p.issuer.clock.now())
	if err != nil {
		return jose.PublicKey{}, err
	}
	for _, k := range s.served {
		if k.public.KeyID == kid {
			return k.public, nil
		}
	}
	return jose.PublicKey{}, jose.ErrUnknownKey
}

// bearerToken returns the token of the one Authorization header. The scheme is compared without regard to case (RFC 9110
// section 11.1).
func bearerToken(authorization []string) (string, bool) {
	if len(authorization) != 1 {
		return "", false // two of them: which one counts is what two readers would disagree on
	}
	scheme, token, ok := strings.Cut(authorization[0], " ")
	token = strings.TrimLeft(token, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" || strings.ContainsAny(token, " \t") {
		return "", false
	}
	return token, true
}
