package catalogtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver"
)

const (
	jane, bob, joe = "user:default/jane", "user:default/bob", "user:other/jane"
	devs           = "group:default/devs"
)

// people are most rules' users.
func people() []user {
	return []user{
		{
			Ref: "user:default/Jane", Email: "Jane@Acme.example", DisplayName: "Jane Doe", Picture: "https://acme.example/jane.png",
			Annotations: annotations{"example.com/user-id": "1", "example.com/team": "Dev", "example.com/site": "Berlin"},
			MemberOf:    []string{devs, "group:other/ops"},
			Fields:      fields{"spec.employeeId": {"E-100"}, "metadata.labels.floor": {"second"}, "spec.badges": {"blue", "Green"}},
		},
		{
			Ref: "user:default/bob", Email: "bob@acme.example", DisplayName: "Bob",
			Annotations: annotations{"example.com/user-id": "2", "example.com/team": "Dev", "example.com/site": "Oslo"},
			MemberOf:    []string{devs},
			Fields:      fields{"spec.employeeId": {"E-200"}, "metadata.labels.floor": {"second"}, "spec.badges": {"red"}},
		},
		{
			Ref: "user:other/jane", Email: "jane@other.example", Annotations: annotations{"example.com/user-id": "3", "example.com/team": "dev"},
			Fields: fields{"spec.employeeId": {"E-100-B"}},
		},
		{
			Ref: "group:default/devs", Email: "devs@acme.example",
			Annotations: annotations{"example.com/user-id": "4", "example.com/team": "Dev"},
			Fields:      fields{"spec.employeeId": {"E-400"}},
		},
	}
}

