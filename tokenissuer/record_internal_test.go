package tokenissuer

import (
	"bytes"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
)

var (
	oneSecret   = bytes.Repeat([]byte{1}, 32)
	otherSecret = bytes.Repeat([]byte{2}, 32)
)

func newTestCodec(t testing.TB, secrets ...[]byte) *recordCodec {
	t.Helper()
	c, err := newRecordCodec(secrets)
	require.NoError(t, err)
	return c
}

func newTestKey(t testing.TB, alg jose.Algorithm) *key {
	t.Helper()
	now := time.Unix(1_800_000_000, 0)
	k, err := generateKey(alg, now, now.Add(lead), 24*time.Hour, time.Hour)
	require.NoError(t, err)
	return k
}

func TestRecordRoundTrip(t *testing.T) {
	c := newTestCodec(t, oneSecret)
	for _, alg := range algorithms() {
		k := newTestKey(t, alg)
		for _, shared := range []bool{true, false} {
			rec, err := c.write("generation-000000000001", k, shared)
			require.NoError(t, err)
			require.LessOrEqual(t, len(rec.Data), maxRecordData)
			require.Equal(t, k.expires, rec.Expires)
			for _, wanted := range []bool{true, false} {
				back, err := c.read(rec, wanted)
				require.NoError(t, err)
				require.Equal(t, k.jwk, back.jwk)
				for _, pair := range [][2]time.Time{{k.created, back.created}, {k.activates, back.activates}, {k.retires, back.retires}, {k.expires, back.expires}} {
					require.True(t, pair[0].Equal(pair[1]))
				}
				require.Equal(t, shared && wanted, back.signer != nil)
				require.Equal(t, shared && wanted, back.private != nil)
			}
		}
	}
}

// A row is good as a whole or not at all.
func TestRecordRefusesWhateverWasAltered(t *testing.T) {
	c := newTestCodec(t, oneSecret)
	rec, err := c.write("generation-000000000001", newTestKey(t, jose.ES256), true)
	require.NoError(t, err)
	refused := func(r KeyRecord) {
		t.Helper()
		k, err := c.read(r, true)
		require.ErrorIs(t, err, errForeign)
		require.Nil(t, k)
	}
	for i := range rec.Data {
		altered := rec
		altered.Data = bytes.Clone(rec.Data)
		altered.Data[i] ^= 1
		refused(altered)
		refused(KeyRecord{ID: rec.ID, Expires: rec.Expires, Data: rec.Data[:i]})
	}
	for _, data := range [][]byte{nil, {}, append(bytes.Clone(rec.Data), ' '), rec.Data[32:], make([]byte, 32), make([]byte, 1<<20)} {
		refused(KeyRecord{ID: rec.ID, Expires: rec.Expires, Data: data})
	}
	for _, id := range []string{"", "generation-000000000002", "generation-00000000000", "generation-0000000000010", "Generation-000000000001"} {
		refused(KeyRecord{ID: id, Expires: rec.Expires, Data: rec.Data})
	}
	for _, by := range []time.Duration{-time.Second, time.Second, -1e9 * time.Second, 1e9 * time.Second} {
		refused(KeyRecord{ID: rec.ID, Expires: rec.Expires.Add(by), Data: rec.Data})
	}
	_, err = newTestCodec(t, otherSecret).read(rec, true)
	require.ErrorIs(t, err, errForeign)
	// Too long, though it was we who wrote it.
	long := KeyRecord{ID: rec.ID, Expires: rec.Expires}
	text := append(bytes.Clone(rec.Data[32:]), bytes.Repeat([]byte{' '}, maxRecordData)...)
	long.Data = append(c.keys[0].sum(long, text), text...)
	refused(long)
}

