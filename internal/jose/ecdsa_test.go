package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"encoding/hex"
	"io"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
)

// answeringKey is a key elsewhere that answers every request for a signature alike.
type answeringKey struct {
	public *ecdsa.PublicKey
	answer []byte
}

func (k answeringKey) Public() crypto.PublicKey { return k.public }
func (k answeringKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return k.answer, nil
}

// signatureOf returns the signature of a token signed by a key that answers with der.
func signatureOf(tb testing.TB, curve elliptic.Curve, alg jose.Algorithm, der []byte) ([]byte, error) {
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(tb, err)
	s, err := jose.NewSigner(answeringKey{&private.PublicKey, der}, alg, "")
	require.NoError(tb, err)
	raw, err := s.SignJWT("")
	if err != nil {
		require.Empty(tb, raw)
		return nil, err
	}
	return decodePart(tb, raw[strings.LastIndexByte(raw, '.')+1:]), nil
}

// What a key answers becomes R and S of fixed length, or no token.
func TestSignatureFromDER(t *testing.T) {
	long, ones := strings.Repeat("7f", 66), strings.Repeat("ff", 32)
	for name, test := range map[string]struct{ der, want string }{
		"short numbers":       {"3006020101020102", strings.Repeat("00", 31) + "01" + strings.Repeat("00", 31) + "02"},
		"highest bit":         {"3046022100" + ones + "022100" + ones, ones + ones},
		"nothing":             {"", ""},
		"tag alone":           {"30", ""},
		"empty sequence":      {"3000", ""},
		"one number":          {"3003020101", ""},
		"three numbers":       {"3009020101020102020103", ""},
		"another sequence":    {"3106020101020102", ""},
		"another number":      {"3006020101030102", ""},
		"byte behind":         {"300602010102010200", ""},
		"cut off":             {"30060201010201", ""},
		"number cut off":      {"3006020101020202", ""},
		"zero":                {"3006020100020102", ""},
		"empty number":        {"30050200020102", ""},
		"negative":            {"3006020181020102", ""},
		"needless zero":       {"300702020001020102", ""},
		"two zeros":           {"30090204000080ff020102", ""},
		"needless long form":  {"308106020101020102", ""},
		"long form cut off":   {"308180", ""},
		"indefinite length":   {"30800201010201020000", ""},
		"two bytes of length": {"30820006020101020102", ""},
		"number too long":     {"3026022101" + ones + "020101", ""},
	} {
		t.Run(name, func(t *testing.T) {
			der, err := hex.DecodeString(test.der)
			require.NoError(t, err)
			signature, err := signatureOf(t, elliptic.P256(), jose.ES256, der)
			if test.want == "" {
				require.ErrorContains(t, err, "not R and S in DER")
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, hex.EncodeToString(signature))
		})
	}
	// P-521 is the one curve that needs a length of two bytes.
	der, err := hex.DecodeString("30818802" + "42" + long + "0242" + long)
	require.NoError(t, err)
	signature, err := signatureOf(t, elliptic.P521(), jose.ES512, der)
	require.NoError(t, err)
	require.Equal(t, long+long, hex.EncodeToString(signature))
}

// An answer is taken if and only if it is what encoding/asn1 writes for two positive
// numbers that fit the curve, which then are the signature.
func FuzzSignatureFromDER(f *testing.F) {
	for _, seed := range []string{"3006020101020102", "3007020200ff020102", "308106020101020102", "3006020100020102", "300602010102010200"} {
		der, err := hex.DecodeString(seed)
		require.NoError(f, err)
		f.Add(der)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		for alg, curve := range map[jose.Algorithm]elliptic.Curve{jose.ES256: elliptic.P256(), jose.ES512: elliptic.P521()} {
			size := (curve.Params().BitSize + 7) / 8
			var want struct{ R, S *big.Int }
			rest, err := asn1.Unmarshal(der, &want)
			good := err == nil && len(rest) == 0 && want.R.Sign() > 0 && want.S.Sign() > 0 && want.R.BitLen() <= 8*size && want.S.BitLen() <= 8*size
			if good { // encoding/asn1 ignores what follows inside the sequence
				again, err := asn1.Marshal(want)
				require.NoError(t, err)
				good = string(again) == string(der)
			}
			signature, err := signatureOf(t, curve, alg, der)
			require.Equal(t, good, err == nil)
			if good {
				require.Equal(t, want.R.FillBytes(make([]byte, size)), signature[:size])
				require.Equal(t, want.S.FillBytes(make([]byte, size)), signature[size:])
			}
		}
	})
}
