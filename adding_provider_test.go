package stagedoor_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// codeLines returns the lines of a text that are not blank, without their indentation.
func codeLines(text string) string {
	var lines strings.Builder
	lines.WriteByte('\n')
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines.WriteString(line + "\n")
		}
	}
	return lines.String()
}

// TestAddingAProvider: every block of Go in docs/adding-a-provider.md stands in examples/custom-provider as it is, in one piece. There it is compiled
// and run by the tests of its package; that of the portal makes the request that the page ends with.
func TestAddingAProvider(t *testing.T) {
	sources := make(map[string]string)
	require.NoError(t, filepath.WalkDir("examples/custom-provider", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		source, err := os.ReadFile(path)
		sources[path] = codeLines(string(source))
		return err
	}))
	page, err := os.ReadFile("docs/adding-a-provider.md")
	require.NoError(t, err)
	used := make(map[string]bool)
	for i, block := range strings.Split(string(page), "```go\n") {
		if i == 0 {
			continue
		}
		code, _, ok := strings.Cut(block, "```")
		require.True(t, ok)
		found := false
		for path, source := range sources {
			if strings.Contains(source, codeLines(code)) {
				found = true
				used[filepath.Dir(path)] = true
			}
		}
		require.True(t, found, "docs/adding-a-provider.md has Go that does not stand in examples/custom-provider:\n%s", code)
	}
	require.Len(t, used, 4, "the page shows the portal and each of the three")
}

// TestCustomProvidersCanBeCopied: what a host copies needs nothing that only this module can import.
func TestCustomProvidersCanBeCopied(t *testing.T) {
	all := imports(t)
	for _, name := range []string{"acme", "gate", "password"} {
		direct := all[module+"/examples/custom-provider/"+name]
		require.NotEmpty(t, direct)
		for _, imported := range direct {
			require.NotContains(t, imported, "/internal/", name)
		}
	}
}

// TestAddingAProviderLinks: what the page names exists.
func TestAddingAProviderLinks(t *testing.T) {
	page, err := os.ReadFile("docs/adding-a-provider.md")
	require.NoError(t, err)
	links := strings.Split(string(page), "](")[1:]
	require.NotEmpty(t, links)
	for _, link := range links {
		target, _, _ := strings.Cut(link, ")")
		target, fragment, _ := strings.Cut(target, "#")
		text, err := os.ReadFile(filepath.Join("docs", target))
		if info, statErr := os.Stat(filepath.Join("docs", target)); statErr == nil && info.IsDir() {
			continue
		}
		require.NoError(t, err)
		if fragment == "" {
			continue
		}
		headings := strings.ToLower(strings.NewReplacer(".", "", " ", "-").Replace(string(text)))
		require.Contains(t, headings, "#-"+fragment+"\n", target)
	}
}
