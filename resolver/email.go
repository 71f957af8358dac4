package resolver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"example.com/stagedoor/authprovider"
)

// EmailOptions are the rules of the resolvers that go by an e-mail address. They speak about addresses: a sign-in without
// one passes on, whatever is set. The zero value allows nothing dangerous. They are copied when a resolver is made.
type EmailOptions struct {
	// AllowedDomains are the domains that an address may be of, such as "example.com"; compared exactly but for case.
	// Addresses of others are refused. If nil, any domain is allowed by the resolver that goes by the whole address, and the
	// one that goes by the local part fails. An empty list that is not nil is a mistake.
	AllowedDomains []string
	// RequireVerifiedEmail refuses addresses about which the provider does not say whether it checked them. Addresses
	// of which it says that nobody did are refused in any case.
	RequireVerifiedEmail bool
	// StripPlusTag looks for jane@example.com if the catalog has no jane+tag@example.com. It is off by default, because it is
	// for the mail server to say whether both are one mailbox: where they are two, the second is somebody else's.
	StripPlusTag bool
	// DangerouslyAllowAnyDomain lets a resolver go by the part before the '@' with no regard to the domain: whoever has a mailbox
	// jane@ anywhere is signed in as jane. The one right use is a provider that admits nobody from outside.
	DangerouslyAllowAnyDomain bool
	// DangerouslyAllowSignInWithoutUserInCatalog signs in whom the catalog does not have, as user:default/<name> with no
	// groups. The name is the address or, if the resolver goes by the local part, the local part (after StripPlusTag).
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
	return emailRule{resolver: emailMatching}.signInByEmail(ctx, in.Profile, rc)
}

// EmailMatchingUserEntityProfileEmailWith is [EmailMatchingUserEntityProfileEmail] with options.
func EmailMatchingUserEntityProfileEmailWith[R any](o EmailOptions) authprovider.SignInResolver[R] {
	rule, err := o.rule(emailMatching)
	if err != nil {
		return misconfigured[R](err)
	}
	return func(ctx context.Context, in authprovider.SignInInfo[R], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return rule.signInByEmail(ctx, in.Profile, rc)
	}
}

// EmailLocalPartMatchingUserEntityName signs in the catalog user whose name is the part of the e-mail address before the '@'.
//
// Danger: the local part is no identity. It does not know which domain is yours, so jane@anywhere.example would become
// your jane. All that this form can hold against her is the catalog: a user who has an address there must sign
// in with that address, and is refused with another. Users who have none are open to everybody with such a
// local part whom the provider admits. Use [EmailLocalPartMatchingUserEntityNameWith] and name your domains.
func EmailLocalPartMatchingUserEntityName[R any](ctx context.Context, in authprovider.SignInInfo[R], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return emailRule{resolver: localPartMatching, matchCatalogEmail: true}.signInByLocalPart(ctx, in.Profile, rc)
}

// EmailLocalPartMatchingUserEntityNameWith is [EmailLocalPartMatchingUserEntityName] with options, and without regard to the
// address that the user has in the catalog. It needs AllowedDomains or DangerouslyAllowAnyDomain.
func EmailLocalPartMatchingUserEntityNameWith[R any](o EmailOptions) authprovider.SignInResolver[R] {
	rule, err := o.rule(localPartMatching)
	if err == nil && o.AllowedDomains == nil && !o.DangerouslyAllowAnyDomain {
		err = fmt.Errorf("resolver: %s: EmailOptions.AllowedDomains is required", localPartMatching)
	}
	if err != nil {
		return misconfigured[R](err)
	}
	return func(ctx context.Context, in authprovider.SignInInfo[R], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return rule.signInByLocalPart(ctx, in.Profile, rc)
	}
}

// emailRule is what EmailOptions come to, checked. It depends on no type parameter: generics end at the exported functions.
type emailRule struct {
	resolver          string   // for errors
	domains           []string // nil allows any
	requireVerified   bool
	stripPlusTag      bool
	matchCatalogEmail bool
	withoutUser       bool
}

func (o EmailOptions) rule(resolver string) (emailRule, error) {
	r := emailRule{
		resolver:        resolver,
		requireVerified: o.RequireVerifiedEmail,
		stripPlusTag:    o.StripPlusTag,
		withoutUser:     o.DangerouslyAllowSignInWithoutUserInCatalog,
	}
	if o.AllowedDomains == nil {
		return r, nil
	}
	if o.DangerouslyAllowAnyDomain {
		return r, fmt.Errorf("resolver: %s: EmailOptions.AllowedDomains and DangerouslyAllowAnyDomain exclude each other", resolver)
	}
	if len(o.AllowedDomains) == 0 {
		return r, fmt.Errorf("resolver: %s: EmailOptions.AllowedDomains is empty: nil allows any domain", resolver)
	}
	for _, d := range o.AllowedDomains {
		if !validDomain(d) {
			return r, fmt.Errorf("resolver: %s: EmailOptions.AllowedDomains: %q is not a domain such as example.com", resolver, d)
		}
		r.domains = append(r.domains, strings.ToLower(d))
	}
	return r, nil
}

// misconfigured is a resolver that fails every sign-in, and does not let another try.
func misconfigured[R any](err error) authprovider.SignInResolver[R] {
	return func(context.Context, authprovider.SignInInfo[R], *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return nil, err
	}
}

