package resolver

import (
	"context"
	"errors"
	"fmt"

	"example.com/stagedoor/authprovider"
)

// WithOwnership adds to what the users that inner signs in own: groups that the provider vouches for, say. The function
// gets the identity and returns entity references such as "group:default/admins"; each is added once, after those that inner
// found, and none is taken away. (What the catalog's users own by default is [authprovider.ResolverContextConfig]'s Ownership.)
//
// The function may refuse with an error that wraps [authprovider.ErrNotAllowed]. Any other error is a failure; it does
// not let another resolver try, since inner has already said who the person is. It may be called concurrently.
func WithOwnership[R any](inner authprovider.SignInResolver[R],
	ownership func(ctx context.Context, in authprovider.SignInInfo[R], id authprovider.Identity) ([]string, error)) authprovider.SignInResolver[R] {
	if inner == nil || ownership == nil {
		return misconfigured[R](errors.New("resolver: WithOwnership: the inner resolver or the function is nil"))
	}
	return func(ctx context.Context, in authprovider.SignInInfo[R], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		id, err := found(ctx, "WithOwnership", inner, in, rc)
		if err != nil {
			return nil, err
		}
		added, err := ownership(ctx, in, *id)
		if err != nil {
			return nil, fmt.Errorf("resolver: WithOwnership: %w", withoutNoMatch(err))
		}
		owns := id.OwnershipRefs
		if len(owns) == 0 {
			owns = []string{id.UserRef} // that is what empty stands for; the first addition must not end it
		}
		if id.OwnershipRefs, err = union(owns, added); err != nil {
			return nil, err
		}
		return id, nil
	}
}

// union returns the references of both lists in their order and Backstage's spelling, each once.
func union(a, b []string) ([]string, error) {
	refs := make([]string, 0, len(a)+len(b))
	seen := make(map[string]bool, len(a)+len(b))
	for _, list := range [...][]string{a, b} {
		for _, text := range list {
			parsed, err := authprovider.ParseEntityRef(text)
			if err != nil {
				// The host's fault, not the person's: not an error of the class of the parse error.
				return nil, fmt.Errorf("resolver: WithOwnership: %v", err)
			}
			if ref := parsed.String(); !seen[ref] {
				seen[ref] = true
				refs = append(refs, ref)
			}
		}
	}
	return refs, nil
}
