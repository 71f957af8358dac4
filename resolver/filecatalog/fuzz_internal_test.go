package filecatalog

import (
	"errors"
	"strings"
	"testing"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver/memcatalog"
)

// FuzzParse: whatever a file holds, it is refused with a line that it has, or makes users of references that a catalog can hold.
func FuzzParse(f *testing.F) {
	const head = "apiVersion: backstage.io/v1alpha1\nkind: "
	for _, seed := range []string{
		head + "User\nmetadata:\n  name: jane\n  annotations: {a: b}\nspec:\n  profile: {email: jane@acme.example}\n  memberOf: [devs]\n",
		head + "Group\nmetadata: {name: devs, namespace: x}\nspec: {parent: unit, members: [jane], children: ['group:a/b']}\n---\n" + head + "User\nmetadata: {name: eve}\n",
		"--- # x\na: &a [1, 2]\nb: *a\n...\n", "? k\n: - v\n  - |\n    text\n", "{\"a\": \"\\u0061\\\n\"}", "%YAML 1.2\n---\n", "- - - - x", "[[[[",
		"a: >-\n  b\n\n c", "<<: *a", "!!str 1",
		"'it''s'", "\"\\x", "\ufeffa: b", "a:\r\n  b\r---\r", "\t- a", "*a", "&a", "a: b: c", ": ", "#", "---", "...", "|\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := parse("org.yaml", data)
		if err != nil {
			var at *lineError
			if _, yamlErr := parseYAML(data); errors.As(yamlErr, &at) && (at.line < 1 || at.line > 2+strings.Count(string(data),
				"\n")+strings.Count(string(data), "\r")) {
				t.Errorf("%v: there is no line %d", err, at.line)
			}
			if entries != nil {
				t.Error("entries beside an error")
			}
			return
		}
		var users []authprovider.User
		for _, e := range entries {
			ref, err := authprovider.ParseEntityRef(e.user.Ref)
			if err != nil || ref.String() != e.user.Ref || ref.Kind != "user" && ref.Kind != "group" {
				t.Errorf("Ref %q: %v", e.user.Ref, err)
			}
			for _, member := range append(e.members, e.user.MemberOf...) {
				if _, err := authprovider.ParseEntityRef(member); err != nil {
					t.Error(err)
				}
			}
			users = append(users, e.user)
		}
		if err := new(memcatalog.Catalog).Set(users...); err != nil {
			t.Error(err)
		}
	})
}
