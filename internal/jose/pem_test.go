package jose_test

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
)

// pemText returns a key as its owner would publish it.
func pemText(t testing.TB, key crypto.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	require.NoError(t, err)
	return pemBlock("PUBLIC KEY", der)
}

func pemBlock(blockType string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der}))
}

func TestParsePublicKeyPEM(t *testing.T) {
	for _, alg := range []jose.Algorithm{jose.ES256, jose.ES384, jose.ES512, jose.RS256, jose.PS512, jose.EdDSA} {
		t.Run(string(alg), func(t *testing.T) {
			private, err := jose.GenerateKey(alg)
			require.NoError(t, err)
			text := pemText(t, private.Public())
			for name, text := range map[string]string{
				"plain":            text,
				"no newline":       strings.TrimSpace(text),
				"CRLF":             strings.ReplaceAll(text, "\n", "\r\n"),
				"white space":      " \r\n\t" + text + "\n\n ",
				"largest":          text + strings.Repeat("\n", 16<<10-len(text)),
				"base64 in a line": "-----BEGIN PUBLIC KEY-----\n" + strings.Join(strings.Split(strings.TrimSpace(text), "\n")[1:strings.Count(text, "\n")-1], "") + "\n-----END PUBLIC KEY-----\n",
			} {
				key, err := jose.ParsePublicKeyPEM([]byte(text), "k", alg)
				require.NoError(t, err, name)
				require.Equal(t, jose.PublicKey{KeyID: "k", Algorithm: alg, Key: private.Public()}, key, name)
				require.True(t, key.Fits(alg))
			}
			for _, other := range []jose.Algorithm{jose.ES256, jose.ES384, jose.RS256, jose.EdDSA} {
				if _, rsaKey := private.(*rsa.PrivateKey); other == alg || rsaKey && other == jose.RS256 {
					continue
				}
				_, err := jose.ParsePublicKeyPEM([]byte(text), "k", other)
				require.ErrorIs(t, err, jose.ErrKey, other)
			}
		})
	}
}

func TestParsePublicKeyPEMRefuses(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	require.NoError(t, err)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	sec1, err := x509.MarshalECPrivateKey(private)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	require.NoError(t, err)
	offCurve := bytes.Clone(der)
	offCurve[len(offCurve)-1] ^= 1
	good := pemText(t, private.Public())
	body := strings.Split(strings.TrimSpace(good), "\n")[1]

	for name, text := range map[string]string{
		"empty":                    "",
		"white space":              " \n",
		"HTML":                     "<!doctype html><pre>\n" + good + "</pre>",
		"JSON":                     `{"keys":[]}`,
		"text before":              "key:\n" + good,
		"NUL before":               "\x00" + good,
		"text after":               good + "x",
		"NUL after":                good + "\x00",
		"two blocks":               good + good,
		"two blocks in a line":     strings.TrimSpace(good) + good,
		"a broken block first":     "-----BEGIN PUBLIC KEY-----\n!\n" + good,
		"a broken block last":      good + "-----BEGIN PUBLIC KEY-----\n!\n",
		"another block last":       good + pemBlock("CERTIFICATE", der),
		"a private key last":       good + pemBlock("PRIVATE KEY", pkcs8),
		"private key, PKCS 8":      pemBlock("PRIVATE KEY", pkcs8),
		"private key, SEC 1":       pemBlock("EC PRIVATE KEY", sec1),
		"private key, mislabelled": pemBlock("PUBLIC KEY", pkcs8),
		"certificate":              pemBlock("CERTIFICATE", der),
		"RSA PUBLIC KEY":           pemBlock("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&small.PublicKey)),
		"lower case":               strings.ToLower(good),
		"headers":                  strings.Replace(good, "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n\n", 1),
		"no begin":                 strings.TrimPrefix(good, "-----BEGIN PUBLIC KEY-----\n"),
		"no end":                   strings.TrimSuffix(good, "-----END PUBLIC KEY-----\n"),
		"another end":              strings.Replace(good, "END PUBLIC", "END PRIVATE", 1),
		"no key":                   pemBlock("PUBLIC KEY", nil),
		"cut":                      pemBlock("PUBLIC KEY", der[:len(der)-1]),
		"data after the key":       pemBlock("PUBLIC KEY", append(bytes.Clone(der), 0)),
		"broken base64":            strings.Replace(good, body, "!"+body[1:], 1),
		"point off the curve":      pemBlock("PUBLIC KEY", offCurve),
		"P-224":                    pemText(t, p224.Public()),
		"RSA-1024":                 pemText(t, small.Public()),
		"X25519":                   pemText(t, x25519.Public()),
		"too large":                good + strings.Repeat("\n", 16<<10+1-len(good)),
	} {
		t.Run(name, func(t *testing.T) {
			for _, alg := range []jose.Algorithm{jose.ES256, jose.RS256, jose.EdDSA} {
				key, err := jose.ParsePublicKeyPEM([]byte(text), "k", alg)
				require.ErrorIs(t, err, jose.ErrKey)
				require.Zero(t, key)
			}
		})
	}
	for _, alg := range []jose.Algorithm{"", "none", "HS256", "es256"} {
		_, err := jose.ParsePublicKeyPEM([]byte(good), "k", alg)
		require.ErrorIs(t, err, jose.ErrKey)
	}
	_, err = jose.ParsePublicKeyPEM([]byte(good), strings.Repeat("k", 513), jose.ES256)
	require.ErrorIs(t, err, jose.ErrKey)
}

// A text that is accepted holds one key, in the one encoding that it has, and the key
// fits the algorithm.
func FuzzParsePublicKeyPEM(f *testing.F) {
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(f, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(f, err)
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(f, err)
	for _, key := range []crypto.PublicKey{p256.Public(), rsaKey.Public(), ed} {
		text := pemText(f, key)
		f.Add([]byte(text))
		f.Add([]byte(text + text))
		f.Add([]byte("-----BEGIN PUBLIC KEY-----\n" + text))
		f.Add([]byte(strings.Replace(text, "KEY-----\n", "KEY-----\nA: b\n\n", 1)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, alg := range []jose.Algorithm{jose.ES256, jose.RS256, jose.EdDSA} {
			key, err := jose.ParsePublicKeyPEM(data, "k", alg)
			if err != nil {
				require.ErrorIs(t, err, jose.ErrKey)
				require.Zero(t, key)
				continue
			}
			require.True(t, key.Fits(alg))
			require.Equal(t, 1, bytes.Count(data, []byte("-----BEGIN")))
			text := []byte(pemText(t, key.Key))
			found, _ := pem.Decode(data)
			want, _ := pem.Decode(text)
			require.Equal(t, want.Bytes, found.Bytes)
			again, err := jose.ParsePublicKeyPEM(text, "k", alg)
			require.NoError(t, err)
			require.Equal(t, key, again)
		}
	})
}
