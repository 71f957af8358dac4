package keyset_test

import (
	"crypto"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
)

// A key that is published again is the same value, so that what it has verified can be remembered with it; any other is another one.
func TestKeysStayTheSame(t *testing.T) {
	at, clock := newIssuer(t), newClock()
	keys := newRemote(t, at, clock)
	rsa, err := jose.GenerateKey(jose.RS256)
	require.NoError(t, err)
	signer := func(key crypto.Signer, alg jose.Algorithm, kid string) *jose.Signer {
		s, err := jose.NewSigner(key, alg, kid)
		require.NoError(t, err)
		return s
	}
	ec, other := newSigner(t, "ec", jose.ES256), newSigner(t, "ec", jose.ES256)
	of := func(kid string, alg jose.Algorithm) crypto.PublicKey {
		key, err := keys.Key(t.Context(), kid, alg)
		require.NoError(t, err)
		return key.Key
	}
	next := func(signers ...*jose.Signer) {
		at.publish(t, signers...)
		clock.Advance(time.Hour)
		_, err := keys.Key(t.Context(), "ec", jose.ES256) // starts the refresh
		require.NoError(t, err)
		keys.Idle()
	}
	at.publish(t, signer(rsa, jose.RS256, "rsa"), ec)
	first, firstRSA := of("ec", jose.ES256), of("rsa", jose.RS256)

	next(ec, other, signer(rsa, jose.RS256, "rsa"))
	require.Same(t, first, of("ec", jose.ES256))
	require.Same(t, firstRSA, of("rsa", jose.RS256))

	next(other, signer(rsa, jose.PS256, "rsa")) // the same modulus, for something else
	require.NotSame(t, first, of("ec", jose.ES256))
	require.Equal(t, other.PublicKey().Key, of("ec", jose.ES256))
	require.NotSame(t, firstRSA, of("rsa", jose.PS256))

	next(ec)
	require.NotSame(t, first, of("ec", jose.ES256), "it was gone in between")
	require.EqualValues(t, 4, at.fetches.Load())
}
