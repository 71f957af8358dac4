package proxyauth

import (
	"errors"
	"fmt"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/proxytoken"
)

// JWTResult is what a verified token says. Issuer and Subject together identify the person for good; most of the rest the person can
// change at the identity provider.
type JWTResult struct {
	Issuer    string
	Subject   string
	Audiences []string // not to be modified
	IssuedAt  time.Time
	ExpiresAt time.Time

	// The usual claims of OpenID Connect (Core section 5.1); empty if absent or no text.
	Name              string
	PreferredUsername string
	Picture           string
	Email             string
	// EmailVerified is email_verified: true and "true" are verified, null and an absent claim are unknown, and anything else is unverified.
	EmailVerified authprovider.EmailVerification

	token *jose.Token
}

func newJWTResult(t *jose.Token) JWTResult {
	claims := t.Claims()
	r := JWTResult{Issuer: claims.Issuer, Subject: claims.Subject, Audiences: claims.Audiences, IssuedAt: claims.IssuedAt, ExpiresAt: claims.Expiry, token: t}
	r.Name, _ = t.String("name")
	r.PreferredUsername, _ = t.String("preferred_username")
	r.Picture, _ = t.String("picture")
	r.Email, _ = t.String("email")
	r.EmailVerified = proxytoken.EmailVerification(t)
	return r
}

// ParseJWTResult returns what a token with these claims, a JSON object, would say, for the unit tests of sign-in resolvers: it verifies
// nothing.
func ParseJWTResult(claims []byte) (JWTResult, error) {
	t, err := jose.ParseClaims(claims)
	if err != nil {
		return JWTResult{}, fmt.Errorf("proxyauth: claims: %w", err)
	}
	return newJWTResult(t), nil
}

// Claims decodes all claims into v, by exact name: a member that matches a field only without regard to case is an error.
func (r JWTResult) Claims(v any) error {
	if r.token == nil {
		return errors.New("proxyauth: the result has no claims")
	}
	if err := r.token.DecodeAll(v); err != nil {
		return fmt.Errorf("proxyauth: claims: %w", err)
	}
	return nil
}
