package jose_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
)

// Known answers: RFC 7515 appendices A.2 and A.3.
func TestKnownSignatures(t *testing.T) {
	const payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	for name, test := range map[string]struct{ jwk, token string }{
		"ES256": {
			`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`,
			"eyJhbGciOiJFUzI1NiJ9." + payload + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
		},
		"RS256": {
			`{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}`,
			"eyJhbGciOiJSUzI1NiJ9." + payload + ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
		},
	} {
		t.Run(name, func(t *testing.T) {
			keys, skipped, err := jose.ParseJWKSet([]byte(`{"keys":[` + test.jwk + `]}`))
			require.NoError(t, err)
			require.Empty(t, skipped)
			token, err := jose.Parse(test.token)
			require.NoError(t, err)
			require.NoError(t, token.Verify(keys[0]))
			require.Equal(t, "joe", token.Claims().Issuer)
			require.True(t, token.Has("http://example.com/is_root"))
		})
	}
}

// RFC 7638 section 3.1.
func TestThumbprint(t *testing.T) {
	const key = `{"keys":[{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}]}`
	keys, _, err := jose.ParseJWKSet([]byte(key))
	require.NoError(t, err)
	require.Len(t, keys, 1)
	require.Equal(t, "2011-04-29", keys[0].KeyID)
	require.Equal(t, jose.RS256, keys[0].Algorithm)
	print, err := jose.Thumbprint(keys[0].Key)
	require.NoError(t, err)
	require.Equal(t, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", print)
	_, err = jose.Thumbprint("no key")
	require.ErrorIs(t, err, jose.ErrKey)
}

// A published key has these members and no others, at full length, and reads back.
func TestJWKRoundTrip(t *testing.T) {
	for _, alg := range []jose.Algorithm{jose.ES256, jose.ES384, jose.ES512, jose.RS256, jose.PS384, jose.EdDSA} {
		for range 20 {
			private, err := jose.GenerateKey(alg)
			require.NoError(t, err)
			in := jose.PublicKey{KeyID: "k", Algorithm: alg, Key: private.Public()}
			j, err := jose.NewJWK(in)
			require.NoError(t, err)
			text, err := json.Marshal(j)
			require.NoError(t, err)

			var members map[string]string
			require.NoError(t, json.Unmarshal(text, &members))
			for name := range members {
				require.True(t, slices.Contains([]string{"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"}, name), name)
			}
			require.Equal(t, "sig", members["use"])
			keys, skipped, err := jose.ParseJWKSet(fmt.Appendf(nil, `{"keys":[%s]}`, text))
			require.NoError(t, err)
			require.Empty(t, skipped)
			require.Equal(t, []jose.PublicKey{in}, keys)
			if key, ok := in.Key.(*rsa.PublicKey); ok {
				require.Equal(t, "AQAB", j.E)
				require.Equal(t, base64.RawURLEncoding.EncodeToString(key.N.Bytes()), j.N)
				break // RSA keys take their time
			}
		}
	}
}

// RFC 7518 section 6.2.1.2: a coordinate with leading zeros keeps them.
func TestJWKCoordinatesArePadded(t *testing.T) {
	for {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		point, err := key.PublicKey.Bytes()
		require.NoError(t, err)
		if point[1] != 0 && point[33] != 0 {
			continue
		}
		j, err := jose.NewJWK(jose.PublicKey{Key: &key.PublicKey})
		require.NoError(t, err)
		require.Len(t, j.X, 43)
		require.Len(t, j.Y, 43)
		back, err := j.PublicKey()
		require.NoError(t, err)
		require.True(t, key.PublicKey.Equal(back.Key))
		return
	}
}

func TestNewJWKRefuses(t *testing.T) {
	ec, err := jose.GenerateKey(jose.ES256)
	require.NoError(t, err)
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	require.NoError(t, err)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	for name, key := range map[string]jose.PublicKey{
		"private key":     {Key: ec},
		"nil":             {},
		"secret":          {Key: []byte("secret")},
		"small RSA":       {Key: small.Public()},
		"other curve":     {Key: p224.Public()},
		"short Ed25519":   {Key: ed25519.PublicKey("x")},
		"other algorithm": {Key: ec.Public(), Algorithm: jose.RS256},
		"unknown alg":     {Key: ec.Public(), Algorithm: "none"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := jose.NewJWK(key)
			require.Error(t, err)
		})
	}
}

