package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestModuleOutsideTheTreeImportsTheLibrary does what the README tells an importer to do, in a module of its own, and looks at what
// comes with it.
func TestModuleOutsideTheTreeImportsTheLibrary(t *testing.T) {
	t.Parallel()
	library, err := filepath.Abs("..")
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/outside")))
	run := func(arguments ...string) string {
		t.Helper()
		command := exec.Command("go", arguments...)
		command.Dir = dir
		command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
		output, err := command.CombinedOutput()
		require.NoError(t, err, "go %s\n%s", strings.Join(arguments, " "), output)
		return string(output)
	}
	run("mod", "init", "example.org/outside")
	run("mod", "edit", "-replace", "example.com/stagedoor="+library)
	run("mod", "tidy")
	run("vet", "./...")
	run("test", "./...")

	binary := filepath.Join(dir, "outside"+map[bool]string{true: ".exe"}[runtime.GOOS == "windows"])
	run("build", "-o", binary, ".")
	for module := range strings.Lines(run("version", "-m", binary)) {
		require.Empty(t, foreign(module), "linked: %s", module)
	}
	for pkg := range strings.FieldsSeq(run("list", "-deps", ".")) {
		require.Empty(t, foreign(pkg), "linked: %s", pkg)
		require.False(t, pkg == "testing" || strings.HasPrefix(pkg, "testing/"), "linked: %s", pkg)
	}
	sums, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	require.NoError(t, err)
	for line := range strings.Lines(string(sums)) {
		require.NotContains(t, []string{"github.com/chromedp/chromedp", "github.com/zitadel/oidc/v3"}, foreign(line), "in an importer's go.sum: %s", line)
	}
}

// foreign returns which of the modules that only tests need a text names.
func foreign(text string) string {
	modules := []string{"github.com/stretchr/testify", "github.com/chromedp/chromedp", "github.com/zitadel/oidc/v3"}
	if i := slices.IndexFunc(modules, func(module string) bool { return strings.Contains(text, module) }); i >= 0 {
		return modules[i]
	}
	return ""
}
