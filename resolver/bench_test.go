package resolver_test

import (
	"testing"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver"
)

func BenchmarkSignIn(b *testing.B) {
	byEmail := resolver.EmailMatchingUserEntityProfileEmail[*result]
	resolvers := map[string]authprovider.SignInResolver[*result]{
		"email":     byEmail,
		"localPart": resolver.EmailLocalPartMatchingUserEntityNameWith[*result](resolver.EmailOptions{AllowedDomains: acme}),
		"policy":    resolver.FirstMatch(resolver.WhenDomain("evil.example", byEmail), resolver.RequireDomain("acme.example", byEmail)),
	}
	rc := directory()
	in := info{Profile: verified("jane@acme.example")}
	for name, resolve := range resolvers {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := authprovider.ResolveSignIn(b.Context(), in, rc, resolve); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
