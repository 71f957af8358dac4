package awsalb_test

import "testing"

func BenchmarkAuthenticate(b *testing.B) {
	g := newRig(b)
	r := g.refresh(g.token(nil))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.authenticator.Authenticate(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}
