package cfaccess

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
)

// Result is what Access vouches for. Issuer and Subject together identify a person for good, until an administrator removes the person from
// the team and adds them again.
type Result struct {
	Issuer string
	// Subject is the person's ID in the team; empty for a service token.
	Subject string
	// Audience is which of [Config].Audience the token is for.
	Audience string
	// Email is the person's address, which Access has from the identity provider as verified; empty for a service token.
	Email string
	// Country is where the person signed in from, such as "US".
	Country   string
	IssuedAt  time.Time
	ExpiresAt time.Time

	// Identity is what get-identity says about the person; nil for a service token and with [Config].SkipIdentity. Requests share it: it is
	// not to be modified.
	Identity *Identity
	// ServiceToken is the entry of [Config].ServiceTokens that came in; nil for a person.
	ServiceToken *ServiceToken

	token *jose.Token
}

// SignInInfo is the argument of sign-in resolvers for this provider.
type SignInInfo = authprovider.SignInInfo[Result]

func newResult(t *jose.Token) Result {
	claims := t.Claims()
	r := Result{Issuer: claims.Issuer, Subject: claims.Subject, IssuedAt: claims.IssuedAt, ExpiresAt: claims.Expiry, token: t}
	r.Country, _ = t.String("country")
	if r.Subject != "" {
		r.Email, _ = t.String("email")
	}
	return r
}

// ParseResult returns what a token with these claims, and this answer of get-identity if it is not empty, would say, for the unit tests of
// sign-in resolvers: it verifies nothing. Both are JSON objects. The tests set ServiceToken themselves.
func ParseResult(claims, identity []byte) (Result, error) {
	t, err := jose.ParseClaims(claims)
	if err != nil {
		return Result{}, fmt.Errorf("cfaccess: claims: %w", err)
	}
	r := newResult(t)
	if audiences := t.Claims().Audiences; len(audiences) > 0 {
		r.Audience = audiences[0]
	}
	if len(identity) > 0 {
		if r.Identity, err = parseIdentity(slices.Clone(identity)); err != nil {
			return Result{}, err
		}
	}
	return r, nil
}

// Claims decodes all claims of the token into v, by exact name: a member that matches a field only without regard to case is an error.
func (r Result) Claims(v any) error {
	if r.token == nil {
		return errors.New("cfaccess: the result has no claims")
	}
	if err := r.token.DecodeAll(v); err != nil {
		return fmt.Errorf("cfaccess: claims: %w", err)
	}
	return nil
}
