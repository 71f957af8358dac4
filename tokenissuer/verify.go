package tokenissuer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
)

// VerifiedToken is what a user token says, once it is known to be ours and alive. It is immutable.
type VerifiedToken struct {
	// Subject is the user's entity reference.
	Subject string
	// Ownership are the entity references through which the user owns things. It is nil if the token does not carry
	// them, which is the default; see [Config.OwnershipInToken].
	Ownership []string
	// IssuedAt and Expiry are the times between which the token is good.
	IssuedAt, Expiry time.Time

	token *jose.Token
}

// Claims stores the token's claims in v, as encoding/json does but with names matched exactly. An error means that a claim does
// not fit v.
func (t *VerifiedToken) Claims(v any) error { return t.token.DecodeAll(v) }

// Verify checks a user token: that this issuer signed it, with ES256, as a user token for the audience backstage, and that
// it is alive, with a minute of leeway for clocks. Limited user tokens are refused.
//
// Errors wrap [ErrInvalidToken], but for those that wrap [authprovider.ErrUnavailable]: then the keys could not be read and
// nothing is known about the token.
func (i *Issuer) Verify(ctx context.Context, token string) (*VerifiedToken, error) {
	t, err := i.verifier.Verify(ctx, token)
	if err != nil {
		return nil, verifyError(ctx, err)
	}
	v := &VerifiedToken{Subject: t.Claims().Subject, IssuedAt: t.Claims().IssuedAt, Expiry: t.Claims().Expiry, token: t}
	if v.Subject == "" {
		return nil, fmt.Errorf("%w: no sub", ErrInvalidToken)
	}
	if t.Has("ent") {
		if err := t.Decode("ent", &v.Ownership); err != nil {
			return nil, verifyError(ctx, err)
		}
	}
	return v, nil
}

// verifyError tells a bad token from keys that could not be read.
func verifyError(ctx context.Context, err error) error {
	if errors.Is(err, authprovider.ErrUnavailable) || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return fmt.Errorf("tokenissuer: verify: %w", err)
	}
	return fmt.Errorf("%w: %w", ErrInvalidToken, err)
}

// verifyLimited checks a token whose typ is that of a limited user token. It has neither iss nor aud: that one of our keys,
// which are for ES256 alone, signed exactly these three claims under that typ is what makes it ours.
func (i *Issuer) verifyLimited(ctx context.Context, t *jose.Token) error {
	h, c := t.Header(), t.Claims()
	if !slices.Equal(t.Names(), []string{"sub", "iat", "exp"}) || c.Subject == "" {
		return fmt.Errorf("%w: claims are not those of a limited user token", ErrInvalidToken)
	}
	key, err := publicKeys{i}.Key(ctx, h.KeyID, h.Algorithm)
	if err != nil {
		return verifyError(ctx, err)
	}
	if err := t.Verify(key); err != nil {
		return verifyError(ctx, err)
	}
	now := i.clock.verifying()
	if !now.Before(c.Expiry.Add(leeway)) || now.Add(leeway).Before(c.IssuedAt) {
		return fmt.Errorf("%w: limited user token is not valid now", ErrInvalidToken)
	}
	return nil
}

// publicKeys is the key set of an issuer's own verifier.
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
