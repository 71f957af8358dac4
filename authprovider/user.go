package authprovider

import (
	"context"
	"maps"
	"slices"
)

// User is an entry of a user catalog.
type User struct {
	// Ref is the entity reference, such as "user:default/jane".
	Ref string
	// Email is the address of the user's profile; it may be empty.
	Email       string
	DisplayName string
	Picture     string
	// Annotations are keyed as in a Backstage entity, such as "github.com/user-id".
	Annotations map[string]string
	// MemberOf are the entity references of the groups that the user is a direct member of.
	MemberOf []string
	// Fields are further fields of the entity that [UserQuery.Filter] can select by, by their path, such as "spec.employeeId"
	// or "metadata.labels.team". A field with several values matches by each of them.
	Fields map[string][]string
}

// Clone returns a copy that shares nothing with u: for catalogs, whose callers may change what they get.
func (u User) Clone() User {
	u.Annotations = maps.Clone(u.Annotations)
	u.MemberOf = slices.Clone(u.MemberOf)
	u.Fields = maps.Clone(u.Fields)
	for path, values := range u.Fields {
		u.Fields[path] = slices.Clone(values)
	}
	return u
}

// UserQuery selects users. Exactly one of Ref, Email, Annotations and Filter is set; a query with none matches nobody.
type UserQuery struct {
	// Ref is an entity reference, compared without regard to case.
	Ref string
	// Email is compared with the profile's address without regard to ASCII case.
	Email string
	// Annotations must all be there with exactly these values. An empty name or value is an error: absent never matches absent.
	Annotations map[string]string
	// Filter are conditions on fields of the entity, by their path as Backstage's catalog writes it: "metadata.name", "spec.profile.email",
	// "relations.memberof", "metadata.annotations.example.com/id", "spec.employeeId"; see [User.Values]. All must hold. Paths and values are
	// compared without regard to ASCII case, much as that catalog does: a policy for which case matters compares what it gets. An empty
	// path or value is an error.
	Filter map[string]string
	// Kinds are the kinds of entity that may sign in, without regard to case. If empty, it is "user" alone.
	Kinds []string
}

// UserCatalog is where users are looked up. FindUsers returns every user that matches ([UserQuery.Matches]), none being no error;
// an error means that the catalog could not answer. It may be called concurrently.
//
// A user is returned with whatever the query asked about: its annotations, say, and those [User.Fields] that the filter names.
// [ResolverContext.FindUser] looks at them again, because databases and search servers find more than was asked for, by folding
// case, accents or alphabets. It passes over entities of other kinds, and over annotations in another case.
type UserCatalog interface {
	FindUsers(ctx context.Context, q UserQuery) ([]User, error)
}
