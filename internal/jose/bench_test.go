package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
)

// benchToken is a token of about 1 KB, as identity providers make them.
func benchToken(tb testing.TB, alg jose.Algorithm) (raw string, key jose.PublicKey, v *jose.Verifier) {
	private, err := jose.GenerateKey(alg)
	require.NoError(tb, err)
	s, err := jose.NewSigner(private, alg, "8d01c3db-56f9-45f0-86dd-05b3c835b3d3")
	require.NoError(tb, err)
	raw, err = s.SignJWT("JWT",
		jose.Claim{Name: "iss", Value: "https://issuer.example.com/tenant"},
		jose.Claim{Name: "aud", Value: []string{"app", "other"}},
		jose.Claim{Name: "sub", Value: "user:default/jane"},
		jose.Claim{Name: "iat", Value: time.Now().Unix()},
		jose.Claim{Name: "exp", Value: time.Now().Add(time.Hour).Unix()},
		jose.Claim{Name: "email", Value: "jane@example.com"},
		jose.Claim{Name: "email_verified", Value: true},
		jose.Claim{Name: "groups", Value: []string{strings.Repeat("a", 200), strings.Repeat("b", 200)}},
		jose.Claim{Name: "address", Value: map[string]any{"country": "SE", "locality": "Göteborg"}})
	require.NoError(tb, err)
	v, err = jose.NewVerifier(jose.Expected{Issuer: "https://issuer.example.com/tenant", Audiences: []string{"app"}}, staticKeys{s.PublicKey()})
	require.NoError(tb, err)
	return raw, s.PublicKey(), v
}

// BenchmarkVerify's floor is the signature's verification alone, over the same bytes.
func BenchmarkVerify(b *testing.B) {
	for _, alg := range []jose.Algorithm{jose.ES256, jose.RS256} {
		raw, key, v := benchToken(b, alg)
		b.Run(string(alg)+"/ours", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), raw); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(string(alg)+"/floor", func(b *testing.B) {
			dot := strings.LastIndexByte(raw, '.')
			signed, signature := []byte(raw[:dot]), decodePart(b, raw[dot+1:])
			b.ReportAllocs()
			for b.Loop() {
				bareVerify(b, key.Key, signed, signature)
			}
		})
	}
}

func bareVerify(tb testing.TB, key crypto.PublicKey, signed, signature []byte) {
	sum := sha256.Sum256(signed)
	ok := false
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		ok = ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
	case *rsa.PublicKey:
		ok = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
	}
	if !ok {
		tb.Fatal("bad signature")
	}
}

func BenchmarkParse(b *testing.B) {
	raw, _, _ := benchToken(b, jose.ES256)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := jose.Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// The strict front stays within its share: a handful of allocations besides those of
// the signature itself.
func TestVerifyAllocations(t *testing.T) {
	raw, key, v := benchToken(t, jose.ES256)
	dot := strings.LastIndexByte(raw, '.')
	signed, signature := []byte(raw[:dot]), decodePart(t, raw[dot+1:])
	bare := testing.AllocsPerRun(50, func() { bareVerify(t, key.Key, signed, signature) })
	whole := testing.AllocsPerRun(50, func() {
		if _, err := v.Verify(t.Context(), raw); err != nil {
			t.Fatal(err)
		}
	})
	require.LessOrEqual(t, whole-bare, 30.0)
}

// However its names are chosen, a token of the largest size is read in about linear time,
// and a larger one is not read at all.
func BenchmarkParseHostile(b *testing.B) {
	budget := jose.MaxSize/4*3 - 1000
	repeat := func(format string, size int) string {
		var members []string
		for i := 0; i*size < budget; i++ {
			members = append(members, fmt.Sprintf(format, i))
		}
		return "{" + strings.Join(members, ",") + "}"
	}
	fold := func(n, size int) string {
		var members []string
		for i := range n {
			members = append(members, fmt.Sprintf(`"%s%d":1`, strings.Repeat([]string{"é", "É"}[i%2], size/2), i))
		}
		return "{" + strings.Join(members, ",") + "}"
	}
	for name, payload := range map[string]string{
		"many names":       repeat(`"%05d":1`, 10),
		"many objects":     `{"a":[` + strings.TrimSuffix(strings.Repeat(`{"a":1,"b":2},`, budget/14), ",") + `]}`,
		"long twins":       fold(48, budget/49),
		"few long names":   fold(31, budget/32),
		"long ASCII":       repeat(`"`+strings.Repeat("x", 1500)+`%04d":1`, 1510),
		"escapes":          `{"a":"` + strings.Repeat(`\u00e9`, budget/6-2) + `"}`,
		"depth":            `{"a":` + strings.Repeat("[", budget) + `}`,
		"long audience":    `{"aud":[` + strings.TrimSuffix(strings.Repeat(`"",`, budget/3), ",") + `]}`,
		"commas in a text": `{"aud":["` + strings.Repeat(",", budget) + `"]}`,
	} {
		raw := encodePart(goodHeader) + "." + encodePart(payload) + ".AA"
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := jose.Parse(raw); err != nil && name != "depth" {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("1 MB", func(b *testing.B) {
		raw := strings.Repeat("A.", 1<<19)
		for b.Loop() {
			if _, err := jose.Parse(raw); err == nil {
				b.Fatal("accepted")
			}
		}
	})
}
