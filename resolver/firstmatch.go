package resolver

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"example.com/stagedoor/authprovider"
)

// FirstMatch tries the resolvers in order, as a provider does with those that it is given: one that passes on with
// [authprovider.ErrNoMatch] lets the next one try, and any other error ends the sign-in. If all pass on, so does FirstMatch:
// it can stand inside other combinators.
func FirstMatch[R any](resolvers ...authprovider.SignInResolver[R]) authprovider.SignInResolver[R] {
	for i, r := range resolvers {
		if r == nil {
			return misconfigured[R](fmt.Errorf("resolver: FirstMatch: resolver %d is nil", i+1))
		}
	}
	resolvers = slices.Clip(slices.Clone(resolvers)) // so that each append below copies
	return func(ctx context.Context, in authprovider.SignInInfo[R], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		// ResolveSignIn turns "all passed" into a refusal, which a resolver inside may return for reasons of its own.
		// A last one that is asked only if all passed tells the two apart.
		allPassed := false
		last := func(context.Context, authprovider.SignInInfo[R], *authprovider.ResolverContext) (*authprovider.Identity, error) {
			allPassed = true
			return nil, authprovider.ErrNoMatch
		}
		id, err := authprovider.ResolveSignIn(ctx, in, rc, append(resolvers, last)...)
		if !allPassed {
			return id, err
		}
		var none *authprovider.NoMatchError
		if errors.As(err, &none) {
			none.Errs = none.Errs[:len(none.Errs)-1]
		}
		return nil, fmt.Errorf("resolver: FirstMatch: %v: %w", err, authprovider.ErrNoMatch)
	}
}
