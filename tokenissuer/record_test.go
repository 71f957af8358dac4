package tokenissuer_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/tokenissuer"
)

// logLines collects what is logged.
type logLines struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// count returns how many lines hold some text.
func (l *logLines) count(text string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// newReplica makes an issuer on a shared store.
func newReplica(t testing.TB, store tokenissuer.KeyStore, clock *authprovidertest.Clock, change ...func(*tokenissuer.Config)) (*tokenissuer.Issuer, *logLines) {
	t.Helper()
	logged := new(logLines)
	issuer, _ := newIssuer(t, append([]func(*tokenissuer.Config){func(c *tokenissuer.Config) {
		c.Keys, c.Now, c.Logger = store, clock.Now, slog.New(slog.NewTextHandler(logged, nil))
	}}, change...)...)
	return issuer, logged
}

func newStore() (*failingStore, *authprovidertest.Clock) {
	clock := newClock()
	return &failingStore{MemoryKeyStore: tokenissuer.MemoryKeyStore{Now: clock.Now}}, clock
}

func kidOf(t testing.TB, token string) string {
	t.Helper()
	parsed, err := jose.Parse(token)
	require.NoError(t, err)
	return parsed.Header().KeyID
}

func servedKIDs(t testing.TB, i *tokenissuer.Issuer) (kids []string) {
	t.Helper()
	for _, k := range servedKeys(t, i).Keys {
		kids = append(kids, k["kid"])
	}
	return kids
}

func listed(t testing.TB, store tokenissuer.KeyStore) []tokenissuer.KeyRecord {
	t.Helper()
	records, err := store.ListKeys(t.Context())
	require.NoError(t, err)
	return records
}

// insert writes rows as somebody does who has the database and not the secret.
func insert(t testing.TB, store *failingStore, rows ...tokenissuer.KeyRecord) {
	t.Helper()
	for _, r := range rows {
		require.NoError(t, store.DeleteKey(t.Context(), r.ID))
		require.NoError(t, store.MemoryKeyStore.CreateKey(t.Context(), r))
	}
}

func foreignKey(t testing.TB, kid string) *jose.Signer {
	t.Helper()
	private, err := jose.GenerateKey(jose.ES256)
	require.NoError(t, err)
	if kid == "" {
		kid, err = jose.Thumbprint(private.Public())
		require.NoError(t, err)
	}
	signer, err := jose.NewSigner(private, jose.ES256, kid)
	require.NoError(t, err)
	return signer
}

func foreignRecord(t testing.TB, id string, signer *jose.Signer, expires time.Time) tokenissuer.KeyRecord {
	t.Helper()
	r, err := tokenissuer.WriteRecord([]byte("another secret of at least 32 bytes"), id, signer, expires)
	require.NoError(t, err)
	return r
}

// Rows that somebody added: none is served, each is logged once, and the keys beside them live on and are succeeded.
func TestForeignRowsAreNotServed(t *testing.T) {
	store, clock := newStore()
	running, logged := newReplica(t, store, clock)
	token := issue(t, running, jane)
	good := listed(t, store)[0]
	far := clock.Now().Add(100 * 365 * 24 * time.Hour)
	row := func(id string, data []byte) tokenissuer.KeyRecord {
		return tokenissuer.KeyRecord{ID: id, Data: data, Expires: good.Expires}
	}
	attacker := foreignKey(t, "")
	rows := []tokenissuer.KeyRecord{
		foreignRecord(t, attacker.PublicKey().KeyID, attacker, far),
		foreignRecord(t, "same-kid", foreignKey(t, kidOf(t, token)), far),
		foreignRecord(t, "generation-000000000002", attacker, far),
		foreignRecord(t, "generation-18446744073709551615", attacker, far),
		foreignRecord(t, "generation-999999999999", attacker, far),
		row("generation-000000000003", good.Data),
		row("replayed", good.Data),
		row("truncated", good.Data[:len(good.Data)-1]),
		row("code-alone", good.Data[:32]),
		row("no-code", good.Data[32:]),
		row("empty", nil),
		row("megabyte", make([]byte, 1<<20)),
		row("text", []byte(`{"v":1,"jwk":{"kty":"oct","k":"AAAA"},"expires":9e9}`)),
	}
	insert(t, store, rows...)
	fresh, freshLogged := newReplica(t, store, clock)
	perReplica, perReplicaLogged := newReplica(t, store, clock, func(c *tokenissuer.Config) { c.PerReplicaKeys = true })
	minute := func() {
		t.Helper()
		clock.Advance(time.Minute)
		want := servedKIDs(t, running)
		for _, kid := range want {
			require.NotEqual(t, attacker.PublicKey().KeyID, kid)
		}
		require.ElementsMatch(t, want, servedKIDs(t, fresh))
		require.Contains(t, want, kidOf(t, issue(t, running, jane)))
		require.Contains(t, want, kidOf(t, issue(t, fresh, jane)))
		_, err := fresh.Verify(t.Context(), token)
		require.NoError(t, err)
	}
	issue(t, perReplica, jane)
	for range 5 {
		minute()
	}
	store.down = true
	for range 5 {
		minute()
	}
	store.down = false
	for range 5 {
		minute()
	}
	for _, l := range []*logLines{logged, freshLogged, perReplicaLogged} {
		require.Equal(t, len(rows), l.count("not served"))
		for _, r := range rows {
			require.Equal(t, 1, l.count("id="+r.ID+" "), r.ID)
		}
	}
	require.LessOrEqual(t, logged.count("not brought up to date"), 5, "an outage is not a flood of lines")
	forged, err := attacker.SignJWT("vnd.backstage.user", jose.Claim{Name: "iss", Value: issuerURL}, jose.Claim{Name: "sub", Value: "user:default/admin"},
		jose.Claim{Name: "aud", Value: "backstage"}, jose.Claim{Name: "iat", Value: clock.Now().Unix()}, jose.Claim{Name: "exp", Value: clock.Now().Unix() + 600})
	require.NoError(t, err)
	for _, i := range []*tokenissuer.Issuer{running, fresh, perReplica} {
		_, err := i.Verify(t.Context(), forged)
		require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)
	}

	before := len(listed(t, store))
	clock.Advance(5 * 24 * time.Hour) // the successor is due
	require.Len(t, servedKeys(t, running).Keys, 3)
	require.ElementsMatch(t, servedKIDs(t, running), servedKIDs(t, fresh))
	require.Len(t, listed(t, store), before+1)
}