func TestParseJWKSetSkips(t *testing.T) {
	key, err := jose.GenerateKey(jose.ES256)
	require.NoError(t, err)
	j, err := jose.NewJWK(jose.PublicKey{KeyID: "good", Key: key.Public()})
	require.NoError(t, err)
	j.Use = ""
	good, err := json.Marshal(j)
	require.NoError(t, err)
	with := func(member string) string { return strings.TrimSuffix(string(good), "}") + "," + member + "}" }
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	smallN := base64.RawURLEncoding.EncodeToString(small.N.Bytes())
	largeN := base64.RawURLEncoding.EncodeToString(slices.Repeat([]byte{0xff}, 2048))
	okN := base64.RawURLEncoding.EncodeToString(slices.Repeat([]byte{0xff}, 256))

	for name, bad := range map[string]string{
		"null":               `null`,
		"number":             `1`,
		"empty":              `{}`,
		"post-quantum":       `{"kty":"AKP","alg":"ML-DSA-65","pub":"AAAA","kid":"pq"}`,
		"secret":             `{"kty":"oct","k":"c2VjcmV0","kid":"good"}`,
		"secp256k1":          strings.Replace(string(good), "P-256", "secp256k1", 1),
		"wrong curve":        strings.Replace(string(good), "P-256", "P-384", 1),
		"kty in lower case":  strings.Replace(string(good), `"EC"`, `"ec"`, 1),
		"X25519":             `{"kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		"Ed448":              `{"kty":"OKP","crv":"Ed448","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		"short Ed25519":      `{"kty":"OKP","crv":"Ed25519","x":"AAAA"}`,
		"point off curve":    `{"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}`,
		"point at infinity":  `{"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`,
		"no y":               `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}`,
		"private":            with(`"d":"AAAA"`),
		"private but null":   with(`"d":null`),
		"RSA 1024":           `{"kty":"RSA","n":"` + smallN + `","e":"AQAB"}`,
		"RSA 16384":          `{"kty":"RSA","n":"` + largeN + `","e":"AQAB"}`,
		"RSA exponent 1":     `{"kty":"RSA","n":"` + okN + `","e":"AQ"}`,
		"RSA even exponent":  `{"kty":"RSA","n":"` + okN + `","e":"Ag"}`,
		"RSA huge exponent":  `{"kty":"RSA","n":"` + okN + `","e":"` + okN + `"}`,
		"RSA no exponent":    `{"kty":"RSA","n":"` + okN + `"}`,
		"RSA private primes": `{"kty":"RSA","n":"` + okN + `","e":"AQAB","oth":[]}`,
		"for encryption":     with(`"use":"enc"`),
		"key_ops":            with(`"key_ops":["encrypt"]`),
		"key_ops empty":      with(`"key_ops":[]`),
		"alg of RSA":         with(`"alg":"RS256"`),
		"alg of encryption":  with(`"alg":"ECDH-ES"`),
		"alg none":           with(`"alg":"none"`),
		"alg twin":           with(`"Alg":"ES256"`),
		"kid is a number":    strings.Replace(string(good), `"good"`, `1`, 1),
		"kid is long":        strings.Replace(string(good), `"good"`, `"`+strings.Repeat("k", 513)+`"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			keys, skipped, err := jose.ParseJWKSet([]byte(`{"keys":[` + bad + `,` + string(good) + `]}`))
			require.NoError(t, err)
			require.Len(t, skipped, 1)
			require.Error(t, skipped[0])
			require.Equal(t, []jose.PublicKey{{KeyID: "good", Key: key.Public()}}, keys)
		})
	}
	for _, fine := range []string{`"use":"sig"`, `"key_ops":["verify"]`, `"key_ops":["sign","verify"]`, `"x5c":["not base64!"]`, `"x5t":1`, `"unknown":{}`, `"alg":"ES256"`} {
		keys, skipped, err := jose.ParseJWKSet([]byte(`{"keys":[` + with(fine) + `],"more":1}`))
		require.NoError(t, err)
		require.Empty(t, skipped, fine)
		require.Len(t, keys, 1)
	}
}

func TestParseJWKSetRefuses(t *testing.T) {
	list := func(n int) string { return `{"keys":[` + strings.TrimSuffix(strings.Repeat(`{},`, n), ",") + `]}` }
	for name, text := range map[string]string{
		"empty":      ``,
		"HTML":       `<html></html>`,
		"array":      `[]`,
		"null":       `null`,
		"no keys":    `{}`,
		"null keys":  `{"keys":null}`,
		"keys twice": `{"keys":[],"keys":[]}`,
		"Keys":       `{"Keys":[]}`,
		"object":     `{"keys":{}}`,
		"text":       `{"keys":"x"}`,
		"data after": `{"keys":[]}x`,
		"101 keys":   list(101),
		"not UTF-8":  "{\"keys\":[],\"x\":\"\xff\"}",
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := jose.ParseJWKSet([]byte(text))
			require.Error(t, err)
		})
	}
	_, skipped, err := jose.ParseJWKSet([]byte(list(100)))
	require.NoError(t, err)
	require.Len(t, skipped, 100)
}
