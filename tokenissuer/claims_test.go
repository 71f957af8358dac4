package tokenissuer_test

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/tokenissuer"
)

func TestRefusedClaims(t *testing.T) {
	claim := func(name string, value any) authprovider.TokenClaims {
		return authprovider.TokenClaims{Subject: "user:default/jane", Claims: map[string]any{name: value}}
	}
	deep := any("x")
	for range 40 {
		deep = []any{deep}
	}
	tests := map[string]authprovider.TokenClaims{
		"no subject":                 {},
		"subject without kind":       {Subject: "jane"},
		"subject without name":       {Subject: "user:default/"},
		"subject with a line":        {Subject: "user:default/ja\nne"},
		"subject not ASCII":          {Subject: "user:default/zo\u00eb"},
		"subject not UTF-8":          {Subject: "user:default/\xff"},
		"ownership no reference":     {Subject: "user:default/jane", Ownership: []string{"team-a"}},
		"name empty":                 claim("", 1),
		"name too long":              claim(strings.Repeat("a", 65), 1),
		"name adds a claim":          claim(`x":0,"admin`, true), // GHSA-4cf7-xm37-g63h
		"name adds a claim, escaped": claim(`x\":0,\"admin`, true),
		"name with a space":          claim("a b", 1),
		"name with a line":           claim("a\n", 1),
		"name not ASCII":             claim("\u212aey", 1), // the Kelvin sign folds to k
		"name NUL":                   claim("a\x00", 1),
		"name a twin":                {Subject: "user:default/jane", Claims: map[string]any{"team": 1, "Team": 2}},
		"name a twin of a known one": claim("Email", "jane@example.com"),
		"value no JSON":              claim("a", math.Inf(1)),
		"value a function":           claim("a", func() {}),
		"value invalid raw JSON":     claim("a", json.RawMessage(`1,"sub":"user:default/admin"`)),
		"value raw duplicates":       claim("a", json.RawMessage(`{"b":1,"b":2}`)),
		"value a false number":       claim("a", json.Number(`1,"sub":"user:default/admin"`)),
		"value not UTF-8":            claim("a", "\xff"),
		"value too deep":             claim("a", deep),
	}
	for _, name := range []string{"iss", "sub", "ent", "aud", "iat", "exp", "uip", "nbf", "jti", "typ", "Sub", "EXP", "eNt", "UIP"} {
		tests["reserved "+name] = claim(name, "x")
	}
	issuer, _ := newIssuer(t)
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			token, err := issuer.IssueToken(t.Context(), c)
			require.ErrorIs(t, err, tokenissuer.ErrClaim)
			require.Empty(t, token)
			for kind := range map[error]bool{authprovider.ErrInput: true, authprovider.ErrNoMatch: true, authprovider.ErrAuthentication: true} {
				require.NotErrorIs(t, err, kind, "the host's mistake must not be shown as the person's")
			}
			for reserved := range strings.FieldsSeq(strings.TrimPrefix(name, "reserved ")) {
				if strings.HasPrefix(name, "reserved ") {
					require.ErrorContains(t, err, strconv.Quote(reserved)+" is reserved")
				}
			}
		})
	}
}

func TestCustomClaimsReadBack(t *testing.T) {
	asked := map[string]any{
		"https://example.com/role": "admin", "a.b-c_d:e/f": `"},{<&>` + "\u2028", "n": 12345678901234567, "list": []any{1, nil, true},
		"object": map[string]any{"sub": "user:default/admin", "z": 1.5}, strings.Repeat("a", 64): "", "email": "jane@example.com",
	}
	issuer, _ := newIssuer(t)
	token := issue(t, issuer, authprovider.TokenClaims{Subject: "user:default/jane", Claims: asked})
	claims := claimsOf(t, token)
	require.Equal(t, "user:default/jane", claims["sub"])
	require.Len(t, claims, len(asked)+6)
	for name, want := range asked {
		wantText, err := json.Marshal(want)
		require.NoError(t, err)
		gotText, err := json.Marshal(claims[name])
		require.NoError(t, err)
		if name == "n" { // a float64 cannot hold it, the token does
			_, payload := texts(t, token)
			require.Contains(t, payload, `"n":12345678901234567,`)
			continue
		}
		require.JSONEq(t, string(wantText), string(gotText), name)
	}
}

func TestSize(t *testing.T) {
	const marker = "MARKER"
	withClaim := func(n int) authprovider.TokenClaims {
		return authprovider.TokenClaims{Subject: "user:default/jane", Claims: map[string]any{"a": marker + strings.Repeat("x", n-len(marker))}}
	}
	groups := func(n int) authprovider.TokenClaims {
		c := authprovider.TokenClaims{Subject: "user:default/jane"}
		for g := range n {
			c.Ownership = append(c.Ownership, "group:default/"+marker+"-"+strconv.Itoa(g))
		}
		return c
	}
	issuer, _ := newIssuer(t)
	inToken, _ := newIssuer(t, func(c *tokenissuer.Config) { c.OwnershipInToken = true })

	// The limit is exact: one more byte of payload than the largest token has is one too many.
	size := func(n int) int {
		token, err := issuer.IssueToken(t.Context(), withClaim(n))
		if err != nil {
			require.ErrorIs(t, err, tokenissuer.ErrTooLarge)
			return 0
		}
		return len(token)
	}
	largest := 24000
	for size(largest+1) > 0 {
		largest++
	}
	require.Contains(t, []int{32767, 32768}, size(largest))

	tests := map[string]struct {
		issuer *tokenissuer.Issuer
		claims authprovider.TokenClaims
		ok     bool
	}{
		"claim over the limit":            {issuer, withClaim(largest + 1), false},
		"claim over the parser's limit":   {issuer, withClaim(60 << 10), false},
		"claim of a megabyte":             {issuer, withClaim(1 << 20), false},
		"1500 groups, not in the token":   {issuer, groups(1500), true},
		"1500 groups in the token":        {inToken, groups(1500), false},
		"500 groups in the token":         {inToken, groups(500), true},
		"50000 groups, not in the token":  {issuer, groups(50000), false},
		"50000 groups, in the token":      {inToken, groups(50000), false},
		"5000 line separators in a claim": {issuer, authprovider.TokenClaims{Subject: "user:default/jane", Claims: map[string]any{"a": strings.Repeat("\u2028", 5000)}}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			token, err := tt.issuer.IssueToken(t.Context(), tt.claims)
			if tt.ok {
				require.NoError(t, err)
				require.LessOrEqual(t, len(token), 32768)
				return
			}
			require.ErrorIs(t, err, tokenissuer.ErrTooLarge)
			require.Empty(t, token)
			require.NotContains(t, err.Error(), marker)
			require.NotContains(t, err.Error(), "jane")
			require.Less(t, len(err.Error()), 250)
			require.Regexp(t, `\d{3,} bytes|at most \d+ bytes`, err.Error())
		})
	}
}
