package sqlkeystore_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/tokenissuer"
	"example.com/stagedoor/tokenissuer/keystoretest"
	"example.com/stagedoor/tokenissuer/sqlkeystore"
)

var dialects = []sqlkeystore.Dialect{sqlkeystore.PostgreSQL, sqlkeystore.MySQL, sqlkeystore.SQLite}

// open returns a store on a database, which is empty if nil.
func open(t testing.TB, f *fakeDB, c sqlkeystore.Config) *sqlkeystore.Store {
	t.Helper()
	if f == nil {
		f = newFakeDB()
	}
	c.DB = f.open()
	t.Cleanup(func() { require.NoError(t, c.DB.Close()) })
	if c.Dialect == 0 {
		c.Dialect = sqlkeystore.PostgreSQL
	}
	s, err := sqlkeystore.New(c)
	require.NoError(t, err)
	return s
}

func record(id string) tokenissuer.KeyRecord {
	return tokenissuer.KeyRecord{ID: id, Data: []byte("data of " + id), Expires: time.Now().Add(time.Hour).Truncate(time.Second)}
}

func TestContract(t *testing.T) {
	for _, d := range dialects {
		// What an INSERT that hits an old row counts as: SQLite and PostgreSQL leave it alone, MySQL changes another column.
		affected := int64(0)
		if d == sqlkeystore.MySQL {
			affected = 2
		}
		t.Run(d.String(), func(t *testing.T) {
			t.Run("keys", func(t *testing.T) {
				keystoretest.TestKeyStore(t, func(t testing.TB) keystoretest.KeyRig {
					f := newFakeDB()
					f.affected = affected
					return keystoretest.KeyRig{Store: open(t, f, sqlkeystore.Config{Dialect: d}), Now: time.Now,
						Another: func() tokenissuer.KeyStore { return open(t, f, sqlkeystore.Config{Dialect: d}) }}
				})
			})
			t.Run("userinfo", func(t *testing.T) {
				keystoretest.TestUserInfoStore(t, func(t testing.TB) keystoretest.UserInfoRig {
					f := newFakeDB()
					f.affected = affected
					return keystoretest.UserInfoRig{Store: open(t, f, sqlkeystore.Config{Dialect: d}), Now: time.Now,
						Another: func() tokenissuer.UserInfoStore { return open(t, f, sqlkeystore.Config{Dialect: d}) }}
				})
			})
		})
	}
}

func TestConfig(t *testing.T) {
	db := newFakeDB().open()
	defer func() { require.NoError(t, db.Close()) }()
	for want, c := range map[string]sqlkeystore.Config{
		"Config.DB is required":                                     {Dialect: sqlkeystore.SQLite},
		"Config.Dialect is required":                                {DB: db},
		"Config.Dialect is Dialect(4)":                              {DB: db, Dialect: 4},
		"Config.StatementTimeout is -1s":                            {DB: db, Dialect: sqlkeystore.SQLite, StatementTimeout: -time.Second},
		`Config.KeysTable and Config.UserInfoTable are both "auth"`: {DB: db, Dialect: sqlkeystore.SQLite, KeysTable: "auth", UserInfoTable: "auth"},
	} {
		_, err := sqlkeystore.New(c)
		require.EqualError(t, err, "sqlkeystore: "+want)
	}
	for _, name := range []string{"a", "_", "A_1", "auth.keys", "order", strings.Repeat("k", 55), strings.Repeat("s", 63) + ".k"} {
		_, err := sqlkeystore.New(sqlkeystore.Config{DB: db, Dialect: sqlkeystore.MySQL, KeysTable: name, UserInfoTable: name + "2"[:min(1, 55-len(name[strings.LastIndexByte(name, '.')+1:]))]})
		if err != nil {
			require.ErrorContains(t, err, "both", name) // the longest name has no room for a 2
		}
	}
	for _, name := range []string{
		" ", "1a", "a b", "a-b", "a;b", `a"b`, "a`b", "a'", "a--", "ä", "a\n", "a.b.c", ".a", "a.", "a..b", "a\x00", strings.Repeat("k", 56), strings.Repeat("s", 64) + ".k",
	} {
		_, err := sqlkeystore.New(sqlkeystore.Config{DB: db, Dialect: sqlkeystore.MySQL, KeysTable: name})
		require.EqualError(t, err, fmt.Sprintf("sqlkeystore: Config.KeysTable %q is no table name", name))
		_, err = sqlkeystore.New(sqlkeystore.Config{DB: db, Dialect: sqlkeystore.MySQL, UserInfoTable: name})
		require.EqualError(t, err, fmt.Sprintf("sqlkeystore: Config.UserInfoTable %q is no table name", name))
	}
}

