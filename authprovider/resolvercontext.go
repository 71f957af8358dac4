package authprovider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrUserNotFound means that the catalog has no such user. It wraps [ErrNoMatch]: the next resolver may try.
var ErrUserNotFound = fmt.Errorf("authprovider: user not found: %w", ErrNoMatch)

// ErrAmbiguousUser means that several users match. It wraps [ErrConflict] and ends the sign-in:
// picking one of them would sign a person in as somebody else.
var ErrAmbiguousUser = fmt.Errorf("authprovider: several users match: %w", ErrConflict)

// OwnershipResolver lists the entity references through which a user owns things.
type OwnershipResolver func(ctx context.Context, u User) ([]string, error)

// ResolverContextConfig configures a [ResolverContext]. The zero value is usable.
type ResolverContextConfig struct {
	// Users is the user catalog. If nil, no user is ever found.
	Users UserCatalog
	// Ownership is the ownership rule. If nil, it is the user and its direct groups.
	Ownership OwnershipResolver
}

// ResolverContext is what sign-in resolvers work with: the user catalog and the ownership rule.
// The zero value finds nobody. It is safe for concurrent use.
type ResolverContext struct {
	users     UserCatalog
	ownership OwnershipResolver
}

// NewResolverContext returns a context over the catalog and the ownership rule of c.
func NewResolverContext(c ResolverContextConfig) *ResolverContext {
	return &ResolverContext{users: c.Users, ownership: c.Ownership}
}

// FindUser returns the one user that q matches, of kind User unless q.Kinds says otherwise. None is [ErrUserNotFound], several are
// [ErrAmbiguousUser], a malformed query wraps [ErrInput], and any other error is the catalog's.
//
// References and addresses are compared without regard to ASCII case, so two users of one address are several, whatever the case of
// each; annotations are compared exactly, so of two that differ in case the exact one is found. The catalog's answer is compared
// again: one that consists of others than q asked for is a failure of the catalog.
func (rc *ResolverContext) FindUser(ctx context.Context, q UserQuery) (User, error) {
	if err := q.validate(); err != nil {
		return User{}, err
	}
	if rc == nil || rc.users == nil {
		return User{}, ErrUserNotFound
	}
	if q.Ref != "" {
		if ref, err := ParseEntityRef(q.Ref); err == nil && !q.AllowsKind(ref.Kind) {
			return User{}, ErrUserNotFound
		}
	}
	hits, err := rc.users.FindUsers(ctx, q)
	if err != nil {
		return User{}, catalogFailure(err)
	}
	return q.pick(hits)
}

// SignInWithUser looks the user up and returns it as an identity, with its ownership. Errors are FindUser's and IdentityOf's.
func (rc *ResolverContext) SignInWithUser(ctx context.Context, q UserQuery) (*Identity, error) {
	u, err := rc.FindUser(ctx, q)
	if err != nil {
		return nil, err
	}
	return rc.IdentityOf(ctx, u)
}

// IdentityOf returns a user that was found as an identity, with its ownership: for resolvers that look at the user in between. Errors
// are ResolveOwnership's; a malformed reference wraps [ErrInput].
func (rc *ResolverContext) IdentityOf(ctx context.Context, u User) (*Identity, error) {
	ref, err := canonicalRef(u.Ref)
	if err != nil {
		return nil, err
	}
	refs, err := rc.ResolveOwnership(ctx, u)
	if err != nil {
		return nil, err
	}
	return &Identity{UserRef: ref, OwnershipRefs: refs}, nil
}

// fewGroups are sooner compared one by one.
const fewGroups = 32

// ResolveOwnership applies the ownership rule. By default that is the user and its direct groups, each once,
// in the catalog's order; memberships in anything but groups do not count.
func (rc *ResolverContext) ResolveOwnership(ctx context.Context, u User) ([]string, error) {
	if rc != nil && rc.ownership != nil {
		refs, err := rc.ownership(ctx, u)
		if err != nil {
			return nil, catalogFailure(err)
		}
		return refs, nil
	}
	self, err := canonicalRef(u.Ref)
	if err != nil {
		return nil, err
	}
	refs := append(make([]string, 0, 1+len(u.MemberOf)), self)
	var many map[string]bool // of refs, once they are more than a few
	for _, m := range u.MemberOf {
		ref, err := canonicalRef(m)
		if err != nil || !strings.HasPrefix(ref, "group:") {
			continue
		}
		if many == nil && len(refs) == fewGroups {
			many = make(map[string]bool, len(u.MemberOf))
			for _, r := range refs {
				many[r] = true
			}
		}
		if many[ref] || many == nil && slices.Contains(refs, ref) {
			continue
		}
		refs = append(refs, ref)
		if many != nil {
			many[ref] = true
		}
	}
	return refs, nil
}

// catalogFailure takes the class out of a catalog's error, unless it is that of an outage: a failure reported with a careless sentinel must
// neither fall through to a laxer rule nor pass for a refusal of the person.
func catalogFailure(err error) error {
	if errors.Is(err, ErrNoMatch) || !errors.Is(err, ErrUnavailable) && classify(err).Refused() {
		return fmt.Errorf("authprovider: user catalog: %v", err)
	}
	return fmt.Errorf("authprovider: user catalog: %w", err)
}
