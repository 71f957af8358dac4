package resolver

import (
	"context"
	"fmt"

	"example.com/stagedoor/authprovider"
)

// EmailOptions are rules about the e-mail address of a sign-in, and for the resolvers that go by it. Where a rule needs an address, a
// sign-in without one passes on. The zero value allows nothing dangerous. They are copied when a resolver is made.
type EmailOptions struct {
	// AllowedDomains are the domains that an address may be of, such as "example.com"; compared exactly but for case.
	// Addresses of others are refused. If nil, any domain is allowed, but the resolver that goes by the local part fails. An empty
	// list that is not nil is a mistake.
	AllowedDomains []string
	// RequireVerifiedEmail refuses addresses about which the provider does not say whether it checked them. Addresses
	// of which it says that nobody did are refused wherever an address is looked at.
	RequireVerifiedEmail bool
	// StripPlusTag looks for jane@example.com if the catalog has no jane+tag@example.com. It is off by default, because it is
	// for the mail server to say whether both are one mailbox: where they are two, the second is somebody else's.
	StripPlusTag bool
	// DangerouslyAllowAnyDomain lets a resolver go by the part before the '@' with no regard to the domain: whoever has a mailbox
	// jane@ anywhere is signed in as jane. The one right use is a provider that admits nobody from outside.
	DangerouslyAllowAnyDomain bool
	// DangerouslyAllowSignInWithoutUserInCatalog signs in whom the catalog does not have, as user:default/<name> with no
	// groups. The name is what the resolver goes by: the address (after StripPlusTag), its local part, the user name, or the value of the
	// annotation; if the catalog has a user of that name, it is somebody else's, and the person is refused.
	// Whoever is removed from the catalog keeps this access. It takes effect only if the catalog says that it has no such
	// user: never if it fails, nor if it has several.
	DangerouslyAllowSignInWithoutUserInCatalog bool
}

const (
	emailMatching     = "EmailMatchingUserEntityProfileEmail"
	localPartMatching = "EmailLocalPartMatchingUserEntityName"
)

// EmailMatchingUserEntityProfileEmail signs in the one catalog user whose profile has the e-mail address of the sign-in.
// Use it only with providers that verify addresses: with any other, whoever types Jane's address becomes Jane.
// [EmailOptions.RequireVerifiedEmail] makes sure.
func EmailMatchingUserEntityProfileEmail[R any](ctx context.Context, in authprovider.SignInInfo[R], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return rule{resolver: emailMatching}.signInByEmail(ctx, in.Profile, rc)
}

// EmailMatchingUserEntityProfileEmailWith is [EmailMatchingUserEntityProfileEmail] with options.
func EmailMatchingUserEntityProfileEmailWith[R any](o EmailOptions) authprovider.SignInResolver[R] {
	r, err := o.rule(emailMatching)
	if err != nil {
		return misconfigured[R](err)
	}
	return func(ctx context.Context, in authprovider.SignInInfo[R], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return r.signInByEmail(ctx, in.Profile, rc)
	}
}

// EmailLocalPartMatchingUserEntityName signs in the catalog user whose name is the part of the e-mail address before the '@'.
//
// Danger: the local part is no identity. It does not know which domain is yours, so jane@anywhere.example would become
// your jane. All that this form can hold against her is the catalog: a user who has an address there must sign
// in with that address, and is refused with another. Users who have none are open to everybody with such a
// local part whom the provider admits. Use [EmailLocalPartMatchingUserEntityNameWith] and name your domains.
func EmailLocalPartMatchingUserEntityName[R any](ctx context.Context, in authprovider.SignInInfo[R], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return rule{resolver: localPartMatching, matchCatalogEmail: true}.signInByLocalPart(ctx, in.Profile, rc)
}

// EmailLocalPartMatchingUserEntityNameWith is [EmailLocalPartMatchingUserEntityName] with options, and without regard to the
// address that the user has in the catalog. It needs AllowedDomains or DangerouslyAllowAnyDomain.
func EmailLocalPartMatchingUserEntityNameWith[R any](o EmailOptions) authprovider.SignInResolver[R] {
	r, err := o.rule(localPartMatching)
	if err == nil && o.AllowedDomains == nil && !o.DangerouslyAllowAnyDomain {
		err = fmt.Errorf("resolver: %s: EmailOptions.AllowedDomains is required", localPartMatching)
	}
	if err != nil {
		return misconfigured[R](err)
	}
	return func(ctx context.Context, in authprovider.SignInInfo[R], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return r.signInByLocalPart(ctx, in.Profile, rc)
	}
}