func TestTableNames(t *testing.T) {
	for d, want := range map[sqlkeystore.Dialect][]string{
		sqlkeystore.PostgreSQL: {`TABLE IF NOT EXISTS "auth"."keys" `, `TABLE IF NOT EXISTS "auth"."keys_version" `, `INDEX IF NOT EXISTS "info_expires" ON "auth"."info" `},
		sqlkeystore.MySQL:      {"TABLE IF NOT EXISTS `auth`.`keys` ", "TABLE IF NOT EXISTS `auth`.`keys_version` ", ", INDEX (expires)) ENGINE=InnoDB;"},
		sqlkeystore.SQLite:     {`TABLE IF NOT EXISTS "auth"."keys" `, `TABLE IF NOT EXISTS "auth"."keys_version" `, `INDEX IF NOT EXISTS "auth"."info_expires" ON "info" `},
	} {
		schema := open(t, nil, sqlkeystore.Config{Dialect: d, KeysTable: "auth.keys", UserInfoTable: "auth.info"}).Schema()
		for _, text := range want {
			require.Contains(t, schema, text)
		}
	}
}

// TestQueries counts them: a database far away must not be asked twice.
func TestQueries(t *testing.T) {
	for _, d := range dialects {
		f := newFakeDB()
		s := open(t, f, sqlkeystore.Config{Dialect: d})
		require.Empty(t, f.said(""), "New uses no network")
		require.NoError(t, s.Migrate(t.Context()))
		f.said("")

		require.NoError(t, s.Migrate(t.Context()))
		require.Len(t, f.said(""), 1, "tables that are up to date")
		require.NoError(t, s.CreateKey(t.Context(), record("key")))
		require.Len(t, f.said(""), 2, "the row, and what has expired")
		require.ErrorIs(t, s.CreateKey(t.Context(), record("key")), tokenissuer.ErrKeyExists)
		require.Len(t, f.said(""), 1)
		_, err := s.ListKeys(t.Context())
		require.NoError(t, err)
		require.Len(t, f.said(""), 1)
		require.NoError(t, s.DeleteKey(t.Context(), "key"))
		require.Len(t, f.said(""), 1)
		for n := range byte(201) {
			require.NoError(t, s.PutUserInfo(t.Context(), [sha256.Size]byte{n}, []byte("record"), time.Now().Add(time.Hour)))
		}
		require.Len(t, f.said("^DELETE FROM .*LIMIT 500"), 3, "expired rows are looked for once in a hundred times")
		require.NoError(t, s.PutUserInfo(t.Context(), [sha256.Size]byte{1}, []byte("record"), time.Now().Add(time.Hour)))
		require.Len(t, f.said(""), 2, "the old row is compared")
		_, found, err := s.UserInfo(t.Context(), [sha256.Size]byte{1})
		require.NoError(t, err)
		require.True(t, found)
		require.Len(t, f.said(""), 1)
	}
}

