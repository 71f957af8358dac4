package tokenissuer_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/tokenissuer"
)

func (s *failingStore) DeleteKey(ctx context.Context, id string) error {
	if s.down {
		return errDown
	}
	return s.MemoryKeyStore.DeleteKey(ctx, id)
}

// The key that signs: here at once, elsewhere within two minutes even if all that a replica does is to issue tokens, and within one if
// somebody asks for the keys.
func TestRevokeSigningKey(t *testing.T) {
	for _, perReplica := range []bool{false, true} {
		store, clock := newStore()
		mode := func(c *tokenissuer.Config) { c.PerReplicaKeys = perReplica }
		here, logged := newReplica(t, store, clock, mode)
		issuing, _ := newReplica(t, store, clock, mode)
		publishing, _ := newReplica(t, store, clock, mode)
		token := issue(t, here, jane)
		stolen := kidOf(t, token)
		_, err := publishing.Verify(t.Context(), token)
		require.NoError(t, err)
		if perReplica { // it is the issuing replica's own
			stolen = kidOf(t, issue(t, issuing, jane))
		}
		issue(t, issuing, jane)
		require.NoError(t, here.Revoke(t.Context(), stolen))
		require.Equal(t, 1, logged.count("key revoked"))
		require.NotContains(t, servedKIDs(t, here), stolen)
		after := issue(t, here, jane)
		require.NotEqual(t, stolen, kidOf(t, after))
		require.Contains(t, servedKIDs(t, here), kidOf(t, after))
		if !perReplica {
			_, err := here.Verify(t.Context(), token)
			require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)
		}
		require.ErrorIs(t, here.Revoke(t.Context(), stolen), tokenissuer.ErrKeyNotFound)

		clock.Advance(time.Minute)
		require.NotContains(t, servedKIDs(t, publishing), stolen)
		clock.Advance(time.Minute)
		require.NotEqual(t, stolen, kidOf(t, issue(t, issuing, jane)))
		for _, i := range []*tokenissuer.Issuer{here, issuing, publishing} {
			require.NotContains(t, servedKIDs(t, i), stolen)
			token := issue(t, i, jane)
			if !perReplica {
				require.Equal(t, kidOf(t, after), kidOf(t, token))
			}
			_, err := i.Verify(t.Context(), token)
			require.NoError(t, err)
		}
	}
}

// The next key, before it signs: another takes its place, published for as long.
func TestRevokeSuccessor(t *testing.T) {
	store, clock := newStore()
	issuer, _ := newReplica(t, store, clock)
	signing := kidOf(t, issue(t, issuer, jane))
	clock.Advance(5 * 24 * time.Hour)
	kids := servedKIDs(t, issuer)
	require.Equal(t, 2, len(kids))
	successor := kids[0]
	if successor == signing {
		successor = kids[1]
	}
	require.NoError(t, issuer.Revoke(t.Context(), successor))
	kids = servedKIDs(t, issuer)
	require.Len(t, kids, 2)
	require.Contains(t, kids, signing)
	require.NotContains(t, kids, successor)
	require.Equal(t, signing, kidOf(t, issue(t, issuer, jane)))
	clock.Advance(2 * 24 * time.Hour)
	require.Contains(t, kids, kidOf(t, issue(t, issuer, jane)))
}

// Whoever can write to the store has kept the row, and puts it back. Junk beside it changes nothing either.
func TestRevokedKeyIsNotServedAgain(t *testing.T) {
	store, clock := newStore()
	issuer, _ := newReplica(t, store, clock)
	other, _ := newReplica(t, store, clock)
	token := issue(t, issuer, jane)
	issue(t, other, jane)
	row := listed(t, store)[0]
	insert(t, store, foreignRecord(t, "junk", foreignKey(t, ""), clock.Now().Add(1000*time.Hour)))
	require.NoError(t, issuer.Revoke(t.Context(), kidOf(t, token)))
	renewed := issue(t, issuer, jane)
	require.NotEqual(t, kidOf(t, token), kidOf(t, renewed))
	clock.Advance(2 * time.Minute)
	require.Equal(t, kidOf(t, renewed), kidOf(t, issue(t, other, jane)))
	for _, id := range []string{row.ID, "another"} {
		row.ID = id
		insert(t, store, row)
		for range 5 {
			clock.Advance(time.Minute)
			require.NotContains(t, servedKIDs(t, issuer), kidOf(t, token))
			_, err := issuer.Verify(t.Context(), token)
			require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)
			require.NotEqual(t, kidOf(t, token), kidOf(t, issue(t, issuer, jane)))
		}
	}
}

