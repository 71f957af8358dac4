package oidcprovider

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
)

const (
	leeway     = time.Minute
	maxAge     = 24 * time.Hour // of an ID token that has just been made
	maxSubject = 255            // OpenID Connect Core section 2
)

// expectation is what an ID token must fit, besides issuer and client.
type expectation struct {
	// nonce is that of the authorization request.
	nonce string
	// refreshOf is set in place of nonce: the session that was refreshed.
	refreshOf *oauthadapter.Session
}

// verifyIDToken checks the ID token of a token answer, from cheap to dear (OpenID Connect Core section 3.1.3.7; numbers are its steps).
// A failed check is an [ErrIDToken]; keys that could not be had are not, since they say nothing about the person.
func (a *Authenticator) verifyIDToken(ctx context.Context, m *metadata, session oauthadapter.Session, want expectation) (*jose.Token, error) {
	raw := string(session.IDToken)
	t, err := jose.Parse(raw)
	if err != nil {
		return nil, refuseIDToken(err)
	}
	claims := t.Claims()

	// RFC 8725 section 3.11: an access token (at+jwt) or a logout token of the same issuer is no ID token.
	if typ := strings.TrimPrefix(t.Header().Type, "application/"); typ != "" && !strings.EqualFold(typ, "JWT") {
		return nil, refuseIDToken(fmt.Errorf("%w: %.32q", jose.ErrType, typ))
	}
	// 7: the algorithm is one that we accept; "none" and HMAC never are.
	if !slices.Contains(a.algorithms, t.Header().Algorithm) {
		return nil, refuseIDToken(fmt.Errorf("%w: %s", jose.ErrAlgorithm, t.Header().Algorithm))
	}
	// 2: iss is exactly the issuer whose metadata and keys are used.
	if !a.issuer.allows(t) {
		return nil, refuseIDToken(fmt.Errorf("%w: %.200q", jose.ErrIssuer, claims.Issuer))
	}
	// 3: aud has our client ID. A token for another client of the same provider is somebody else's sign-in.
	if !slices.Contains(claims.Audiences, a.clientID) {
		return nil, refuseIDToken(jose.ErrAudience)
	}
	// 3, 4: audiences that we do not know are trusted only if azp says that the token was made for us.
	azp, hasAzp := t.String("azp")
	if !hasAzp && slices.ContainsFunc(claims.Audiences, func(aud string) bool { return aud != a.clientID }) {
		return nil, refuseIDToken(fmt.Errorf("%w: further audiences without azp", jose.ErrAudience))
	}
	// 5: azp, if present, is our client ID.
	if t.Has("azp") && azp != a.clientID {
		return nil, refuseIDToken(fmt.Errorf("%w: azp is another client", jose.ErrAudience))
	}
	// Section 2: sub identifies the person.
	if claims.Subject == "" || len(claims.Subject) > maxSubject {
		return nil, refuseIDToken(fmt.Errorf("%w: sub of %d bytes, want 1 to %d", jose.ErrClaim, len(claims.Subject), maxSubject))
	}
	// 11, or section 12.2 on a refresh: the answer belongs to this browser's request.
	if err := want.check(t); err != nil {
		return nil, err
	}
	// 9, 10: exp and iat are there at all.
	if claims.Expiry.IsZero() || claims.IssuedAt.IsZero() {
		return nil, refuseIDToken(fmt.Errorf("%w: exp and iat are required", jose.ErrClaim))
	}
	// 6, and iss, aud and exp once more by go-oidc.
	if err := a.verifySignature(ctx, m, raw, t); err != nil {
		return nil, err
	}
	// 10: iat is neither in the future nor so old that the token cannot come from this request.
	now := a.now()
	if claims.IssuedAt.After(now.Add(leeway)) || claims.NotBefore.After(now.Add(leeway)) {
		return nil, refuseIDToken(fmt.Errorf("%w: issued at %v, not before %v", jose.ErrNotYetValid, claims.IssuedAt.UTC(), claims.NotBefore.UTC()))
	}
	if now.Sub(claims.IssuedAt) > maxAge {
		return nil, refuseIDToken(fmt.Errorf("%w: issued at %v", jose.ErrExpired, claims.IssuedAt.UTC()))
	}
	// Section 3.1.3.8: the access token was issued together with it.
	if err := checkAccessTokenHash(t, string(session.AccessToken)); err != nil {
		return nil, refuseIDToken(err)
	}
	return t, nil
}

func refuseIDToken(cause error) error {
	return refuse("id_token_invalid", fmt.Errorf("%w: %w", ErrIDToken, cause))
}

