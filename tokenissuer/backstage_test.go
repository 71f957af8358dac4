package tokenissuer_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/tokenissuer"
)

// verifyAsBackstage does what jose's jwtVerify does for a Backstage backend, with the standard library alone.
func verifyAsBackstage(t testing.TB, set jwks, token, typ string, now time.Time) map[string]any {
	t.Helper()
	header, payload := texts(t, token)
	var h struct{ Typ, Alg, Kid string }
	require.NoError(t, json.Unmarshal([]byte(header), &h))
	require.Equal(t, typ, h.Typ)
	require.Equal(t, "ES256", h.Alg)

	decode := func(text string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(text)
		require.NoError(t, err)
		return b
	}
	var key *ecdsa.PublicKey
	for _, k := range set.Keys {
		if k["kid"] == h.Kid {
			var err error
			key, err = ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, decode(k["x"])...), decode(k["y"])...))
			require.NoError(t, err)
		}
	}
	require.NotNil(t, key, "kid %q is not published", h.Kid)

	dot := strings.LastIndexByte(token, '.')
	signature := decode(token[dot+1:])
	require.Len(t, signature, 64)
	sum := sha256.Sum256([]byte(token[:dot]))
	require.True(t, ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])))

	var claims map[string]any
	require.NoError(t, json.Unmarshal([]byte(payload), &claims))
	require.NotEmpty(t, claims["sub"])
	require.LessOrEqual(t, claims["iat"], float64(now.Unix()))
	require.Greater(t, claims["exp"], float64(now.Unix()))
	return claims
}

func TestTokenAsBackstageWritesIt(t *testing.T) {
	issuer, clock := newIssuer(t)
	token := issue(t, issuer, authprovider.TokenClaims{Subject: "user:default/jane", Claims: map[string]any{"b": 1, "a": []string{"<x>"}}})
	header, payload := texts(t, token)
	require.Regexp(t, `^\{"typ":"vnd\.backstage\.user","alg":"ES256","kid":"[A-Za-z0-9_-]{43}"\}$`, header)
	require.Regexp(t, regexp.QuoteMeta(`{"a":["<x>"],"b":1,"iss":"https://portal.example.com/api/auth","sub":"user:default/jane",`+
		`"aud":"backstage","iat":1800000000,"exp":1800003600,"uip":"`)+`[A-Za-z0-9_-]{86}"\}$`, payload)

	set := servedKeys(t, issuer)
	verifyAsBackstage(t, set, token, "vnd.backstage.user", clock.Now())
	claims := verifyAsBackstage(t, set, limited(t, token), "vnd.backstage.limited-user", clock.Now())
	require.Equal(t, map[string]any{"sub": "user:default/jane", "iat": 1800000000.0, "exp": 1800003600.0}, claims)
}

func TestOwnershipInToken(t *testing.T) {
	issuer, clock := newIssuer(t, func(c *tokenissuer.Config) { c.OwnershipInToken = true })
	token := issue(t, issuer, jane)
	_, payload := texts(t, token)
	require.Contains(t, payload, `"sub":"user:default/jane","ent":["user:default/jane","group:default/team-a"],"aud":"backstage"`)
	verifyAsBackstage(t, servedKeys(t, issuer), token, "vnd.backstage.user", clock.Now())

	require.Equal(t, []any{"user:default/jo"}, claimsOf(t, issue(t, issuer, authprovider.TokenClaims{Subject: "user:default/jo"}))["ent"])

	issuer, _ = newIssuer(t)
	require.NotContains(t, claimsOf(t, issue(t, issuer, jane)), "ent")
}

// Of what an entity reference may hold, encoding/json would escape <, > and &, JavaScript does not, and both escape quotes.
func TestIdentityProofEscapesAsJavaScript(t *testing.T) {
	issuer, clock := newIssuer(t)
	token := issue(t, issuer, authprovider.TokenClaims{Subject: `user:default/<j&"\>'`})
	header, _ := texts(t, token)
	uip := claimsOf(t, token)["uip"].(string)
	encode := base64.RawURLEncoding.EncodeToString
	rebuilt := encode([]byte(strings.Replace(header, "vnd.backstage.user", "vnd.backstage.limited-user", 1))) + "." +
		encode([]byte(`{"sub":"user:default/<j&\"\\>'","iat":1800000000,"exp":1800003600}`)) + "." + uip
	verifyAsBackstage(t, servedKeys(t, issuer), rebuilt, "vnd.backstage.limited-user", clock.Now())
}
