package memcatalog

import (
	"fmt"
	"sync"

	"example.com/stagedoor/authprovider"
)

// snapshot is a list of users with its indexes, which hold positions in users. Its users are never changed once it is stored.
type snapshot struct {
	users   []authprovider.User
	all     []int            // every position, of which most entries of an index are a part: one array instead of thousands
	byRef   map[string][]int // by the reference in lower case
	byField sync.Map         // from a path in ASCII lower case to its *fieldIndex
	err     error            // instead of everything else
}

// fieldIndex finds users by a field. It is made when it is first asked for: users have more fields than anybody signs in by.
type fieldIndex struct {
	once    sync.Once
	byValue map[string][]int // by the value in ASCII lower case
}

// add appends a position to an entry of an index.
func (s *snapshot) add(entry []int, i int) []int {
	if len(entry) == 0 {
		return s.all[i : i+1 : i+1]
	}
	return append(entry, i)
}

// candidates returns users among which are all that q matches, in their order.
func (s *snapshot) candidates(q authprovider.UserQuery) ([]int, error) {
	conditions := 0
	for _, set := range [...]bool{q.Ref != "", q.Email != "", len(q.Annotations) > 0, len(q.Filter) > 0} {
		if set {
			conditions++
		}
	}
	switch {
	case conditions > 1:
		return nil, fmt.Errorf("memcatalog: a query has one of Ref, Email, Annotations and Filter: %w", authprovider.ErrInput)
	case q.Ref != "":
		ref, err := authprovider.ParseEntityRef(q.Ref)
		if err != nil {
			return nil, fmt.Errorf("memcatalog: %w", err)
		}
		return s.byRef[ref.String()], nil
	case q.Email != "":
		return s.having("spec.profile.email", q.Email), nil
	case len(q.Annotations) > 0:
		return s.havingRarest("metadata.annotations.", q.Annotations), nil
	}
	return s.havingRarest("", q.Filter), nil
}

// havingRarest returns the users who have the rarest of the values: the others may be those of half the catalog.
func (s *snapshot) havingRarest(prefix string, want map[string]string) []int {
	var rarest []int
	first := true
	for path, value := range want {
		if users := s.having(prefix+path, value); first || len(users) < len(rarest) {
			rarest, first = users, false
		}
	}
	return rarest
}

// having returns the users who have the value in the field.
func (s *snapshot) having(path, value string) []int {
	path = lowerASCII(path)
	stored, ok := s.byField.Load(path)
	if !ok {
		stored, _ = s.byField.LoadOrStore(path, new(fieldIndex))
	}
	x := stored.(*fieldIndex)
	x.once.Do(func() {
		x.byValue = make(map[string][]int)
		for i, u := range s.users {
			for _, v := range u.Values(path) {
				v = lowerASCII(v)
				if users := x.byValue[v]; len(users) == 0 || users[len(users)-1] != i {
					x.byValue[v] = s.add(users, i)
				}
			}
		}
	})
	return x.byValue[lowerASCII(value)]
}
