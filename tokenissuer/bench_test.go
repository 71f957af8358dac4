package tokenissuer_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/tokenissuer"
)

// A user token is two signatures; BenchmarkTwoSignatures is what the hardware asks for them.
func BenchmarkIssue(b *testing.B) {
	issuer, _ := newIssuer(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := issuer.IssueToken(b.Context(), jane); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkIssueOwnershipInToken(b *testing.B) {
	issuer, _ := newIssuer(b, func(c *tokenissuer.Config) { c.OwnershipInToken = true })
	b.ReportAllocs()
	for b.Loop() {
		if _, err := issuer.IssueToken(b.Context(), jane); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTwoSignatures(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(b, err)
	sum := sha256.Sum256([]byte("x"))
	b.ReportAllocs()
	for b.Loop() {
		for range 2 {
			if _, err := ecdsa.SignASN1(rand.Reader, key, sum[:]); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	issuer, _ := newIssuer(b)
	token := issue(b, issuer, jane)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := issuer.Verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}

// discard is a ResponseWriter that costs nothing, so that what is counted is ours.
type discard http.Header

func (d discard) Header() http.Header         { return http.Header(d) }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func BenchmarkJWKS(b *testing.B) {
	issuer, _ := newIssuer(b)
	r := httptest.NewRequest(http.MethodGet, issuerURL, nil)
	w := discard{}
	b.ReportAllocs()
	for b.Loop() {
		if err := issuer.ServeJWKS(w, r); err != nil {
			b.Fatal(err)
		}
	}
}

func TestJWKSAllocations(t *testing.T) {
	issuer, _ := newIssuer(t)
	w := discard{}
	for _, etag := range []string{"", `"a", "b"`} {
		r := httptest.NewRequest(http.MethodGet, issuerURL, nil)
		r.Header.Set("If-None-Match", etag)
		require.LessOrEqual(t, testing.AllocsPerRun(100, func() {
			if err := issuer.ServeJWKS(w, r); err != nil {
				t.Error(err)
			}
		}), 6.0)
	}
}
