package memcatalog_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver/catalogtest"
	"example.com/stagedoor/resolver/memcatalog"
	"github.com/stretchr/testify/require"
)

type (
	user        = authprovider.User
	query       = authprovider.UserQuery
	annotations = map[string]string
)

func refs(users []user) []string {
	var refs []string
	for _, u := range users {
		refs = append(refs, u.Ref)
	}
	return refs
}

func TestConformance(t *testing.T) {
	catalogtest.TestUserCatalog(t, catalogtest.Rig{
		New: func(_ testing.TB, users []user) authprovider.UserCatalog { return memcatalog.New(users...) },
	})
}

func TestFindUsers(t *testing.T) {
	catalog := memcatalog.New(
		user{Ref: "user:default/jane", Email: "Jane@Acme.example", Annotations: annotations{"github.com/user-id": "1", "team": "dev"}},
		user{Ref: "User:Bob", Email: "bob@acme.example", Annotations: annotations{"github.com/user-id": "2", "team": "dev", "empty": ""}},
		user{Ref: "user:other/jane", Annotations: annotations{"team": "ops"}, Fields: map[string][]string{"spec.badge": {"a", "A", "b"}}},
		user{Ref: "group:default/dev", Email: "dev@acme.example"},
		user{Ref: "user:default/double", Email: "double@acme.example"},
		user{Ref: "user:DEFAULT/double", Email: "DOUBLE@acme.example"},
		user{Ref: "user:default/kelvin", Email: "\u212aelvin@acme.example"},
	)
	tests := []struct {
		name string
		q    query
		want []string
	}{
		{"ref", query{Ref: "user:default/jane"}, []string{"user:default/jane"}},
		{"ref in another case", query{Ref: "USER:Default/JANE"}, []string{"user:default/jane"}},
		{"ref without namespace", query{Ref: "user:jane"}, []string{"user:default/jane"}},
		{"ref as it was given", query{Ref: "user:default/bob"}, []string{"User:Bob"}},
		{"another namespace", query{Ref: "user:other/jane"}, []string{"user:other/jane"}},
		{"another kind", query{Ref: "group:default/dev"}, nil},
		{"another kind, asked for", query{Ref: "group:default/dev", Kinds: []string{"user", "Group"}}, []string{"group:default/dev"}},
		{"email of another kind", query{Email: "dev@acme.example"}, nil},
		{"unknown ref", query{Ref: "user:default/joe"}, nil},
		{"ref twice", query{Ref: "user:default/double"}, []string{"user:default/double", "user:DEFAULT/double"}},

		{"email", query{Email: "jane@acme.example"}, []string{"user:default/jane"}},
		{"email in another case", query{Email: "JANE@ACME.EXAMPLE"}, []string{"user:default/jane"}},
		{"unknown email", query{Email: "joe@acme.example"}, nil},
		{"email twice", query{Email: "double@acme.example"}, []string{"user:default/double", "user:DEFAULT/double"}},
		{"Kelvin sign is no K", query{Email: "kelvin@acme.example"}, nil},
		{"Kelvin sign", query{Email: "\u212aELVIN@acme.example"}, []string{"user:default/kelvin"}},

		{"annotation", query{Annotations: annotations{"github.com/user-id": "2"}}, []string{"User:Bob"}},
		{"annotation of several", query{Annotations: annotations{"team": "dev"}}, []string{"user:default/jane", "User:Bob"}},
		{"all annotations", query{Annotations: annotations{"team": "dev", "github.com/user-id": "1"}}, []string{"user:default/jane"}},
		{"annotations of two users", query{Annotations: annotations{"team": "ops", "github.com/user-id": "1"}}, nil},
		{"annotation and an absent one", query{Annotations: annotations{"team": "ops", "absent": ""}}, nil},
		{"annotation in another case", query{Annotations: annotations{"team": "DEV"}}, nil},
		{"annotation key in another case", query{Annotations: annotations{"Team": "dev"}}, nil},
		{"absent annotation", query{Annotations: annotations{"absent": ""}}, nil},

		{"filter", query{Filter: annotations{"metadata.name": "JANE", "metadata.namespace": "other"}}, []string{"user:other/jane"}},
		{"filter by the kind", query{Filter: annotations{"kind": "User", "spec.profile.email": "BOB@acme.example"}}, []string{"User:Bob"}},
		{"filter by annotation", query{Filter: annotations{"metadata.annotations.Team": "DEV"}}, []string{"user:default/jane", "User:Bob"}},
		{"filter by a field, found once", query{Filter: annotations{"Spec.Badge": "a"}}, []string{"user:other/jane"}},
		{"filter by what nobody has", query{Filter: annotations{"spec.absent": "a"}}, nil},
		{"filter by what somebody and by what nobody has", query{Filter: annotations{"spec.badge": "b", "spec.absent": "a"}}, nil},
		{"Kelvin sign in a filter", query{Filter: annotations{"spec.profile.email": "kelvin@acme.example"}}, nil},

		{"nothing", query{}, nil},
		{"no annotations", query{Annotations: annotations{}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := catalog.FindUsers(t.Context(), tt.q)
			require.NoError(t, err)
			require.Equal(t, tt.want, refs(found))
		})
	}

	bad := map[string]query{
		"malformed ref":         {Ref: "jane"},
		"ref and email":         {Ref: "user:default/jane", Email: "jane@acme.example"},
		"ref and annotations":   {Ref: "user:default/jane", Annotations: annotations{"team": "dev"}},
		"email and annotations": {Email: "jane@acme.example", Annotations: annotations{"team": "dev"}},
		"email and filter":      {Email: "jane@acme.example", Filter: annotations{"kind": "user"}},
	}
	for name, q := range bad {
		t.Run(name, func(t *testing.T) {
			found, err := catalog.FindUsers(t.Context(), q)
			require.Empty(t, found)
			require.ErrorIs(t, err, authprovider.ErrInput)
		})
	}
}

