package authconfig_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authconfig/builtin"
)

const baseURLs = "app: {baseUrl: http://localhost:3000}\nbackend: {baseUrl: http://localhost:7007}\n"

// load loads YAML files by name, in the order of files.
func load(t *testing.T, environment map[string]string, s authconfig.Source, files ...string) (*authconfig.Config, error) {
	t.Helper()
	fsys := fstest.MapFS{"base.yaml": {Data: []byte(baseURLs)}}
	s.Files = []string{"base.yaml"}
	for i, text := range files {
		name := string(rune('a'+i)) + ".yaml"
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
		s.Files = append(s.Files, name)
	}
	s.FS, s.Env = fsys, env(environment)
	if s.Providers == nil {
		s.Providers = builtin.Registry()
	}
	return authconfig.Load(s)
}

// requireFaults demands exactly these lines.
func requireFaults(t *testing.T, err error, lines ...string) {
	t.Helper()
	require.EqualError(t, err, "authconfig: "+strings.Join(lines, "\nauthconfig: "))
	require.IsType(t, authconfig.Errors{}, err)
}
