package tokenissuer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
)

const (
	algorithm = jose.ES256
	audience  = "backstage"

	typeUser        = "vnd.backstage.user"
	typeLimitedUser = "vnd.backstage.limited-user"

	// leeway is how far the clocks of issuer and verifier may differ.
	leeway = time.Minute
)

// Issuer makes user tokens, publishes the keys that verify them, and verifies them. [New] makes it. It is safe for concurrent
// use, and has no goroutine: keys are made and retired when they are used.
type Issuer struct {
	url              string
	ttl              time.Duration
	ownershipInToken bool
	clock            clock
	keys             *keyRing
	verifier         *jose.Verifier
	userInfo         UserInfoStore
	discovery        *document
	logger           *slog.Logger
}

var (
	_ authprovider.TokenIssuer     = (*Issuer)(nil)
	_ authprovider.JWKSServer      = (*Issuer)(nil)
	_ authprovider.DiscoveryServer = (*Issuer)(nil)
	_ authprovider.UserInfoServer  = (*Issuer)(nil)
)

// IssuerURL returns [Config.Issuer].
func (i *Issuer) IssuerURL() string { return i.url }

// IssueToken signs a token for c. An empty c.Ownership means the subject alone. Errors wrap [ErrClaim], [ErrTooLarge] or
// [ErrClock], which a host's configuration or clock causes, or [authprovider.ErrUnavailable] if a key is needed and the store
// cannot take it.
//
// If the userinfo store fails, the token is issued all the same and carries its ownership itself.
func (i *Issuer) IssueToken(ctx context.Context, c authprovider.TokenClaims) (string, error) {
	said, err := newStatement(c)
	if err != nil {
		return "", err
	}
	now := i.clock.now()
	key, err := i.keys.signing(ctx, now)
	if err != nil {
		return "", err
	}
	iat, err := i.clock.issuedAt(now)
	if err != nil {
		return "", err
	}
	exp := iat + int64(i.ttl/time.Second)

	proof, err := identityProof(key.signer, said.subject, iat, exp)
	if err != nil {
		return "", err
	}
	ownershipInToken := i.ownershipInToken
	if err := i.userInfo.PutUserInfo(ctx, userInfoKey(proof), said.record, time.Unix(exp, 0).Add(leeway)); err != nil {
		i.logger.LogAttrs(ctx, slog.LevelWarn, "tokenissuer: userinfo not stored, the token carries its ownership", slog.Any("error", err))
		ownershipInToken = true
	}

	// Backstage spreads custom claims first, so that they could override nothing even if their names were not checked.
	claims := make([]jose.Claim, 0, len(said.custom)+7)
	claims = append(claims, said.custom...)
	claims = append(claims, jose.Claim{Name: "iss", Value: i.url}, jose.Claim{Name: "sub", Value: said.subject})
	if ownershipInToken {
		claims = append(claims, jose.Claim{Name: "ent", Value: said.ownership})
	}
	claims = append(claims, jose.Claim{Name: "aud", Value: audience}, jose.Claim{Name: "iat", Value: iat},
		jose.Claim{Name: "exp", Value: exp}, jose.Claim{Name: "uip", Value: proof})
	if err := said.checkSize(ownershipInToken); err != nil {
		return "", err
	}
	token, err := key.signer.SignJWT(typeUser, claims...)
	switch {
	case errors.Is(err, jose.ErrJSON), errors.Is(err, jose.ErrClaim), errors.Is(err, jose.ErrMalformed):
		return "", fmt.Errorf("%w: %w", ErrClaim, err)
	case err != nil:
		return "", fmt.Errorf("tokenissuer: sign: %w", err)
	case len(token) > maxTokenSize:
		return "", fmt.Errorf("%w: token of %d bytes, at most %d; %d ownership references and %d custom claims", ErrTooLarge,
			len(token), maxTokenSize, len(said.ownership), len(said.custom))
	}
	return token, nil
}

// identityProof returns the uip claim: the signature of the limited user token. A Backstage backend rebuilds the text of
// that token with JSON.stringify, so it must have exactly these members in this order, without white space and with
// JavaScript's escapes.
func identityProof(signer *jose.Signer, subject string, iat, exp int64) (string, error) {
	limited, err := signer.SignJWT(typeLimitedUser,
		jose.Claim{Name: "sub", Value: subject}, jose.Claim{Name: "iat", Value: iat}, jose.Claim{Name: "exp", Value: exp})
	if err != nil {
		return "", fmt.Errorf("tokenissuer: sign the identity proof: %w", err)
	}
	return limited[strings.LastIndexByte(limited, '.')+1:], nil
}
