package tokenissuer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
)

const (
	audience = "backstage"

	typeUser        = "vnd.backstage.user"
	typeLimitedUser = "vnd.backstage.limited-user"
)

// keySource is where an issuer's keys come from: a [KeyStore] or files.
type keySource interface {
	// signing returns the key to sign with.
	signing(ctx context.Context, now time.Time) (*key, error)
	// current returns what to publish and to verify with. It holds at least one key.
	current(ctx context.Context, now time.Time) (*keySnapshot, error)
	// revoke withdraws a key.
	revoke(ctx context.Context, now time.Time, kid string) error
}

// Issuer makes user tokens, publishes the keys that verify them, and verifies them. [New] makes it. It is safe for concurrent
// use, and has no goroutine: keys are made and retired when they are used.
type Issuer struct {
	url              string
	iss              jose.Claim // url
	ttl              time.Duration
	ownershipInToken bool
	clock            clock
	keys             keySource
	verifier         *Verifier
	userInfo         UserInfoStore
	userInfoVerifier *Verifier // of limited tokens too
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
	if !key.expires.IsZero() {
		exp = min(exp, key.lastExpiry().Unix())
	}

	proof, exp, err := i.prove(ctx, key.signer, said, iat, exp)
	ownershipInToken := i.ownershipInToken
	switch {
	case errors.Is(err, errNotStored):
		i.logger.LogAttrs(ctx, slog.LevelWarn, "tokenissuer: userinfo not stored, the token carries its ownership", slog.Any("error", err))
		ownershipInToken = true
	case err != nil:
		return "", err
	}

	// Backstage spreads custom claims first, so that they could override nothing even if their names were not checked.
	claims := make([]jose.Claim, 0, len(said.custom)+7)
	claims = append(claims, said.custom...)
	claims = append(claims, i.iss, said.sub)
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

// maxSameProofs bounds how many different sign-ins of one user there can be in one second.
const maxSameProofs = 30

var errNotStored = errors.New("tokenissuer: userinfo not stored")

// prove makes the identity proof, and stores under it what userinfo answers. Beside an error that wraps errNotStored the proof is good.
//
// A deterministic algorithm gives two sign-ins of one user in one second the same proof, though they may say different things. The
// store tells, and the later one's token lives a second less.
func (i *Issuer) prove(ctx context.Context, signer *jose.Signer, said *statement, iat, exp int64) (string, int64, error) {
	for range maxSameProofs {
		proof, err := identityProof(signer, said.sub, iat, exp)
		if err != nil {
			return "", 0, err
		}
		err = i.userInfo.PutUserInfo(ctx, userInfoKey(proof), said.record, time.Unix(exp, 0).Add(leeway))
		switch {
		case err == nil:
			return proof, exp, nil
		case !errors.Is(err, ErrUserInfoExists):
			return proof, exp, fmt.Errorf("%w: %w", errNotStored, err)
		}
		exp--
	}
	return "", 0, fmt.Errorf("%w: %d different sign-ins of one user in one second", authprovider.ErrUnavailable, maxSameProofs)
}

// Revoke withdraws the key of that kid at once: this process signs and verifies nothing more with it, and serves it no more; other replicas
// that share the store follow within two minutes, and verifiers elsewhere when their copy of the published keys has expired, five minutes
// after that; one that nobody used for longer accepts such tokens until its refresh, which the first of them starts, has come back. Every token that the key signed is then refused. If it was the signing key, the next one signs from now on,
// though not everybody may have it yet.
//
// The error wraps [ErrKeyNotFound] if the store has no key of that kid. After any other, which wraps [authprovider.ErrUnavailable] if the store
// failed, the key may or may not have been withdrawn. The keys of [Config.KeyFiles] are not the issuer's to revoke.
func (i *Issuer) Revoke(ctx context.Context, kid string) error {
	return i.keys.revoke(ctx, i.clock.now(), kid)
}

// identityProof returns the uip claim: the signature of the limited user token. A Backstage backend rebuilds the text of
// that token with JSON.stringify, so it must have exactly these members in this order, without white space and with
// JavaScript's escapes.
func identityProof(signer *jose.Signer, sub jose.Claim, iat, exp int64) (string, error) {
	proof, err := signer.SignatureOfJWT(typeLimitedUser,
		sub, jose.Claim{Name: "iat", Value: iat}, jose.Claim{Name: "exp", Value: exp})
	if err != nil {
		return "", fmt.Errorf("tokenissuer: sign the identity proof: %w", err)
	}
	return proof, nil
}
