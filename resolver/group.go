package resolver

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"example.com/stagedoor/authprovider"
)

// RequireGroup lets in those whom inner signs in with the group, such as "group:default/staff", in their ownership, and refuses everybody
// else whom it recognises. Whom inner passes on, it passes on.
//
// These are the groups of the user catalog, by the ownership rule: direct ones, unless [NestedGroups] or another rule adds to
// them; those that a [WithOwnership] inside adds count too. For the groups that the provider names use [RequireClaim].
func RequireGroup[R any](group string, inner authprovider.SignInResolver[R]) authprovider.SignInResolver[R] {
	wanted, err := authprovider.ParseEntityRef(group)
	switch {
	case err != nil || !strings.EqualFold(wanted.Kind, "group"):
		return misconfigured[R](fmt.Errorf("resolver: RequireGroup: %q is not the reference of a group, such as group:default/staff", group))
	case inner == nil:
		return misconfigured[R](fmt.Errorf("resolver: RequireGroup: the inner resolver is nil"))
	}
	ref := wanted.String()
	combinator := "RequireGroup " + strconv.Quote(ref)
	return func(ctx context.Context, in authprovider.SignInInfo[R], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		id, err := found(ctx, combinator, inner, in, rc)
		if err != nil {
			return nil, err
		}
		for _, text := range id.OwnershipRefs {
			if owned, err := authprovider.ParseEntityRef(text); err == nil && owned.String() == ref {
				return id, nil
			}
		}
		return nil, &Error{Resolver: combinator, Reason: ReasonGroupMissing, Detail: shown(id.UserRef), Err: authprovider.ErrNotAllowed}
	}
}
