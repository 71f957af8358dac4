package jose_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
)

// A corpus of hostile tokens, made anew for each algorithm: every one is a good token
// with one named defect, and unless the defect is in the signature it carries a good
// signature over exactly its bytes, so that nothing but the defect can refuse it.

// specimen is one token of the corpus.
type specimen struct {
	name   string
	defect string // what is wrong, or by which rule; empty for a good token
	raw    string
	want   error // the sentinel; nil for a good token
}

// mint makes the tokens of one algorithm.
type mint struct {
	alg       jose.Algorithm
	key       crypto.Signer
	specimens []specimen
}

func (m *mint) bad(name, defect, raw string, want error) {
	m.specimens = append(m.specimens, specimen{name, defect, raw, want})
}

func (m *mint) good(name, raw string) {
	m.specimens = append(m.specimens, specimen{name: name, raw: raw})
}

// header returns the good header with changes.
func (m *mint) header(changes ...string) string {
	quoted := `"` + string(m.alg) + `"`
	return object([]string{"alg", "kid", "typ"}, map[string]string{"alg": quoted, "kid": quoted, "typ": `"JWT"`}, changes)
}

// sign returns the token over two texts as they are.
func (m *mint) sign(header, payload string) string {
	return m.seal(encodePart(header) + "." + encodePart(payload))
}

// seal signs a text that is encoded already.
func (m *mint) seal(signed string) string {
	return signed + "." + encodePart(string(rawSignature(m.alg, m.key, signed)))
}

func (m *mint) signHeader(changes ...string) string { return m.sign(m.header(changes...), claims()) }
func (m *mint) signClaims(changes ...string) string { return m.sign(m.header(), claims(changes...)) }

// parts returns the parts of a good token.
func (m *mint) parts() (header, payload, signature string) {
	part := strings.Split(m.sign(m.header(), claims()), ".")
	return part[0], part[1], part[2]
}

// hashOf returns the hash that the algorithm's name ends with.
func hashOf(alg jose.Algorithm) crypto.Hash {
	switch {
	case strings.HasSuffix(string(alg), "256"):
		return crypto.SHA256
	case strings.HasSuffix(string(alg), "384"):
		return crypto.SHA384
	case strings.HasSuffix(string(alg), "512"):
		return crypto.SHA512
	}
	return 0
}

func sum(h crypto.Hash, text string) []byte {
	d := h.New()
	d.Write([]byte(text))
	return d.Sum(nil)
}

// rawSignature signs with crypto alone: what jose's signer refuses to sign must be
// signed, too.
func rawSignature(alg jose.Algorithm, key crypto.Signer, text string) []byte {
	h := hashOf(alg)
	switch key := key.(type) {
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, sum(h, text))
		if err != nil {
			panic(err)
		}
		return fixed(key.Curve, r, s)
	case *rsa.PrivateKey:
		var signature []byte
		var err error
		if strings.HasPrefix(string(alg), "PS") {
			signature, err = rsa.SignPSS(rand.Reader, key, h, sum(h, text), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		} else {
			signature, err = rsa.SignPKCS1v15(nil, key, h, sum(h, text))
		}
		if err != nil {
			panic(err)
		}
		return signature
	case ed25519.PrivateKey:
		return ed25519.Sign(key, []byte(text))
	}
	panic(fmt.Sprintf("no key for %s", alg))
}

// fixed writes R and S as RFC 7518 section 3.4 demands.
func fixed(curve elliptic.Curve, r, s *big.Int) []byte {
	size := (curve.Params().BitSize + 7) / 8
	return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
}

// corpusAlgorithms are those that the corpus is made for.
var corpusAlgorithms = []jose.Algorithm{jose.ES256, jose.ES384, jose.RS256, jose.PS256, jose.EdDSA}

// corpusKey is a private key, if there is one, and what is published of it.
type corpusKey struct {
	private crypto.Signer
	public  jose.PublicKey
}

