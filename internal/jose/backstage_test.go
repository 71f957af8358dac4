package jose_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
)

// A user token and the public key that verifies it, as published in the tests of
// Backstage (packages/backend-defaults, authServiceFactory.test.ts, Apache-2.0).
// Its uip claim is the signature of a second, limited token, which a backend
// rebuilds from the first.
const (
	backstageToken = "eyJ0eXAiOiJ2bmQuYmFja3N0YWdlLnVzZXIiLCJhbGciOiJFUzI1NiIsImtpZCI6IjhkMDFjM2RiLTU2ZjktNDVmMC04NmRkLTA1YjNjODM1YjNkMyJ9" +
		".eyJpc3MiOiJodHRwOi8vbG9jYWxob3N0OjcwMDcvYXBpL2F1dGgiLCJzdWIiOiJ1c2VyOmRldmVsb3BtZW50L2d1ZXN0IiwiZW50IjpbInVzZXI6ZGV2ZWxvcG1lbnQvZ3Vlc3QiLCJncm91cDpkZWZhdWx0L3RlYW0tYSJdLCJhdWQiOiJiYWNrc3RhZ2UiLCJpYXQiOjE3MTIwNzE3MTQsImV4cCI6MTcxMjA3NTMxNCwidWlwIjoiSmwxVEpycG9VUjR1NENjUE9nalJMeHpEMi1FMGZPR3ptSm81UWI2eS1aN19meG5oVVBEdWVWRE1CS0l6WF9pc0lvSDhlZm9EUFA5bG9aQnpPblB5Z2cifQ" +
		".1gVMq1ofO8PzRctu72D6c4IMqXuIabT79WdGEhW6vIrBRs_qhuWAa94Wvz_KYKpBTb2nxgzXJ5OeddeoYApMyQ"
	backstageKeys = `{"keys":[{"kty":"EC","x":"c9cPvv_S7zETBKDlAa3oOjr7RvyUueIYIak0TRph7mg","y":"bKaxDRAWgmEJ9Ix8e85blH_IsnbQxX31x0oQTVwLZ2c","crv":"P-256","kid":"8d01c3db-56f9-45f0-86dd-05b3c835b3d3","alg":"ES256"}]}`
)

func TestBackstageGoldenVector(t *testing.T) {
	keys, skipped, err := jose.ParseJWKSet([]byte(backstageKeys))
	require.NoError(t, err)
	require.Empty(t, skipped)
	require.Len(t, keys, 1)

	v, err := jose.NewVerifier(jose.Expected{
		Issuer:    "http://localhost:7007/api/auth",
		Audiences: []string{"backstage"},
		Types:     []string{"vnd.backstage.user"},
		Now:       func() time.Time { return time.Unix(1712071714, 0).Add(10 * time.Minute) },
	}, staticKeys(keys))
	require.NoError(t, err)
	token, err := v.Verify(t.Context(), backstageToken)
	require.NoError(t, err)
	require.Equal(t, "user:development/guest", token.Claims().Subject)
	require.Equal(t, time.Unix(1712075314, 0), token.Claims().Expiry)
	var ent []string
	require.NoError(t, token.Decode("ent", &ent))
	require.Equal(t, []string{"user:development/guest", "group:default/team-a"}, ent)

	// The limited token: same key, bytes as JSON.stringify writes them.
	uip, ok := token.String("uip")
	require.True(t, ok)
	limited := encodePart(`{"typ":"vnd.backstage.limited-user","alg":"ES256","kid":"8d01c3db-56f9-45f0-86dd-05b3c835b3d3"}`) + "." +
		encodePart(`{"sub":"user:development/guest","iat":1712071714,"exp":1712075314}`) + "." + uip
	parsed, err := jose.Parse(limited)
	require.NoError(t, err)
	require.NoError(t, parsed.Verify(keys[0]))

	// Any other order of its members is another text.
	reordered := encodePart(`{"alg":"ES256","typ":"vnd.backstage.limited-user","kid":"8d01c3db-56f9-45f0-86dd-05b3c835b3d3"}`) +
		limited[strings.Index(limited, "."):]
	parsed, err = jose.Parse(reordered)
	require.NoError(t, err)
	require.ErrorIs(t, parsed.Verify(keys[0]), jose.ErrSignature)
}

// A limited token that we sign has the texts that a backend rebuilds.
func TestLimitedTokenBytes(t *testing.T) {
	key, err := jose.GenerateKey(jose.ES256)
	require.NoError(t, err)
	signer, err := jose.NewSigner(key, jose.ES256, "k\u2028<1>")
	require.NoError(t, err)
	compact, err := signer.SignJWT("vnd.backstage.limited-user",
		jose.Claim{Name: "sub", Value: "user:default/zoë&\u2029"}, jose.Claim{Name: "iat", Value: int64(1)}, jose.Claim{Name: "exp", Value: int64(2)})
	require.NoError(t, err)
	header := `{"typ":"vnd.backstage.limited-user","alg":"ES256","kid":"k` + "\u2028" + `<1>"}`
	payload := `{"sub":"user:default/zoë&` + "\u2029" + `","iat":1,"exp":2}`
	require.Equal(t, encodePart(header)+"."+encodePart(payload), compact[:strings.LastIndex(compact, ".")])

	parsed, err := jose.Parse(compact)
	require.NoError(t, err)
	require.NoError(t, parsed.Verify(signer.PublicKey()))
}