// altered returns what somebody can make of a row.
func altered(r tokenissuer.KeyRecord) map[string]tokenissuer.KeyRecord {
	data := bytes.Clone(r.Data)
	data[len(data)/2] ^= 1
	rows := map[string]tokenissuer.KeyRecord{"data": {ID: r.ID, Data: data, Expires: r.Expires}}
	rows["expires, later"] = tokenissuer.KeyRecord{ID: r.ID, Data: r.Data, Expires: r.Expires.Add(365 * 24 * time.Hour)}
	rows["expires, sooner"] = tokenissuer.KeyRecord{ID: r.ID, Data: r.Data, Expires: r.Expires.Add(-time.Second)}
	rows["truncated"] = tokenissuer.KeyRecord{ID: r.ID, Data: r.Data[:40], Expires: r.Expires}
	rows["empty"] = tokenissuer.KeyRecord{ID: r.ID, Expires: r.Expires}
	return rows
}

func TestAlteredRowIsNotServed(t *testing.T) {
	store, clock := newStore()
	first, _ := newReplica(t, store, clock)
	issue(t, first, jane)
	for name := range altered(listed(t, store)[0]) {
		t.Run(name, func(t *testing.T) {
			store, clock := newStore()
			running, logged := newReplica(t, store, clock)
			token := issue(t, running, jane)
			insert(t, store, altered(listed(t, store)[0])[name])

			// Who starts now cannot tell a row that was altered from a secret that is wrong, and makes no key that others would refuse.
			fresh, _ := newReplica(t, store, clock)
			_, err := fresh.IssueToken(t.Context(), jane)
			require.ErrorIs(t, err, authprovider.ErrUnavailable)
			require.ErrorContains(t, err, "Config.Secrets")
			_, err = serve(t, fresh.ServeJWKS)
			require.ErrorIs(t, err, authprovider.ErrUnavailable)

			// Who had it knows that the secret is right: the key goes, as if the row had been deleted, and another signs.
			clock.Advance(time.Minute)
			_, err = running.Verify(t.Context(), token)
			require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)
			require.NotContains(t, servedKIDs(t, running), kidOf(t, token))
			require.Equal(t, servedKIDs(t, running)[0], kidOf(t, issue(t, running, jane)))
			require.Equal(t, 1, logged.count("not served"))
			require.Equal(t, kidOf(t, issue(t, running, jane)), kidOf(t, issue(t, fresh, jane)))
		})
	}
}