// check compares what binds the token to its request.
func (e expectation) check(t *jose.Token) error {
	nonce, _ := t.String("nonce")
	if e.refreshOf == nil {
		if subtle.ConstantTimeCompare([]byte(nonce), []byte(e.nonce)) != 1 {
			return refuseIDToken(fmt.Errorf("%w: nonce is another one", jose.ErrClaim))
		}
		return nil
	}
	// Section 12.2: the same person, and, as far as the old token says, of the same issuer and with the same nonce. auth_time is not compared: it moves when the person
	// signs in again for another client of the provider, and it does not say who that is.
	if t.Claims().Subject != e.refreshOf.Subject {
		return refuse("subject_changed", fmt.Errorf("%w: %w", ErrIDToken, ErrSubject))
	}
	old, err := jose.Parse(string(e.refreshOf.IDToken))
	if err != nil {
		return nil
	}
	if t.Claims().Issuer != old.Claims().Issuer {
		return refuse("subject_changed", fmt.Errorf("%w: %w", ErrIDToken, ErrSubject))
	}
	if oldNonce, _ := old.String("nonce"); old.Has("nonce") && t.Has("nonce") && nonce != oldNonce {
		return refuseIDToken(fmt.Errorf("%w: nonce is another one", jose.ErrClaim))
	}
	return nil
}

// newVerifier returns go-oidc's verifier with our key set under it.
func (a *Authenticator) newVerifier(jwksURI string) (*oidc.IDTokenVerifier, error) {
	keys, err := keyset.New(keyset.Config{URL: jwksURI, Algorithms: a.algorithms, Client: a.oauth.HTTPClient(), Now: a.now, Logger: a.logger})
	if err != nil {
		return nil, err
	}
	algorithms := make([]string, len(a.algorithms))
	for i, alg := range a.algorithms {
		algorithms[i] = string(alg)
	}
	return oidc.NewVerifier(string(a.issuer), tokenKeySet{keys, a.issuer}, &oidc.Config{
		ClientID:             a.clientID,
		SkipIssuerCheck:      a.issuer.perTenant(), // verifyIDToken has made it
		SupportedSigningAlgs: algorithms,
		Now:                  func() time.Time { return a.now().Add(-leeway) }, // its leeway for exp is none
	}), nil
}

// verifySignature has go-oidc verify the token that t was read from. Its algorithm has been checked.
func (a *Authenticator) verifySignature(ctx context.Context, m *metadata, raw string, t *jose.Token) error {
	sig := &signature{raw: raw, token: t}
	_, err := m.verifier.Verify(context.WithValue(ctx, signatureKey{}, sig), raw)
	var expired *oidc.TokenExpiredError
	switch {
	case err == nil:
		return nil
	case errors.Is(sig.err, keyset.ErrUnavailable), errors.Is(sig.err, context.Canceled), errors.Is(sig.err, context.DeadlineExceeded):
		return oauthclient.Unavailable(fmt.Errorf("oidcprovider: keys: %w", sig.err), 0)
	case sig.err != nil:
		return refuseIDToken(sig.err)
	case errors.As(err, &expired):
		return refuseIDToken(fmt.Errorf("%w: at %v", jose.ErrExpired, expired.Expiry.UTC()))
	}
	return refuseIDToken(fmt.Errorf("%w: go-oidc does not take it", jose.ErrMalformed)) // its text may quote the token
}

// signature is what one verification tells the key set under go-oidc, and hears from it.
type signature struct {
	raw   string
	token *jose.Token // raw, strictly read
	err   error       // of which go-oidc keeps the text alone
}

type signatureKey struct{}

// tokenKeySet verifies the token that our front has read already, rather than read it again.
type tokenKeySet struct {
	keys   jose.KeySet
	issuer issuerRule
}

var _ oidc.KeySet = tokenKeySet{}

// VerifySignature implements [oidc.KeySet] for the contexts of verifySignature.
func (k tokenKeySet) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	sig, ok := ctx.Value(signatureKey{}).(*signature)
	if !ok || sig.raw != jwt {
		return nil, errors.New("oidcprovider: not the token that was read")
	}
	if sig.err = k.verify(ctx, sig.token); sig.err != nil {
		return nil, sig.err
	}
	return sig.token.Payload(), nil
}

func (k tokenKeySet) verify(ctx context.Context, t *jose.Token) error {
	key, err := k.keys.Key(ctx, t.Header().KeyID, t.Header().Algorithm)
	if err != nil {
		return err
	}
	if !k.issuer.allowsKey(key, t) {
		return fmt.Errorf("%w: the key is for %.200q", jose.ErrIssuer, key.Issuer)
	}
	return t.Verify(key)
}

// checkAccessTokenHash compares at_hash, which the code flow permits to be absent, with the left half of the digest of the access
// token (OpenID Connect Core section 3.1.3.6). The digest is that of the signature algorithm, SHA-512 for Ed25519.
func checkAccessTokenHash(t *jose.Token, accessToken string) error {
	if !t.Has("at_hash") {
		return nil
	}
	want, _ := t.String("at_hash")
	var digest []byte
	switch t.Header().Algorithm {
	case jose.RS256, jose.PS256, jose.ES256:
		sum := sha256.Sum256([]byte(accessToken))
		digest = sum[:]
	case jose.RS384, jose.PS384, jose.ES384:
		sum := sha512.Sum384([]byte(accessToken))
		digest = sum[:]
	default:
		sum := sha512.Sum512([]byte(accessToken))
		digest = sum[:]
	}
	got := base64.RawURLEncoding.EncodeToString(digest[:len(digest)/2])
	if subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {
		return fmt.Errorf("%w: at_hash is that of another access token", jose.ErrClaim)
	}
	return nil
}
