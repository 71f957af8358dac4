package awsalb

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/proxytoken"
)

// Result is what a verified token says. Issuer and Subject together identify the person for good; most of the rest the person can
// change at the identity provider.
type Result struct {
	Issuer  string
	Subject string
	// Signer is the ARN of the load balancer, and ClientID its client at the identity provider.
	Signer   string
	ClientID string
	// ExpiresAt is when ALB's word ends, by header or claims, whichever is earlier. ALB makes a new token for each request.
	ExpiresAt time.Time

	// The identity provider's usual claims (OpenID Connect Core section 5.1); empty if absent or no text.
	Name              string
	GivenName         string
	FamilyName        string
	PreferredUsername string
	Picture           string
	Email             string
	// EmailVerified is email_verified: true and "true" (Cognito's way) are verified, null and an absent claim are unknown, and anything
	// else is unverified.
	EmailVerified authprovider.EmailVerification

	// AccessToken is the identity provider's, for resolvers that call it; empty if ALB sent none. Nobody has vouched for it: do not read
	// an identity from it.
	AccessToken authprovider.Secret

	token *jose.Token
}

// ParseResult returns what a token with these claims, a JSON object, would say, for the unit tests of sign-in resolvers: it verifies
// nothing.
func ParseResult(claims []byte) (Result, error) {
	t, err := jose.ParseClaims(claims)
	if err != nil {
		return Result{}, fmt.Errorf("awsalb: claims: %w", err)
	}
	return newResult(t), nil
}

func newResult(t *jose.Token) Result {
	claims := t.Claims()
	r := Result{Issuer: claims.Issuer, Subject: claims.Subject, ExpiresAt: claims.Expiry, token: t}
	r.EmailVerified = proxytoken.EmailVerification(t)
	r.Signer, _ = t.HeaderString("signer")
	r.ClientID, _ = t.HeaderString("client")
	r.Name, _ = t.String("name")
	r.GivenName, _ = t.String("given_name")
	r.FamilyName, _ = t.String("family_name")
	r.PreferredUsername, _ = t.String("preferred_username")
	r.Picture, _ = t.String("picture")
	r.Email, _ = t.String("email")
	return r
}

// Claims decodes all claims into v, by exact name: a member that matches a field only without regard to case is an error.
func (r Result) Claims(v any) error {
	if r.token == nil {
		return errors.New("awsalb: the result has no claims")
	}
	if err := r.token.DecodeAll(v); err != nil {
		return fmt.Errorf("awsalb: claims: %w", err)
	}
	return nil
}

func (r Result) displayName() string {
	if r.Name != "" {
		return r.Name
	}
	if name := strings.TrimSpace(r.GivenName + " " + r.FamilyName); name != "" {
		return name
	}
	return r.PreferredUsername
}