func (r emailRule) signInByEmail(ctx context.Context, p authprovider.Profile, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return r.signIn(ctx, p, rc, address.String, func(a address) (authprovider.UserQuery, error) {
		return authprovider.UserQuery{Email: a.String()}, nil
	})
}

func (r emailRule) signInByLocalPart(ctx context.Context, p authprovider.Profile, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return r.signIn(ctx, p, rc, func(a address) string { return a.local }, func(a address) (authprovider.UserQuery, error) {
		ref, err := r.userRef(a.local)
		return authprovider.UserQuery{Ref: ref}, err
	})
}

// signIn checks the address, looks for its user with query and, if that is allowed, signs in whom the catalog does not have under name.
func (r emailRule) signIn(ctx context.Context, p authprovider.Profile, rc *authprovider.ResolverContext,
	name func(address) string, query func(address) (authprovider.UserQuery, error)) (*authprovider.Identity, error) {
	a, err := r.check(p)
	if err != nil {
		return nil, err
	}
	id, err := r.find(ctx, rc, a, query)
	if bare := a.withoutTag(); r.stripPlusTag && bare != a && errors.Is(err, authprovider.ErrUserNotFound) {
		a = bare
		id, err = r.find(ctx, rc, a, query)
	}
	if r.withoutUser && errors.Is(err, authprovider.ErrUserNotFound) {
		ref, err := r.userRef(name(a))
		if err != nil {
			return nil, err
		}
		return &authprovider.Identity{UserRef: ref, OwnershipRefs: []string{ref}}, nil
	}
	return id, err
}

// check returns the address of a profile, if it may be used at all.
func (r emailRule) check(p authprovider.Profile) (address, error) {
	a, reason := readEmail(p)
	switch {
	case reason == ReasonEmailMissing:
		return address{}, &Error{Resolver: r.resolver, Reason: reason, Err: authprovider.ErrNoMatch}
	case reason != "":
		return address{}, r.refuse(reason, shown(p.Email))
	case r.requireVerified && p.EmailVerification != authprovider.EmailVerified:
		return address{}, r.refuse(ReasonEmailUnverified, shown(p.Email)+" is not known to be verified")
	case r.domains != nil && !slices.Contains(r.domains, a.domain):
		return address{}, r.refuse(ReasonDomainNotAllowed, strconv.Quote(a.domain))
	}
	return a, nil
}

// readEmail returns the address of a profile, or why nothing may be concluded from it.
func readEmail(p authprovider.Profile) (address, Reason) {
	if p.Email == "" {
		return address{}, ReasonEmailMissing
	}
	a, ok := parseAddress(p.Email)
	if !ok {
		return address{}, ReasonEmailMalformed
	}
	if p.EmailVerification == authprovider.EmailUnverified {
		return address{}, ReasonEmailUnverified
	}
	return a, ""
}

// find returns the one user that query finds.
func (r emailRule) find(ctx context.Context, rc *authprovider.ResolverContext, a address,
	query func(address) (authprovider.UserQuery, error)) (*authprovider.Identity, error) {
	q, err := query(a)
	if err != nil {
		return nil, err
	}
	u, err := rc.FindUser(ctx, q)
	if errors.Is(err, authprovider.ErrUserNotFound) {
		return nil, &Error{Resolver: r.resolver, Reason: ReasonUserNotFound, Detail: strconv.Quote(q.Ref + q.Email), Err: err}
	}
	if err != nil {
		return nil, fmt.Errorf("resolver: %s: %w", r.resolver, err)
	}
	if r.matchCatalogEmail && u.Email != "" {
		if own, ok := parseAddress(u.Email); !ok || own != a {
			return nil, r.refuse(ReasonEmailDiffers, strconv.Quote(a.String())+" is not the address of "+u.Ref)
		}
	}
	id, err := identityOf(ctx, rc, u)
	if err != nil {
		return nil, fmt.Errorf("resolver: %s: %w", r.resolver, err)
	}
	return id, nil
}

// userRef makes the reference of a name. A name that cannot be one is the person's doing, and refused.
func (r emailRule) userRef(name string) (string, error) {
	ref, err := authprovider.UserRef(name)
	if err != nil {
		return "", r.refuse(ReasonNameMalformed, strconv.Quote(name))
	}
	return ref, nil
}

func (r emailRule) refuse(reason Reason, detail string) error {
	return &Error{Resolver: r.resolver, Reason: reason, Detail: detail, Err: authprovider.ErrNotAllowed}
}

// identityOf is the second half of [authprovider.ResolverContext.SignInWithUser], for a user that was looked at in between.
func identityOf(ctx context.Context, rc *authprovider.ResolverContext, u authprovider.User) (*authprovider.Identity, error) {
	ref, err := authprovider.ParseEntityRef(u.Ref)
	if err != nil {
		return nil, err
	}
	owns, err := rc.ResolveOwnership(ctx, u)
	if err != nil {
		return nil, err
	}
	return &authprovider.Identity{UserRef: ref.String(), OwnershipRefs: owns}, nil
}

// shown quotes what a provider sent for the log, cut to the length of an address. Nothing stays nothing.
func shown(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf("%.*q", maxAddress, s)
}
