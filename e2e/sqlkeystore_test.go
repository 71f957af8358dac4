package e2e

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/tokenissuer"
	"example.com/stagedoor/tokenissuer/keystoretest"
	"example.com/stagedoor/tokenissuer/sqlkeystore"
)

// tables are the names that a test has for itself.
type tables struct{ keys, userInfo string }

var tableCount atomic.Int64

func newTables() tables {
	n := tableCount.Add(1)
	return tables{fmt.Sprintf("Keys_%d", n), fmt.Sprintf("UserInfo_%d", n)}
}

// store is a store on tables. The statement limit is one that a busy machine does not reach.
func (d database) store(t testing.TB, db *sql.DB, names tables, change ...func(*sqlkeystore.Config)) *sqlkeystore.Store {
	t.Helper()
	c := sqlkeystore.Config{DB: db, Dialect: d.Dialect, KeysTable: names.keys, UserInfoTable: names.userInfo, StatementTimeout: patience}
	for _, f := range change {
		f(&c)
	}
	s, err := sqlkeystore.New(c)
	require.NoError(t, err)
	return s
}

func keyRecord(id string) tokenissuer.KeyRecord {
	return tokenissuer.KeyRecord{ID: id, Data: []byte("data of " + id), Expires: time.Now().Add(time.Hour).Truncate(time.Second)}
}

func TestSQLKeyStore(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *databaseServer) {
		db, other := s.open(t), s.other.open(t)
		t.Run("keys", func(t *testing.T) {
			keystoretest.TestKeyStore(t, func(t testing.TB) keystoretest.KeyRig {
				names := newTables()
				return keystoretest.KeyRig{Store: s.store(t, db, names), Now: time.Now,
					Another: func() tokenissuer.KeyStore { return s.store(t, other, names) }}
			})
		})
		t.Run("userinfo", func(t *testing.T) {
			keystoretest.TestUserInfoStore(t, func(t testing.TB) keystoretest.UserInfoRig {
				names := newTables()
				return keystoretest.UserInfoRig{Store: s.store(t, db, names), Now: time.Now,
					Another: func() tokenissuer.UserInfoStore { return s.store(t, other, names) }}
			})
		})
		t.Run("three processes", func(t *testing.T) { threeProcesses(t, s) })
		t.Run("three processes rotate", func(t *testing.T) { rotateInProcesses(t, s) })
		t.Run("expired userinfo", func(t *testing.T) { expiredUserInfo(t, s, db) })
		t.Run("schema", func(t *testing.T) { schemaByHand(t, s, db) })
		t.Run("malformed rows", func(t *testing.T) { malformedRows(t, s, db) })
		t.Run("no tables", func(t *testing.T) { noTables(t, s, db) })
		t.Run("no permission", func(t *testing.T) { noPermission(t, s, db) })
		t.Run("slow", func(t *testing.T) { slowDatabase(t, s, db) })
		if s.Dialect == sqlkeystore.SQLite {
			t.Run("full", func(t *testing.T) { fullSQLite(t, s) })
		} else {
			t.Run("stopped", func(t *testing.T) { stoppedServer(t, s, db) }) // the last: it ends other tests' connections
		}
	})
}

const (
	racingGoroutines = 20
	racingKeys       = 5
)

// racers is what one process did: how often each key was created, and how often userinfo was put.
type racers struct {
	Created  [racingKeys]int
	UserInfo int
	Errors   []string
}

// threeProcesses: 60 replicas create the tables and then the same keys at once.
func threeProcesses(t *testing.T, s *databaseServer) {
	names := newTables()
	results := inProcesses[racers](t, 3, databaseTask{Name: "create keys", Database: s.database, Argument: names.keys + " " + names.userInfo})
	var all racers
	for _, r := range results {
		for k, n := range r.Created {
			all.Created[k] += n
		}
		all.UserInfo += r.UserInfo
		all.Errors = append(all.Errors, r.Errors...)
	}
	require.Empty(t, all.Errors)
	for k, n := range all.Created {
		require.Equal(t, 1, n, "of all who created key %d, exactly one succeeded", k)
	}
	require.Equal(t, 1, all.UserInfo)
	records, err := s.store(t, s.open(t), names).ListKeys(t.Context())
	require.NoError(t, err)
	require.Len(t, records, racingKeys)
}

