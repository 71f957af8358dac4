package resolver

import (
	"context"
	"errors"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// Reason is the rule by which a resolver decided against a person. It is for logs, metrics and tests, and is never shown:
// who can tell "unknown" from "refused" can find out who has an account.
type Reason = authprovider.Reason

// Error says which rule of which resolver decided. Its Resolver is the name of the function in this package.
type Error = authprovider.ResolverError

const (
	ReasonEmailMissing                    = signin.ReasonEmailMissing             // the profile has no e-mail address
	ReasonEmailMalformed                  = signin.ReasonEmailMalformed           // what it has is not an address that every reader reads alike
	ReasonEmailUnverified                 = signin.ReasonEmailUnverified          // nobody checked the address, or nobody says so and somebody must
	ReasonEmailDiffers             Reason = "email_differs"                       // the user of that name has another address in the catalog
	ReasonDomainNotAllowed         Reason = "domain_not_allowed"                  // the address is of another domain
	ReasonUsernameMissing                 = signin.ReasonUsernameMissing          // the provider gives no user name
	ReasonAnnotationValueMissing          = signin.ReasonAnnotationValueMissing   // the provider gives nothing that the annotation could be
	ReasonAnnotationValueMalformed        = signin.ReasonAnnotationValueMalformed // what it gives has invisible characters, or is too long
	ReasonNameMalformed                   = signin.ReasonNameMalformed            // it cannot be the name of a user
	ReasonNameTaken                Reason = "name_taken"                          // it is the name of a user, and nothing says that this is them
	ReasonUserNotFound                    = signin.ReasonUserNotFound             // the catalog has no such user
	ReasonUserAmbiguous                   = signin.ReasonUserAmbiguous            // the catalog has several
	ReasonGroupMissing             Reason = "group_missing"                       // the user is not in the group
	ReasonClaimMissing             Reason = "claim_missing"                       // the provider does not make the claim
	ReasonClaimDiffers             Reason = "claim_differs"                       // the claim has another value
	ReasonDenied                   Reason = "denied"                              // nobody passes here
)

const prefix = "resolver: "

// innerError is an error that came out of a combinator's inner resolver: "resolver: outer > inner: why".
type innerError struct {
	combinator string
	err        error
}

func (e *innerError) Error() string {
	return prefix + e.combinator + " > " + strings.TrimPrefix(e.err.Error(), prefix)
}

func (e *innerError) Unwrap() error { return e.err }

// within calls an inner resolver and puts the name of the combinator around its error.
func within[R any](ctx context.Context, combinator string, inner authprovider.SignInResolver[R], in authprovider.SignInInfo[R],
	rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	id, err := inner(ctx, in, rc)
	if err != nil {
		return nil, &innerError{combinator, err}
	}
	return id, nil
}

// found is within for a combinator that has something to do with the identity, of which it returns a copy.
func found[R any](ctx context.Context, combinator string, inner authprovider.SignInResolver[R], in authprovider.SignInInfo[R],
	rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	id, err := within(ctx, combinator, inner, in, rc)
	if err != nil {
		return nil, err
	}
	if id == nil {
		return nil, errors.New(prefix + combinator + ": the inner resolver returned neither an identity nor an error")
	}
	own := *id // inner may keep its own
	return &own, nil
}

// misconfigured is a resolver that fails every sign-in, and does not let another try.
func misconfigured[R any](err error) authprovider.SignInResolver[R] {
	return func(context.Context, authprovider.SignInInfo[R], *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return nil, err
	}
}

// withoutNoMatch takes "not me, try the next" out of an error, for steps that come after a resolver has matched:
// they may refuse or fail, but must not let a laxer rule have the person.
func withoutNoMatch(err error) error {
	if errors.Is(err, authprovider.ErrNoMatch) && !errors.Is(err, authprovider.ErrNotAllowed) && !errors.Is(err, authprovider.ErrAuthentication) {
		return errors.New(err.Error())
	}
	return err
}
