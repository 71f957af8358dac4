package tokenissuer_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/tokenissuer"
)

// verifyOK returns what a good token says. That a token was remembered shows in that it is the same value as before.
func verifyOK(t testing.TB, v *tokenissuer.Verifier, token string) *tokenissuer.VerifiedToken {
	t.Helper()
	verified, err := v.Verify(t.Context(), token)
	require.NoError(t, err)
	return verified
}

func TestRememberedTokenIsNotVerifiedAgain(t *testing.T) {
	signer := newSigner(t, "k", jose.ES256)
	_, url := newSite(t, signer)
	v, clock := newVerifier(t, url, remember)
	without, _ := newVerifier(t, url, acceptLimited)
	full, small := janeFrom(clock.Now().Unix())
	for typ, claims := range map[string][]jose.Claim{user: full, limitedUser: small} {
		token := sign(t, signer, typ, claims)
		seen := verifyOK(t, v, token)
		require.Same(t, seen, verifyOK(t, v, strings.Clone(token)))
		require.Equal(t, typ == limitedUser, seen.Limited)
		require.NotSame(t, verifyOK(t, without, token), verifyOK(t, without, token))
	}
	// A second token that says the same is another token.
	token := sign(t, signer, user, full)
	require.NotSame(t, verifyOK(t, v, token), verifyOK(t, v, sign(t, signer, user, full)))
}

// What is remembered is the token with its signature: nobody gets in with another.
func TestRememberedTokenWithAnotherSignature(t *testing.T) {
	signer, foreigner := newSigner(t, "k", jose.ES256), newSigner(t, "k", jose.ES256)
	_, url := newSite(t, signer)
	v, clock := newVerifier(t, url, func(c *tokenissuer.VerifierConfig) { c.CacheSize = 1 }) // they share its only place
	full, _ := janeFrom(clock.Now().Unix())
	token := sign(t, signer, user, full)
	seen := verifyOK(t, v, token)
	signed := token[:strings.LastIndexByte(token, '.')+1]
	forged := sign(t, foreigner, user, full)
	for _, bad := range []string{forged, signed + strings.Repeat("A", 86), changed(t, token, "jane", "john"), token[:len(token)-1], token + "A"} {
		for range 2 {
			_, err := v.Verify(t.Context(), bad)
			require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)
		}
		require.Same(t, seen, verifyOK(t, v, token), "and pushes nothing out")
	}
}

// However the clock moves, a remembered token is as good as one seen for the first time.
func TestRememberedTokenAndTheClock(t *testing.T) {
	signer := newSigner(t, "k", jose.ES256)
	_, url := newSite(t, signer)
	v, clock := newVerifier(t, url, remember)
	start := clock.Now()
	full, small := janeFrom(start.Unix())
	for name, token := range map[string]string{
		"user":    sign(t, signer, user, full),
		"limited": sign(t, signer, limitedUser, small),
		"nbf":     sign(t, signer, user, with(full, "nbf", start.Unix()-60)),
	} {
		t.Run(name, func(t *testing.T) {
			first := -5 * time.Minute
			if name == "nbf" {
				first = -2 * time.Minute
			}
			last := time.Hour + time.Minute
			for _, at := range []time.Duration{0, last - time.Nanosecond, last, 0, first, first - time.Nanosecond, 0, last + time.Hour, last - time.Nanosecond} {
				clock.Advance(start.Add(at).Sub(clock.Now()))
				_, err := v.Verify(t.Context(), token)
				if at < first || at >= last {
					require.ErrorIs(t, err, tokenissuer.ErrInvalidToken, at)
				} else {
					require.NoError(t, err, at)
				}
			}
		})
		clock.Advance(start.Sub(clock.Now()))
	}
}

