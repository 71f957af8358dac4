package samlauth

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// A message that inflates without end is read as far as it may go.
func TestLogoutBomb(t *testing.T) {
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestCompression)
	require.NoError(t, err)
	_, err = w.Write(make([]byte, 8<<20))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	m, err := readLogoutQuery("SAMLResponse=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated.Bytes())))
	require.NoError(t, err)
	require.Len(t, m.message, maxMessage+1)
}

func TestLogoutIDs(t *testing.T) {
	old, next := logoutIDs{keys: [][]byte{{1}}}, logoutIDs{keys: [][]byte{{2}, {1}}}
	id := old.create()
	require.NotEqual(t, id, old.create())
	require.True(t, validNCName(id))
	require.True(t, next.ours(id), "the secret has been rotated")
	require.False(t, logoutIDs{keys: [][]byte{{3}}}.ours(id))
	for _, text := range []string{"", "_", id[:len(id)-2], id + "00", "_" + id[3:] + "00"} {
		require.False(t, old.ours(text), text)
	}
}