// corpusKeys are made once a run. RSA apart they are always the same, so that a token
// that the fuzzer found can be read again.
var corpusKeys = sync.OnceValue(func() map[string]corpusKey {
	all := make(map[string]corpusKey)
	add := func(kid string, bound jose.Algorithm, key crypto.Signer) {
		all[kid] = corpusKey{key, jose.PublicKey{KeyID: kid, Algorithm: bound, Key: key.Public()}}
	}
	public := func(kid string, key crypto.PublicKey) {
		all[kid] = corpusKey{public: jose.PublicKey{KeyID: kid, Key: key}}
	}
	ec := func(curve elliptic.Curve, seed byte) crypto.Signer {
		key, err := ecdsa.ParseRawPrivateKey(curve, bytes.Repeat([]byte{seed}, (curve.Params().BitSize+7)/8))
		if err != nil {
			panic(err)
		}
		return key
	}
	rsaKey := func(bits int) *rsa.PrivateKey {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		return key
	}
	ed := func(seed byte) crypto.Signer {
		return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	}
	rsa1, rsa2 := rsaKey(2048), rsaKey(2048)
	for alg, key := range map[jose.Algorithm][2]crypto.Signer{
		jose.ES256: {ec(elliptic.P256(), 1), ec(elliptic.P256(), 2)},
		jose.ES384: {ec(elliptic.P384(), 1), ec(elliptic.P384(), 2)},
		jose.RS256: {rsa1, rsa2},
		jose.PS256: {rsa1, rsa2},
		jose.EdDSA: {ed(1), ed(2)},
	} {
		add(string(alg), "", key[0])
		add(string(alg)+"-bound", alg, key[0])
		add(string(alg)+"-other", "", key[1])
	}
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		panic(err)
	}
	add("ES512", "", p521)
	add("P-224", "", ec(elliptic.P224(), 1))
	add("RSA-1024", "", rsaKey(1024))
	for _, e := range []int{-1, 0, 1, 2, 65536} {
		public(fmt.Sprintf("RSA-E%d", e), &rsa.PublicKey{N: rsa1.N, E: e})
	}
	public("RSA-9000", &rsa.PublicKey{N: new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 8999), big.NewInt(1)), E: 65537})
	public("RSA-even", &rsa.PublicKey{N: new(big.Int).Sub(rsa1.N, big.NewInt(1)), E: 65537})
	public("RSA-nil", &rsa.PublicKey{E: 65537})
	public("secp256k1", &ecdsa.PublicKey{Curve: secp256k1()})
	public("Ed25519-short", ed(1).Public().(ed25519.PublicKey)[:31])
	public("Ed25519-empty", ed25519.PublicKey(nil))
	public("X25519", must(ecdh.X25519().GenerateKey(rand.Reader)).PublicKey())
	public("secret", []byte("0123456789abcdef0123456789abcdef"))
	public("nil", nil)
	return all
})

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// secp256k1 is the curve of ES256K: as wide as P-256, and another one.
func secp256k1() elliptic.Curve {
	number := func(text string) *big.Int {
		n, _ := new(big.Int).SetString(text, 16)
		return n
	}
	return &elliptic.CurveParams{
		P:       number("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"),
		N:       number("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"),
		B:       big.NewInt(7),
		Gx:      number("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
		Gy:      number("483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"),
		BitSize: 256,
		Name:    "secp256k1",
	}
}

// published is the key set that the corpus is verified with.
type published map[string]corpusKey

func (p published) Key(_ context.Context, kid string, _ jose.Algorithm) (jose.PublicKey, error) {
	key, ok := p[kid]
	if !ok {
		return jose.PublicKey{}, jose.ErrUnknownKey
	}
	return key.public, nil
}

// corpus returns the specimens of one algorithm, by name. They are made once a run.
func corpus(alg jose.Algorithm) []specimen {
	made, _ := corpora.LoadOrStore(alg, sync.OnceValue(func() []specimen { return makeCorpus(alg) }))
	return made.(func() []specimen)()
}

var corpora sync.Map // of functions, by algorithm

func makeCorpus(alg jose.Algorithm) []specimen {
	m := &mint{alg: alg, key: corpusKeys()[string(alg)].private}
	m.addGood()
	m.addAlgorithms()
	m.addKeys()
	m.addHeaders()
	m.addStructure()
	m.addBase64()
	m.addJSON()
	m.addClaims()
	m.addTimes()
	m.addSignatures()
	switch key := m.key.(type) {
	case *ecdsa.PrivateKey:
		m.addECDSA(key)
	case *rsa.PrivateKey:
		m.addRSA(key)
	case ed25519.PrivateKey:
		m.addEd25519(key)
	}
	slices.SortFunc(m.specimens, func(a, b specimen) int { return strings.Compare(a.name, b.name) })
	return m.specimens
}

// corpusExpected is what the corpus is made for.
func corpusExpected() jose.Expected {
	return jose.Expected{
		Issuer:     issuerURL,
		Audiences:  []string{"app", "app2"},
		Algorithms: corpusAlgorithms,
		Now:        func() time.Time { return time.Unix(nowSeconds, 0) },
	}
}

// Every hostile token is refused for the reason that it was made for, and every good
// one accepted, by jose and by the oracle.
func TestCorpus(t *testing.T) {
	v, err := jose.NewVerifier(corpusExpected(), published(corpusKeys()))
	require.NoError(t, err)
	o := corpusOracle()
	sentinels := []error{
		jose.ErrMalformed, jose.ErrAlgorithm, jose.ErrType, jose.ErrIssuer, jose.ErrAudience, jose.ErrUnknownKey,
		jose.ErrSignature, jose.ErrExpired, jose.ErrNotYetValid, jose.ErrClaim, jose.ErrKey,
	}
	for _, alg := range corpusAlgorithms {
		t.Run(string(alg), func(t *testing.T) {
			good, bad := 0, 0
			names, texts := make(map[string]bool), make(map[string]string)
			for _, s := range corpus(alg) {
				require.False(t, names[s.name], "two specimens are called %q", s.name)
				require.Empty(t, texts[s.raw], "%q and %q are one token", s.name, texts[s.raw])
				names[s.name], texts[s.raw] = true, s.name
				if s.want == nil {
					good++
				} else {
					bad++
				}
				t.Run(s.name, func(t *testing.T) {
					token, err := v.Verify(t.Context(), s.raw)
					read, oracleErr := o.judge(s.raw)
					if s.want == nil {
						require.NoError(t, err)
						require.NoError(t, oracleErr, "oracle")
						requireEqualClaims(t, read, token)
						return
					}
					require.NotEmpty(t, s.defect)
					require.Error(t, err, "accepted although: %s", s.defect)
					require.Error(t, oracleErr, "the oracle accepts it although: %s", s.defect)
					require.Nil(t, token)
					for _, sentinel := range sentinels {
						require.Equal(t, sentinel == s.want, errors.Is(err, sentinel), "want %v, got %v", s.want, err)
					}
					requireDiscreet(t, err, s.raw)
				})
			}
			t.Logf("%d hostile tokens, %d good ones", bad, good)
			require.GreaterOrEqual(t, bad, 150)
			require.GreaterOrEqual(t, good, 30)
		})
	}
}

// requireDiscreet checks that an error neither holds a signature nor is long.
func requireDiscreet(t *testing.T, err error, raw string) {
	require.Less(t, len(err.Error()), 400)
	if _, signature, ok := strings.Cut(raw[strings.IndexByte(raw, '.')+1:], "."); ok && len(signature) > 16 {
		require.NotContains(t, err.Error(), signature)
		require.NotContains(t, err.Error(), signature[:16])
	}
}

// encodePadded is what AWS load balancers do.
func encodePadded(text string) string { return base64.URLEncoding.EncodeToString([]byte(text)) }
