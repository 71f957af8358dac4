// Package memcatalog is a user catalog in memory: for a handful of users in code, for tests, and as the last step of a
// catalog that reads its users from elsewhere.
//
//	users := memcatalog.New(
//		authprovider.User{Ref: "user:default/jane", Email: "jane@example.com", MemberOf: []string{"group:default/admins"}},
//	)
//	auth, err := authprovider.New(authprovider.Config{Users: users, ...})
//
// Lookups go through an index, whatever the size. [Catalog.Set] replaces all users at once while the catalog is in use.
//
// Groups that are in groups are entries too, whose MemberOf are their parents: see [Catalog.ParentGroups].
package memcatalog

import (
	"context"
	"fmt"
	"strings"
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
	s, err := newSnapshot(users)
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
	s, err := newSnapshot(users)
	if err != nil {
		return err
	}
	c.current.Store(s)
	return nil
}

// FindUsers implements [authprovider.UserCatalog]. It returns copies. Errors wrap [authprovider.ErrInput] if
// more than one condition of q is set or its Ref is not an entity reference.
//
// The first query after [Catalog.Set] for an address, an annotation or a field of a filter goes through all users, to index it.
func (c *Catalog) FindUsers(_ context.Context, q authprovider.UserQuery) ([]authprovider.User, error) {
	s := c.current.Load()
	if s == nil {
		return nil, nil
	}
	if s.err != nil {
		return nil, s.err
	}
	candidates, err := s.candidates(q)
	if err != nil {
		return nil, err
	}
	var found []authprovider.User
	for _, i := range candidates {
		if q.Matches(s.users[i]) {
			found = append(found, s.users[i].Clone())
		}
	}
	return found, nil
}

// ParentGroups returns what the groups are members of, in their order. Groups that the catalog does not have are in no other.
// It makes the catalog a source for the ownership rule resolver.NestedGroups.
func (c *Catalog) ParentGroups(_ context.Context, groups []string) ([]string, error) {
	s := c.current.Load()
	if s == nil {
		return nil, nil
	}
	if s.err != nil {
		return nil, s.err
	}
	var parents []string
	for _, group := range groups {
		ref, err := authprovider.ParseEntityRef(group)
		if err != nil {
			return nil, fmt.Errorf("memcatalog: %w", err)
		}
		for _, i := range s.byRef[ref.String()] {
			parents = append(parents, s.users[i].MemberOf...)
		}
	}
	return parents, nil
}

func newSnapshot(users []authprovider.User) (*snapshot, error) {
	s := &snapshot{
		users: make([]authprovider.User, len(users)),
		all:   make([]int, len(users)),
		byRef: make(map[string][]int, len(users)),
	}
	for i, u := range users {
		ref, err := authprovider.ParseEntityRef(u.Ref)
		if err != nil {
			// %v: a mistake in the catalog is not an invalid request.
			return nil, fmt.Errorf("memcatalog: user %d: %v", i+1, err)
		}
		s.users[i], s.all[i] = u.Clone(), i
		key := ref.String()
		if key == u.Ref {
			key = u.Ref // the same bytes: a lookup in a large catalog waits for memory more than for anything else
		}
		s.byRef[key] = s.add(s.byRef[key], i)
	}
	return s, nil
}

// lowerASCII leaves everything but A-Z alone: strings.ToLower makes a 'k' of the Kelvin sign, and one address of two.
func lowerASCII(s string) string {
	if strings.IndexFunc(s, func(c rune) bool { return 'A' <= c && c <= 'Z' }) < 0 {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