// TestDatabaseClock: what is dropped is for the database's clock to say, wherever the process believes to be.
func TestDatabaseClock(t *testing.T) {
	for _, d := range dialects {
		f := newFakeDB()
		s := open(t, f, sqlkeystore.Config{Dialect: d})
		key := [sha256.Size]byte{1}
		require.NoError(t, s.CreateKey(t.Context(), record("old"))) // expires in an hour
		require.NoError(t, s.PutUserInfo(t.Context(), key, []byte("record"), time.Now().Add(time.Hour)))
		for _, step := range []struct {
			ahead       time.Duration
			keys        int
			hasUserInfo bool
		}{{0, 2, true}, {64 * time.Minute, 3, true}, {66 * time.Minute, 4, false}, {119 * time.Minute, 5, false}, {121 * time.Minute, 5 - 4, false}} {
			f.set(func() { f.clock = step.ahead })
			r := record(fmt.Sprint("key-", step.ahead))
			require.NoError(t, s.CreateKey(t.Context(), r))
			records, err := s.ListKeys(t.Context())
			require.NoError(t, err)
			if step.ahead < 2*time.Hour {
				require.Len(t, records, step.keys, "%v ahead", step.ahead)
			} else {
				require.Equal(t, []tokenissuer.KeyRecord{{ID: r.ID, Data: r.Data, Expires: r.Expires.UTC()}}, records, "what was made just now stays")
			}
			_, found, err := s.UserInfo(t.Context(), key)
			require.NoError(t, err)
			require.Equal(t, step.hasUserInfo, found, "%v ahead", step.ahead)
			require.Equal(t, 1, f.rows("stagedoor_userinfo"), "readers delete nothing")
		}
	}
}

func TestExpiredUserInfoGoesInBatches(t *testing.T) {
	for _, d := range dialects {
		f := newFakeDB()
		s := open(t, f, sqlkeystore.Config{Dialect: d})
		put := func(n int, expires time.Time) {
			require.NoError(t, s.PutUserInfo(t.Context(), sha256.Sum256(fmt.Append(nil, n)), []byte("record"), expires))
		}
		put(0, time.Now().Add(time.Hour))
		for n := range 99 {
			put(1+n, time.Now().Add(-time.Hour))
		}
		f.set(func() {
			for n := range 1000 {
				f.tables["stagedoor_userinfo"][fmt.Sprint(n)] = fakeRow{expires: 1}
			}
		})
		for _, want := range []int{601, 201, 202} {
			put(1000+want, time.Now().Add(time.Hour))
			require.Equal(t, want, f.rows("stagedoor_userinfo"))
			for n := range 99 {
				put(10_000+100*want+n, time.Now().Add(time.Hour))
			}
		}
	}
}

// TestMigrations: the order in which statements run, and that only PostgreSQL needs a lock.
func TestMigrations(t *testing.T) {
	name := regexp.MustCompile("^[A-Z ]+[\"`a-z_]*")
	order := func(f *fakeDB) (names []string) {
		for _, s := range f.said("") {
			names = append(names, strings.NewReplacer("`", "", `"`, "").Replace(name.FindString(s)))
		}
		return names
	}
	f := newFakeDB()
	s := open(t, f, sqlkeystore.Config{})
	_, err := s.ListKeys(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"SELECT MAX", "SELECT pg_advisory_xact_lock", "CREATE TABLE IF NOT EXISTS stagedoor_keys_version", "SELECT MAX",
		"CREATE TABLE IF NOT EXISTS stagedoor_keys", "CREATE TABLE IF NOT EXISTS stagedoor_userinfo", "CREATE INDEX IF NOT EXISTS stagedoor_userinfo_expires",
		"INSERT INTO stagedoor_keys_version", "COMMIT", "SELECT id"}, order(f))

	f = newFakeDB()
	s = open(t, f, sqlkeystore.Config{Dialect: sqlkeystore.MySQL})
	_, err = s.ListKeys(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"SELECT MAX", "CREATE TABLE IF NOT EXISTS stagedoor_keys_version", "SELECT MAX", "CREATE TABLE IF NOT EXISTS stagedoor_keys",
		"CREATE TABLE IF NOT EXISTS stagedoor_userinfo", "INSERT INTO stagedoor_keys_version", "SELECT id"}, order(f))

	f = newFakeDB()
	s = open(t, f, sqlkeystore.Config{DisableMigrations: true})
	_, err = s.ListKeys(t.Context())
	require.EqualError(t, err, "sqlkeystore: list keys: fake: no table stagedoor_keys")
	require.Equal(t, []string{"SELECT id"}, order(f))
}

