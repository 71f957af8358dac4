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

// A user token and its key as published in the tests of Backstage (packages/backend-defaults, authServiceFactory.test.ts,
// Apache-2.0). Its uip belongs to the limited token that limited makes, and what we issue for the same user at the
// same time differs from it in key ID and signatures alone.
func TestBackstageGoldenVector(t *testing.T) {
	const golden = "eyJ0eXAiOiJ2bmQuYmFja3N0YWdlLnVzZXIiLCJhbGciOiJFUzI1NiIsImtpZCI6IjhkMDFjM2RiLTU2ZjktNDVmMC04NmRkLTA1YjNjODM1YjNkMyJ9" +
		".eyJpc3MiOiJodHRwOi8vbG9jYWxob3N0OjcwMDcvYXBpL2F1dGgiLCJzdWIiOiJ1c2VyOmRldmVsb3BtZW50L2d1ZXN0IiwiZW50IjpbInVzZXI6ZGV2ZWxvcG1lbnQvZ3Vlc3QiLCJncm91cDpkZWZhdWx0L3RlYW0tYSJdLCJhdWQiOiJiYWNrc3RhZ2UiLCJpYXQiOjE3MTIwNzE3MTQsImV4cCI6MTcxMjA3NTMxNCwidWlwIjoiSmwxVEpycG9VUjR1NENjUE9nalJMeHpEMi1FMGZPR3ptSm81UWI2eS1aN19meG5oVVBEdWVWRE1CS0l6WF9pc0lvSDhlZm9EUFA5bG9aQnpPblB5Z2cifQ" +
		".1gVMq1ofO8PzRctu72D6c4IMqXuIabT79WdGEhW6vIrBRs_qhuWAa94Wvz_KYKpBTb2nxgzXJ5OeddeoYApMyQ"
	keys := jwks{Keys: []map[string]string{{"kty": "EC", "x": "c9cPvv_S7zETBKDlAa3oOjr7RvyUueIYIak0TRph7mg", "y": "bKaxDRAWgmEJ9Ix8e85blH_IsnbQxX31x0oQTVwLZ2c",
		"crv": "P-256", "kid": "8d01c3db-56f9-45f0-86dd-05b3c835b3d3", "alg": "ES256"}}}
	at := time.Unix(1712071714, 0)
	claims := verifyAsBackstage(t, keys, golden, "vnd.backstage.user", at)
	small, expiry, err := tokenissuer.LimitedToken(golden)
	require.NoError(t, err)
	require.Equal(t, limited(t, golden), small)
	require.Equal(t, at.Add(time.Hour), expiry)
	verifyAsBackstage(t, keys, small, "vnd.backstage.limited-user", at)

	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: "http://localhost:7007/api/auth", OwnershipInToken: true, Now: func() time.Time { return at }})
	require.NoError(t, err)
	ours := issue(t, issuer, authprovider.TokenClaims{Subject: "user:development/guest", Ownership: []string{"user:development/guest", "group:default/team-a"}})
	goldenHeader, goldenPayload := texts(t, golden)
	header, payload := texts(t, ours)
	require.Equal(t, goldenPayload, strings.Replace(payload, claimsOf(t, ours)["uip"].(string), claims["uip"].(string), 1))
	require.Equal(t, goldenHeader, strings.Replace(header, servedKeys(t, issuer).Keys[0]["kid"], keys.Keys[0]["kid"], 1))
}