func TestRememberedTokenAndItsKey(t *testing.T) {
	rsa, err := jose.GenerateKey(jose.RS256)
	require.NoError(t, err)
	rs256, err := jose.NewSigner(rsa, jose.RS256, "k")
	require.NoError(t, err)
	ps256, err := jose.NewSigner(rsa, jose.PS256, "k")
	require.NoError(t, err)
	es256, ed := newSigner(t, "k", jose.ES256), newSigner(t, "k", jose.EdDSA)
	other := newSigner(t, "other", jose.ES256)

	for name, tt := range map[string]struct {
		signer *jose.Signer
		next   []*jose.Signer // that are published later; none: the issuer is down
		same   bool           // the token is remembered still
		err    error
	}{
		"the same":              {es256, []*jose.Signer{es256}, true, nil},
		"the same, RSA":         {rs256, []*jose.Signer{rs256}, true, nil},
		"the same, Ed25519":     {ed, []*jose.Signer{ed}, true, nil},
		"one more":              {es256, []*jose.Signer{other, es256}, true, nil},
		"withdrawn":             {es256, []*jose.Signer{other}, false, jose.ErrUnknownKey},
		"replaced, same kid":    {es256, []*jose.Signer{newSigner(t, "k", jose.ES256)}, false, jose.ErrSignature},
		"replaced, Ed25519":     {ed, []*jose.Signer{newSigner(t, "k", jose.EdDSA)}, false, jose.ErrSignature},
		"replaced, other kind":  {ed, []*jose.Signer{es256}, false, jose.ErrAlgorithm},
		"other kind, replaced":  {es256, []*jose.Signer{ed}, false, jose.ErrAlgorithm},
		"for another algorithm": {rs256, []*jose.Signer{ps256}, false, jose.ErrAlgorithm},
		"down":                  {es256, nil, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				at := new(site)
				at.publish(t, tt.signer)
				v, err := tokenissuer.NewVerifier(tokenissuer.VerifierConfig{Issuer: issuerURL, HTTPClient: &http.Client{Transport: at}, CacheSize: 8})
				require.NoError(t, err)
				defer v.Close()
				full, _ := janeFrom(time.Now().Unix())
				token := sign(t, tt.signer, user, full)
				seen := verifyOK(t, v, token)
				if at.set.Store(nil); tt.next != nil {
					at.publish(t, tt.next...)
				}
				time.Sleep(5 * time.Minute)
				verifyOK(t, v, token) // starts the refresh
				synctest.Wait()
				require.EqualValues(t, 2, at.fetches.Load())
				for range 2 {
					again, err := v.Verify(t.Context(), token)
					require.ErrorIs(t, err, tt.err)
					require.Equal(t, tt.same, again == seen)
				}
			})
		})
	}
}

// Keys that are too old to be used take nobody in, and cost no token its place: the issuer may be back soon.
func TestRememberedTokenWithoutKeys(t *testing.T) {
	signer := newSigner(t, "k", jose.ES256)
	at, url := newSite(t, signer)
	v, clock := newVerifier(t, url, remember)
	full, _ := janeFrom(clock.Now().Unix())
	token := sign(t, signer, user, with(full, "exp", clock.Now().Unix()+100*3600))
	seen := verifyOK(t, v, token)
	at.set.Store(nil)
	clock.Advance(24 * time.Hour)
	_, err := v.Verify(t.Context(), token)
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	at.publish(t, signer)
	clock.Advance(10 * time.Second)
	require.Same(t, seen, verifyOK(t, v, token))
}

// An issuer's own verifier remembers across rotations, in which the keys that are still served stay the same.
func TestRememberedTokenAndRotation(t *testing.T) {
	issuer, clock := newIssuer(t, func(c *tokenissuer.Config) { c.KeyPeriod, c.TTL = 3*time.Hour, 3*time.Hour })
	v, err := issuer.NewVerifier(tokenissuer.VerifierConfig{CacheSize: 8})
	require.NoError(t, err)
	token := issue(t, issuer, jane)
	seen := verifyOK(t, v, token)
	clock.Advance(3*time.Hour - time.Minute)
	require.Len(t, servedKeys(t, issuer).Keys, 2)
	require.Same(t, seen, verifyOK(t, v, token))
}

