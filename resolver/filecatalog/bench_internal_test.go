package filecatalog

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkParse reads a thousand users as an organization's export has them.
func BenchmarkParse(b *testing.B) {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, `---
apiVersion: backstage.io/v1alpha1
kind: User
metadata:
  name: u%d
  annotations:
    example.com/user-id: "%d"
spec:
  profile:
    displayName: User %d
    email: u%d@acme.example
  memberOf: [team-%d, acme]
`, i, i, i, i, i%50)
	}
	data := []byte(text.String())
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if entries, err := parse("org.yaml", data); err != nil || len(entries) != 1000 {
			b.Fatal(len(entries), err)
		}
	}
}
