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
	id, err := rc.IdentityOf(ctx, u)
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

// shown quotes what a provider sent for the log, cut to the length of an address. Nothing stays nothing.
func shown(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf("%.*q", maxAddress, s)
}
