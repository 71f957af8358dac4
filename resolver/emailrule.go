package resolver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// rule is what EmailOptions come to, checked. It depends on no type parameter: generics end at the exported functions.
type rule struct {
	resolver          string   // for errors
	domains           []string // nil allows any
	requireVerified   bool
	stripPlusTag      bool
	matchCatalogEmail bool
	withoutUser       bool
}

// person is what a rule looks for: a query, and the name of somebody whom the catalog does not have.
type person struct {
	query   authprovider.UserQuery
	name    string
	address address // empty if the rule does not go by one
}

func (o EmailOptions) rule(resolver string) (rule, error) {
	r := rule{
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

// gate is the rule of a resolver that goes by something else than the address. What says how to go by it would have no effect.
func (o EmailOptions) gate(resolver string) (rule, error) {
	switch {
	case o.StripPlusTag:
		return rule{}, fmt.Errorf("resolver: %s: EmailOptions.StripPlusTag is for resolvers that go by the e-mail address", resolver)
	case o.DangerouslyAllowAnyDomain:
		return rule{}, fmt.Errorf("resolver: %s: EmailOptions.DangerouslyAllowAnyDomain is for resolvers that go by the e-mail address", resolver)
	}
	return o.rule(resolver)
}

func (r rule) signInByEmail(ctx context.Context, p authprovider.Profile, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return r.signInByAddress(ctx, p, rc, func(a address) (person, error) {
		email := a.String()
		return person{query: authprovider.UserQuery{Email: email}, name: email, address: a}, nil
	})
}

func (r rule) signInByLocalPart(ctx context.Context, p authprovider.Profile, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return r.signInByAddress(ctx, p, rc, func(a address) (person, error) {
		ref, err := r.userRef(a.local)
		return person{query: authprovider.UserQuery{Ref: ref}, name: a.local, address: a}, err
	})
}

func (r rule) signInByAddress(ctx context.Context, p authprovider.Profile, rc *authprovider.ResolverContext,
	of func(address) (person, error)) (*authprovider.Identity, error) {
	a, err := r.check(p)
	if err != nil {
		return nil, err
	}
	who, err := of(a)
	if err != nil {
		return nil, err
	}
	id, err := r.find(ctx, rc, who)
	if bare := a.withoutTag(); r.stripPlusTag && bare != a && errors.Is(err, authprovider.ErrUserNotFound) {
		if who, err = of(bare); err != nil {
			return nil, err
		}
		id, err = r.find(ctx, rc, who)
	}
	return r.orWithoutUser(ctx, rc, who, id, err)
}

func (r rule) signInByUsername(ctx context.Context, p authprovider.Profile, rc *authprovider.ResolverContext, username string) (*authprovider.Identity, error) {
	if username == "" { // absent never matches absent
		return nil, r.pass(ReasonUsernameMissing, "")
	}
	if err := r.checkIfAsked(p); err != nil {
		return nil, err
	}
	ref, err := r.userRef(username)
	if err != nil {
		return nil, err
	}
	who := person{query: authprovider.UserQuery{Ref: ref}, name: username}
	id, err := r.find(ctx, rc, who)
	return r.orWithoutUser(ctx, rc, who, id, err)
}

func (r rule) signInByAnnotation(ctx context.Context, p authprovider.Profile, rc *authprovider.ResolverContext, annotation, value string) (*authprovider.Identity, error) {
	switch {
	case value == "":
		return nil, r.pass(ReasonAnnotationValueMissing, strconv.Quote(annotation))
	case !signin.Visible(value):
		return nil, r.refuse(ReasonAnnotationValueMalformed, shown(value))
	}
	if err := r.checkIfAsked(p); err != nil {
		return nil, err
	}
	who := person{query: authprovider.UserQuery{Annotations: map[string]string{annotation: value}}, name: value}
	id, err := r.find(ctx, rc, who)
	return r.orWithoutUser(ctx, rc, who, id, err)
}

// check returns the address of a profile, if it may be used at all.
func (r rule) check(p authprovider.Profile) (address, error) {
	a, reason := readEmail(p)
	switch {
	case reason == ReasonEmailMissing:
		return address{}, r.pass(reason, "")
	case reason != "":
		return address{}, r.refuse(reason, shown(p.Email))
	case r.requireVerified && p.EmailVerification != authprovider.EmailVerified:
		return address{}, r.refuse(ReasonEmailUnverified, shown(p.Email)+" is not known to be verified")
	case r.domains != nil && !slices.Contains(r.domains, a.domain):
		return address{}, r.refuse(ReasonDomainNotAllowed, strconv.Quote(a.domain))
	}
	return a, nil
}

// checkIfAsked is check for a resolver that goes by something else: the address matters only where the options speak about it.
func (r rule) checkIfAsked(p authprovider.Profile) error {
	if r.domains == nil && !r.requireVerified {
		return nil
	}
	_, err := r.check(p)
	return err
}

// readEmail returns the address of a profile, or why nothing may be concluded from it.
func readEmail(p authprovider.Profile) (address, Reason) {
	if p.Email == "" { // absent never matches absent
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

// find returns the one user that is looked for.
func (r rule) find(ctx context.Context, rc *authprovider.ResolverContext, who person) (*authprovider.Identity, error) {
	u, err := rc.FindUser(ctx, who.query)
	switch {
	case errors.Is(err, authprovider.ErrUserNotFound):
		return nil, &Error{Resolver: r.resolver, Reason: ReasonUserNotFound, Detail: who.shown(), Err: err}
	case errors.Is(err, authprovider.ErrAmbiguousUser):
		return nil, &Error{Resolver: r.resolver, Reason: ReasonUserAmbiguous, Detail: who.shown(), Err: err}
	case err != nil:
		return nil, fmt.Errorf("resolver: %s: %w", r.resolver, err)
	}
	if r.matchCatalogEmail && u.Email != "" {
		if own, ok := parseAddress(u.Email); !ok || own != who.address {
			return nil, r.refuse(ReasonEmailDiffers, strconv.Quote(who.address.String())+" is not the address of "+u.Ref)
		}
	}
	id, err := rc.IdentityOf(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("resolver: %s: %w", r.resolver, err)
	}
	return id, nil
}

// orWithoutUser signs in under their name whom the catalog said it does not have, if that is allowed.
func (r rule) orWithoutUser(ctx context.Context, rc *authprovider.ResolverContext, who person, id *authprovider.Identity, err error) (*authprovider.Identity, error) {
	if !r.withoutUser || !errors.Is(err, authprovider.ErrUserNotFound) {
		return id, err
	}
	ref, err := r.userRef(who.name)
	if err != nil {
		return nil, err
	}
	if who.query.Ref == "" {
		// Nobody has this address or ID. Somebody may have it for a name, and is somebody else.
		switch _, err := rc.FindUser(ctx, authprovider.UserQuery{Ref: ref}); {
		case err == nil, errors.Is(err, authprovider.ErrAmbiguousUser):
			return nil, r.refuse(ReasonNameTaken, ref)
		case !errors.Is(err, authprovider.ErrUserNotFound):
			return nil, fmt.Errorf("resolver: %s: %w", r.resolver, err)
		}
	}
	return &authprovider.Identity{UserRef: ref, OwnershipRefs: []string{ref}}, nil
}

// userRef makes the reference of a name. A name that cannot be one is the person's doing, and refused.
func (r rule) userRef(name string) (string, error) {
	ref, err := authprovider.UserRef(name)
	if err != nil {
		return "", r.refuse(ReasonNameMalformed, shown(name))
	}
	return ref, nil
}

func (r rule) pass(reason Reason, detail string) error {
	return &Error{Resolver: r.resolver, Reason: reason, Detail: detail, Err: authprovider.ErrNoMatch}
}

func (r rule) refuse(reason Reason, detail string) error {
	return &Error{Resolver: r.resolver, Reason: reason, Detail: detail, Err: authprovider.ErrNotAllowed}
}

// shown is what was looked for, for the log.
func (who person) shown() string {
	for annotation, value := range who.query.Annotations {
		return strconv.Quote(annotation) + " is " + shown(value)
	}
	return shown(who.query.Ref + who.query.Email)
}

// shown quotes what a provider sent for the log, cut to the length of an address. Nothing stays nothing.
func shown(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf("%.*q", maxAddress, s)
}
