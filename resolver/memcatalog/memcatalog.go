// Package memcatalog is a user catalog in memory: for a handful of users in code, for tests, and as the last step of a
// catalog that reads its users from elsewhere.
//
//	users := memcatalog.New(
//		authprovider.User{Ref: "user:default/jane", Email: "jane@example.com", MemberOf: []string{"group:default/admins"}},
//	)
//	auth, err := authprovider.New(authprovider.Config{Users: users, ...})
//
// Lookups go through an index, whatever the size. [Catalog.Set] replaces all users at once while the catalog is in use.
package memcatalog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"example.com/stagedoor/authprovider"
)

// Catalog is a user catalog in memory. The zero value is empty. It is safe for concurrent use.
type Catalog struct {
	current atomic.Pointer[snapshot]
}

var _ authprovider.UserCatalog = (*Catalog)(nil)

// New returns a catalog of the users.
//
// It returns one value, so that it can stand in a configuration. If a user's Ref is not an entity reference, every lookup
// fails with an error that says which, rather than that one user being unknown. To have that error at once, call
// [Catalog.Set] on an empty catalog.
func New(users ...authprovider.User) *Catalog {
	c := &Catalog{}
	s, err := index(users)
	if err != nil {
		s = &snapshot{err: err}
	}
	c.current.Store(s)
	return c
}

// Set replaces all users. A lookup sees either the users before or those after. On an error nothing is replaced.
//
// Several users may have the same Ref, address or annotation. A lookup returns them all, so that a sign-in which
// finds more than one ends in [authprovider.ErrAmbiguousUser] instead of in a guess.
func (c *Catalog) Set(users ...authprovider.User) error {
	s, err := index(users)
	if err != nil {
		return err
	}
	c.current.Store(s)
	return nil
}

// FindUsers implements [authprovider.UserCatalog]. It returns copies. Errors wrap [authprovider.ErrInput] if
// more than one field of q is set or its Ref is not an entity reference.
func (c *Catalog) FindUsers(_ context.Context, q authprovider.UserQuery) ([]authprovider.User, error) {
	s := c.current.Load()
	if s == nil {
		return nil, nil
	}
	if s.err != nil {
		return nil, s.err
	}
	hits, err := s.find(q)
	if err != nil || len(hits) == 0 {
		return nil, err
	}
	found := make([]authprovider.User, len(hits))
	for i, hit := range hits {
		found[i] = clone(s.users[hit])
	}
	return found, nil
}

// snapshot is an indexed list of users, never changed once it is stored. The indexes hold positions in users.
type snapshot struct {
	users        []authprovider.User
	byRef        map[string][]int // by the reference in lower case
	byEmail      map[string][]int // by the address in ASCII lower case
	byAnnotation map[annotation][]int
	err          error // instead of everything else
}

type annotation struct{ key, value string }

func index(users []authprovider.User) (*snapshot, error) {
	s := &snapshot{
		users:        make([]authprovider.User, len(users)),
		byRef:        make(map[string][]int, len(users)),
		byEmail:      make(map[string][]int, len(users)),
		byAnnotation: make(map[annotation][]int),
	}
	for i, u := range users {
		ref, err := authprovider.ParseEntityRef(u.Ref)
		if err != nil {
			// %v: a mistake in the catalog is not an invalid request.
			return nil, fmt.Errorf("memcatalog: user %d: %v", i+1, err)
		}
		s.users[i] = clone(u)
		s.byRef[ref.String()] = append(s.byRef[ref.String()], i)
		if u.Email != "" {
			email := lowerASCII(u.Email)
			s.byEmail[email] = append(s.byEmail[email], i)
		}
		for k, v := range u.Annotations {
			a := annotation{k, v}
			s.byAnnotation[a] = append(s.byAnnotation[a], i)
		}
	}
	return s, nil
}

func (s *snapshot) find(q authprovider.UserQuery) ([]int, error) {
	byRef, byEmail, byAnnotation := q.Ref != "", q.Email != "", len(q.Annotations) > 0
	switch {
	case byRef && !byEmail && !byAnnotation:
		ref, err := authprovider.ParseEntityRef(q.Ref)
		if err != nil {
			return nil, fmt.Errorf("memcatalog: %w", err)
		}
		return s.byRef[ref.String()], nil
	case byEmail && !byRef && !byAnnotation:
		return s.byEmail[lowerASCII(q.Email)], nil
	case byAnnotation && !byRef && !byEmail:
		return s.withAnnotations(q.Annotations), nil
	case !byRef && !byEmail && !byAnnotation:
		return nil, nil
	}
	return nil, fmt.Errorf("memcatalog: a query has one of Ref, Email and Annotations: %w", authprovider.ErrInput)
}

// withAnnotations goes through the users of the rarest of the annotations: the others may be those of half the catalog.
func (s *snapshot) withAnnotations(want map[string]string) []int {
	var rarest []int
	first := true
	for k, v := range want {
		if hits := s.byAnnotation[annotation{k, v}]; first || len(hits) < len(rarest) {
			rarest, first = hits, false
		}
	}
	if len(want) == 1 {
		return rarest
	}
	var all []int
	for _, i := range rarest {
		if hasAll(s.users[i].Annotations, want) {
			all = append(all, i)
		}
	}
	return all
}

func hasAll(have, want map[string]string) bool {
	for k, v := range want {
		if got, ok := have[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// clone copies what a caller could change from outside.
func clone(u authprovider.User) authprovider.User {
	u.Annotations = maps.Clone(u.Annotations)
	u.MemberOf = slices.Clone(u.MemberOf)
	return u
}

// lowerASCII leaves everything but A-Z alone: strings.ToLower makes a 'k' of the Kelvin sign, and one address of two.
func lowerASCII(s string) string {
	for i := 0; i < len(s); i++ {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}