func createKeysInProcess(t *testing.T, d database, argument string, begin func()) any {
	keys, userInfo, _ := strings.Cut(argument, " ")
	db := d.open(t)
	var mu sync.Mutex
	var r racers
	var wg sync.WaitGroup
	start := make(chan struct{})
	for n := range racingGoroutines {
		store := d.store(t, db, tables{keys, userInfo}) // as a process of its own would have it
		wg.Go(func() {
			<-start
			note := func(err, lost error, won *int) {
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					*won++
				case lost == nil || !errors.Is(err, lost):
					r.Errors = append(r.Errors, err.Error())
				}
			}
			note(store.Migrate(t.Context()), nil, new(int))
			for k := range racingKeys {
				note(store.CreateKey(t.Context(), keyRecord(fmt.Sprint("key-", k))), tokenissuer.ErrKeyExists, &r.Created[k])
			}
			record := fmt.Append(nil, t.Name(), n, time.Now().UnixNano())
			note(store.PutUserInfo(t.Context(), [sha256.Size]byte{1}, record, time.Now().Add(time.Hour)), tokenissuer.ErrUserInfoExists, &r.UserInfo)
		})
	}
	begin()
	close(start)
	wg.Wait()
	return r
}

// expiredUserInfo goes, by and by.
func expiredUserInfo(t *testing.T, s *databaseServer, db *sql.DB) {
	names := newTables()
	store := s.store(t, db, names)
	count := func() (n int) {
		require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM "+quoted(s, names.userInfo)).Scan(&n))
		return n
	}
	for n := range 150 {
		expires := time.Now().Add(-10 * time.Minute)
		if n%10 == 0 {
			expires = time.Now().Add(time.Minute)
		}
		require.NoError(t, store.PutUserInfo(t.Context(), sha256.Sum256([]byte{byte(n)}), []byte("record"), expires))
		if n == 99 {
			require.Equal(t, 100, count())
		}
	}
	require.Equal(t, 10+1+4+45, count(), "after the 101st, all that had expired were deleted")
}

// schemaByHand: the tables of Schema are those that Migrate makes.
func schemaByHand(t *testing.T, s *databaseServer, db *sql.DB) {
	names := newTables()
	for statement := range strings.SplitSeq(s.store(t, db, names).Schema(), ";\n") {
		if statement != "" {
			_, err := db.Exec(statement)
			require.NoError(t, err, statement)
		}
	}
	store := s.store(t, db, names, func(c *sqlkeystore.Config) { c.DisableMigrations = true })
	require.NoError(t, store.CreateKey(t.Context(), keyRecord("key")))
	require.NoError(t, store.Migrate(t.Context()), "it finds them up to date")
}

// malformedRows: a row that no store wrote does not hide the others.
func malformedRows(t *testing.T, s *databaseServer, db *sql.DB) {
	names := newTables()
	store := s.store(t, db, names, func(c *sqlkeystore.Config) { c.DisableMigrations = true })
	table := quoted(s, names.keys)
	kind := map[sqlkeystore.Dialect]string{sqlkeystore.PostgreSQL: "BYTEA", sqlkeystore.MySQL: "MEDIUMBLOB", sqlkeystore.SQLite: "BLOB"}[s.Dialect]
	_, err := db.Exec("CREATE TABLE " + table + " (number INTEGER, id VARCHAR(200), data " + kind + ", expires BIGINT)")
	require.NoError(t, err)
	for _, row := range []string{
		"NULL, 'data', 1", "'id', NULL, 1", "'id', 'data', NULL", "'id', 'data', -1", "'id', 'data', 9000000000000000000", "'', 'data', 1",
		"'" + strings.Repeat("i", 65) + "', 'data', 1", "'id', '" + strings.Repeat("d", 8193) + "', 1", "'good', 'data', 4000000000",
	} {
		_, err := db.Exec("INSERT INTO " + table + " (id, data, expires) VALUES (" + row + ")")
		require.NoError(t, err)
	}
	if s.Dialect == sqlkeystore.SQLite { // which takes any type in any column
		_, err := db.Exec("INSERT INTO " + table + " (id, data, expires) VALUES ('id', 'data', 'tomorrow'), (X'FF00', 1.5, 1), ('id', 'data', X'00')")
		require.NoError(t, err)
	}
	records, err := store.ListKeys(t.Context())
	require.NoError(t, err)
	require.Equal(t, []tokenissuer.KeyRecord{{ID: "good", Data: []byte("data"), Expires: time.Unix(4000000000, 0).UTC()}}, records)
}