var rules = []rule{
	{name: "reference", rule: "A reference finds its entity without regard to case; without a namespace it is that of the namespace default.",
		users: people(),
		asks: []ask{
			{query{Ref: "user:default/jane"}, []string{jane}},
			{query{Ref: "user:default/Jane"}, []string{jane}},
			{query{Ref: "USER:DEFAULT/JANE"}, []string{jane}},
			{query{Ref: "User:jane"}, []string{jane}},
			{query{Ref: "user:Other/Jane"}, []string{joe}},
			{query{Ref: "user:default/BOB"}, []string{bob}},
		}},
	{name: "other references", rule: "A reference finds nothing but its entity: no part of a name, no pattern, no other namespace, and no other kind.",
		users: append(people(), user{Ref: "user:default/a_b", Email: "a_b@acme.example"}, user{Ref: "user:default/a.b-c", Email: "abc@acme.example"}),
		asks: []ask{
			{query{Ref: "user:default/a_b"}, []string{"user:default/a_b"}}, {query{Ref: "user:default/axb"}, nil}, {query{Ref: "user:default/___"}, nil},
			{query{Ref: "user:default/a.b-c"}, []string{"user:default/a.b-c"}}, {query{Ref: "user:default/axb-c"}, nil}, {query{Ref: "user:default/a.b"}, nil},
			{query{Ref: "user:default/jan"}, nil}, {query{Ref: "user:default/janet"}, nil}, {query{Ref: "user:default/ane"}, nil},
			{query{Ref: "user:default/j%"}, nil}, {query{Ref: "user:default/%"}, nil}, {query{Ref: "user:default/j*"}, nil}, {query{Ref: "user:default/*"}, nil},
			{query{Ref: "user:default/jan?"}, nil}, {query{Ref: "user:default/j.*"}, nil}, {query{Ref: "user:%/jane"}, nil}, {query{Ref: "user:oth/jane"}, nil},
			{query{Ref: "user:other/bob"}, nil}, {query{Ref: "group:default/jane"}, nil}, {query{Ref: "component:default/jane"}, nil}, {query{Ref: "user:default/devs"}, nil},
			{query{Ref: "user:default/.."}, nil}, {query{Ref: "user:default/jane?x=y#z"}, nil}, {query{Ref: "user:default/jane%2f"}, nil},
		}},
	{name: "malformed references", rule: "What is no entity reference finds nobody.",
		users: people(),
		check: func(ctx context.Context, c authprovider.UserCatalog, _ Rig) error {
			for _, ref := range []string{"jane", "user:", "user:/jane", "user:default/", ":default/jane", "default/jane", "user:default/jane/x", "user:user:default/jane",
				" user:default/jane", "user:default/jane ", "user: default/jane", "user:default/jane\x00", "user:default/jane\n", "user:default/\u212aane", "*"} {
				if err := wantNobody(ctx, c, query{Ref: ref}); err != nil {
					return err
				}
			}
			return nil
		}},
	{name: "e-mail", rule: "An e-mail address finds the users whose profile has it, without regard to the case of ASCII letters.", email: true,
		users: people(),
		asks: []ask{
			{query{Email: "jane@acme.example"}, []string{jane}},
			{query{Email: "JANE@ACME.EXAMPLE"}, []string{jane}},
			{query{Email: "bob@acme.example"}, []string{bob}},
		}},
	{name: "other e-mail addresses", rule: "An e-mail address is compared whole and as it is: it is no pattern, and nothing is cut off.", email: true,
		users: append(people(), user{Ref: "user:default/a_b", Email: "a_b@acme.example"}, user{Ref: "user:default/tag", Email: "tag+x@acme.example"}, user{Ref: "user:default/none"}),
		asks: []ask{
			{query{Email: "a_b@acme.example"}, []string{"user:default/a_b"}}, {query{Email: "axb@acme.example"}, nil}, {query{Email: "bo_@acme.example"}, nil},
			{query{Email: "%"}, nil}, {query{Email: "%@acme.example"}, nil}, {query{Email: "bob@%"}, nil}, {query{Email: "*"}, nil}, {query{Email: "bob@*"}, nil},
			{query{Email: "bob"}, nil}, {query{Email: "bob@acme"}, nil}, {query{Email: "bob@acme.example.evil.example"}, nil}, {query{Email: "acme.example"}, nil},
			{query{Email: "ob@acme.example"}, nil}, {query{Email: " bob@acme.example"}, nil}, {query{Email: "bob@acme.example "}, nil}, {query{Email: "bob@acme.example."}, nil},
			{query{Email: "tag@acme.example"}, nil}, {query{Email: "bob+x@acme.example"}, nil}, {query{Email: "tag+x@acme.example"}, []string{"user:default/tag"}},
			{query{Email: "b.ob@acme.example"}, nil}, {query{Email: "Bob <bob@acme.example>"}, nil}, {query{Email: "mailto:bob@acme.example"}, nil},
			{query{Email: "bob@acme.example,jane@acme.example"}, nil}, {query{Email: " "}, nil}, {query{Email: "null"}, nil}, {query{Email: "' OR ''='"}, nil},
		}},
	{name: "letters", rule: "No letter but those of ASCII is equal to another: neither an accent nor a case nor another form of it is looked past.", email: true,
		users: []user{
			{Ref: "user:default/kelvin", Email: "kelvin@acme.example"}, {Ref: "user:default/strasse", Email: "stra\u00dfe@acme.example"},
			{Ref: "user:default/jose", Email: "jos\u00e9@acme.example"}, {Ref: "user:default/dotless", Email: "b\u0131@acme.example"}, {Ref: "user:default/ines", Email: "ines@acme.example"},
		},
		asks: []ask{
			{query{Email: "\u212aelvin@acme.example"}, nil}, {query{Email: "strasse@acme.example"}, nil}, {query{Email: "STRASSE@acme.example"}, nil},
			{query{Email: "jose@acme.example"}, nil}, {query{Email: "jose\u0301@acme.example"}, nil}, {query{Email: "JOS\u00c9@acme.example"}, nil},
			{query{Email: "bi@acme.example"}, nil}, {query{Email: "BI@acme.example"}, nil}, {query{Email: "\u0130nes@acme.example"}, nil}, {query{Email: "in\u00e8s@acme.example"}, nil},
			{query{Email: "ines\uff20acme.example"}, nil}, {query{Email: "ine\u017f@acme.example"}, nil}, {query{Email: "ine\u00ads@acme.example"}, nil}, {query{Email: "ines@acme.example\u200b"}, nil},
			{query{Email: "JOS\u00e9@ACME.EXAMPLE"}, []string{"user:default/jose"}}, {query{Email: "stra\u00dfe@acme.example"}, []string{"user:default/strasse"}},
			{query{Email: "KELVIN@acme.example"}, []string{"user:default/kelvin"}},
		}},
	{name: "annotations", rule: "Annotations find the users who have all of them, with exactly these names and values.", annotations: true,
		users: people(),
		asks: []ask{
			{query{Annotations: annotations{"example.com/user-id": "1"}}, []string{jane}},
			{query{Annotations: annotations{"example.com/team": "Dev", "example.com/site": "Oslo"}}, []string{bob}},
			{query{Annotations: annotations{"example.com/team": "Dev", "example.com/site": "Berlin", "example.com/user-id": "1"}}, []string{jane}},
			{query{Annotations: annotations{"example.com/team": "dev"}}, []string{joe}},
			{query{Annotations: annotations{"example.com/user-id": "2", "example.com/site": "Berlin"}}, nil},
			{query{Annotations: annotations{"example.com/user-id": "3", "example.com/site": "Berlin"}}, nil},
		}},
	{name: "other annotations", rule: "Names and values of annotations are compared as they are: no case, no pattern, no part, no number.", annotations: true,
		users: people(),
		asks: []ask{
			{query{Annotations: annotations{"example.com/team": "DEV"}}, nil}, {query{Annotations: annotations{"example.com/Team": "Dev"}}, nil},
			{query{Annotations: annotations{"EXAMPLE.COM/USER-ID": "1"}}, nil}, {query{Annotations: annotations{"example.com/user-id": "01"}}, nil},
			{query{Annotations: annotations{"example.com/user-id": "1.0"}}, nil}, {query{Annotations: annotations{"example.com/user-id": "1 "}}, nil},
			{query{Annotations: annotations{"example.com/user-id": " 1"}}, nil}, {query{Annotations: annotations{"example.com/user-id": "+1"}}, nil},
			{query{Annotations: annotations{"example.com/user-id": "%"}}, nil}, {query{Annotations: annotations{"example.com/user-id": "_"}}, nil},
			{query{Annotations: annotations{"example.com/user-id": "*"}}, nil}, {query{Annotations: annotations{"example.com/user%id": "1"}}, nil},
			{query{Annotations: annotations{"example.com/user_id": "1"}}, nil}, {query{Annotations: annotations{"example.com": "1"}}, nil},
			{query{Annotations: annotations{"user-id": "1"}}, nil}, {query{Annotations: annotations{"example": "com/user-id"}}, nil},
			{query{Annotations: annotations{"example.com/site": "Berl"}}, nil}, {query{Annotations: annotations{"example.com/site": "Berlin\u200b"}}, nil},
			{query{Annotations: annotations{"example.com/site": "Berl\u00edn"}}, nil}, {query{Annotations: annotations{"example.com/user-id": "1,2"}}, nil},
			{query{Annotations: annotations{"example.com/absent": "1"}}, nil}, {query{Annotations: annotations{"example.com/user-id": "true"}}, nil},
		}},
	{name: "characters", rule: "Any character may stand in the name and in the value of an annotation, and means nothing but itself.", annotations: true,
		users: func() (users []user) {
			for i, text := range awkward {
				users = append(users, user{Ref: fmt.Sprintf("user:default/u%d", i), Annotations: annotations{"example.com/id": text, "name of " + text: "yes"}})
			}
			return users
		}(),
		asks: func() (asks []ask) {
			for i, text := range awkward {
				want := []string{fmt.Sprintf("user:default/u%d", i)}
				asks = append(asks, ask{query{Annotations: annotations{"example.com/id": text}}, want}, ask{query{Annotations: annotations{"name of " + text: "yes"}}, want},
					ask{query{Annotations: annotations{"name of " + text: "yes", "example.com/id": text}}, want}, ask{query{Annotations: annotations{"name of " + text: "no"}}, nil})
			}
			return asks
		}()},
	{name: "paths", rule: "The name of an annotation is one name, wherever there is a dot or a slash in it.", annotations: true,
		users: []user{
			{Ref: "user:default/a", Annotations: annotations{"a.example/b.c": "x"}}, {Ref: "user:default/b", Annotations: annotations{"a/example.b.c": "x"}},
			{Ref: "user:default/c", Annotations: annotations{"a": "x"}}, {Ref: "user:default/d", Annotations: annotations{"a.example": "x"}},
		},
		asks: []ask{
			{query{Annotations: annotations{"a.example/b.c": "x"}}, []string{"user:default/a"}}, {query{Annotations: annotations{"a/example.b.c": "x"}}, []string{"user:default/b"}},
			{query{Annotations: annotations{"a": "x"}}, []string{"user:default/c"}}, {query{Annotations: annotations{"a.example": "x"}}, []string{"user:default/d"}},
			{query{Annotations: annotations{"a.example/b": "x"}}, nil}, {query{Annotations: annotations{"a.example.b.c": "x"}}, nil}, {query{Annotations: annotations{"b.c": "x"}}, nil},
		}},
	{name: "absent", rule: "Absent never matches absent: an empty text, and a query that says nothing, find nobody.",
		users: append(people(), user{Ref: "user:default/empty", Annotations: annotations{"example.com/empty": ""}, Fields: fields{"spec.empty": {""}, "spec.none": {}}}),
		check: func(ctx context.Context, c authprovider.UserCatalog, _ Rig) error {
			for _, q := range []query{
				{}, {Annotations: annotations{}}, {Filter: map[string]string{}}, {Kinds: []string{"user"}}, {Annotations: annotations{"example.com/absent": ""}},
				{Annotations: annotations{"example.com/empty": ""}}, {Annotations: annotations{"": ""}}, {Annotations: annotations{"": "1"}},
				{Annotations: annotations{"example.com/user-id": "1", "example.com/absent": ""}}, {Filter: map[string]string{"spec.empty": ""}},
				{Filter: map[string]string{"spec.profile.email": ""}}, {Filter: map[string]string{"": ""}}, {Filter: map[string]string{"": "1"}},
				{Filter: map[string]string{"spec.employeeId": "E-100", "spec.absent": ""}}, {Filter: map[string]string{"spec.none": ""}},
			} {
				if err := wantNobody(ctx, c, q); err != nil {
					return err
				}
			}
			return nil
		}},
	{name: "filter", rule: "A filter finds the users for whom all conditions hold, without regard to the case of ASCII letters in paths and values.", filter: true,
		users: people(),
		asks: []ask{
			{query{Filter: map[string]string{"metadata.name": "jane", "metadata.namespace": "default"}}, []string{jane}},
			{query{Filter: map[string]string{"Metadata.Name": "JANE"}}, []string{jane, joe}},
			{query{Filter: map[string]string{"kind": "User", "metadata.name": "bob"}}, []string{bob}},
			{query{Filter: map[string]string{"spec.profile.email": "JANE@acme.example"}}, []string{jane}},
			{query{Filter: map[string]string{"spec.profile.displayName": "jane doe"}}, []string{jane}},
			{query{Filter: map[string]string{"metadata.annotations.example.com/user-id": "2"}}, []string{bob}},
			{query{Filter: map[string]string{"metadata.annotations.example.com/team": "dev"}}, []string{jane, bob, joe}},
			{query{Filter: map[string]string{"relations.memberof": "group:other/ops"}}, []string{jane}},
			{query{Filter: map[string]string{"relations.memberOf": "Group:Default/Devs"}}, []string{jane, bob}},
			{query{Filter: map[string]string{"spec.employeeId": "E-100"}}, []string{jane}},
			{query{Filter: map[string]string{"SPEC.EMPLOYEEID": "e-200"}}, []string{bob}},
			{query{Filter: map[string]string{"metadata.labels.floor": "second"}}, []string{jane, bob}},
			{query{Filter: map[string]string{"metadata.labels.floor": "second", "spec.employeeId": "E-200"}}, []string{bob}},
			{query{Filter: map[string]string{"spec.badges": "blue"}}, []string{jane}},
			{query{Filter: map[string]string{"spec.badges": "green"}}, []string{jane}},
		}},
	{name: "other filters", rule: "Values of a filter are compared whole: no pattern, no part, no accent looked past, and all conditions count.", filter: true,
		users: people(),
		asks: []ask{
			{query{Filter: map[string]string{"spec.employeeId": "E-10"}}, nil}, {query{Filter: map[string]string{"spec.employeeId": "E-%"}}, nil},
			{query{Filter: map[string]string{"spec.employeeId": "E-_00"}}, nil}, {query{Filter: map[string]string{"spec.employeeId": "*"}}, nil},
			{query{Filter: map[string]string{"spec.employeeId": "E-100 "}}, nil}, {query{Filter: map[string]string{"spec.employeeId": "E-100,E-200"}}, nil},
			{query{Filter: map[string]string{"spec.employeeId": "E-100,spec.employeeId=E-200"}}, nil}, {query{Filter: map[string]string{"spec.employeeId": "\u00c9-100"}}, nil},
			{query{Filter: map[string]string{"spec.employee": "E-100"}}, nil}, {query{Filter: map[string]string{"employeeId": "E-100"}}, nil},
			{query{Filter: map[string]string{"spec": "E-100"}}, nil}, {query{Filter: map[string]string{"spec.*": "E-100"}}, nil}, {query{Filter: map[string]string{"spec.employeeId=E-100,kind": "user"}}, nil},
			{query{Filter: map[string]string{"spec.employeeId": "E-100", "metadata.name": "bob"}}, nil},
			{query{Filter: map[string]string{"spec.employeeId": "E-200", "spec.badges": "blue"}}, nil},
			{query{Filter: map[string]string{"spec.badges": "blue,green"}}, nil}, {query{Filter: map[string]string{"metadata.labels.floor": "\u017fecond"}}, nil},
			{query{Filter: map[string]string{"spec.absent": "E-100"}}, nil}, {query{Filter: map[string]string{"spec.employeeId": "true"}}, nil},
			{query{Filter: map[string]string{"relations.memberof": "devs"}}, nil}, {query{Filter: map[string]string{"kind": "group"}}, nil},
		}},
	{name: "kinds", rule: "Only entities of the kinds that the query names are found, without regard to case; if it names none, only those of kind User.",
		users: people(),
		asks: []ask{
			{query{Ref: devs}, nil}, {query{Email: "devs@acme.example"}, nil}, {query{Annotations: annotations{"example.com/user-id": "4"}}, nil},
			{query{Annotations: annotations{"example.com/team": "Dev"}}, []string{jane, bob}}, {query{Filter: map[string]string{"spec.employeeId": "E-400"}}, nil},
			{query{Ref: devs, Kinds: []string{"Group"}}, []string{devs}}, {query{Ref: "Group:devs", Kinds: []string{"user", "group"}}, []string{devs}},
			{query{Ref: jane, Kinds: []string{"GROUP"}}, nil}, {query{Ref: jane, Kinds: []string{"USER"}}, []string{jane}}, {query{Ref: jane, Kinds: []string{"use"}}, nil},
			{query{Email: "devs@acme.example", Kinds: []string{"group"}}, []string{devs}}, {query{Email: "bob@acme.example", Kinds: []string{"group"}}, nil},
			{query{Annotations: annotations{"example.com/team": "Dev"}, Kinds: []string{"group", "User"}}, []string{jane, bob, devs}},
			{query{Filter: map[string]string{"spec.employeeId": "E-400"}, Kinds: []string{"group"}}, []string{devs}},
			{query{Filter: map[string]string{"metadata.labels.floor": "second"}, Kinds: []string{"component"}}, nil},
		}},
	{name: "several", rule: "All users that match are returned, so that a sign-in which finds two ends as ambiguous and not with a guess.",
		users: []user{
			{Ref: "user:default/one", Email: "shared@acme.example", Annotations: annotations{"example.com/id": "7"}, Fields: fields{"spec.id": {"7"}}},
			{Ref: "user:default/two", Email: "Shared@acme.example", Annotations: annotations{"example.com/id": "7"}, Fields: fields{"spec.id": {"7"}}},
			{Ref: "user:other/one", Email: "SHARED@ACME.EXAMPLE", Annotations: annotations{"example.com/id": "7"}, Fields: fields{"spec.id": {"7", "8"}}},
		},
		asks: []ask{
			{query{Email: "shared@acme.example"}, []string{"user:default/one", "user:default/two", "user:other/one"}},
			{query{Annotations: annotations{"example.com/id": "7"}}, []string{"user:default/one", "user:default/two", "user:other/one"}},
			{query{Filter: map[string]string{"spec.id": "7"}}, []string{"user:default/one", "user:default/two", "user:other/one"}},
			{query{Ref: "user:default/one"}, []string{"user:default/one"}},
		}},
	{name: "nobody", rule: "That nobody matches is no error.",
		users: people(),
		asks: []ask{
			{query{Ref: "user:default/nobody"}, nil}, {query{Email: "nobody@acme.example"}, nil}, {query{Annotations: annotations{"example.com/user-id": "99"}}, nil},
			{query{Annotations: annotations{"example.com/user-id": "1", "example.com/nothing": "x"}}, nil}, {query{Filter: map[string]string{"metadata.name": "nobody"}}, nil},
			{query{Filter: map[string]string{"spec.nothing": "x"}}, nil},
		}},
	{name: "empty", rule: "A catalog without users answers like any other.",
		asks: []ask{
			{query{Ref: jane}, nil}, {query{Email: "jane@acme.example"}, nil}, {query{Annotations: annotations{"example.com/user-id": "1"}}, nil},
			{query{Filter: map[string]string{"metadata.name": "jane"}}, nil},
		}},
	{name: "one condition", rule: "A query with two of Ref, Email, Annotations and Filter never finds a user whom one of them does not mean.",
		users: people(),
		check: func(ctx context.Context, c authprovider.UserCatalog, _ Rig) error {
			for _, q := range []query{
				{Ref: jane, Email: "bob@acme.example"}, {Ref: jane, Annotations: annotations{"example.com/user-id": "2"}}, {Ref: jane, Filter: map[string]string{"metadata.name": "bob"}},
				{Email: "jane@acme.example", Annotations: annotations{"example.com/user-id": "2"}}, {Email: "jane@acme.example", Filter: map[string]string{"metadata.name": "bob"}},
				{Annotations: annotations{"example.com/user-id": "1"}, Filter: map[string]string{"metadata.name": "bob"}},
			} {
				if err := wantNobody(ctx, c, q); err != nil {
					return err
				}
			}
			return nil
		}},
	{name: "refused", rule: "A query of a kind that the catalog does not answer is an error: nobody would let a laxer resolver try.",
		users: people(),
		check: func(ctx context.Context, c authprovider.UserCatalog, rig Rig) error {
			for _, q := range []query{{Email: "jane@acme.example"}, {Annotations: annotations{"example.com/user-id": "1"}}, {Filter: map[string]string{"spec.employeeId": "E-100"}}} {
				if rig.answers(q) {
					continue
				}
				if found, err := c.FindUsers(ctx, q); err == nil {
					return fmt.Errorf("FindUsers(%s) returned %d users and no error", shown(q), len(found))
				}
			}
			return nil
		}},
	{name: "whole", rule: "A user comes back with the address, the annotations and the groups that it has, and with no others of them; names and pictures may be missing.",
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
	{name: "copies", rule: "What is returned belongs to the caller: changing it changes nothing for others. The query is left as it was.",
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
			return errors.Join(unchanged(ctx, c, query{Annotations: annotations{"example.com/team": "Dev"}}), unchanged(ctx, c, query{Filter: map[string]string{"Spec.EmployeeId": "E-100"}}),
				unchanged(ctx, c, query{Ref: "User:Jane", Kinds: []string{"User", "Group"}}))
		}},
	{name: "hostile", rule: "No text in a query makes the catalog fail for the next one, or finds anybody.",
		users: people(),
		check: func(ctx context.Context, c authprovider.UserCatalog, _ Rig) error {
			for _, text := range hostile {
				for _, q := range []query{
					{Ref: "user:default/" + text}, {Email: text}, {Email: "jane@acme.example" + text}, {Annotations: annotations{"example.com/user-id": text}}, {Annotations: annotations{text: "1"}},
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
				{query{Annotations: annotations{"example.com/team": "Dev"}}, []string{jane, bob}}, {query{Filter: map[string]string{"spec.employeeId": "E-200"}}, []string{bob}},
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
	{name: "parent groups", rule: "A catalog that is a resolver.GroupParents returns the groups that the given ones are direct members of, and nothing for what it does not know.",
		users: []user{
			{Ref: "group:default/Team", MemberOf: []string{"group:default/unit", "group:other/guild"}}, {Ref: "group:default/unit", MemberOf: []string{"group:default/acme"}},
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
				{[]string{"group:default/nothing", "group:default/unit", "group:default/team"}, []string{"group:default/acme", "group:default/unit", "group:other/guild"}},
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
	{name: "context", rule: "A context that has ended makes FindUsers neither hang nor find nobody, and does not spoil the next call.",
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

// awkward are texts that mean something to SQL, URLs, JSON, YAML, filters or templates.
var awkward = []string{
	"a,b", "a=b", "a=b,c=d", "CN=Jane Doe,OU=People,DC=acme,DC=example", "a&b", "a?b", "a#b", "a+b", "a b", "a%20b", "a%b", "a_b", "axb", "a;b", "a:b", "a|b", "a\\b", "a\"b", "a'b", "a`b",
	"a/b", "a/../b", "a.b", "a[0]", "a{b}", "${a}", "$a", "$exists", "{\"$exists\":true}", "a*b", "(a)", "^a$", "<a>", "a\tb", "\u00e9", "\u65e5\u672c", "\U0001f511", "null", "true", "~", "-", "- a", "!!int 1",
	"0x10", "1e3", "NULL", "*a", "&a", "@a", "' OR ''='", "a -- b", "a\u00a0b",
}

// hostile are texts that are in no catalog.
var hostile = []string{
	"' OR '1'='1", "'; DROP TABLE users; --", "\" OR \"\"=\"", "1) OR (1=1", "\\", "\x00", "\xff\xfe", "%00", "../../../etc/passwd", "%2e%2e%2f", "?filter=kind=user", "#", "\r\nX-Injected: 1",
	"{\"$any\":[]}", "{{7*7}}", "${jndi:ldap://x}", "&a [*a,*a]", "\u202e", strings.Repeat("x", 10_000), strings.Repeat("%", 1000), strings.Repeat("\U0001f511", 1000), ",kind=group", "=",
}

// equalUsers compares what a policy may rest on.
func equalUsers(got, want user, rig Rig) error {
	switch {
	case !strings.EqualFold(got.Ref, want.Ref):
		return fmt.Errorf("Ref %q, want %q", got.Ref, want.Ref)
	case !rig.WithoutEmail && got.Email != want.Email:
		return fmt.Errorf("Email %q, want %q", got.Email, want.Email)
	case got.DisplayName != "" && got.DisplayName != want.DisplayName:
		return fmt.Errorf("DisplayName %q, want %q", got.DisplayName, want.DisplayName)
	case got.Picture != "" && got.Picture != want.Picture:
		return fmt.Errorf("Picture %q, want %q", got.Picture, want.Picture)
	case !rig.WithoutAnnotations && !maps.Equal(got.Annotations, want.Annotations):
		return fmt.Errorf("Annotations %q, want %q", got.Annotations, want.Annotations)
	case !rig.WithoutGroups && !slices.Equal(sortedRefs(got.MemberOf), sortedRefs(want.MemberOf)):
		return fmt.Errorf("MemberOf %q, want %q", got.MemberOf, want.MemberOf)
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