func TestZeroValueIsEmpty(t *testing.T) {
	var catalog memcatalog.Catalog
	found, err := catalog.FindUsers(t.Context(), query{Ref: "user:default/jane"})
	require.NoError(t, err)
	require.Empty(t, found)
	require.NoError(t, catalog.Set(user{Ref: "user:default/jane"}))
	found, err = catalog.FindUsers(t.Context(), query{Ref: "user:default/jane"})
	require.NoError(t, err)
	require.Len(t, found, 1)
}

func TestBadRefIsLoud(t *testing.T) {
	const text = `memcatalog: user 2: authprovider: entity reference "jane" has no kind`
	catalog := memcatalog.New(user{Ref: "user:default/bob"}, user{Ref: "jane"})
	_, err := catalog.FindUsers(t.Context(), query{Ref: "user:default/bob"})
	require.ErrorContains(t, err, text)
	require.NotErrorIs(t, err, authprovider.ErrInput, "the catalog is wrong, not the request")

	require.NoError(t, catalog.Set(user{Ref: "user:default/bob"}), "a good list mends it")
	require.ErrorContains(t, catalog.Set(user{Ref: "user:default/joe"}, user{Ref: "jane"}), text)
	found, err := catalog.FindUsers(t.Context(), query{Ref: "user:default/bob"})
	require.NoError(t, err)
	require.Len(t, found, 1, "a bad list replaces nothing")
}

// Neither the slices that came in nor those that went out are a way into the catalog.
func TestCopies(t *testing.T) {
	jane := func() user {
		return user{Ref: "user:default/jane", MemberOf: []string{"group:default/dev"}, Annotations: annotations{"team": "dev"},
			Fields: map[string][]string{"spec.badge": {"a"}}}
	}
	given := []user{jane()}
	catalog := memcatalog.New(given...)
	spoil := func(u *user) {
		u.Ref = "user:default/mallory"
		u.MemberOf[0] = "group:default/admins"
		u.Annotations["team"] = "admins"
		u.Fields["spec.badge"][0] = "b"
		delete(u.Fields, "spec.badge")
	}
	spoil(&given[0])
	for range 2 {
		found, err := catalog.FindUsers(t.Context(), query{Annotations: annotations{"team": "dev"}})
		require.NoError(t, err)
		require.Equal(t, []user{jane()}, found)
		spoil(&found[0])
	}
}

