package authprovider

import (
	"fmt"
	"slices"
)

// Values returns the values of a field of the entity, by its path without regard to ASCII case. Those of Fields come after those that the
// other members of u stand for:
//
//	kind, metadata.namespace, metadata.name            Ref
//	metadata.annotations.<name>                        Annotations
//	spec.profile.email, .displayName and .picture      Email, DisplayName, Picture
//	relations.memberOf, spec.memberOf                  MemberOf
//
// An empty value is none.
func (u User) Values(path string) []string {
	var values []string
	add := func(more ...string) {
		for _, v := range more {
			if v != "" {
				values = append(values, v)
			}
		}
	}
	switch {
	case equalFoldASCII(path, "spec.profile.email"):
		add(u.Email)
	case equalFoldASCII(path, "spec.profile.displayname"):
		add(u.DisplayName)
	case equalFoldASCII(path, "spec.profile.picture"):
		add(u.Picture)
	case equalFoldASCII(path, "relations.memberof"), equalFoldASCII(path, "spec.memberof"):
		add(u.MemberOf...)
	case len(path) > len(annotationPath) && equalFoldASCII(path[:len(annotationPath)], annotationPath):
		for name, value := range u.Annotations {
			if equalFoldASCII(name, path[len(annotationPath):]) {
				add(value)
			}
		}
	default:
		if ref, err := ParseEntityRef(u.Ref); err == nil {
			switch {
			case equalFoldASCII(path, "kind"):
				add(ref.Kind)
			case equalFoldASCII(path, "metadata.namespace"):
				add(ref.Namespace)
			case equalFoldASCII(path, "metadata.name"):
				add(ref.Name)
			}
		}
	}
	for name, more := range u.Fields {
		if equalFoldASCII(name, path) {
			add(more...)
		}
	}
	return values
}

// annotationPath is what stands before the name of an annotation in its path.
const annotationPath = "metadata.annotations."

// AllowsKind reports whether entities of the kind may sign in.
func (q UserQuery) AllowsKind(kind string) bool {
	if len(q.Kinds) == 0 {
		return equalFoldASCII(kind, "user")
	}
	return slices.ContainsFunc(q.Kinds, func(k string) bool { return equalFoldASCII(k, kind) })
}

// Matches reports whether q selects u: the kind is allowed and the one condition of q holds. It is what a catalog answers by,
// and how [ResolverContext.FindUser] looks at the answer.
func (q UserQuery) Matches(u User) bool {
	ref, err := ParseEntityRef(u.Ref)
	return err == nil && q.AllowsKind(ref.Kind) && q.conditions() == 1 && q.holds(u, ref)
}

// holds reports whether the condition that is set holds for u, whose reference is ref.
func (q UserQuery) holds(u User, ref EntityRef) bool {
	switch {
	case q.Ref != "":
		wanted, err := ParseEntityRef(q.Ref)
		return err == nil && equalFoldASCII(wanted.Name, ref.Name) && equalFoldASCII(wanted.Namespace, ref.Namespace) &&
			equalFoldASCII(wanted.Kind, ref.Kind)
	case q.Email != "":
		return equalFoldASCII(q.Email, u.Email)
	case len(q.Annotations) > 0:
		for name, wanted := range q.Annotations {
			// Absent never matches absent: an empty ID from a provider must not find the users who have none.
			if wanted == "" || u.Annotations[name] != wanted {
				return false
			}
		}
		return true
	case len(q.Filter) > 0:
		for path, wanted := range q.Filter {
			if !slices.ContainsFunc(u.Values(path), func(v string) bool { return equalFoldASCII(v, wanted) }) {
				return false
			}
		}
		return true
	}
	return false
}

// holdsButForCase reports whether the annotations that are asked for are there in another case.
func (q UserQuery) holdsButForCase(u User) bool {
	for name, wanted := range q.Annotations {
		if !slices.ContainsFunc(u.Values(annotationPath+name), func(v string) bool { return equalFoldASCII(v, wanted) }) {
			return false
		}
	}
	return len(q.Annotations) > 0
}

// pick returns the one hit that q selects. Hits of other kinds are what a catalog holds beside users, and hits whose annotations differ
// in ASCII case what Backstage's finds: both are passed over. If nothing but other people is left, the catalog has answered another
// question. That is a failure and not [ErrUserNotFound]: on "no such user" laxer resolvers try, and fall-backs make users up.
func (q UserQuery) pick(hits []User) (User, error) {
	var user User
	matching, stray := 0, ""
	for _, u := range hits {
		ref, err := ParseEntityRef(u.Ref)
		switch {
		case err == nil && !q.AllowsKind(ref.Kind):
		case err == nil && q.holds(u, ref):
			user = u
			matching++
		case err == nil && q.holdsButForCase(u):
		case stray == "":
			stray = fmt.Sprintf("%.300q", u.Ref)
		}
	}
	switch {
	case matching == 1:
		return user, nil
	case matching > 1:
		return User{}, ErrAmbiguousUser
	case stray != "":
		return User{}, fmt.Errorf("authprovider: user catalog: it answered with %s, which is not what was asked for or lacks what was asked about", stray)
	}
	return User{}, ErrUserNotFound
}

// conditions counts those of Ref, Email, Annotations and Filter that are set.
func (q UserQuery) conditions() int {
	n := 0
	for _, set := range [...]bool{q.Ref != "", q.Email != "", len(q.Annotations) > 0, len(q.Filter) > 0} {
		if set {
			n++
		}
	}
	return n
}

func (q UserQuery) validate() error {
	if q.Ref != "" {
		if _, err := ParseEntityRef(q.Ref); err != nil {
			return err
		}
	}
	for name, value := range q.Annotations {
		if name == "" || value == "" { // see holds
			return fmt.Errorf("authprovider: empty annotation in user query: %w", ErrInput)
		}
	}
	for path, value := range q.Filter {
		if path == "" || value == "" {
			return fmt.Errorf("authprovider: empty path or value in the filter of a user query: %w", ErrInput)
		}
	}
	if slices.Contains(q.Kinds, "") {
		return fmt.Errorf("authprovider: empty kind in user query: %w", ErrInput)
	}
	if q.conditions() != 1 {
		return fmt.Errorf("authprovider: a user query needs exactly one of Ref, Email, Annotations and Filter: %w", ErrInput)
	}
	return nil
}

// equalFoldASCII compares without regard to ASCII case. [strings.EqualFold] would take the Kelvin sign for a k, and one address for two.
func equalFoldASCII(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		if lowerASCII(a[i]) != lowerASCII(b[i]) {
			return false
		}
	}
	return true
}

func lowerASCII(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