// TestMigrationFails: the next use tries again.
func TestMigrationFails(t *testing.T) {
	for _, statement := range []string{"CREATE TABLE", "INSERT INTO", "COMMIT", "pg_advisory"} {
		f := newFakeDB()
		f.fail = statement
		s := open(t, f, sqlkeystore.Config{})
		require.ErrorIs(t, s.CreateKey(t.Context(), record("key")), errFake)
		f.set(func() { f.fail = "" })
		require.NoError(t, s.CreateKey(t.Context(), record("key")))
	}
}

func TestErrors(t *testing.T) {
	key := [sha256.Size]byte{1}
	for _, tt := range []struct {
		fail, want string
		do         func(ctx context.Context, s *sqlkeystore.Store) error
	}{
		{"SELECT id", "list keys", func(ctx context.Context, s *sqlkeystore.Store) error { _, err := s.ListKeys(ctx); return err }},
		{"INSERT INTO", "create key", func(ctx context.Context, s *sqlkeystore.Store) error { return s.CreateKey(ctx, record("key")) }},
		{"DELETE FROM", "delete key", func(ctx context.Context, s *sqlkeystore.Store) error { return s.DeleteKey(ctx, "key") }},
		{"INSERT INTO", "put userinfo", func(ctx context.Context, s *sqlkeystore.Store) error {
			return s.PutUserInfo(ctx, key, []byte("record"), time.Now())
		}},
		{"SELECT LENGTH", "userinfo", func(ctx context.Context, s *sqlkeystore.Store) error { _, _, err := s.UserInfo(ctx, key); return err }},
		{"SELECT MAX", "migrate", func(ctx context.Context, s *sqlkeystore.Store) error { return s.Migrate(ctx) }},
	} {
		f := newFakeDB()
		s := open(t, f, sqlkeystore.Config{Dialect: sqlkeystore.SQLite})
		require.NoError(t, s.Migrate(t.Context()))
		f.fail = tt.fail
		err := tt.do(t.Context(), s)
		require.ErrorIs(t, err, errFake)
		if tt.want != "migrate" {
			require.EqualError(t, err, "sqlkeystore: "+tt.want+": fake: disk full")
		}
		f.fail = ""

		// A statement that hangs is given up.
		synctest.Test(t, func(t *testing.T) {
			f := newFakeDB()
			s := open(t, f, sqlkeystore.Config{Dialect: sqlkeystore.SQLite})
			require.NoError(t, s.Migrate(t.Context()))
			f.hang = tt.fail
			start := time.Now()
			err := tt.do(t.Context(), s)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorContains(t, err, "no answer from the database within 3s: context deadline exceeded (fake: interrupted)")
			require.LessOrEqual(t, time.Since(start), 6*time.Second) // Migrate asks twice

			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			err = tt.do(ctx, s)
			require.ErrorIs(t, err, context.Canceled, "the caller gave up")
		})
	}
}

// TestLateCleaning: a key that is there is there, however long deleting the expired ones takes.
func TestLateCleaning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeDB()
		f.hang = "DELETE FROM"
		var log bytes.Buffer
		s := open(t, f, sqlkeystore.Config{StatementTimeout: time.Second, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		require.NoError(t, s.CreateKey(t.Context(), record("key")))
		require.Contains(t, log.String(), "expired keys not deleted")
		require.Contains(t, log.String(), "within 1s")
		log.Reset()
		require.NoError(t, s.PutUserInfo(t.Context(), [sha256.Size]byte{}, []byte("record"), time.Now()))
		require.Contains(t, log.String(), "expired userinfo not deleted")
	})
}