// A lookup sees one list or the other, never a mixture: each list is two users of one name.
func TestSetWhileInUse(t *testing.T) {
	list := func(name string) []user {
		return []user{
			{Ref: "user:default/jane", DisplayName: name, Email: "jane@acme.example"},
			{Ref: "user:default/jane", DisplayName: name, Email: "jane@acme.example"},
		}
	}
	catalog := memcatalog.New(list("a")...)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				found, err := catalog.FindUsers(context.Background(), query{Email: "jane@acme.example"})
				if err != nil || len(found) != 2 || found[0].DisplayName != found[1].DisplayName {
					t.Errorf("got %v, %v", found, err)
					return
				}
			}
		})
	}
	for i := range 500 {
		require.NoError(t, catalog.Set(list(string(rune('a'+i%2)))...))
	}
	wg.Wait()
}

func TestParentGroups(t *testing.T) {
	catalog := memcatalog.New(
		user{Ref: "user:default/jane", MemberOf: []string{"group:default/dev"}},
		user{Ref: "group:default/dev", MemberOf: []string{"group:default/engineering", "group:default/everybody"}},
		user{Ref: "Group:Ops", MemberOf: []string{"group:default/engineering"}},
		user{Ref: "group:default/top"},
	)
	for _, tt := range []struct{ groups, want []string }{
		{nil, nil},
		{[]string{"group:default/dev"}, []string{"group:default/engineering", "group:default/everybody"}},
		{[]string{"group:default/ops", "group:dev"}, []string{"group:default/engineering", "group:default/engineering", "group:default/everybody"}},
		{[]string{"group:default/top", "group:default/unknown"}, nil},
	} {
		parents, err := catalog.ParentGroups(t.Context(), tt.groups)
		require.NoError(t, err)
		require.Equal(t, tt.want, parents, "%v", tt.groups)
	}
	_, err := catalog.ParentGroups(t.Context(), []string{"dev"})
	require.ErrorIs(t, err, authprovider.ErrInput)
	_, err = memcatalog.New(user{Ref: "jane"}).ParentGroups(t.Context(), []string{"group:default/dev"})
	require.ErrorContains(t, err, "memcatalog: user 1")
	parents, err := new(memcatalog.Catalog).ParentGroups(t.Context(), []string{"group:default/dev"})
	require.NoError(t, err)
	require.Empty(t, parents)
}

// The indexes are made by whoever comes first.
func TestFirstLookupsAtOnce(t *testing.T) {
	catalog := memcatalog.New(user{Ref: "user:default/jane", Email: "jane@acme.example", Annotations: annotations{"team": "dev"}})
	var wg sync.WaitGroup
	for i := range 16 {
		q := [...]query{{Email: "jane@acme.example"}, {Annotations: annotations{"team": "dev"}}, {Filter: annotations{"metadata.name": "jane", "kind": "user"}}}[i%3]
		wg.Go(func() {
			if found, err := catalog.FindUsers(context.Background(), q); err != nil || len(found) != 1 {
				t.Errorf("got %v, %v", found, err)
			}
		})
	}
	wg.Wait()
}

func Example() {
	users := memcatalog.New(
		authprovider.User{Ref: "user:default/jane", Email: "jane@example.com", MemberOf: []string{"group:default/admins"}},
	)
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: users})
	id, err := rc.SignInWithUser(context.Background(), authprovider.UserQuery{Email: "Jane@example.com"})
	fmt.Println(id.UserRef, id.OwnershipRefs, err)
	// Output: user:default/jane [user:default/jane group:default/admins] <nil>
}
