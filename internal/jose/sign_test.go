package jose_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
)

// remoteKey hides its type, as keys in hardware or a cloud service do.
type remoteKey struct{ crypto.Signer }

func TestSignRoundTrip(t *testing.T) {
	algorithms := []jose.Algorithm{
		jose.ES256, jose.ES384, jose.ES512, jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.EdDSA,
	}
	for _, alg := range algorithms {
		t.Run(string(alg), func(t *testing.T) {
			key, err := jose.GenerateKey(alg)
			require.NoError(t, err)
			for _, key := range []crypto.Signer{key, remoteKey{key}} {
				s, err := jose.NewSigner(key, alg, "k")
				require.NoError(t, err)
				raw, err := s.SignJWT("JWT", jose.Claim{Name: "sub", Value: "jane"})
				require.NoError(t, err)
				token, err := jose.Parse(raw)
				require.NoError(t, err)
				require.Equal(t, jose.Header{Algorithm: alg, KeyID: "k", Type: "JWT"}, token.Header())
				require.NoError(t, token.Verify(s.PublicKey()))

				// The key is good for its algorithm and for no other.
				for _, other := range algorithms {
					require.Equal(t, other == alg, s.PublicKey().Fits(other), other)
				}
				another, err := jose.GenerateKey(alg)
				require.NoError(t, err)
				require.ErrorIs(t, token.Verify(jose.PublicKey{Key: another.Public()}), jose.ErrSignature)
			}
		})
	}
}

func TestNewSignerRefuses(t *testing.T) {
	ec, err := jose.GenerateKey(jose.ES256)
	require.NoError(t, err)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		key  crypto.Signer
		alg  jose.Algorithm
		kid  string
		want error
	}{
		"unknown algorithm": {ec, "none", "", jose.ErrAlgorithm},
		"shared secret":     {ec, "HS256", "", jose.ErrAlgorithm},
		"other curve":       {ec, jose.ES384, "", jose.ErrAlgorithm},
		"other type":        {ec, jose.RS256, "", jose.ErrAlgorithm},
		"small RSA key":     {small, jose.RS256, "", jose.ErrKey},
		"long key ID":       {ec, jose.ES256, strings.Repeat("k", 513), jose.ErrKey},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := jose.NewSigner(test.key, test.alg, test.kid)
			require.ErrorIs(t, err, test.want)
		})
	}
	_, err = jose.NewSigner(nil, jose.ES256, "")
	require.Error(t, err)
	_, err = jose.GenerateKey("HS256")
	require.ErrorIs(t, err, jose.ErrAlgorithm)
}

// GHSA-4cf7-xm37-g63h: a claim's name must never become a claim of its own.
func TestClaimsReadBackAsAsked(t *testing.T) {
	key, err := jose.GenerateKey(jose.EdDSA)
	require.NoError(t, err)
	s, err := jose.NewSigner(key, jose.EdDSA, "")
	require.NoError(t, err)
	for _, name := range []string{`x":0,"admin`, `\`, `"`, "", "\u2028", "\x00", "<&>", "日本", `\u0022`} {
		raw, err := s.SignJWT("", jose.Claim{Name: name, Value: true}, jose.Claim{Name: "z", Value: `","admin":true,"`})
		require.NoError(t, err, "%q", name)
		token, err := jose.Parse(raw)
		require.NoError(t, err)
		require.Equal(t, []string{name, "z"}, token.Names())
		var all map[string]any
		require.NoError(t, json.Unmarshal(token.Payload(), &all))
		require.Equal(t, map[string]any{name: true, "z": `","admin":true,"`}, all)
	}
}