// The longest tokens would fill the memory, and are verified each time.
func TestLongTokenIsNotRemembered(t *testing.T) {
	issuer, _ := newIssuer(t, func(c *tokenissuer.Config) { c.OwnershipInToken = true })
	v, err := issuer.NewVerifier(tokenissuer.VerifierConfig{CacheSize: 8})
	require.NoError(t, err)
	for _, groups := range []int{100, 500} {
		claims := authprovider.TokenClaims{Subject: jane.Subject}
		for n := range groups {
			claims.Ownership = append(claims.Ownership, fmt.Sprintf("group:default/team-%06d", n))
		}
		token := issue(t, issuer, claims)
		seen, again := verifyOK(t, v, token), verifyOK(t, v, token)
		require.Equal(t, len(token) <= 8<<10, seen == again, "%d bytes", len(token))
		require.Equal(t, groups == 100, seen == again)
		require.Equal(t, claims.Ownership, again.Ownership)
	}
}

// Requests share what is remembered: what one of them appends must not reach another.
func TestRememberedOwnershipIsNotAppendedTo(t *testing.T) {
	issuer, _ := newIssuer(t, func(c *tokenissuer.Config) { c.OwnershipInToken = true })
	v, err := issuer.NewVerifier(tokenissuer.VerifierConfig{CacheSize: 8})
	require.NoError(t, err)
	token := issue(t, issuer, authprovider.TokenClaims{Subject: jane.Subject, Ownership: []string{"user:default/jane", "group:default/a", "group:default/b"}})
	one, two := verifyOK(t, v, token), verifyOK(t, v, token)
	first := append(one.Ownership, "group:default/admins")
	_ = append(two.Ownership, "group:default/guests")
	require.Equal(t, "group:default/admins", first[3])
}

// Tokens that push each other out are never taken for each other, keys that go take their tokens along, and all that under the race
// detector.
func TestRememberedTokensConcurrently(t *testing.T) {
	issuer, _ := newIssuer(t)
	v, err := issuer.NewVerifier(tokenissuer.VerifierConfig{CacheSize: 3, AcceptLimited: true})
	require.NoError(t, err)
	for range 3 { // keys
		var tokens, subjects []string
		for n := range 8 {
			subject := fmt.Sprintf("user:default/jane-%d", n)
			token := issue(t, issuer, authprovider.TokenClaims{Subject: subject})
			tokens, subjects = append(tokens, token, limited(t, token)), append(subjects, subject, subject)
		}
		var wg sync.WaitGroup
		for worker := range 4 {
			wg.Go(func() {
				for n := range 100 {
					which := (n*(worker+1) + worker) % len(tokens)
					verified, err := v.Verify(t.Context(), tokens[which])
					if err != nil || verified.Subject != subjects[which] || verified.Limited != (which%2 == 1) {
						t.Error(verified, err)
					}
				}
			})
		}
		wg.Wait()
		kid := servedKeys(t, issuer).Keys[0]["kid"]
		require.NoError(t, issuer.Revoke(t.Context(), kid))
		require.False(t, slices.ContainsFunc(tokens, func(token string) bool {
			_, err := v.Verify(t.Context(), token)
			return err == nil
		}))
	}
}

func TestRememberedTokenAllocations(t *testing.T) {
	issuer, clock := newIssuer(t)
	local, err := issuer.NewVerifier(tokenissuer.VerifierConfig{CacheSize: 8, AcceptLimited: true})
	require.NoError(t, err)
	signer := newSigner(t, "k", jose.ES256)
	_, url := newSite(t, signer)
	remote, _ := newVerifier(t, url, remember)
	full, small := janeFrom(clock.Now().Unix())
	own := issue(t, issuer, jane)
	for name, tt := range map[string]struct {
		v     *tokenissuer.Verifier
		token string
	}{
		"in process":          {local, own},
		"in process, limited": {local, limited(t, own)},
		"remote":              {remote, sign(t, signer, user, full)},
		"remote, limited":     {remote, sign(t, signer, limitedUser, small)},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			require.Zero(t, testing.AllocsPerRun(100, func() {
				if _, err := tt.v.Verify(ctx, tt.token); err != nil {
					t.Error(err)
				}
			}))
		})
	}
}
