package catalogtest

import (
	"context"
	"fmt"

	"example.com/stagedoor/authprovider"
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

// selection are the rules about who is found.
var selection = []rule{
	{name: "reference",
		rule:  "A reference finds its entity without regard to case; without a namespace it is that of the namespace default.",
		users: people(),
		asks: []ask{
			{query{Ref: "user:default/jane"}, []string{jane}},
			{query{Ref: "user:default/Jane"}, []string{jane}},
			{query{Ref: "USER:DEFAULT/JANE"}, []string{jane}},
			{query{Ref: "User:jane"}, []string{jane}},
			{query{Ref: "user:Other/Jane"}, []string{joe}},
			{query{Ref: "user:default/BOB"}, []string{bob}},
		}},
	{name: "other references",
		rule:  "A reference finds nothing but its entity: no part of a name, no pattern, no other namespace, and no other kind.",
		users: append(people(), user{Ref: "user:default/a_b", Email: "a_b@acme.example"}, user{Ref: "user:default/a.b-c", Email: "abc@acme.example"}),
		asks: []ask{
			{query{Ref: "user:default/a_b"}, []string{"user:default/a_b"}}, {query{Ref: "user:default/axb"}, nil}, {query{Ref: "user:default/___"}, nil},
			{query{Ref: "user:default/a.b-c"}, []string{"user:default/a.b-c"}}, {query{Ref: "user:default/axb-c"}, nil}, {query{Ref: "user:default/a.b"}, nil},
			{query{Ref: "user:default/jan"}, nil}, {query{Ref: "user:default/janet"}, nil}, {query{Ref: "user:default/ane"}, nil},
			{query{Ref: "user:default/j%"}, nil}, {query{Ref: "user:default/%"}, nil}, {query{Ref: "user:default/j*"}, nil},
			{query{Ref: "user:default/*"}, nil},
			{query{Ref: "user:default/jan?"}, nil}, {query{Ref: "user:default/j.*"}, nil}, {query{Ref: "user:%/jane"}, nil},
			{query{Ref: "user:oth/jane"}, nil},
			{query{Ref: "user:other/bob"}, nil}, {query{Ref: "group:default/jane"}, nil}, {query{Ref: "component:default/jane"}, nil},
			{query{Ref: "user:default/devs"}, nil},
			{query{Ref: "user:default/.."}, nil}, {query{Ref: "user:default/jane?x=y#z"}, nil}, {query{Ref: "user:default/jane%2f"}, nil},
		}},
	{name: "malformed references", rule: "What is no entity reference finds nobody.",
		users: people(),
		check: func(ctx context.Context, c authprovider.UserCatalog, _ Rig) error {
			for _, ref := range []string{"jane", "user:", "user:/jane", "user:default/", ":default/jane", "default/jane", "user:default/jane/x",
				"user:user:default/jane",
				" user:default/jane", "user:default/jane ", "user: default/jane", "user:default/jane\x00", "user:default/jane\n", "user:default/\u212aane", "*"} {
				if err := wantNobody(ctx, c, query{Ref: ref}); err != nil {
					return err
				}
			}
			return nil
		}},
	{name: "e-mail",
		rule: "An e-mail address finds the users whose profile has it, without regard to the case of ASCII letters.", email: true,
		users: people(),
		asks: []ask{
			{query{Email: "jane@acme.example"}, []string{jane}},
			{query{Email: "JANE@ACME.EXAMPLE"}, []string{jane}},
			{query{Email: "bob@acme.example"}, []string{bob}},
		}},
	{name: "other e-mail addresses", rule: "An e-mail address is compared whole and as it is: it is no pattern, and nothing is cut off.", email: true,
		users: append(people(), user{Ref: "user:default/a_b", Email: "a_b@acme.example"},
			user{Ref: "user:default/tag", Email: "tag+x@acme.example"}, user{Ref: "user:default/none"}),
		asks: []ask{
			{query{Email: "a_b@acme.example"}, []string{"user:default/a_b"}}, {query{Email: "axb@acme.example"}, nil}, {query{Email: "bo_@acme.example"}, nil},
			{query{Email: "%"}, nil}, {query{Email: "%@acme.example"}, nil}, {query{Email: "bob@%"}, nil}, {query{Email: "*"}, nil},
			{query{Email: "bob@*"}, nil},
			{query{Email: "bob"}, nil}, {query{Email: "bob@acme"}, nil}, {query{Email: "bob@acme.example.evil.example"}, nil},
			{query{Email: "acme.example"}, nil},
			{query{Email: "ob@acme.example"}, nil}, {query{Email: " bob@acme.example"}, nil}, {query{Email: "bob@acme.example "}, nil},
			{query{Email: "bob@acme.example."}, nil},
			{query{Email: "tag@acme.example"}, nil}, {query{Email: "bob+x@acme.example"}, nil},
			{query{Email: "tag+x@acme.example"}, []string{"user:default/tag"}},
			{query{Email: "b.ob@acme.example"}, nil}, {query{Email: "Bob <bob@acme.example>"}, nil}, {query{Email: "mailto:bob@acme.example"}, nil},
			{query{Email: "bob@acme.example,jane@acme.example"}, nil}, {query{Email: " "}, nil}, {query{Email: "null"}, nil}, {query{Email: "' OR ''='"}, nil},
		}},
	{name: "letters",
		rule: "No letter but those of ASCII is equal to another: neither an accent nor a case nor another form of it is looked past.", email: true,
		users: []user{
			{Ref: "user:default/kelvin", Email: "kelvin@acme.example"}, {Ref: "user:default/strasse", Email: "stra\u00dfe@acme.example"},
			{Ref: "user:default/jose", Email: "jos\u00e9@acme.example"}, {Ref: "user:default/dotless", Email: "b\u0131@acme.example"},
			{Ref: "user:default/ines", Email: "ines@acme.example"},
		},
		asks: []ask{
			{query{Email: "\u212aelvin@acme.example"}, nil}, {query{Email: "strasse@acme.example"}, nil}, {query{Email: "STRASSE@acme.example"}, nil},
			{query{Email: "jose@acme.example"}, nil}, {query{Email: "jose\u0301@acme.example"}, nil}, {query{Email: "JOS\u00c9@acme.example"}, nil},
			{query{Email: "bi@acme.example"}, nil}, {query{Email: "BI@acme.example"}, nil}, {query{Email: "\u0130nes@acme.example"}, nil},
			{query{Email: "in\u00e8s@acme.example"}, nil},
			{query{Email: "ines\uff20acme.example"}, nil}, {query{Email: "ine\u017f@acme.example"}, nil},
			{query{Email: "ine\u00ads@acme.example"}, nil}, {query{Email: "ines@acme.example\u200b"}, nil},
			{query{Email: "JOS\u00e9@ACME.EXAMPLE"}, []string{"user:default/jose"}},
			{query{Email: "stra\u00dfe@acme.example"}, []string{"user:default/strasse"}},
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
	{name: "characters",
		rule: "Any character may stand in the name and in the value of an annotation, and means nothing but itself.", annotations: true,
		users: func() (users []user) {
			for i, text := range awkward {
				users = append(users, user{Ref: fmt.Sprintf("user:default/u%d", i), Annotations: annotations{"example.com/id": text, "name of " + text: "yes"}})
			}
			return users
		}(),
		asks: func() (asks []ask) {
			for i, text := range awkward {
				want := []string{fmt.Sprintf("user:default/u%d", i)}
				asks = append(asks,
					ask{query{Annotations: annotations{"example.com/id": text}}, want},
					ask{query{Annotations: annotations{"name of " + text: "yes"}}, want},
					ask{query{Annotations: annotations{"name of " + text: "yes", "example.com/id": text}}, want},
					ask{query{Annotations: annotations{"name of " + text: "no"}}, nil})
			}
			return asks
		}()},
	{name: "paths", rule: "The name of an annotation is one name, wherever there is a dot or a slash in it.", annotations: true,
		users: []user{
			{Ref: "user:default/a", Annotations: annotations{"a.example/b.c": "x"}}, {Ref: "user:default/b", Annotations: annotations{"a/example.b.c": "x"}},
			{Ref: "user:default/c", Annotations: annotations{"a": "x"}}, {Ref: "user:default/d", Annotations: annotations{"a.example": "x"}},
		},
		asks: []ask{
			{query{Annotations: annotations{"a.example/b.c": "x"}}, []string{"user:default/a"}},
			{query{Annotations: annotations{"a/example.b.c": "x"}}, []string{"user:default/b"}},
			{query{Annotations: annotations{"a": "x"}}, []string{"user:default/c"}},
			{query{Annotations: annotations{"a.example": "x"}}, []string{"user:default/d"}},
			{query{Annotations: annotations{"a.example/b": "x"}}, nil}, {query{Annotations: annotations{"a.example.b.c": "x"}}, nil},
			{query{Annotations: annotations{"b.c": "x"}}, nil},
		}},
	{name: "absent", rule: "Absent never matches absent: an empty text, and a query that says nothing, find nobody.",
		users: append(people(), user{
			Ref: "user:default/empty", Annotations: annotations{"example.com/empty": ""}, Fields: fields{"spec.empty": {""}, "spec.none": {}},
		}),
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
	{name: "filter",
		rule: "A filter finds the users for whom all conditions hold, without regard to the case of ASCII letters in paths and values.", filter: true,
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
	{name: "other filters",
		rule: "Values of a filter are compared whole: no pattern, no part, no accent looked past, and all conditions count.", filter: true,
		users: people(),
		asks: []ask{
			{query{Filter: map[string]string{"spec.employeeId": "E-10"}}, nil}, {query{Filter: map[string]string{"spec.employeeId": "E-%"}}, nil},
			{query{Filter: map[string]string{"spec.employeeId": "E-_00"}}, nil}, {query{Filter: map[string]string{"spec.employeeId": "*"}}, nil},
			{query{Filter: map[string]string{"spec.employeeId": "E-100 "}}, nil}, {query{Filter: map[string]string{"spec.employeeId": "E-100,E-200"}}, nil},
			{query{Filter: map[string]string{"spec.employeeId": "E-100,spec.employeeId=E-200"}}, nil},
			{query{Filter: map[string]string{"spec.employeeId": "\u00c9-100"}}, nil},
			{query{Filter: map[string]string{"spec.employee": "E-100"}}, nil}, {query{Filter: map[string]string{"employeeId": "E-100"}}, nil},
			{query{Filter: map[string]string{"spec": "E-100"}}, nil}, {query{Filter: map[string]string{"spec.*": "E-100"}}, nil},
			{query{Filter: map[string]string{"spec.employeeId=E-100,kind": "user"}}, nil},
			{query{Filter: map[string]string{"spec.employeeId": "E-100", "metadata.name": "bob"}}, nil},
			{query{Filter: map[string]string{"spec.employeeId": "E-200", "spec.badges": "blue"}}, nil},
			{query{Filter: map[string]string{"spec.badges": "blue,green"}}, nil},
			{query{Filter: map[string]string{"metadata.labels.floor": "\u017fecond"}}, nil},
			{query{Filter: map[string]string{"spec.absent": "E-100"}}, nil}, {query{Filter: map[string]string{"spec.employeeId": "true"}}, nil},
			{query{Filter: map[string]string{"relations.memberof": "devs"}}, nil}, {query{Filter: map[string]string{"kind": "group"}}, nil},
		}},
	{name: "kinds",
		rule:  "Only entities of the kinds that the query names are found, without regard to case; if it names none, only those of kind User.",
		users: people(),
		asks: []ask{
			{query{Ref: devs}, nil}, {query{Email: "devs@acme.example"}, nil}, {query{Annotations: annotations{"example.com/user-id": "4"}}, nil},
			{query{Annotations: annotations{"example.com/team": "Dev"}}, []string{jane, bob}},
			{query{Filter: map[string]string{"spec.employeeId": "E-400"}}, nil},
			{query{Ref: devs, Kinds: []string{"Group"}}, []string{devs}}, {query{Ref: "Group:devs", Kinds: []string{"user", "group"}}, []string{devs}},
			{query{Ref: jane, Kinds: []string{"GROUP"}}, nil}, {query{Ref: jane, Kinds: []string{"USER"}}, []string{jane}},
			{query{Ref: jane, Kinds: []string{"use"}}, nil},
			{query{Email: "devs@acme.example", Kinds: []string{"group"}}, []string{devs}}, {query{Email: "bob@acme.example", Kinds: []string{"group"}}, nil},
			{query{Annotations: annotations{"example.com/team": "Dev"}, Kinds: []string{"group", "User"}}, []string{jane, bob, devs}},
			{query{Filter: map[string]string{"spec.employeeId": "E-400"}, Kinds: []string{"group"}}, []string{devs}},
			{query{Filter: map[string]string{"metadata.labels.floor": "second"}, Kinds: []string{"component"}}, nil},
		}},
	{name: "several",
		rule: "All users that match are returned, so that a sign-in which finds two ends as ambiguous and not with a guess.",
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
			{query{Ref: "user:default/nobody"}, nil}, {query{Email: "nobody@acme.example"}, nil},
			{query{Annotations: annotations{"example.com/user-id": "99"}}, nil},
			{query{Annotations: annotations{"example.com/user-id": "1", "example.com/nothing": "x"}}, nil},
			{query{Filter: map[string]string{"metadata.name": "nobody"}}, nil},
			{query{Filter: map[string]string{"spec.nothing": "x"}}, nil},
		}},
	{name: "empty", rule: "A catalog without users answers like any other.",
		asks: []ask{
			{query{Ref: jane}, nil}, {query{Email: "jane@acme.example"}, nil}, {query{Annotations: annotations{"example.com/user-id": "1"}}, nil},
			{query{Filter: map[string]string{"metadata.name": "jane"}}, nil},
		}},
}
