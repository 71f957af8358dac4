package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/tokenissuer"
)

type nodeOutcome struct {
	Claims map[string]any
	Error  string
}

type nodeResult struct {
	Full, Limited nodeOutcome
	LimitedToken  string
}

type nodeCase struct {
	JWKSURL string `json:"jwksURL"`
	Token   string `json:"token"`
}

// asBackstage hands tokens to interop/backstage.js.
func asBackstage(t *testing.T, cases []nodeCase) []nodeResult {
	t.Helper()
	input, err := json.Marshal(cases)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	command := exec.CommandContext(ctx, "node", "backstage.js")
	command.Dir = "interop"
	var stderr bytes.Buffer
	command.Stdin, command.Stderr = bytes.NewReader(input), &stderr
	output, err := command.Output()
	require.NoError(t, err, "%s", shortened(stderr.String()))
	var results []nodeResult
	require.NoError(t, json.Unmarshal(output, &results))
	require.Len(t, results, len(cases))
	return results
}

// requireNode skips the test if Node or npm's jose is not there, unless they must be: then the gate would prove nothing.
func requireNode(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(filepath.Join("interop", "node_modules", "jose"))
	}
	if err != nil {
		require.Empty(t, os.Getenv("STAGEDOOR_E2E_REQUIRE_NODE"), "%v, and STAGEDOOR_E2E_REQUIRE_NODE is set", err)
		t.Skipf("%v: a Backstage backend's verification is not tested. It needs Node 20 or later, and in e2e/interop: npm ci --omit=dev --ignore-scripts", err)
	}
}

// An unmodified Backstage backend takes our tokens, and makes limited ones of them that it takes, too: under each algorithm, and for names
// that JSON.stringify writes in another way than encoding/json.
func TestTokensVerifyAsInBackstage(t *testing.T) {
	requireNode(t)
	var cases []nodeCase
	var wanted []authprovider.TokenClaims
	for _, alg := range interopAlgorithms {
		issuer := newInteropIssuer(t, func(c *tokenissuer.Config) { c.Algorithm, c.OwnershipInToken = alg, true })
		for _, subject := range []string{"user:default/jane", `user:default/<j&"\>'`, "user:default/a`~!@#$%^&*()=+[]{};,.?|"} {
			claims := interopUser
			claims.Subject = subject
			token, err := issuer.IssueToken(t.Context(), claims)
			require.NoError(t, err)
			cases, wanted = append(cases, nodeCase{issuer.jwksURL, token}), append(wanted, claims)
		}
	}
	for n, result := range asBackstage(t, cases) {
		require.Empty(t, result.Full.Error, "%q", wanted[n].Subject)
		require.Equal(t, wanted[n].Subject, result.Full.Claims["sub"])
		require.Equal(t, []any{"user:default/jane", "group:default/team-a"}, result.Full.Claims["ent"])
		require.Equal(t, interopUser.Claims["tenant"], result.Full.Claims["tenant"])

		ours, expiry, err := tokenissuer.LimitedToken(cases[n].Token)
		require.NoError(t, err)
		require.Equal(t, result.LimitedToken, ours, "byte for byte")
		require.Empty(t, result.Limited.Error)
		require.Equal(t, map[string]any{"sub": wanted[n].Subject, "iat": result.Full.Claims["iat"], "exp": float64(expiry.Unix())}, result.Limited.Claims)
	}
}

// That the script verifies at all shows in what it refuses.
func TestBackstageRefuses(t *testing.T) {
	requireNode(t)
	issuer, other := newInteropIssuer(t), newInteropIssuer(t)
	old := newInteropIssuer(t, func(c *tokenissuer.Config) {
		c.Now = func() time.Time { return time.Now().Add(-2 * time.Hour) }
	})
	token := issuer.issue(t, interopUser)
	results := asBackstage(t, []nodeCase{
		{issuer.jwksURL, forged(t, token)},
		{other.jwksURL, token},
		{old.jwksURL, old.issue(t, interopUser)},
	})
	for n, code := range []string{"ERR_JWS_SIGNATURE_VERIFICATION_FAILED", "ERR_JWKS_NO_MATCHING_KEY", "ERR_JWT_EXPIRED"} {
		require.Equal(t, code, results[n].Full.Error)
		require.Equal(t, code, results[n].Limited.Error)
		require.Empty(t, results[n].Full.Claims)
		require.Empty(t, results[n].Limited.Claims)
	}
}
