package oauthadapter_test

import (
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider/authprovidertest"
)

// TestNothingRunsOn: when the requests have been answered, no goroutine of the library is left. Discovery, keys and refreshes run in
// goroutines that end by themselves, so there is nothing to close.
func TestNothingRunsOn(t *testing.T) {
	w := newWorld(t)
	toApp := func(target string) bool { return strings.HasPrefix(target, portal+"/home") }
	for range 3 {
		w.browser.OpenUntil(portal, provider+"/start?flow=redirect&redirectUrl="+portal+"/home", toApp)
		for _, request := range []struct{ method, path string }{{http.MethodGet, "/refresh"}, {http.MethodPost, "/logout"}} {
			hop := w.browser.Do(authprovidertest.Request{Method: request.method, URL: provider + request.path, From: portal, Mode: "cors", Dest: "empty",
				Header: http.Header{"X-Requested-With": {"XMLHttpRequest"}}})
			require.Equal(t, http.StatusOK, hop.Status, "%s", hop.Body)
		}
	}
	require.Eventually(t, func() bool { return len(libraryGoroutines()) == 0 }, 30*time.Second, 10*time.Millisecond, "%v", libraryGoroutines())
}

// libraryGoroutines returns the stacks that were started in a package of the library, as opposed to a test or the fake provider.
func libraryGoroutines() []string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var left []string
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		_, creator, _ := strings.Cut(stack, "created by ")
		if strings.HasPrefix(creator, "example.com/stagedoor/") && !strings.Contains(creator, "_test.") &&
			!strings.HasPrefix(creator, "example.com/stagedoor/authprovider/authprovidertest") && !strings.HasPrefix(creator, "example.com/stagedoor/internal/fakeidp") {
			left = append(left, stack)
		}
	}
	return left
}
