package tokenissuer_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/tokenissuer"
)

func algorithmNames() []string { return []string{"ES256", "ES384", "RS256", "PS256", "EdDSA"} }

// isDeterministic: the same text has the same signature.
func isDeterministic(alg string) bool { return alg == "RS256" || alg == "EdDSA" }

func withAlgorithm(alg string) func(*tokenissuer.Config) {
	return func(c *tokenissuer.Config) { c.Algorithm = alg }
}

// publishedKeys reads the served set as a verifier does, and demands exactly the public members of each kind of key.
func publishedKeys(t testing.TB, i *tokenissuer.Issuer) []jose.PublicKey {
	t.Helper()
	w, err := serve(t, i.ServeJWKS)
	require.NoError(t, err)
	var set jwks
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &set))
	kinds := map[string]struct {
		members []string
		fixed   map[string]string
	}{
		"ES256": {[]string{"x", "y"}, map[string]string{"kty": "EC", "crv": "P-256"}},
		"ES384": {[]string{"x", "y"}, map[string]string{"kty": "EC", "crv": "P-384"}},
		"RS256": {[]string{"n"}, map[string]string{"kty": "RSA", "e": "AQAB"}},
		"PS256": {[]string{"n"}, map[string]string{"kty": "RSA", "e": "AQAB"}},
		"EdDSA": {[]string{"x"}, map[string]string{"kty": "OKP", "crv": "Ed25519"}},
	}
	lengths := map[string]int{"ES256": 43, "ES384": 64, "RS256": 342, "PS256": 342, "EdDSA": 43} // leading zeros included
	for _, k := range set.Keys {
		kind := kinds[k["alg"]]
		require.ElementsMatch(t, slices.Concat([]string{"alg", "kid", "use"}, kind.members, slices.Collect(maps.Keys(kind.fixed))), slices.Collect(maps.Keys(k)))
		for name, want := range kind.fixed {
			require.Equal(t, want, k[name])
		}
		for _, name := range kind.members {
			require.Len(t, k[name], lengths[k["alg"]])
		}
		require.Equal(t, "sig", k["use"])
	}
	keys, skipped, err := jose.ParseJWKSet(w.Body.Bytes())
	require.NoError(t, err)
	require.Empty(t, skipped)
	return keys
}

// verifyAs does what somebody does who has the published keys.
func verifyAs(t testing.TB, keys []jose.PublicKey, token, typ, alg string) {
	t.Helper()
	parsed, err := jose.Parse(token)
	require.NoError(t, err)
	require.Equal(t, jose.Algorithm(alg), parsed.Header().Algorithm)
	require.Equal(t, typ, parsed.Header().Type)
	n := slices.IndexFunc(keys, func(k jose.PublicKey) bool { return k.KeyID == parsed.Header().KeyID })
	require.GreaterOrEqual(t, n, 0)
	require.NoError(t, parsed.Verify(keys[n]))
}

func TestAlgorithms(t *testing.T) {
	for _, alg := range algorithmNames() {
		t.Run(alg, func(t *testing.T) {
			store, clock := newStore()
			issuer, _ := newReplica(t, store, clock, withAlgorithm(alg))
			token := issue(t, issuer, jane)
			keys := publishedKeys(t, issuer)
			require.Len(t, keys, 1)
			verifyAs(t, keys, token, "vnd.backstage.user", alg)
			verifyAs(t, keys, limited(t, token), "vnd.backstage.limited-user", alg)
			_, err := issuer.Verify(t.Context(), token)
			require.NoError(t, err)
			for _, presented := range []string{token, limited(t, token)} {
				body, err := userInfo(t, issuer, presented)
				require.NoError(t, err)
				require.Equal(t, janeInfo, body)
			}
			// A replica takes the key from the store.
			replica, _ := newReplica(t, store, clock, withAlgorithm(alg))
			again := issue(t, replica, authprovider.TokenClaims{Subject: "user:default/jo"})
			require.Equal(t, kidOf(t, token), kidOf(t, again))
			_, err = issuer.Verify(t.Context(), again)
			require.NoError(t, err)
			require.Len(t, listed(t, store), 1)
		})
	}
	_, err := tokenissuer.New(tokenissuer.Config{Issuer: issuerURL, Algorithm: "ES512"})
	require.ErrorContains(t, err, "Config.Algorithm")
	for _, alg := range []string{"none", "HS256", "es256", "RS1"} {
		_, err := tokenissuer.New(tokenissuer.Config{Issuer: issuerURL, Algorithm: alg})
		require.ErrorContains(t, err, "Config.Algorithm", alg)
	}
}

