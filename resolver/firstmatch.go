package resolver

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"example.com/stagedoor/authprovider"
)

// FirstMatch tries the resolvers in order, as a provider does with those that it is given: one that passes on with
// [authprovider.ErrNoMatch] lets the next one try, and any other error ends the sign-in. If all pass on, so does FirstMatch:
// it can stand inside other combinators.
func FirstMatch[R any](resolvers ...authprovider.SignInResolver[R]) authprovider.SignInResolver[R] {
	tried := make([]authprovider.SignInResolver[R], len(resolvers), len(resolvers)+1)
	for i, inner := range resolvers {
		if inner == nil {
			return misconfigured[R](fmt.Errorf("resolver: FirstMatch: resolver %d is nil", i+1))
		}
		name := fmt.Sprintf("FirstMatch %d", i+1)
		tried[i] = func(ctx context.Context, in authprovider.SignInInfo[R], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
			return within(ctx, name, inner, in, rc)
		}
	}
	// ResolveSignIn turns "all passed" into a refusal, which a resolver inside may return for reasons of its own.
	// A last one that is asked only if all passed tells the two apart.
	tried = append(tried, func(context.Context, authprovider.SignInInfo[R], *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return nil, errAllPassed
	})
	return func(ctx context.Context, in authprovider.SignInInfo[R], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		id, err := authprovider.ResolveSignIn(ctx, in, rc, tried...)
		var none *authprovider.NoMatchError
		if errors.As(err, &none) && len(none.Errs) == len(tried) && none.Errs[len(none.Errs)-1] == errAllPassed {
			return nil, &passedError{none.Errs[:len(none.Errs)-1]}
		}
		return id, err
	}
}

var errAllPassed = fmt.Errorf("resolver: FirstMatch: all passed: %w", authprovider.ErrNoMatch)

// passedError says what each of the resolvers said that passed on. It is of the class ErrNoMatch whatever else they wrap, and shows
// an *[Error] among them.
type passedError struct{ errs []error }

func (e *passedError) Error() string {
	if len(e.errs) == 0 {
		return "resolver: FirstMatch: there is no resolver"
	}
	texts := make([]string, len(e.errs))
	for i, err := range e.errs {
		texts[i] = err.Error()
	}
	return "(" + strings.Join(texts, "; ") + ")"
}

func (e *passedError) Unwrap() error { return authprovider.ErrNoMatch }

func (e *passedError) As(target any) bool {
	if _, ok := target.(**Error); !ok {
		return false
	}
	for _, err := range e.errs {
		if errors.As(err, target) {
			return true
		}
	}
	return false
}
