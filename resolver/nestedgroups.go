package resolver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"example.com/stagedoor/authprovider"
)

// GroupParents knows which groups are in which: memcatalog, filecatalog and backstagecatalog do.
//
// ParentGroups returns the groups that any of the given ones is a direct member of, in the order of the given ones. What is no
// group, is unknown or is in no other group adds nothing; an error means that the source could not answer. References go in
// in the spelling of [authprovider.EntityRef.String] and may come out in any. It may be called concurrently.
type GroupParents interface {
	ParentGroups(ctx context.Context, groups []string) ([]string, error)
}

// NestedGroupsOptions are the bounds of [NestedGroupsWith]. More of anything than they allow is an error, and ends the sign-in as a
// failure: the rest of the groups is not left out in silence.
type NestedGroupsOptions struct {
	// MaxDepth is how many levels of groups above the direct ones are looked at. If zero, it is 20.
	MaxDepth int
	// MaxGroups is how many groups a user may be in, directly or not. If zero, it is 1000.
	MaxGroups int
}

// NestedGroups is an ownership rule by which a user owns what it, its groups, the groups that those are in, and so on, own; for
// [authprovider.Config]'s Ownership. The user comes first, then its direct groups in the catalog's order, then level by level those
// above; each is there once, and groups that are in each other are no trouble.
//
// Whoever may edit a group's parents decides what its members own.
func NestedGroups(parents GroupParents) authprovider.OwnershipResolver {
	return NestedGroupsWith(parents, NestedGroupsOptions{})
}

// NestedGroupsWith is [NestedGroups] with bounds of one's own.
func NestedGroupsWith(parents GroupParents, o NestedGroupsOptions) authprovider.OwnershipResolver {
	var mistake error
	switch {
	case parents == nil:
		mistake = errors.New("resolver: NestedGroups: the source of parents is nil")
	case o.MaxDepth < 0:
		mistake = errors.New("resolver: NestedGroups: NestedGroupsOptions.MaxDepth is negative")
	case o.MaxGroups < 0:
		mistake = errors.New("resolver: NestedGroups: NestedGroupsOptions.MaxGroups is negative")
	}
	maxDepth, maxGroups := cmp.Or(o.MaxDepth, 20), cmp.Or(o.MaxGroups, 1000)
	return func(ctx context.Context, u authprovider.User) ([]string, error) {
		if mistake != nil {
			return nil, mistake
		}
		self, err := authprovider.ParseEntityRef(u.Ref)
		if err != nil {
			return nil, err
		}
		refs := []string{self.String()}
		seen := map[string]bool{refs[0]: true}
		next := u.MemberOf
		for depth := 0; ; depth++ {
			first := len(refs)
			for _, text := range next {
				ref, err := authprovider.ParseEntityRef(text)
				if err != nil || !strings.EqualFold(ref.Kind, "group") {
					continue // as in the default rule
				}
				if group := ref.String(); !seen[group] {
					seen[group] = true
					refs = append(refs, group)
				}
			}
			level := refs[first:]
			switch {
			case len(refs)-1 > maxGroups:
				return nil, fmt.Errorf("resolver: NestedGroups: %s is in more than %d groups", refs[0], maxGroups)
			case len(level) == 0:
				return refs, nil
			case depth > maxDepth:
				return nil, fmt.Errorf("resolver: NestedGroups: the groups of %s are nested more than %d deep", refs[0], maxDepth)
			}
			if next, err = parents.ParentGroups(ctx, level); err != nil {
				return nil, err
			}
		}
	}
}
