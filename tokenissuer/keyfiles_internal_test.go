package tokenissuer

import (
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
)

func writeTestKey(t testing.TB, path string) {
	t.Helper()
	private, err := jose.GenerateKey(jose.ES256)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
}

// Keys that did not change are the same ones in memory after the files were read again: a cache of verified tokens goes by that.
func TestUnchangedKeyFilesKeepTheirKeys(t *testing.T) {
	dir, now := t.TempDir(), time.Unix(1_800_000_000, 0)
	one, two := filepath.Join(dir, "1"), filepath.Join(dir, "2")
	writeTestKey(t, one)
	writeTestKey(t, two)
	f, err := newFileKeys([]KeyFile{{PrivateKeyFile: one}, {PrivateKeyFile: two}}, jose.ES256, now, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	read := func() []*key {
		now = now.Add(time.Minute)
		before := f.snapshot.Load()
		s, err := f.current(t.Context(), now)
		require.NoError(t, err)
		require.NotSame(t, before, s)
		return slices.Clone(s.served)
	}
	first := read()
	again := read()
	require.Same(t, first[0], again[0])
	require.Same(t, first[1], again[1])
	writeTestKey(t, two)
	changed := read()
	require.Same(t, first[0], changed[0])
	require.NotSame(t, first[1], changed[1])
	require.NoError(t, os.Remove(one))
	broken := read()
	require.Same(t, changed[0], broken[0])
	require.Same(t, changed[1], broken[1])
}

// While one reads the files the others go on with what there is.
func TestKeyFilesAreReadByOne(t *testing.T) {
	path, now := filepath.Join(t.TempDir(), "1"), time.Unix(1_800_000_000, 0)
	writeTestKey(t, path)
	f, err := newFileKeys([]KeyFile{{PrivateKeyFile: path}}, jose.ES256, now, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	before := f.snapshot.Load()
	now = now.Add(time.Hour)
	f.mu.Lock() // a file system that does not answer
	for range 20 {
		s, err := f.current(t.Context(), now)
		require.NoError(t, err)
		require.Same(t, before, s)
		k, err := f.signing(t.Context(), now)
		require.NoError(t, err)
		require.Same(t, before.signer, k)
	}
	f.mu.Unlock()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := f.current(t.Context(), now); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.NotSame(t, before, f.snapshot.Load())
}