func TestSignJWTRefuses(t *testing.T) {
	key, err := jose.GenerateKey(jose.EdDSA)
	require.NoError(t, err)
	s, err := jose.NewSigner(key, jose.EdDSA, "k")
	require.NoError(t, err)
	deep := any(nil)
	for range 40 {
		deep = []any{deep}
	}
	for name, test := range map[string]struct {
		claims []jose.Claim
		want   error
	}{
		"twice":                    {[]jose.Claim{{Name: "a", Value: 1}, {Name: "a", Value: 1}}, jose.ErrJSON},
		"twin":                     {[]jose.Claim{{Name: "sub", Value: "a"}, {Name: "Sub", Value: "b"}}, jose.ErrJSON},
		"wrong case":               {[]jose.Claim{{Name: "EXP", Value: 1}}, jose.ErrMalformed},
		"name not UTF-8":           {[]jose.Claim{{Name: "\xff", Value: 1}}, jose.ErrJSON},
		"value not UTF-8":          {[]jose.Claim{{Name: "a", Value: "\xff"}}, jose.ErrJSON},
		"nested value not UTF-8":   {[]jose.Claim{{Name: "a", Value: map[string]any{"b": []string{"\xff"}}}}, jose.ErrJSON},
		"nested twins":             {[]jose.Claim{{Name: "a", Value: map[string]any{"b": 1, "B": 2}}}, jose.ErrJSON},
		"number that is more":      {[]jose.Claim{{Name: "a", Value: json.Number(`1,"admin":true`)}}, jose.ErrJSON},
		"nested number with more":  {[]jose.Claim{{Name: "a", Value: []any{json.Number(`1,2`)}}}, jose.ErrJSON},
		"empty number":             {[]jose.Claim{{Name: "a", Value: json.Number("")}}, jose.ErrJSON},
		"number with white space":  {[]jose.Claim{{Name: "a", Value: json.Number("1 ")}}, jose.ErrJSON},
		"raw message with twins":   {[]jose.Claim{{Name: "a", Value: json.RawMessage(`{"b":1,"b":2}`)}}, jose.ErrJSON},
		"raw message that is more": {[]jose.Claim{{Name: "a", Value: json.RawMessage(`1,"admin":true`)}}, jose.ErrJSON},
		"NaN":                      {[]jose.Claim{{Name: "a", Value: math.NaN()}}, jose.ErrJSON},
		"channel":                  {[]jose.Claim{{Name: "a", Value: make(chan int)}}, jose.ErrJSON},
		"too deep":                 {[]jose.Claim{{Name: "a", Value: deep}}, jose.ErrJSON},
		"subject of another shape": {[]jose.Claim{{Name: "sub", Value: 1}}, jose.ErrClaim},
		"too large":                {[]jose.Claim{{Name: "a", Value: strings.Repeat("x", jose.MaxSize)}}, jose.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := s.SignJWT("JWT", test.claims...)
			require.ErrorIs(t, err, test.want)
			require.Empty(t, raw)
		})
	}
	_, err = s.SignJWT("\xff")
	require.ErrorIs(t, err, jose.ErrJSON)
}

// Values of every kind come out as JSON.stringify would write them.
func TestClaimValues(t *testing.T) {
	key, err := jose.GenerateKey(jose.EdDSA)
	require.NoError(t, err)
	s, err := jose.NewSigner(key, jose.EdDSA, "")
	require.NoError(t, err)
	type embedded struct {
		Text string `json:"text"`
		Skip string `json:"-"`
	}
	raw, err := s.SignJWT("",
		jose.Claim{Name: "null", Value: nil},
		jose.Claim{Name: "bool", Value: false},
		jose.Claim{Name: "int", Value: -1},
		jose.Claim{Name: "int64", Value: int64(math.MaxInt64)},
		jose.Claim{Name: "uint64", Value: uint64(math.MaxUint64)},
		jose.Claim{Name: "float", Value: 0.5},
		jose.Claim{Name: "large", Value: 1e21},
		jose.Claim{Name: "number", Value: json.Number("1.50")},
		jose.Claim{Name: "text", Value: "\b\t\n\f\r\x00\x1f\x7f\"\\/<>&\u2028\u2029\ufffd😀"},
		jose.Claim{Name: "list", Value: []string{"a", "<"}},
		jose.Claim{Name: "none", Value: []string{}},
		jose.Claim{Name: "mixed", Value: []any{1, "a", nil, map[string]any{"z": 1, "a": 2}}},
		jose.Claim{Name: "struct", Value: embedded{Text: "<\u2028>"}},
		jose.Claim{Name: "raw", Value: json.RawMessage(` { "a" : [ 1 ] } `)},
	)
	require.NoError(t, err)
	token, err := jose.Parse(raw)
	require.NoError(t, err)
	require.Equal(t, `{"null":null,"bool":false,"int":-1,"int64":9223372036854775807,"uint64":18446744073709551615,"float":0.5,"large":1e+21,"number":1.50,`+
		`"text":"\b\t\n\f\r\u0000\u001f`+"\x7f"+`\"\\/<>&`+"\u2028\u2029\ufffd😀"+`","list":["a","<"],"none":[],"mixed":[1,"a",null,{"a":2,"z":1}],`+
		`"struct":{"text":"<`+"\u2028"+`>"},"raw":{"a":[1]}}`, string(token.Payload()))
}

// Keys are made with the library's own randomness and not shared.
func TestGenerateKey(t *testing.T) {
	a, err := jose.GenerateKey(jose.EdDSA)
	require.NoError(t, err)
	b, err := jose.GenerateKey(jose.EdDSA)
	require.NoError(t, err)
	require.False(t, a.(ed25519.PrivateKey).Equal(b))
	r, err := jose.GenerateKey(jose.PS512)
	require.NoError(t, err)
	require.Equal(t, 2048, r.(*rsa.PrivateKey).N.BitLen())
}
