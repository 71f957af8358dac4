package awsalb_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ALB pads its base64url, against RFC 7515, and signs the padded text. Of the spellings that decode to the same bytes only that one is taken.
func TestWireForm(t *testing.T) {
	g := newRig(t)
	padded := func(text string) string { return base64.URLEncoding.EncodeToString([]byte(text)) }
	bare := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	// Each text at each length modulo three, so that each part has none, one and two "=".
	for i := range 9 {
		header := g.header(object{"x": strings.Repeat("x", i%3)})
		claims := g.claims(object{"x": strings.Repeat("x", i/3)})

		good := signWith(t, g.key, padded(header)+"."+padded(claims))
		require.True(t, strings.HasSuffix(good, "=="), "a signature of 64 bytes ends in padding")
		got, err := g.authenticator.Authenticate(t.Context(), g.refresh(good))
		require.NoError(t, err)
		require.Equal(t, "jane-1", got.Subject)

		signature := good[strings.LastIndexByte(good, '.')+1:]
		neverPadded := strings.TrimRight(signWith(t, g.key, bare(header)+"."+bare(claims)), "=")
		paddedLater := good
		if padded(header)+padded(claims) != bare(header)+bare(claims) {
			paddedLater = padded(header) + "." + padded(claims) + neverPadded[strings.LastIndexByte(neverPadded, '.'):] + "=="
		}
		for name, token := range map[string]string{
			"padding removed afterwards":             strings.ReplaceAll(good, "=", ""),
			"padding of the signature removed":       strings.TrimRight(good, "="),
			"padding added afterwards":               paddedLater,
			"never padded":                           neverPadded,
			"padding doubled":                        good + "==",
			"padding in front of the dot doubled":    strings.Replace(good, ".", "=.", 1),
			"padding in the standard alphabet":       strings.NewReplacer("-", "+", "_", "/").Replace(good) + "\x00",
			"padding as %3D":                         strings.ReplaceAll(good, "=", "%3D"),
			"padding in the middle":                  padded(header[:1]) + padded(header[1:]) + "." + padded(claims) + "." + signature,
			"line break in the signature":            padded(header) + "." + padded(claims) + "." + signature[:10] + "\r\n" + signature[10:],
			"non-zero bits behind the signature":     nonZeroBits(good),
			"header unpadded, signature over padded": strings.TrimRight(padded(header), "=") + "." + padded(claims) + "." + signature,
		} {
			if token == good {
				continue // nothing to remove at this length
			}
			_, err := g.authenticator.Authenticate(t.Context(), g.refresh(token))
			require.Error(t, err, "%s %d", name, i)
			require.Equal(t, http.StatusUnauthorized, g.do(g.refresh(token)).Code, "%s %d", name, i)
		}
	}
}

// nonZeroBits respells the last character in front of the padding: the two of a 64-byte signature's last byte leave four bits unused.
func nonZeroBits(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	i := len(strings.TrimRight(token, "=")) - 1
	return token[:i] + string(alphabet[strings.IndexByte(alphabet, token[i])|1]) + token[i+1:]
}