// What only somebody with the secret can write is read strictly all the same: a replica of another version may be wrong.
func TestRecordRefusesUnderItsOwnMAC(t *testing.T) {
	c := newTestCodec(t, oneSecret)
	k, another := newTestKey(t, jose.ES256), newTestKey(t, jose.ES256)
	fields := func(k *key, shared bool) map[string]any {
		rec, err := c.write("a", k, shared)
		require.NoError(t, err)
		var m map[string]any
		require.NoError(t, json.Unmarshal(rec.Data[32:], &m))
		return m
	}
	read := func(m map[string]any) error {
		text, err := json.Marshal(m)
		require.NoError(t, err)
		rec := KeyRecord{ID: "a", Expires: k.expires}
		rec.Data = append(c.keys[0].sum(rec, text), text...)
		back, err := c.read(rec, true)
		require.Equal(t, err != nil, back == nil)
		return err
	}
	require.NoError(t, read(fields(k, true)))
	sealed, err := newTestCodec(t, otherSecret).write("a", k, true)
	require.NoError(t, err)
	var elsewhere struct{ Private []byte }
	require.NoError(t, json.Unmarshal(sealed.Data[32:], &elsewhere))
	jwk := func(name string, value any) map[string]any {
		m := maps.Clone(fields(k, false)["jwk"].(map[string]any))
		m[name] = value
		return m
	}
	p521, err := jose.GenerateKey(jose.ES512)
	require.NoError(t, err)
	large, err := jose.NewJWK(jose.PublicKey{KeyID: "a", Algorithm: jose.ES512, Key: p521.Public()})
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		member string
		value  any
		want   string
	}{
		"key that we do not make":           {"jwk", large, "ES512"},
		"another version":                   {"v", 2, "version 2"},
		"private half of another key":       {"private", fields(another, true)["private"], "does not open"},
		"private half under another secret": {"private", elsewhere.Private, "does not open"},
		"private half empty":                {"private", []byte{}, "does not open"},
		"private half too short":            {"private", []byte{1, 2, 3}, "does not open"},
		"private half is no PKCS #8":        {"private", c.keys[0].aead.Seal(nil, nil, []byte("MARKER"), []byte(k.public.KeyID)), "is not PKCS #8"},
		"no algorithm":                      {"jwk", jwk("alg", ""), "algorithm"},
		"algorithm of another kind":         {"jwk", jwk("alg", "RS256"), "RS256"},
		"algorithm that we do not have":     {"jwk", jwk("alg", "ES512"), "ES512"},
		"no kid":                            {"jwk", jwk("kid", ""), "kid"},
		"key for encryption":                {"jwk", jwk("use", "enc"), "use"},
		"point off the curve":               {"jwk", jwk("x", another.jwk.X), "jose"},
		"key is a secret":                   {"jwk", map[string]any{"kty": "oct", "k": "AAAA"}, "oct"},
	} {
		m := fields(k, true)
		m[tt.member] = tt.value
		err := read(m)
		require.ErrorContains(t, err, tt.want, name)
		require.NotErrorIs(t, err, errForeign, name)
		require.NotContains(t, err.Error(), "MARKER", name)
	}
	// A private half that opens, but belongs to another public one.
	m := fields(k, true)
	swapped := another.jwk
	swapped.KeyID = k.public.KeyID
	m["jwk"] = swapped
	require.ErrorContains(t, read(m), "belongs to another public key")
}

// The first secret writes, all read.
func TestRecordSecrets(t *testing.T) {
	old, both, turned := newTestCodec(t, oneSecret), newTestCodec(t, oneSecret, otherSecret), newTestCodec(t, otherSecret, oneSecret)
	k := newTestKey(t, jose.EdDSA)
	for _, tt := range []struct {
		writes, reads *recordCodec
		ok            bool
	}{{old, both, true}, {old, turned, true}, {both, old, true}, {turned, both, true}, {turned, old, false}} {
		rec, err := tt.writes.write("a", k, true)
		require.NoError(t, err)
		back, err := tt.reads.read(rec, true)
		require.Equal(t, tt.ok, err == nil)
		require.Equal(t, tt.ok, back != nil && back.signer != nil)
	}
}

// FuzzRecord: nothing is read that was not written under the secret, however little it differs; and what is under the code is read without a panic.
func FuzzRecord(f *testing.F) {
	c := newTestCodec(f, oneSecret)
	good, err := c.write("generation-000000000001", newTestKey(f, jose.ES256), true)
	require.NoError(f, err)
	f.Add("", []byte(nil), uint(0), byte(0), int64(0))
	f.Add("0", []byte(nil), uint(0), byte(0), int64(0))
	f.Add("", []byte("}"), uint(0), byte(0), int64(0))
	f.Add("", []byte(nil), uint(40), byte(32), int64(0))
	f.Add("", []byte(nil), uint(0), byte(0), int64(3600))
	f.Add("", good.Data[32:], uint(0), byte(0), int64(0))
	f.Fuzz(func(t *testing.T, idTail string, tail []byte, at uint, flip byte, later int64) {
		r := KeyRecord{ID: good.ID + idTail, Data: append(bytes.Clone(good.Data), tail...), Expires: time.Unix(good.Expires.Unix()+later, 0)}
		r.Data[at%uint(len(r.Data))] ^= flip
		k, err := c.read(r, true)
		if idTail == "" && len(tail) == 0 && flip == 0 && later == 0 {
			require.NoError(t, err)
			return
		}
		require.ErrorIs(t, err, errForeign)
		require.Nil(t, k)
		if k, err := readKey(c.keys[0], tail, true); err == nil {
			require.NotEmpty(t, k.public.KeyID)
			require.True(t, k.public.Fits(k.public.Algorithm))
		}
	})
}

func TestNextID(t *testing.T) {
	ours, junk := knownKey{key: new(key)}, knownKey{err: errForeign}
	for want, known := range map[string]map[string]knownKey{
		"generation-000000000001":  {"generation-18446744073709551615": junk, "generation-999999999999": junk, "kid": ours, "": ours},
		"generation-000000000004":  {"generation-000000000001": ours, "generation-000000000003": junk, "generation-000000000002": junk},
		"generation-000000000008":  {"generation-000000000007": ours, "generation-000000000003": ours, "generation-9": ours, "generation-+00000000009": ours},
		"generation-1000000000000": {"generation-999999999999": ours},
	} {
		require.Equal(t, want, (&keyRing{known: known}).nextID())
	}
}
