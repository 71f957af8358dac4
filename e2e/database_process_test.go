package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// databaseTask is what another process does with a database.
type databaseTask struct {
	Name     string // in databaseTasks
	Database database
	Argument string
}

// databaseTasks are the tasks by name. What one returns goes to the parent as JSON. It calls begin when it is ready, which returns when all
// processes are.
var databaseTasks = map[string]func(t *testing.T, d database, argument string, begin func()) any{
	"create keys":  createKeysInProcess,
	"issue tokens": issueTokensInProcess,
}

const databaseTaskVariable = "STAGEDOOR_E2E_DATABASE_TASK"

// TestDatabaseProcess is the other process: [inProcesses] starts this test alone. Otherwise there is nothing to do.
func TestDatabaseProcess(t *testing.T) {
	raw, ok := os.LookupEnv(databaseTaskVariable)
	if !ok {
		return
	}
	var task databaseTask
	require.NoError(t, json.Unmarshal([]byte(raw), &task))
	result := databaseTasks[task.Name](t, task.Database, task.Argument, func() {
		fmt.Println("\nready")
		_, _ = io.Copy(io.Discard, os.Stdin) // until the parent closes it
	})
	out, err := json.Marshal(result)
	require.NoError(t, err)
	fmt.Printf("\nresult %s\n", out)
}

// inProcesses runs a task in n processes at once and returns what each said.
func inProcesses[T any](t *testing.T, n int, task databaseTask) []T {
	t.Helper()
	raw, err := json.Marshal(task)
	require.NoError(t, err)
	type process struct {
		command *exec.Cmd
		stdin   io.Closer
		lines   *bufio.Scanner
		log     logBuffer
	}
	processes := make([]*process, n)
	// next returns the rest of the next line that begins so.
	next := func(p *process, prefix string) string {
		for p.lines.Scan() {
			p.log.Write(append(p.lines.Bytes(), '\n'))
			if rest, ok := strings.CutPrefix(p.lines.Text(), prefix); ok {
				return rest
			}
		}
		require.FailNow(t, "the process ended early", "%s", p.log.String())
		return ""
	}
	for i := range processes {
		p := &process{command: exec.Command(os.Args[0], "-test.run=^TestDatabaseProcess$", "-test.timeout=2m")}
		processes[i] = p
		p.command.Env = append(os.Environ(), databaseTaskVariable+"="+string(raw))
		p.command.Stderr = &p.log
		p.stdin, err = p.command.StdinPipe()
		require.NoError(t, err)
		stdout, err := p.command.StdoutPipe()
		require.NoError(t, err)
		p.lines = bufio.NewScanner(stdout)
		p.lines.Buffer(nil, 1<<20)
		require.NoError(t, p.command.Start())
		t.Cleanup(func() {
			if p.command.ProcessState == nil {
				_ = p.command.Process.Kill()
				_ = p.command.Wait()
			}
		})
	}
	for _, p := range processes {
		next(p, "ready")
	}
	for _, p := range processes {
		require.NoError(t, p.stdin.Close())
	}
	results := make([]T, n)
	for i, p := range processes {
		require.NoError(t, json.Unmarshal([]byte(next(p, "result ")), &results[i]))
		for p.lines.Scan() { // the test's own verdict
		}
		require.NoError(t, p.command.Wait(), "%s", p.log.String())
	}
	return results
}
