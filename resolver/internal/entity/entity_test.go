package entity_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/resolver/internal/entity"
)

func read(t *testing.T, text string) (*entity.Entity, error) {
	t.Helper()
	var raw map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &raw))
	return entity.New(raw)
}

func TestReferences(t *testing.T) {
	for text, want := range map[string][]string{
		`["devs"]`:                       {"group:other/devs"},
		`"Devs"`:                         {"group:other/devs"},
		`["default/devs", "role:x"]`:     {"group:default/devs", "role:other/x"},
		`["Group:Default/Devs"]`:         {"group:default/devs"},
		`[]`:                             {},
		`null`:                           nil,
		`["a", "a"]`:                     {"group:other/a", "group:other/a"},
		`["user:default/jane", "a.b-c"]`: {"user:default/jane", "group:other/a.b-c"},
	} {
		e, err := read(t, `{"kind":"User","metadata":{"name":"jane","namespace":"other"},"spec":{"memberOf":`+text+`}}`)
		require.NoError(t, err)
		refs, err := e.References("memberOf", "group")
		require.NoError(t, err)
		require.Equal(t, want, refs, text)
	}
	for _, text := range []string{`1`, `{}`, `[1]`, `[null]`, `[""]`, `["a/b/c"]`, `["a:"]`, `[":a"]`, `["a b"]`, `["é"]`, `[["a"]]`} {
		e, err := read(t, `{"kind":"User","metadata":{"name":"jane"},"spec":{"memberOf":`+text+`}}`)
		require.NoError(t, err)
		_, err = e.References("memberOf", "group")
		var problem *entity.Error
		require.ErrorAs(t, err, &problem)
		require.Equal(t, "spec.memberOf", problem.Path)
	}
}

// TestFields: what Backstage's index has of an entity, but for what a user has members for.
func TestFields(t *testing.T) {
	e, err := read(t, `{"apiVersion":"v","kind":"User","metadata":{"name":"jane","namespace":"x","title":"Ms","tags":["a","B"],"labels":{"k/l":"m"},"annotations":{"n":"o"},"empty":""},
		"spec":{"profile":{"email":"e","displayName":"d","picture":"p","phone":"f"},"number":1.5,"large":12345678,"on":true,"none":null,"list":[{"x":"1"},{"x":"2"}],"deep":[[["z"]]]},
		"relations":[{"type":"ownerOf","targetRef":"component:a/b"},{"type":"memberOf","targetRef":"group:a/b"},{"type":"ownerOf","targetRef":"component:a/c"},{"type":1},7]}`)
	require.NoError(t, err)
	u, err := e.User()
	require.NoError(t, err)
	require.Equal(t, "user:x/jane", u.Ref)
	require.Equal(t, []string{"e", "d", "p"}, []string{u.Email, u.DisplayName, u.Picture})
	require.Equal(t, map[string]string{"n": "o"}, u.Annotations)
	require.Nil(t, u.MemberOf)
	require.Equal(t, map[string][]string{
		"metadata.title": {"Ms"}, "metadata.tags": {"a", "B"}, "metadata.tags.a": {"true"}, "metadata.tags.B": {"true"}, "metadata.labels.k/l": {"m"},
		"spec.profile.phone": {"f"}, "spec.number": {"1.5"}, "spec.large": {"12345678"}, "spec.on": {"true"}, "spec.list.x": {"1", "2"},
		"spec.deep": {"z"}, "spec.deep.z": {"true"}, "relations.ownerOf": {"component:a/b", "component:a/c"},
	}, u.Fields)

	own := u.Clone()
	require.Equal(t, u, own)
	own.Fields["metadata.tags"][0], own.Annotations["n"] = "spoiled", "spoiled"
	require.Equal(t, "a", u.Fields["metadata.tags"][0])
	require.Equal(t, "o", u.Annotations["n"])
}

func TestMalformed(t *testing.T) {
	for text, want := range map[string]string{
		`{}`:                                     "kind is missing",
		`{"kind":"User"}`:                        "metadata is missing",
		`{"kind":"User","metadata":[]}`:          "metadata is not an object",
		`{"kind":"User","metadata":{"name":""}}`: "metadata.name is missing",
		`{"kind":"User","metadata":{"name":7}}`:  "metadata.name is not a text: it must be quoted",
		`{"kind":"User","metadata":{"name":"a","namespace":["x"]}}`: "metadata.namespace is not a text",
		`{"kind":"a:b","metadata":{"name":"c/d"}}`:                  "metadata.name cannot stand in a reference",
		`{"kind":"User","metadata":{"name":"a:b"}}`:                 "metadata.name cannot stand in a reference",
	} {
		_, err := read(t, text)
		require.ErrorContains(t, err, want, text)
	}
}