// TestJWKSIsPublic: whatever the keys are, what is served holds nothing of a private half.
func TestJWKSIsPublic(t *testing.T) {
	for alg, keys := range map[string]int{"ES384": 100, "EdDSA": 300, "RS256": 3} {
		store, clock := newStore()
		issuer, _ := newReplica(t, store, clock, withAlgorithm(alg), func(c *tokenissuer.Config) { c.KeyPeriod = 3 * time.Hour })
		seen := make(map[string]bool)
		for len(seen) < keys {
			for _, k := range publishedKeys(t, issuer) {
				seen[k.KeyID] = true
			}
			clock.Advance(50 * time.Minute)
		}
	}
}

// Another algorithm is that of the next key. The old key goes on signing until then, and is served on.
func TestChangeOfAlgorithm(t *testing.T) {
	store, clock := newStore()
	issuer, _ := newReplica(t, store, clock)
	first := issue(t, issuer, jane)
	issuer, _ = newReplica(t, store, clock, withAlgorithm("EdDSA"))
	verifyAs(t, publishedKeys(t, issuer), issue(t, issuer, jane), "vnd.backstage.user", "ES256")
	clock.Advance(5 * 24 * time.Hour)
	require.Len(t, publishedKeys(t, issuer), 2)
	verifyAs(t, publishedKeys(t, issuer), issue(t, issuer, jane), "vnd.backstage.user", "ES256")
	clock.Advance(2 * 24 * time.Hour)
	token := issue(t, issuer, jane)
	verifyAs(t, publishedKeys(t, issuer), token, "vnd.backstage.user", "EdDSA")
	verifyAs(t, publishedKeys(t, issuer), first, "vnd.backstage.user", "ES256")
	_, err := issuer.Verify(t.Context(), token)
	require.NoError(t, err)

	// A replica that is not of the new configuration yet follows.
	old, _ := newReplica(t, store, clock)
	require.Equal(t, kidOf(t, token), kidOf(t, issue(t, old, jane)))
}

// Sign-ins of one user in one second that say different things have answers of their own, whatever the algorithm is.
func TestSignInsOfOneSecond(t *testing.T) {
	for _, alg := range algorithmNames() {
		t.Run(alg, func(t *testing.T) {
			issuer, clock := newIssuer(t, withAlgorithm(alg))
			signIn := func(n int) authprovider.TokenClaims {
				return authprovider.TokenClaims{Subject: jane.Subject, Ownership: []string{fmt.Sprintf("group:default/team-%d", n)}}
			}
			tokens := make(map[string]bool)
			for n := range 30 {
				token := issue(t, issuer, signIn(n))
				tokens[token] = true
				exp := 1_800_003_600
				if isDeterministic(alg) {
					require.Equal(t, token, issue(t, issuer, signIn(n)), "the same sign-in is the same token")
					exp -= n
				}
				claims := claimsOf(t, token)
				require.EqualValues(t, 1_800_000_000, claims["iat"])
				require.EqualValues(t, exp, claims["exp"])
				for _, presented := range []string{token, limited(t, token)} {
					body, err := userInfo(t, issuer, presented)
					require.NoError(t, err)
					require.Equal(t, fmt.Sprintf(`{"claims":{"sub":"user:default/jane","ent":["group:default/team-%d"]}}`, n), body)
				}
			}
			require.Len(t, tokens, 30)
			token, err := issuer.IssueToken(t.Context(), signIn(30))
			if !isDeterministic(alg) {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, authprovider.ErrUnavailable)
			require.Empty(t, token)
			issue(t, issuer, authprovider.TokenClaims{Subject: "user:default/jo"}) // nobody else's business
			clock.Advance(time.Second)
			// The next second's first proofs are not those of this one: exp alone is not all that is signed.
			require.EqualValues(t, 1_800_003_601, claimsOf(t, issue(t, issuer, signIn(30)))["exp"])
		})
	}
}
