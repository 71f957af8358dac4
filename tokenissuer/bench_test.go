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

	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/tokenissuer"
)

// BenchmarkIssue's floor is what the hardware asks for: a user token is two signatures.
func BenchmarkIssue(b *testing.B) {
	b.Run("floor", func(b *testing.B) {
		key, sum := benchKey(b)
		b.ReportAllocs()
		for b.Loop() {
			for range 2 {
				if _, err := ecdsa.SignASN1(rand.Reader, key, sum); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	for name, ownershipInToken := range map[string]bool{"ours": false, "ownership in the token": true} {
		b.Run(name, func(b *testing.B) {
			issuer, _ := newIssuer(b, func(c *tokenissuer.Config) { c.OwnershipInToken = ownershipInToken })
			b.ReportAllocs()
			for b.Loop() {
				if _, err := issuer.IssueToken(b.Context(), jane); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func verifySignature(b *testing.B) {
	key, sum := benchKey(b)
	signature, err := ecdsa.SignASN1(rand.Reader, key, sum)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if !ecdsa.VerifyASN1(&key.PublicKey, sum, signature) {
			b.Fatal("bad signature")
		}
	}
}

// BenchmarkVerify's floor is the verification of one signature.
func BenchmarkVerify(b *testing.B) {
	b.Run("floor", verifySignature)
	b.Run("ours", func(b *testing.B) {
		issuer, _ := newIssuer(b)
		token := issue(b, issuer, jane)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := issuer.Verify(b.Context(), token); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkVerifyRemembered is of a token that was seen before, against the same floor: what is saved.
func BenchmarkVerifyRemembered(b *testing.B) {
	b.Run("floor", verifySignature)
	bench := func(b *testing.B, v *tokenissuer.Verifier, token string) {
		ctx := b.Context()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(ctx, token); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("ours", func(b *testing.B) {
		issuer, _ := newIssuer(b)
		v, err := issuer.NewVerifier(tokenissuer.VerifierConfig{CacheSize: 1024})
		require.NoError(b, err)
		bench(b, v, issue(b, issuer, jane))
	})
	b.Run("remote", func(b *testing.B) {
		signer := newSigner(b, "k", jose.ES256)
		_, url := newSite(b, signer)
		v, clock := newVerifier(b, url, remember)
		full, _ := janeFrom(clock.Now().Unix())
		bench(b, v, sign(b, signer, user, full))
	})
}

func benchKey(b *testing.B) (*ecdsa.PrivateKey, []byte) {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(b, err)
	sum := sha256.Sum256([]byte("x"))
	return key, sum[:]
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
