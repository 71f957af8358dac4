package backstagecatalog

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"example.com/stagedoor/authprovider"
)

// FuzzAnswer: whatever a server answers is refused as an outage, or makes users of references that stand for one entity each.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"items":[{"apiVersion":"backstage.io/v1alpha1","kind":"User","metadata":{"name":"jane","namespace":"default","annotations":{"a.b/c":"d"},"labels":{"x":"y"},"tags":["t"]},` +
			`"spec":{"profile":{"email":"jane@acme.example","displayName":"Jane"},"memberOf":["devs"],"n":1.5,"b":true},"relations":[{"type":"memberOf","targetRef":"group:default/devs"}]}],` +
			`"totalItems":1,"pageInfo":{"nextCursor":"x"}}`,
		`{"items":[null]}`, `{"items":[]}`, `{"items":[{"kind":"Group","metadata":{"name":"a"},"relations":[{"type":"childOf","targetRef":"group:a/b"},{"type":1}]}]}`,
		`{"items":[{"kind":"a:b","metadata":{"name":"c/d"}}]}`, `{"items":[{"kind":null,"metadata":[]}]}`, `{"items":1}`, `[]`, `{`, ``, `<html>`, `{"items":[{}],"items":[]}`, `{"Items":[]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := decode(body)
		if err != nil {
			if p != nil || !errors.Is(err, authprovider.ErrUnavailable) {
				t.Errorf("%v, %v", p, err)
			}
			return
		}
		for _, item := range p.Items {
			u, err := newUser(item)
			if err != nil {
				if !errors.Is(err, authprovider.ErrUnavailable) {
					t.Error(err)
				}
				continue
			}
			ref, err := authprovider.ParseEntityRef(u.Ref)
			if err != nil || ref.String() != u.Ref {
				t.Errorf("Ref %q: %v", u.Ref, err)
			}
			for _, m := range u.MemberOf {
				if _, err := authprovider.ParseEntityRef(m); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// FuzzFilters: a filter says to Backstage what the query says, and nothing else, or is not written at all.
func FuzzFilters(f *testing.F) {
	for _, seed := range []string{"jane@acme.example", "a,b", "a=b", " a", "a ", "a,kind=group", "\ufeffa", "", "\u00a0", "%2C", "a\nb",
		"&filter=kind", "#", "+"} {
		f.Add("metadata.annotations.x", seed)
		f.Add(seed, "x")
	}
	f.Fuzz(func(t *testing.T, path, value string) {
		asked, err := newQuestion(authprovider.UserQuery{Filter: map[string]string{path: value}})
		if err != nil || asked == nil {
			return
		}
		filters := asked.filters()
		if filters == nil {
			return
		}
		values, err := url.ParseQuery(parameters(filters, "").Encode())
		if err != nil || len(values["filter"]) != 1 {
			t.Fatalf("%q: %v", values, err)
		}
		// As Backstage reads it.
		statements := strings.Split(values.Get("filter"), ",")
		if len(statements) != 2 || statements[0] != "kind=user" {
			t.Fatalf("%q", statements)
		}
		gotPath, gotValue, ok := strings.Cut(trimmed(statements[1]), "=")
		if !ok || trimmed(gotPath) != path || trimmed(gotValue) != value {
			t.Errorf("%q=%q became %q", path, value, statements[1])
		}
	})
}
