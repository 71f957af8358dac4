package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// quickstart is the example as a newcomer's process.
type quickstart struct {
	origin string
	log    *logBuffer
}

// scratch is a directory for what all tests share.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "stagedoor-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(scratch)
	os.Exit(code)
}

// buildQuickstart builds the example once for all tests.
var buildQuickstart = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(scratch, "quickstart")
	command := exec.Command("go", "build", "-o", binary, "./examples/quickstart")
	command.Dir = ".."
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the quickstart: %w\n%s", err, output)
	}
	return binary, nil
})

var openLine = regexp.MustCompile(`Open (http://localhost:\d+) in your browser`)

// startQuickstart runs the example on a free port, until it says where to open it. The end of the test presses Ctrl-C.
func startQuickstart(t *testing.T, arguments ...string) *quickstart {
	t.Helper()
	binary, err := buildQuickstart()
	require.NoError(t, err)
	command := exec.Command(binary, append([]string{"-addr", "localhost:0"}, arguments...)...)
	q := &quickstart{log: &logBuffer{}}
	command.Stderr = q.log
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	said := make(chan string, 1)
	ended := make(chan error, 1)
	go func() {
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if match := openLine.FindStringSubmatch(lines.Text()); match != nil {
				said <- match[1]
			}
		}
		ended <- command.Wait()
	}()
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		select {
		case err := <-ended:
			require.NoError(t, err, "Ctrl-C ends it cleanly")
		case <-time.After(patience):
			_ = command.Process.Kill()
			require.NoError(t, <-ended, "Ctrl-C did not end it")
		}
		if t.Failed() {
			t.Logf("quickstart wrote:\n%s", q.log)
		}
	})
	select {
	case q.origin = <-said:
	case err := <-ended:
		ended <- err
		require.FailNow(t, "quickstart ended", "%v\n%s", err, q.log)
	case <-time.After(patience):
		require.FailNow(t, "quickstart does not say where it is")
	}
	return q
}

// logBuffer is what a process writes.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