func noTables(t *testing.T, s *databaseServer, db *sql.DB) {
	names := newTables()
	store := s.store(t, db, names, func(c *sqlkeystore.Config) { c.DisableMigrations = true })
	_, err := store.ListKeys(t.Context())
	require.ErrorContains(t, err, "sqlkeystore: list keys: ")
	require.ErrorContains(t, err, names.keys)
	err = store.CreateKey(t.Context(), keyRecord("key"))
	require.ErrorContains(t, err, "sqlkeystore: create key: ")
	require.NotErrorIs(t, err, tokenissuer.ErrKeyExists)
	_, _, err = store.UserInfo(t.Context(), [sha256.Size]byte{})
	require.ErrorContains(t, err, names.userInfo)
	require.Error(t, store.DeleteKey(t.Context(), "key"))
}

// noPermission: who may only read reads on, without the right to create tables.
func noPermission(t *testing.T, s *databaseServer, db *sql.DB) {
	names := newTables()
	require.NoError(t, s.store(t, db, names).CreateKey(t.Context(), keyRecord("key")))
	switch s.Dialect {
	case sqlkeystore.PostgreSQL:
		_, err := db.Exec("CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
		require.NoError(t, err)
	case sqlkeystore.MySQL:
		for _, statement := range []string{"CREATE USER reader@localhost", "GRANT SELECT ON stagedoor.* TO reader@localhost"} {
			_, err := db.Exec(statement)
			require.NoError(t, err)
		}
	}
	denied := map[sqlkeystore.Dialect]string{sqlkeystore.PostgreSQL: "permission denied", sqlkeystore.MySQL: "denied", sqlkeystore.SQLite: "readonly"}[s.Dialect]
	store := s.reader.store(t, s.reader.open(t), names)
	records, err := store.ListKeys(t.Context())
	require.NoError(t, err)
	require.Len(t, records, 1)
	for _, err := range []error{
		store.CreateKey(t.Context(), keyRecord("key")), // though it exists: nobody was asked
		store.CreateKey(t.Context(), keyRecord("another")),
		store.DeleteKey(t.Context(), "key"),
		store.PutUserInfo(t.Context(), [sha256.Size]byte{}, []byte("marker"), time.Now()),
		s.reader.store(t, s.reader.open(t), newTables()).Migrate(t.Context()),
	} {
		require.ErrorContains(t, err, denied)
		require.ErrorContains(t, err, "sqlkeystore: ")
		require.NotErrorIs(t, err, tokenissuer.ErrKeyExists)
		require.NotContains(t, err.Error(), "marker")
	}
}

// slowDatabase: a statement that waits for somebody's lock is given up.
func slowDatabase(t *testing.T, s *databaseServer, db *sql.DB) {
	names := newTables()
	slow := s.database
	slow.DSN = strings.Replace(slow.DSN, "busy_timeout(20000)", "busy_timeout(100)", 1)
	store := s.store(t, slow.open(t), names, func(c *sqlkeystore.Config) { c.StatementTimeout = time.Second })
	waitUntil(t, "there is a key", func() bool { return store.CreateKey(t.Context(), keyRecord("key")) == nil })
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	lock := map[sqlkeystore.Dialect][]string{
		sqlkeystore.PostgreSQL: {"BEGIN", "LOCK TABLE " + quoted(s, names.keys) + ", " + quoted(s, names.userInfo) + " IN ACCESS EXCLUSIVE MODE"},
		sqlkeystore.MySQL:      {"LOCK TABLES " + quoted(s, names.keys) + " WRITE, " + quoted(s, names.userInfo) + " WRITE"},
		sqlkeystore.SQLite:     {"BEGIN EXCLUSIVE"},
	}[s.Dialect]
	for _, statement := range lock {
		_, err := conn.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	start := time.Now()
	for _, err := range []error{
		store.CreateKey(t.Context(), keyRecord("another")),
		store.PutUserInfo(t.Context(), [sha256.Size]byte{}, []byte("record"), time.Now().Add(time.Hour)),
	} {
		if s.Dialect == sqlkeystore.SQLite {
			require.ErrorContains(t, err, "locked") // its own limit is shorter
		} else {
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorContains(t, err, "no answer from the database within 1s")
		}
	}
	require.Less(t, time.Since(start), patience)
	_, err = conn.ExecContext(t.Context(), map[bool]string{true: "UNLOCK TABLES", false: "ROLLBACK"}[s.Dialect == sqlkeystore.MySQL])
	require.NoError(t, err)
	waitUntil(t, "it works again", func() bool { return store.DeleteKey(t.Context(), "key") == nil })
}

// fullSQLite: what was there before is still read.
func fullSQLite(t *testing.T, s *databaseServer) {
	db := s.open(t)
	db.SetMaxOpenConns(1) // the limit is one of the connection
	names := newTables()
	store := s.store(t, db, names)
	require.NoError(t, store.CreateKey(t.Context(), keyRecord("key")))
	var pages int
	require.NoError(t, db.QueryRow("PRAGMA page_count").Scan(&pages))
	_, err := db.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	require.NoError(t, err)
	err = store.PutUserInfo(t.Context(), [sha256.Size]byte{}, make([]byte, 256<<10), time.Now().Add(time.Hour))
	require.ErrorContains(t, err, "sqlkeystore: put userinfo: ")
	require.ErrorContains(t, err, "full")
	records, err := store.ListKeys(t.Context())
	require.NoError(t, err)
	require.Len(t, records, 1)
}

// stoppedServer: while the server is down each call fails, and works again when it is back, on the same *sql.DB.
func stoppedServer(t *testing.T, s *databaseServer, db *sql.DB) {
	names := newTables()
	store := s.store(t, db, names)
	require.NoError(t, store.CreateKey(t.Context(), keyRecord("key")))
	fresh := s.store(t, db, names) // has not looked at its tables yet
	s.stop(t)
	_, err := store.ListKeys(t.Context())
	require.ErrorContains(t, err, "sqlkeystore: list keys: ")
	err = store.CreateKey(t.Context(), keyRecord("key"))
	require.ErrorContains(t, err, "sqlkeystore: create key: ")
	require.NotErrorIs(t, err, tokenissuer.ErrKeyExists)
	_, found, err := store.UserInfo(t.Context(), [sha256.Size]byte{})
	require.ErrorContains(t, err, "sqlkeystore: userinfo: ")
	require.False(t, found)
	_, err = fresh.ListKeys(t.Context())
	require.ErrorContains(t, err, "sqlkeystore: ")

	s.start(t)
	for _, store := range []*sqlkeystore.Store{store, fresh} {
		records, err := store.ListKeys(t.Context())
		require.NoError(t, err)
		require.Len(t, records, 1)
	}
}

// quoted is a table's name in SQL. The names have upper case in them, which a store keeps.
func quoted(s *databaseServer, name string) string {
	if s.Dialect == sqlkeystore.MySQL {
		return "`" + name + "`"
	}
	return `"` + name + `"`
}
