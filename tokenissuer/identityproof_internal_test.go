package tokenissuer

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
)

// Entity references are ASCII today. Should that change, the proof still has the text that JavaScript writes: U+2028 and
// U+2029 as they are, where every encoder of encoding/json escapes them.
func TestIdentityProofOfAnyText(t *testing.T) {
	private, err := jose.GenerateKey(jose.ES256)
	require.NoError(t, err)
	signer, err := jose.NewSigner(private, jose.ES256, "k1")
	require.NoError(t, err)
	proof, err := identityProof(signer, jose.Claim{Name: "sub", Value: "user:default/z\u00f6<e>&\u2028\u2029\U0001f600\x7f"}, 1, 2)
	require.NoError(t, err)

	encode := base64.RawURLEncoding.EncodeToString
	token, err := jose.Parse(encode([]byte(`{"typ":"vnd.backstage.limited-user","alg":"ES256","kid":"k1"}`)) + "." +
		encode([]byte("{\"sub\":\"user:default/z\u00f6<e>&\u2028\u2029\U0001f600\x7f\",\"iat\":1,\"exp\":2}")) + "." + proof)
	require.NoError(t, err)
	require.NoError(t, token.Verify(signer.PublicKey()))
}
