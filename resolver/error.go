package resolver

import (
	"context"
	"errors"

	"example.com/stagedoor/authprovider"
)

// Reason is the rule by which a resolver decided against a person. It is for logs, metrics and tests, and is never shown:
// who can tell "unknown" from "refused" can find out who has an account.
type Reason string

const (
	ReasonEmailMissing     Reason = "email_missing"      // the profile has no e-mail address
	ReasonEmailMalformed   Reason = "email_malformed"    // what it has is not an address that every reader reads alike
	ReasonEmailUnverified  Reason = "email_unverified"   // nobody checked the address, or nobody says so and somebody must
	ReasonEmailDiffers     Reason = "email_differs"      // the user of that name has another address in the catalog
	ReasonDomainNotAllowed Reason = "domain_not_allowed" // the address is of another domain
	ReasonNameMalformed    Reason = "name_malformed"     // it cannot be the name of a user
	ReasonUserNotFound     Reason = "user_not_found"     // the catalog has no such user
)

// Error says which rule of which resolver decided. Err wraps [authprovider.ErrNoMatch] if the next resolver may try and
// [authprovider.ErrNotAllowed] if the person is refused; what the person is told depends on that alone.
type Error struct {
	// Resolver is the name of the function in this package.
	Resolver string
	Reason   Reason
	// Detail is for the log. It may be empty.
	Detail string
	Err    error
}

// Error returns all of it, for logs.
func (e *Error) Error() string {
	text := "resolver: " + e.Resolver + ": " + string(e.Reason)
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

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
