package memcatalog_test

import (
	"fmt"
	"runtime"
	"testing"

	"example.com/stagedoor/resolver/memcatalog"
)

// Each pair is the same lookup among 1,000 users (floor) and among 100,000 (ours). Both ask for every user in turn, so that no cache
// of the processor holds those of the larger catalog.

func BenchmarkFindByRef(b *testing.B) {
	benchmarkFind(b, func(i int) query { return query{Ref: fmt.Sprintf("user:default/u%d", i)} })
}

func BenchmarkFindByEmail(b *testing.B) {
	benchmarkFind(b, func(i int) query { return query{Email: fmt.Sprintf("u%d@acme.example", i)} })
}

func BenchmarkFindByAnnotations(b *testing.B) {
	benchmarkFind(b, func(i int) query {
		return query{Annotations: annotations{"team": "dev", "github.com/user-id": fmt.Sprint(i)}}
	})
}

func BenchmarkFindByFilter(b *testing.B) {
	benchmarkFind(b, func(i int) query {
		return query{Filter: map[string]string{"metadata.namespace": "default", "spec.employeeId": fmt.Sprint(i)}}
	})
}

func benchmarkFind(b *testing.B, by func(i int) query) {
	for _, size := range []struct {
		name  string
		users int
	}{{"floor", 1_000}, {"ours", 100_000}} {
		b.Run(size.name, func(b *testing.B) {
			users := make([]user, size.users)
			for i := range users {
				users[i] = user{Ref: fmt.Sprintf("user:default/u%d", i), Email: fmt.Sprintf("u%d@acme.example", i),
					MemberOf:    []string{"group:default/dev"},
					Annotations: annotations{"github.com/user-id": fmt.Sprint(i), "team": "dev"},
					Fields:      map[string][]string{"spec.employeeId": {fmt.Sprint(i)}}}
			}
			catalog := memcatalog.New(users...)
			queries := make([]query, size.users)
			for i := range queries {
				queries[i] = by(i * 7919 % size.users)
			}
			if _, err := catalog.FindUsers(b.Context(), queries[0]); err != nil { // the first one makes the index
				b.Fatal(err)
			}
			runtime.GC() // what making the catalog leaves behind is not to be measured
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if found, err := catalog.FindUsers(b.Context(), queries[i%len(queries)]); err != nil || len(found) != 1 {
					b.Fatal(found, err)
				}
				i++
			}
		})
	}
}
