package keyset_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
)

// Reading is an atomic load and a map look-up: no lock, so that on n cores parallel
// takes 1/n of one, and no allocation ([TestKnownKeyCostsNothing]). Compare with
// -cpu 1,2,4.
func BenchmarkKey(b *testing.B) {
	r, _ := benchmarkRemote(b)
	b.Run("one", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := r.Key(b.Context(), "k", jose.ES256); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := r.Key(b.Context(), "k", jose.ES256); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// BenchmarkVerifyParallel is verification on every core at once; its floor is the same with one key and no set. A lock would show.
func BenchmarkVerifyParallel(b *testing.B) {
	r, token := benchmarkRemote(b)
	key, err := r.Key(b.Context(), "k", jose.ES256)
	require.NoError(b, err)
	for name, verify := range map[string]func() error{
		"floor": func() error {
			t, err := jose.Parse(token)
			if err != nil {
				return err
			}
			return t.Verify(key)
		},
		"ours": func() error {
			_, err := r.VerifySignature(b.Context(), token)
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := verify(); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func benchmarkRemote(b *testing.B) (r *keyset.Remote, token string) {
	key, err := jose.GenerateKey(jose.ES256)
	require.NoError(b, err)
	s, err := jose.NewSigner(key, jose.ES256, "k")
	require.NoError(b, err)
	j, err := jose.NewJWK(s.PublicKey())
	require.NoError(b, err)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"keys": []jose.JWK{j}})
	}))
	b.Cleanup(srv.Close)
	r, err = keyset.New(keyset.Config{URL: srv.URL})
	require.NoError(b, err)
	b.Cleanup(func() { r.Close() })
	token, err = s.SignJWT("JWT", jose.Claim{Name: "sub", Value: "jane"})
	require.NoError(b, err)
	_, err = r.VerifySignature(b.Context(), token)
	require.NoError(b, err)
	return r, token
}