// TestMigrationIsWaitedFor: the first use of many goroutines is one migration, and each waits no longer than it wants to.
func TestMigrationIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeDB()
		f.hang = "pg_advisory"
		s := open(t, f, sqlkeystore.Config{})
		first := make(chan error)
		go func() { first <- s.CreateKey(t.Context(), record("key")) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.ListKeys(ctx)
		require.EqualError(t, err, "sqlkeystore: wait for the migration: context deadline exceeded")
		require.ErrorIs(t, <-first, context.DeadlineExceeded)
		f.set(func() { f.hang = "" })
		f.said("")
		errs := make(chan error)
		for n := range 20 {
			go func() { errs <- s.CreateKey(t.Context(), record(fmt.Sprint(n))) }()
		}
		for range 20 {
			require.NoError(t, <-errs)
		}
		require.Len(t, f.said("pg_advisory"), 1)
	})
}

// TestHostileRows: one row must not take down the others, nor get into a log.
func TestHostileRows(t *testing.T) {
	f := newFakeDB()
	now := time.Now().Unix()
	six, data := int64(6), []byte("marker")
	f.extra = [][]driver.Value{
		{nil, six, data, now}, {"", six, data, now}, {"id", nil, nil, now}, {"id", int64(8193), nil, now}, {"id", six, data, nil}, {"id", six, data, int64(-1)},
		{"id", six, data, int64(1) << 60}, {"id", six, data, "marker"}, {"id", "marker", data, now}, {"marker\n", six, data, now}, {"\xff", six, data, now},
		{strings.Repeat("i", 65), six, data, now}, {"id", int64(8193), make([]byte, 8193), now}, {"id", six, 1.5, now}, {"id", six, data, 1.5},
	}
	var log bytes.Buffer
	s := open(t, f, sqlkeystore.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, s.CreateKey(t.Context(), record("good")))
	records, err := s.ListKeys(t.Context())
	require.NoError(t, err)
	require.Len(t, records, 1)
	require.Equal(t, "good", records[0].ID)
	require.Contains(t, log.String(), `msg="sqlkeystore: malformed key rows skipped" rows=15`)
	require.Equal(t, 1, strings.Count(log.String(), "\n"), "one line, however many rows")
	require.NotContains(t, log.String(), "marker")
}

// TestRefused: what could not come back as it was is not written.
func TestRefused(t *testing.T) {
	f := newFakeDB()
	s := open(t, f, sqlkeystore.Config{})
	require.NoError(t, s.Migrate(t.Context()))
	f.said("")
	expires := time.Now()
	for want, r := range map[string]tokenissuer.KeyRecord{
		"ID has 0 bytes, want 1 to 64":         {Expires: expires},
		"ID has 65 bytes, want 1 to 64":        {ID: strings.Repeat("i", 65), Expires: expires},
		`ID "a\x00" is not printable ASCII`:    {ID: "a\x00", Expires: expires},
		"data has 8193 bytes, want at most 81": {ID: "id", Data: make([]byte, 8193), Expires: expires},
		"expires -62135596800 seconds after":   {ID: "id"},
	} {
		require.ErrorContains(t, s.CreateKey(t.Context(), r), "sqlkeystore: create key: "+want)
	}
	require.ErrorContains(t, s.PutUserInfo(t.Context(), [sha256.Size]byte{}, make([]byte, 1<<20+1), expires), "record has 1048577 bytes, want at most 1048576")
	require.ErrorContains(t, s.PutUserInfo(t.Context(), [sha256.Size]byte{}, nil, time.Time{}), "expires")
	require.Empty(t, f.said(""))
}

func TestErrorsNeverQuoteRows(t *testing.T) {
	f := newFakeDB()
	s := open(t, f, sqlkeystore.Config{})
	require.NoError(t, s.PutUserInfo(t.Context(), [sha256.Size]byte{}, []byte("marker"), time.Now()))
	err := s.PutUserInfo(t.Context(), [sha256.Size]byte{}, []byte("another marker"), time.Now())
	require.True(t, errors.Is(err, tokenissuer.ErrUserInfoExists))
	require.NotContains(t, err.Error(), "marker")
}
