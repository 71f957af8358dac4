package resolver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"example.com/stagedoor/authprovider"
)

// WithClaims adds claims to the user tokens of those whom inner signs in. The function gets the identity and returns claims by name,
// with values that encode to JSON.
//
// A name that is the issuer's own (iss, sub, aud, exp, iat, nbf, jti, typ, ent, uip, in whatever case), that is not made of 1 to 64 ASCII
// letters, digits and "_.:/-", or that the identity has a claim of already, fails the sign-in. So does any error but one that wraps
// [authprovider.ErrNotAllowed], by which the function refuses; none lets another resolver try, since inner has already said who
// the person is. The function may be called concurrently.
//
// Tokens are sent with every request and can be read by the person: keep claims few, small and no secret.
func WithClaims[R any](inner authprovider.SignInResolver[R],
	claims func(ctx context.Context, in authprovider.SignInInfo[R], id authprovider.Identity) (map[string]any, error)) authprovider.SignInResolver[R] {
	if inner == nil || claims == nil {
		return misconfigured[R](errors.New("resolver: WithClaims: the inner resolver or the function is nil"))
	}
	return func(ctx context.Context, in authprovider.SignInInfo[R], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		id, err := found(ctx, "WithClaims", inner, in, rc)
		if err != nil {
			return nil, err
		}
		added, err := claims(ctx, in, *id)
		if err != nil {
			return nil, fmt.Errorf("resolver: WithClaims: %w", withoutNoMatch(err))
		}
		if len(added) == 0 {
			return id, nil
		}
		all := maps.Clone(id.Claims)
		if all == nil {
			all = make(map[string]any, len(added))
		}
		for name, value := range added {
			if err := checkClaimName(name); err != nil {
				return nil, err
			}
			if _, taken := all[name]; taken {
				return nil, fmt.Errorf("resolver: WithClaims: the identity has a claim %q already", name)
			}
			all[name] = value
		}
		id.Claims = all
		return id, nil
	}
}

// checkClaimName refuses what a token issuer writes itself or would have to escape: a host's own issuer may do neither, and a name
// such as `x":0,"sub` would be two claims.
func checkClaimName(name string) error {
	if name == "" || len(name) > 64 || strings.IndexFunc(name, func(c rune) bool {
		return c >= 0x80 || !isAlphanumeric(byte(c)) && !strings.ContainsRune("_.:/-", c)
	}) >= 0 {
		return fmt.Errorf("resolver: WithClaims: %.100q cannot be the name of a claim", name)
	}
	switch strings.ToLower(name) {
	case "iss", "sub", "aud", "exp", "iat", "nbf", "jti", "typ", "ent", "uip":
		return fmt.Errorf("resolver: WithClaims: %q is a claim of the issuer", name)
	}
	return nil
}
