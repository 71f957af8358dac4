package builtin_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authconfig/builtin"
)

var update = flag.Bool("update", false, "write schema.json")

// TestSchema holds the schema that editors read to the Go types: run it with -update after a change of those.
func TestSchema(t *testing.T) {
	const file = "../schema.json"
	want, err := authconfig.Schema(builtin.Registry())
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(file, want, 0o644))
	}
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.True(t, bytes.Equal(got, want), "schema.json is not what the Go types say: go generate ./authconfig")
	require.True(t, json.Valid(got))
}