// Two rows whose contents were exchanged.
func TestSwappedRowsAreNotServed(t *testing.T) {
	store, clock := newStore()
	issuer, logged := newReplica(t, store, clock)
	issue(t, issuer, jane)
	clock.Advance(5 * 24 * time.Hour)
	old := servedKIDs(t, issuer)
	require.Len(t, old, 2)
	rows := listed(t, store)
	rows[0].ID, rows[1].ID = rows[1].ID, rows[0].ID
	insert(t, store, rows...)
	clock.Advance(time.Minute)
	for _, kid := range servedKIDs(t, issuer) {
		require.NotContains(t, old, kid)
	}
	require.Equal(t, 2, logged.count("not served"))
}

// A replica with a wrong secret says so, makes nothing, and disturbs nobody.
func TestWrongSecret(t *testing.T) {
	store, clock := newStore()
	right, _ := newReplica(t, store, clock)
	token := issue(t, right, jane)
	wrong, logged := newReplica(t, store, clock, func(c *tokenissuer.Config) {
		c.Secrets = [][]byte{[]byte("MARKER, which is not the secret of the others")}
	})
	for range 30 {
		_, err := wrong.IssueToken(t.Context(), jane)
		require.ErrorIs(t, err, authprovider.ErrUnavailable)
		require.ErrorContains(t, err, "Config.Secrets")
		require.NotContains(t, err.Error(), "MARKER")
		_, err = wrong.Verify(t.Context(), token)
		require.ErrorIs(t, err, authprovider.ErrUnavailable, "not known to be invalid")
		_, err = right.Verify(t.Context(), issue(t, right, jane))
		require.NoError(t, err)
		clock.Advance(time.Minute)
	}
	require.Len(t, listed(t, store), 1)
	require.Equal(t, 1, logged.count("not served"))
	require.Zero(t, logged.count("MARKER"))
}

// A secret is exchanged in two steps, one replica after the other, without a gap; after that the old one is worth nothing.
func TestSecretsRotation(t *testing.T) {
	store, clock := newStore()
	next := []byte("the next secret, of thirty-two bytes or more")
	secrets := func(s ...[]byte) func(*tokenissuer.Config) { return func(c *tokenissuer.Config) { c.Secrets = s } }
	replicas := make([]*tokenissuer.Issuer, 3)
	deploy := func(s ...[]byte) {
		for n := range replicas {
			replicas[n], _ = newReplica(t, store, clock, secrets(s...))
			for range 10 { // rotations meanwhile
				clock.Advance(17 * time.Hour)
				var tokens []string
				for _, i := range replicas {
					if i != nil {
						tokens = append(tokens, issue(t, i, jane))
					}
				}
				for _, token := range tokens {
					for _, i := range replicas {
						if i != nil {
							_, err := i.Verify(t.Context(), token)
							require.NoError(t, err)
						}
					}
				}
			}
		}
	}
	deploy(secret)
	deploy(secret, next)
	deploy(next, secret)
	clock.Advance(7 * 24 * time.Hour)
	token := issue(t, replicas[0], jane)
	deploy(next)
	_, err := replicas[0].Verify(t.Context(), token)
	require.ErrorIs(t, err, tokenissuer.ErrInvalidToken, "it expired meanwhile")
	old, _ := newReplica(t, store, clock, secrets(secret))
	_, err = old.IssueToken(t.Context(), jane)
	require.ErrorContains(t, err, "Config.Secrets")
}

// brokenRowStore lists no row that is broken, but has it: CreateKey of that ID says so.
type brokenRowStore struct {
	failingStore
	broken string
}

func (s *brokenRowStore) CreateKey(ctx context.Context, r tokenissuer.KeyRecord) error {
	if r.ID == s.broken {
		return fmt.Errorf("row %q: %w", r.ID, tokenissuer.ErrKeyExists)
	}
	return s.failingStore.CreateKey(ctx, r)
}

func TestBrokenRowInTheWay(t *testing.T) {
	clock := newClock()
	store := &brokenRowStore{broken: "generation-000000000001"}
	issuer, _ := newReplica(t, store, clock)
	issue(t, issuer, jane)
	require.Equal(t, "generation-000000000002", listed(t, store)[0].ID)
}
