package samlauth

import (
	"strings"
	"testing"
)

func BenchmarkRead(b *testing.B) {
	g := newGenuine(b)
	for b.Loop() {
		if _, err := g.reader().read(g.idp, []byte(g.response), g.request); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHostile is a document that makes the reader look up as many namespaces as it can.
func BenchmarkHostile(b *testing.B) {
	g := newGenuine(b)
	attributes := ""
	for i := range 31 {
		attributes += " a" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + `=""`
	}
	deep := strings.Repeat("<x"+attributes+">", 30)
	document := strings.Replace(g.response, "<samlp:Status>", deep+strings.Repeat("<Assertion/>", 4900)+strings.Repeat("</x>", 30)+"<samlp:Status>", 1)
	for b.Loop() {
		if _, err := g.reader().read(g.idp, []byte(document), "_other"); err == nil {
			b.Fatal("taken")
		}
	}
}
