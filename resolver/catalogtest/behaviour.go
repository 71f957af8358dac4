package catalogtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver"
)

// behaviour are the rules about how a catalog answers.
var behaviour = []rule{
	{name: "one condition",
		rule:  "A query with two of Ref, Email, Annotations and Filter never finds a user whom one of them does not mean.",
		users: people(),
		check: func(ctx context.Context, c authprovider.UserCatalog, _ Rig) error {
			for _, q := range []query{
				{Ref: jane, Email: "bob@acme.example"}, {Ref: jane, Annotations: annotations{"example.com/user-id": "2"}},
				{Ref: jane, Filter: map[string]string{"metadata.name": "bob"}},
				{Email: "jane@acme.example", Annotations: annotations{"example.com/user-id": "2"}},
				{Email: "jane@acme.example", Filter: map[string]string{"metadata.name": "bob"}},
				{Annotations: annotations{"example.com/user-id": "1"}, Filter: map[string]string{"metadata.name": "bob"}},
			} {
				if err := wantNobody(ctx, c, q); err != nil {
					return err
				}
			}
			return nil
		}},
	{name: "refused",
		rule:  "A query of a kind that the catalog does not answer is an error: nobody would let a laxer resolver try.",
		users: people(),
		check: func(ctx context.Context, c authprovider.UserCatalog, rig Rig) error {
			for _, q := range []query{{Email: "jane@acme.example"}, {Annotations: annotations{"example.com/user-id": "1"}},
				{Filter: map[string]string{"spec.employeeId": "E-100"}}} {
				if rig.answers(q) {
					continue
				}
				if found, err := c.FindUsers(ctx, q); err == nil {
					return fmt.Errorf("FindUsers(%s) returned %d users and no error", shown(q), len(found))
				}
			}
			return nil
		}},
	{name: "whole",
		rule:  "A user comes back with the address, the annotations and the groups that it has, and with no others of them; names and pictures may be missing.",
		users: people(),
		check: func(ctx context.Context, c authprovider.UserCatalog, rig Rig) error {
			for _, want := range people() {
				if kindOf(want.Ref) != "user" {
					continue
				}
				found, err := c.FindUsers(ctx, query{Ref: want.Ref})
				if err != nil || len(found) != 1 {
					return fmt.Errorf("FindUsers(Ref: %q): %d users, error %w", want.Ref, len(found), err)
				}
				if err := equalUsers(found[0], want, rig); err != nil {
					return fmt.Errorf("the user %s: %w", want.Ref, err)
				}
			}
			return nil
		}},
	{name: "copies",
		rule:  "What is returned belongs to the caller: changing it changes nothing for others. The query is left as it was.",
		users: people(),
		check: func(ctx context.Context, c authprovider.UserCatalog, rig Rig) error {
			want := people()[0]
			for range 2 {
				found, err := c.FindUsers(ctx, query{Ref: jane})
				if err != nil || len(found) != 1 {
					return fmt.Errorf("FindUsers(Ref: %q): %d users, error %w", jane, len(found), err)
				}
				if err := equalUsers(found[0], want, rig); err != nil {
					return fmt.Errorf("after another caller changed what it got: %w", err)
				}
				spoil(found)
			}
			return errors.Join(
				unchanged(ctx, c, query{Annotations: annotations{"example.com/team": "Dev"}}),
				unchanged(ctx, c, query{Filter: map[string]string{"Spec.EmployeeId": "E-100"}}),
				unchanged(ctx, c, query{Ref: "User:Jane", Kinds: []string{"User", "Group"}}))
		}},
	{name: "hostile", rule: "No text in a query makes the catalog fail for the next one, or finds anybody.",
		users: people(),
		check: func(ctx context.Context, c authprovider.UserCatalog, _ Rig) error {
			for _, text := range hostile {
				for _, q := range []query{
					{Ref: "user:default/" + text}, {Email: text}, {Email: "jane@acme.example" + text},
					{Annotations: annotations{"example.com/user-id": text}}, {Annotations: annotations{text: "1"}},
					{Filter: map[string]string{"spec.employeeId": text}}, {Filter: map[string]string{text: "E-100"}}, {Ref: jane, Kinds: []string{text}},
				} {
					if err := wantNobody(ctx, c, q); err != nil {
						return err
					}
				}
			}
			return wantUsers(ctx, c, query{Ref: jane}, jane)
		}},
	{name: "concurrent", rule: "FindUsers may be called concurrently, and each caller gets the answer to its own question.",
		users: people(),
		check: func(ctx context.Context, c authprovider.UserCatalog, rig Rig) error {
			asks := []ask{
				{query{Ref: jane}, []string{jane}}, {query{Ref: bob}, []string{bob}}, {query{Ref: "user:default/nobody"}, nil},
				{query{Email: "jane@acme.example"}, []string{jane}}, {query{Email: "bob@acme.example"}, []string{bob}},
				{query{Annotations: annotations{"example.com/team": "Dev"}}, []string{jane, bob}},
				{query{Filter: map[string]string{"spec.employeeId": "E-200"}}, []string{bob}},
			}
			const goroutines, rounds = 20, 10
			errs := make([]error, goroutines)
			start := make(chan struct{})
			var wg sync.WaitGroup
			for n := range goroutines {
				wg.Go(func() {
					<-start
					for i := range rounds {
						a := asks[(n+i)%len(asks)]
						if !rig.answers(a.q) {
							continue
						}
						found, err := c.FindUsers(ctx, a.q)
						if err == nil {
							err = equalRefs(a.q, found, a.want)
						}
						if err != nil {
							errs[n] = err
							return
						}
					}
				})
			}
			close(start)
			wg.Wait()
			return errors.Join(errs...)
		}},
	{name: "parent groups",
		rule: "A catalog that is a resolver.GroupParents returns the groups that the given ones are direct members of, and nothing for what it does not know.",
		users: []user{
			{Ref: "group:default/Team", MemberOf: []string{"group:default/unit", "group:other/guild"}},
			{Ref: "group:default/unit", MemberOf: []string{"group:default/acme"}},
			{Ref: "group:default/acme"}, {Ref: "group:other/guild"}, {Ref: "group:default/loop", MemberOf: []string{"group:default/loop"}},
			{Ref: "user:default/jane", MemberOf: []string{"group:default/team"}},
		},
		check: func(ctx context.Context, c authprovider.UserCatalog, rig Rig) error {
			parents, ok := c.(resolver.GroupParents)
			if !ok || rig.OnlyUsers {
				return nil
			}
			for _, tt := range []struct{ groups, want []string }{
				{nil, nil}, {[]string{"group:default/acme"}, nil}, {[]string{"group:default/nothing"}, nil}, {[]string{"group:default/team%"}, nil},
				{[]string{"group:default/team"}, []string{"group:default/unit", "group:other/guild"}},
				{[]string{"group:default/nothing", "group:default/unit", "group:default/team"}, []string{"group:default/acme", "group:default/unit",
					"group:other/guild"}},
				{[]string{"group:default/loop"}, []string{"group:default/loop"}},
			} {
				got, err := parents.ParentGroups(ctx, tt.groups)
				if err != nil {
					return fmt.Errorf("ParentGroups(%q): %w", tt.groups, err)
				}
				if !slices.Equal(slices.Compact(sortedRefs(got)), tt.want) {
					return fmt.Errorf("ParentGroups(%q) returned %q, want %q", tt.groups, got, tt.want)
				}
			}
			return nil
		}},
	{name: "context",
		rule:  "A context that has ended makes FindUsers neither hang nor find nobody, and does not spoil the next call.",
		users: people(),
		check: func(ctx context.Context, c authprovider.UserCatalog, _ Rig) error {
			ended, cancel := context.WithCancel(ctx)
			cancel()
			var found []user
			var err error
			if !soon(func() { found, err = c.FindUsers(ended, query{Ref: jane}) }) {
				return errHangs
			}
			if err == nil {
				if err := equalRefs(query{Ref: jane}, found, []string{jane}); err != nil {
					return fmt.Errorf("with a context that has ended: %w", err)
				}
			}
			return wantUsers(ctx, c, query{Ref: jane}, jane)
		}},
}
