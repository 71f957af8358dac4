package e2e

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"example.com/stagedoor/tokenissuer/sqlkeystore"
)

// database says how to open one, in this process or in another; see [inProcesses].
type database struct {
	Name    string
	Dialect sqlkeystore.Dialect
	Driver  string
	DSN     string
}

func (d database) open(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open(d.Driver, d.DSN)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() }) // it may complain that its server is gone
	return db
}

// databaseServer is a throw-away database with nothing in it.
type databaseServer struct {
	database
	// other opens the same database, as another replica with other settings does.
	other database
	// reader opens it as a user who may do what a test grants it.
	reader database
	// command makes the server's process; nil if there is none.
	command func() *exec.Cmd
	signal  os.Signal // ends the process without waiting for connections
	ended   chan error
	running *exec.Cmd
}

// databaseServers starts each kind.
var databaseServers = []struct {
	name  string
	start func(t *testing.T) *databaseServer
}{
	{"SQLite", newSQLite},
	{"PostgreSQL", newPostgreSQL},
	{"MariaDB", newMariaDB},
}

// eachDatabase runs a test on a server of each kind. Tests share one, so each uses tables of its own; see [newTables].
func eachDatabase(t *testing.T, test func(t *testing.T, s *databaseServer)) {
	for _, d := range databaseServers {
		t.Run(d.name, func(t *testing.T) { test(t, d.start(t)) })
	}
}

func newSQLite(t *testing.T) *databaseServer {
	path := filepath.Join(t.TempDir(), "auth.db")
	// The wait for a lock is longer than a host would have it: there are sixty who want it.
	options := "?_pragma=busy_timeout(20000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)"
	d := database{Name: "SQLite", Dialect: sqlkeystore.SQLite, Driver: "sqlite", DSN: "file:" + path + options}
	reader := d
	reader.DSN = "file:" + path + "?mode=ro"
	require.NoError(t, d.open(t).Ping()) // creates the file and sets its mode, once
	return &databaseServer{database: d, other: d, reader: reader}
}

func newPostgreSQL(t *testing.T) *databaseServer {
	bin := "/usr/lib/postgresql/15/bin/" // where Debian's postgresql-15 has it
	requireDatabase(t, bin+"initdb", bin+"postgres")
	dir := serverDir(t)
	run := func(name string, arguments ...string) *exec.Cmd {
		command := exec.Command(bin+name, arguments...)
		command.Dir = dir
		if os.Getuid() == 0 { // as whom it refuses to run
			account, err := user.Lookup("postgres")
			require.NoError(t, err)
			uid, err := strconv.Atoi(account.Uid)
			require.NoError(t, err)
			gid, err := strconv.Atoi(account.Gid)
			require.NoError(t, err)
			require.NoError(t, os.Chown(dir, uid, gid))
			command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		}
		return command
	}
	data := filepath.Join(dir, "data")
	output, err := run("initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C").CombinedOutput()
	require.NoError(t, err, "%s", output)
	dsn := func(user, more string) database {
		return database{Name: "PostgreSQL", Dialect: sqlkeystore.PostgreSQL, Driver: "pgx", DSN: fmt.Sprintf("host=%s user=%s dbname=postgres sslmode=disable %s", dir, user, more)}
	}
	s := &databaseServer{
		database: dsn("postgres", ""),
		other:    dsn("postgres", "default_query_exec_mode=simple_protocol"),
		reader:   dsn("reader", ""),
		command: func() *exec.Cmd {
			return run("postgres", "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200")
		},
		signal: syscall.SIGINT,
	}
	s.start(t)
	return s
}

func newMariaDB(t *testing.T) *databaseServer {
	const install, server = "/usr/bin/mariadb-install-db", "/usr/sbin/mariadbd" // where Debian's mariadb-server-core has them
	requireDatabase(t, install, server, "/usr/bin/my_print_defaults")
	dir := serverDir(t)
	data, socket := filepath.Join(dir, "data"), filepath.Join(dir, "s")
	var account []string
	if os.Getuid() == 0 {
		account = []string{"--user=root"} // it wants to be told
	}
	output, err := exec.Command(install, append([]string{"--no-defaults", "--datadir=" + data, "--auth-root-authentication-method=normal", "--skip-test-db"}, account...)...).CombinedOutput()
	require.NoError(t, err, "%s", output)
	dsn := func(user, name, more string) database {
		return database{Name: "MariaDB", Dialect: sqlkeystore.MySQL, Driver: "mysql", DSN: user + "@unix(" + socket + ")/" + name + more}
	}
	s := &databaseServer{
		database: dsn("root", "", ""),
		other:    dsn("root", "stagedoor", "?clientFoundRows=true&interpolateParams=true"),
		reader:   dsn("reader", "stagedoor", ""),
		command: func() *exec.Cmd {
			return exec.Command(server, append([]string{"--no-defaults", "--datadir=" + data, "--socket=" + socket, "--skip-networking",
				"--pid-file=" + filepath.Join(dir, "pid"), "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M"}, account...)...)
		},
		signal: syscall.SIGTERM,
	}
	s.start(t)
	_, err = s.open(t).Exec("CREATE DATABASE stagedoor")
	require.NoError(t, err)
	s.database = dsn("root", "stagedoor", "")
	return s
}

// requireDatabase skips the test if a server is not installed, unless it must be: then the gate would prove nothing.
func requireDatabase(t *testing.T, binaries ...string) {
	t.Helper()
	for _, binary := range binaries {
		if _, err := os.Stat(binary); err != nil {
			require.Empty(t, os.Getenv("STAGEDOOR_E2E_REQUIRE_DATABASES"), "%s is not installed, and STAGEDOOR_E2E_REQUIRE_DATABASES is set", binary)
			t.Skipf("%s is not installed: this database is not tested. On Debian 12: apt-get install postgresql-15 mariadb-server-core mariadb-client-core", binary)
		}
	}
}

// serverDir is for a server and its socket, whose path must be short and accessible to another user.
func serverDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "stagedoor-db-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// start runs the server's process until it answers. The end of the test ends it.
func (s *databaseServer) start(t *testing.T) {
	t.Helper()
	log := &logBuffer{}
	command := s.command()
	command.Stdout, command.Stderr = log, log
	require.NoError(t, command.Start())
	s.running, s.ended = command, make(chan error, 1)
	go func() { s.ended <- command.Wait() }()
	t.Cleanup(func() {
		s.stop(t)
		if t.Failed() {
			t.Logf("%s wrote:\n%s", s.Name, shortened(log.String()))
		}
	})
	db := s.open(t)
	waitUntil(t, s.Name+" answers", func() bool {
		select {
		case err := <-s.ended:
			s.running = nil
			require.FailNow(t, s.Name+" ended", "%v\n%s", err, log)
		default:
		}
		return db.Ping() == nil
	})
}

// stop ends the server's process, if it runs.
func (s *databaseServer) stop(t *testing.T) {
	t.Helper()
	if s.running == nil {
		return
	}
	_ = s.running.Process.Signal(s.signal)
	select {
	case <-s.ended:
	case <-time.After(patience):
		_ = s.running.Process.Kill()
		<-s.ended
		t.Errorf("%s does not end", s.Name)
	}
	s.running = nil
}
