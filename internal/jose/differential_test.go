package jose_test

import (
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
)

// requireEqualClaims checks that jose read what the oracle read.
func requireEqualClaims(t *testing.T, want oracleClaims, token *jose.Token) {
	c := token.Claims()
	require.Equal(t, want.iss, c.Issuer)
	require.Equal(t, want.sub, c.Subject)
	require.Equal(t, want.jti, c.ID)
	require.Len(t, c.Audiences, len(want.aud))
	for i := range want.aud {
		require.Equal(t, want.aud[i], c.Audiences[i])
	}
	requireTime(t, want.exp, c.Expiry)
	requireTime(t, want.nbf, c.NotBefore)
	requireTime(t, want.iat, c.IssuedAt)
	require.Len(t, token.Names(), len(want.all))
	for _, name := range token.Names() {
		value, there := want.all[name]
		require.True(t, there, "%q", name)
		require.True(t, token.Has(name))
		raw, ok := token.Raw(name)
		require.True(t, ok)
		d := json.NewDecoder(strings.NewReader(string(raw)))
		d.UseNumber()
		var read any
		require.NoError(t, d.Decode(&read))
		require.Equal(t, value, read)
		text, isText := value.(string)
		got, ok := token.String(name)
		require.Equal(t, isText, ok)
		require.Equal(t, text, got)
	}
}

// requireTime compares times; a nanosecond may be lost to rounding.
func requireTime(t *testing.T, want *big.Float, got time.Time) {
	require.Equal(t, want == nil, got.IsZero())
	if want != nil {
		seconds := new(big.Float).SetPrec(200).SetInt64(got.Unix())
		seconds.Add(seconds, new(big.Float).Quo(big.NewFloat(float64(got.Nanosecond())), big.NewFloat(1e9)))
		distance, _ := seconds.Sub(seconds, want).Float64()
		require.InDelta(t, 0, distance, 1e-6)
	}
}

// differential holds a verifier and an oracle that were told the same.
type differential struct {
	verifier *jose.Verifier
	oracle   oracle
}

// newDifferential varies what is expected by the bits of options.
func newDifferential(tb testing.TB, options byte) differential {
	e, o := corpusExpected(), corpusOracle()
	if options&1 != 0 {
		e.RequireIssuedAt, o.needIssued = true, true
	}
	if options&2 != 0 {
		e.MaxAge, o.maxAge = 10*time.Minute, 600
	}
	if options&4 != 0 {
		e.Audiences, e.InsecureSkipAudience, o.audiences = nil, true, nil
	}
	if options&8 != 0 {
		e.Types, o.types = []string{"at+jwt", "vnd.backstage.user"}, []string{"at+jwt", "vnd.backstage.user"}
	}
	if options&16 != 0 {
		e.Algorithms, o.algorithms = nil, knownAlgorithms
	}
	o.padded = options&32 != 0
	v, err := jose.NewVerifier(e, published(corpusKeys()))
	require.NoError(tb, err)
	return differential{v, o}
}

// compare requires one verdict of both, and what they read of an accepted token to be
// equal.
func (d differential) compare(t *testing.T, raw string) {
	var token *jose.Token
	var err error
	if d.oracle.padded {
		if token, err = jose.ParsePadded(raw); err == nil {
			err = d.verifier.VerifyToken(t.Context(), token)
		}
	} else {
		token, err = d.verifier.Verify(t.Context(), raw)
	}
	read, oracleErr := d.oracle.judge(raw)
	require.Equal(t, oracleErr == nil, err == nil, "oracle: %v; jose: %v", oracleErr, err)
	if err == nil {
		requireEqualClaims(t, read, token)
	}
}

const allOptions = 64

// Fuzzed header and payload, freshly signed with the right key: jose and the oracle
// agree on the verdict and on the claims.
func FuzzDifferential(f *testing.F) {
	var all [allOptions]differential
	for i := range all {
		all[i] = newDifferential(f, byte(i))
	}
	for i, s := range corpus(jose.ES256) {
		part := strings.Split(s.raw, ".")
		if len(part) != 3 || len(s.raw) > 2048 {
			continue
		}
		header, err1 := base64.RawURLEncoding.DecodeString(part[0])
		payload, err2 := base64.RawURLEncoding.DecodeString(part[1])
		if err1 != nil || err2 != nil {
			continue
		}
		f.Add(byte(0), byte(0), string(header), string(payload))
		if i%4 == 0 { // the same under other expectations, signed with other keys
			other := i / 4 % len(corpusAlgorithms)
			f.Add(byte(other), byte(i/4), strings.ReplaceAll(string(header), string(jose.ES256), string(corpusAlgorithms[other])), string(payload))
		}
	}
	f.Fuzz(func(t *testing.T, algorithm, options byte, header, payload string) {
		alg := jose.EdDSA // the fastest, unless one is asked for
		if int(algorithm) < len(corpusAlgorithms) {
			alg = corpusAlgorithms[algorithm]
		}
		d := all[options%allOptions]
		encode := encodePart
		if d.oracle.padded {
			encode = encodePadded
		}
		signed := encode(header) + "." + encode(payload)
		d.compare(t, signed+"."+encode(string(rawSignature(alg, corpusKeys()[string(alg)].private, signed))))
	})
}

// Any text at all: jose and the oracle agree. The key that these seeds are signed with
// is the same in every run.
func FuzzDifferentialText(f *testing.F) {
	plain, padded := newDifferential(f, 0), newDifferential(f, 32)
	for _, s := range corpus(jose.EdDSA) {
		if len(s.raw) <= 2048 {
			f.Add(s.raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw string) {
		plain.compare(t, raw)
		padded.compare(t, raw)
	})
}
