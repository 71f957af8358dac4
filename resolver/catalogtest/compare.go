package catalogtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/stagedoor/authprovider"
)

// equalUsers compares what a policy may rest on.
func equalUsers(got, want user, rig Rig) error {
	switch {
	case !strings.EqualFold(got.Ref, want.Ref):
		return fmt.Errorf("has the Ref %q, want %q", got.Ref, want.Ref)
	case !rig.WithoutEmail && got.Email != want.Email:
		return fmt.Errorf("has the Email %q, want %q", got.Email, want.Email)
	case got.DisplayName != "" && got.DisplayName != want.DisplayName:
		return fmt.Errorf("has the DisplayName %q, want %q", got.DisplayName, want.DisplayName)
	case got.Picture != "" && got.Picture != want.Picture:
		return fmt.Errorf("has the Picture %q, want %q", got.Picture, want.Picture)
	case !rig.WithoutAnnotations && !maps.Equal(got.Annotations, want.Annotations):
		return fmt.Errorf("has the Annotations %q, want %q", got.Annotations, want.Annotations)
	case !rig.WithoutGroups && !slices.Equal(sortedRefs(got.MemberOf), sortedRefs(want.MemberOf)):
		return fmt.Errorf("has the MemberOf %q, want %q", got.MemberOf, want.MemberOf)
	}
	return nil
}

// sortedRefs are references in lower case. Their order means nothing.
func sortedRefs(refs []string) []string {
	lower := make([]string, len(refs))
	for i, ref := range refs {
		lower[i] = strings.ToLower(ref)
	}
	slices.Sort(lower)
	return lower
}

// spoil changes all that can be reached from users.
func spoil(users []user) {
	for i := range users {
		u := &users[i]
		for k := range u.Annotations {
			u.Annotations[k] = "spoiled"
		}
		for k, values := range u.Fields {
			for i := range values {
				values[i] = "spoiled"
			}
			delete(u.Fields, k)
		}
		for i := range u.MemberOf {
			u.MemberOf[i] = "group:default/spoiled"
		}
		*u = user{Ref: "user:default/spoiled"}
	}
}

// unchanged wants the query to be what it was. Whether the catalog answers it does not matter.
func unchanged(ctx context.Context, c authprovider.UserCatalog, q query) error {
	before := query{Ref: q.Ref, Annotations: maps.Clone(q.Annotations), Filter: maps.Clone(q.Filter), Kinds: slices.Clone(q.Kinds)}
	_, _ = c.FindUsers(ctx, q)
	if !maps.Equal(q.Annotations, before.Annotations) || !maps.Equal(q.Filter, before.Filter) || !slices.Equal(q.Kinds, before.Kinds) {
		return fmt.Errorf("FindUsers(%s) changed the query", shown(before))
	}
	return nil
}
