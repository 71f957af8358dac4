package catalogtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/stagedoor/authprovider"
)

// Rig is how the suite gets at a catalog, and what the catalog cannot do.
type Rig struct {
	// New returns a catalog that holds these users and nothing else. It is required, and is called once for each rule. What it
	// opens, it closes with t.Cleanup. Some of the users are of kind Group, unless OnlyUsers is set.
	New func(t testing.TB, users []authprovider.User) authprovider.UserCatalog

	// WithoutEmail, WithoutAnnotations and WithoutFilter say that the catalog refuses such queries. It must do so with an error.
	WithoutEmail, WithoutAnnotations, WithoutFilter bool
	// WithoutGroups says that users come back without MemberOf.
	WithoutGroups bool
	// OnlyUsers says that the catalog can hold nothing but entities of kind User.
	OnlyUsers bool
	// UniqueEmail says that the catalog cannot hold two users of one e-mail address.
	UniqueEmail bool
}

type (
	user        = authprovider.User
	query       = authprovider.UserQuery
	annotations = map[string]string
	fields      = map[string][]string
)

// patience is an upper bound for one rule. Nothing waits for it to pass.
const patience = time.Minute

// rule is a sentence of the contract.
type rule struct {
	name, rule string
	// needs are the queries that it is about; without them it is left out.
	email, annotations, filter bool
	users                      []user
	// asks are queries and the references that they find.
	asks []ask
	// check is what asks cannot say. It may be nil.
	check func(ctx context.Context, c authprovider.UserCatalog, rig Rig) error
}

type ask struct {
	q    query
	want []string
}

// TestUserCatalog proves a catalog.
func TestUserCatalog(t *testing.T, rig Rig) {
	for _, r := range slices.Concat(selection, behaviour) {
		t.Run(r.name, func(t *testing.T) {
			if missing := r.missing(rig); missing != "" {
				t.Log("left out: the rig has " + missing)
				return
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := r.run(ctx, t, rig); err != nil {
				t.Errorf("%v\nThe rule: %s", err, r.rule)
			}
		})
	}
}

// missing names the field of the rig because of which a rule is left out.
func (r rule) missing(rig Rig) string {
	switch {
	case r.email && rig.WithoutEmail:
		return "WithoutEmail"
	case r.annotations && rig.WithoutAnnotations:
		return "WithoutAnnotations"
	case r.filter && rig.WithoutFilter:
		return "WithoutFilter"
	}
	return ""
}

func (r rule) run(ctx context.Context, t testing.TB, rig Rig) error {
	var users []user
	emails := make(map[string]bool)
	for _, u := range r.users {
		if rig.OnlyUsers && kindOf(u.Ref) != "user" {
			continue
		}
		if rig.UniqueEmail && emails[strings.ToLower(u.Email)] {
			u.Email = ""
		}
		emails[strings.ToLower(u.Email)] = u.Email != ""
		users = append(users, u)
	}
	c := rig.New(t, users)
	for _, a := range r.asks {
		if !rig.answers(a.q) || rig.UniqueEmail && len(a.want) > 1 && a.q.Email != "" {
			continue
		}
		want := a.want
		if rig.OnlyUsers {
			want = slices.DeleteFunc(slices.Clone(want), func(ref string) bool { return kindOf(ref) != "user" })
		}
		if err := wantUsers(ctx, c, a.q, want...); err != nil {
			return err
		}
	}
	if r.check == nil {
		return nil
	}
	return r.check(ctx, c, rig)
}

// answers reports whether a catalog answers the query, as opposed to refusing it.
func (rig Rig) answers(q query) bool {
	return (q.Email == "" || !rig.WithoutEmail) && (q.Annotations == nil || !rig.WithoutAnnotations) && (q.Filter == nil || !rig.WithoutFilter)
}

// wantUsers wants the users of these references, each once, and no error.
func wantUsers(ctx context.Context, c authprovider.UserCatalog, q query, want ...string) error {
	found, err := c.FindUsers(ctx, q)
	if err != nil {
		return fmt.Errorf("FindUsers(%s): %w", shown(q), err)
	}
	return equalRefs(q, found, want)
}

func equalRefs(q query, found []user, want []string) error {
	got := make([]string, 0, len(found))
	for _, u := range found {
		ref, err := authprovider.ParseEntityRef(u.Ref)
		if err != nil {
			return fmt.Errorf("FindUsers(%s) returned the Ref %q: %w", shown(q), u.Ref, err)
		}
		got = append(got, ref.String())
	}
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		return fmt.Errorf("FindUsers(%s) returned %q, want %q", shown(q), got, want)
	}
	return nil
}

// wantNobody wants no user. An error will do as well: these are queries that a resolver context does not let through, or that a store may refuse.
func wantNobody(ctx context.Context, c authprovider.UserCatalog, q query) error {
	found, err := c.FindUsers(ctx, q)
	if err == nil && len(found) > 0 || err != nil && found != nil {
		return fmt.Errorf("FindUsers(%s) returned %d users and the error %v, want nobody", shown(q), len(found), err)
	}
	return nil
}

// shown writes what is set in a query.
func shown(q query) string {
	var parts []string
	add := func(name string, value any, set bool) {
		if set {
			parts = append(parts, fmt.Sprintf("%s: %.200q", name, value))
		}
	}
	add("Ref", q.Ref, q.Ref != "")
	add("Email", q.Email, q.Email != "")
	add("Annotations", q.Annotations, q.Annotations != nil)
	add("Filter", q.Filter, q.Filter != nil)
	add("Kinds", q.Kinds, q.Kinds != nil)
	return strings.Join(parts, ", ")
}

func kindOf(ref string) string {
	kind, _, _ := strings.Cut(ref, ":")
	return strings.ToLower(kind)
}

// soon reports whether do returned.
func soon(do func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
		return true
	case <-time.After(patience / 2):
		return false
	}
}

var errHangs = errors.New("FindUsers does not return although its context has ended")