// With junk in the store and no key of ours any more, a replica that did not revoke makes the next key itself.
func TestRevokeThenJunkAlone(t *testing.T) {
	store, clock := newStore()
	other, _ := newReplica(t, store, clock)
	token := issue(t, other, jane)
	insert(t, store, foreignRecord(t, "junk", foreignKey(t, ""), clock.Now().Add(1000*time.Hour)))
	require.NoError(t, store.DeleteKey(t.Context(), "generation-000000000001"))
	clock.Advance(2 * time.Minute)
	require.NotEqual(t, kidOf(t, token), kidOf(t, issue(t, other, jane)))
}

func TestRevokeErrors(t *testing.T) {
	store, clock := newStore()
	issuer, _ := newReplica(t, store, clock)
	require.ErrorIs(t, issuer.Revoke(t.Context(), "nobody's"), tokenissuer.ErrKeyNotFound)
	token := issue(t, issuer, jane)
	foreign := foreignKey(t, "")
	insert(t, store, foreignRecord(t, foreign.PublicKey().KeyID, foreign, clock.Now().Add(time.Hour)))
	for _, kid := range []string{"", "nobody's", foreign.PublicKey().KeyID, "generation-000000000001"} {
		require.ErrorIs(t, issuer.Revoke(t.Context(), kid), tokenissuer.ErrKeyNotFound, kid)
	}
	require.Len(t, listed(t, store), 2)

	store.down = true
	err := issuer.Revoke(t.Context(), kidOf(t, token))
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.ErrorIs(t, err, errDown)
	_, err = issuer.Verify(t.Context(), token)
	require.NoError(t, err, "not withdrawn")
	store.down = false
	require.NoError(t, issuer.Revoke(t.Context(), kidOf(t, token)))

	// In memory alone.
	issuer, _ = newIssuer(t)
	token = issue(t, issuer, jane)
	require.NoError(t, issuer.Revoke(t.Context(), kidOf(t, token)))
	_, err = issuer.Verify(t.Context(), token)
	require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)

	// Of files: they are not ours.
	file := filepath.Join(t.TempDir(), "key.pem")
	require.NoError(t, os.WriteFile(file, privatePEM(t, newPrivate(t, "ES256")), 0o600))
	issuer, _ = newIssuer(t, func(c *tokenissuer.Config) { c.KeyFiles = []tokenissuer.KeyFile{{PrivateKeyFile: file}} })
	token = issue(t, issuer, jane)
	require.ErrorIs(t, issuer.Revoke(t.Context(), kidOf(t, token)), authprovider.ErrNotSupported)
	_, err = issuer.Verify(t.Context(), token)
	require.NoError(t, err)
}

// goneStore goes down after the row was deleted.
type goneStore struct{ failingStore }

func (s *goneStore) DeleteKey(ctx context.Context, id string) error {
	err := s.failingStore.DeleteKey(ctx, id)
	s.down = true
	return err
}

func TestRevokeJustBeforeAnOutage(t *testing.T) {
	clock := newClock()
	store := new(goneStore)
	issuer, _ := newReplica(t, store, clock)
	token := issue(t, issuer, jane)
	require.NoError(t, issuer.Revoke(t.Context(), kidOf(t, token)))
	_, err := issuer.Verify(t.Context(), token)
	require.True(t, errors.Is(err, authprovider.ErrUnavailable) || errors.Is(err, tokenissuer.ErrInvalidToken), err)
	_, err = issuer.IssueToken(t.Context(), jane)
	require.ErrorIs(t, err, authprovider.ErrUnavailable, "not with the revoked key")
	store.down = false
	clock.Advance(10 * time.Second)
	require.NotEqual(t, kidOf(t, token), kidOf(t, issue(t, issuer, jane)))
}

func TestRevokeHonoursItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slowStore{gate: make(chan struct{})}
		issuer, _ := newReplica(t, store, newClock())
		done := make(chan error, 1)
		go func() {
			_, err := issuer.IssueToken(t.Context(), jane)
			done <- err
		}()
		synctest.Wait() // it waits for the store
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, issuer.Revoke(ctx, "any"), context.Canceled)
		close(store.gate)
		require.NoError(t, <-done)
	})
}
