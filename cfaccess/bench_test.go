package cfaccess_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/cfaccess"
)

func BenchmarkAuthenticate(b *testing.B) {
	for name, skip := range map[string]bool{"WithIdentity": false, "SkipIdentity": true} {
		b.Run(name, func(b *testing.B) {
			e := newEdge(b)
			a := e.authenticator(func(c *cfaccess.Config) { c.SkipIdentity = skip })
			r := request(header, e.token(e.person(nil)))
			_, err := a.Authenticate(b.Context(), r) // keys and identity are there from now on
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := a.Authenticate(b.Context(), r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
