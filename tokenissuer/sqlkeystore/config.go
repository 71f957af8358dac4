package sqlkeystore

import (
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"sync/atomic"
	"time"

	"example.com/stagedoor/tokenissuer"
)

const (
	defaultKeysTable        = "stagedoor_keys"
	defaultUserInfoTable    = "stagedoor_userinfo"
	defaultStatementTimeout = 3 * time.Second
)

// Config configures [New]. After it has been passed to New it must not be modified.
type Config struct {
	// DB is required, and stays the host's: it may be used for other things, and is not closed. Its driver must give up on a
	// statement when the context ends; pgx, lib/pq, go-sql-driver/mysql, modernc.org/sqlite and mattn/go-sqlite3 do.
	DB *sql.DB
	// Dialect is required.
	Dialect Dialect

	// KeysTable is where the keys are. If empty, it is "stagedoor_keys". A name consists of at most 55 ASCII letters, digits and
	// underscores, does not begin with a digit, and may follow the name of a schema and a dot: "auth.keys".
	KeysTable string
	// UserInfoTable is where the answers of the userinfo endpoint are. If empty, it is "stagedoor_userinfo".
	UserInfoTable string

	// StatementTimeout is the limit of each statement, waiting for a connection included. If zero, it is three seconds.
	StatementTimeout time.Duration
	// DisableMigrations leaves the tables to the host: those of [Store.Schema] must be there. If false, [Store.Migrate] runs
	// before the first use.
	DisableMigrations bool

	// Logger gets rows that are skipped and expired rows that cannot be deleted, without what is in them. If nil, nothing is logged.
	Logger *slog.Logger
}

// Store keeps keys and userinfo in a database. Its methods may be called concurrently.
type Store struct {
	db      *sql.DB
	dialect Dialect
	sql     statements
	timeout time.Duration
	late    error // why a statement that took longer than timeout was given up
	logger  *slog.Logger

	migrated  atomic.Bool
	migrating chan struct{} // of capacity 1: holds a token while somebody migrates
	puts      atomic.Uint64 // userinfo records added
}

var (
	_ tokenissuer.KeyStore      = (*Store)(nil)
	_ tokenissuer.UserInfoStore = (*Store)(nil)
)

// New returns a store. It does not use the database yet.
func New(c Config) (*Store, error) {
	if c.DB == nil {
		return nil, errors.New("sqlkeystore: Config.DB is required")
	}
	if c.Dialect == 0 {
		return nil, errors.New("sqlkeystore: Config.Dialect is required")
	}
	if c.Dialect != PostgreSQL && c.Dialect != MySQL && c.Dialect != SQLite {
		return nil, fmt.Errorf("sqlkeystore: Config.Dialect is %v", c.Dialect)
	}
	if c.KeysTable == "" {
		c.KeysTable = defaultKeysTable
	}
	if !tableName.MatchString(c.KeysTable) {
		return nil, fmt.Errorf("sqlkeystore: Config.KeysTable %q is no table name", c.KeysTable)
	}
	if c.UserInfoTable == "" {
		c.UserInfoTable = defaultUserInfoTable
	}
	if !tableName.MatchString(c.UserInfoTable) {
		return nil, fmt.Errorf("sqlkeystore: Config.UserInfoTable %q is no table name", c.UserInfoTable)
	}
	if c.KeysTable == c.UserInfoTable {
		return nil, fmt.Errorf("sqlkeystore: Config.KeysTable and Config.UserInfoTable are both %q", c.KeysTable)
	}
	if c.StatementTimeout == 0 {
		c.StatementTimeout = defaultStatementTimeout
	}
	if c.StatementTimeout < 0 {
		return nil, fmt.Errorf("sqlkeystore: Config.StatementTimeout is %v", c.StatementTimeout)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Store{
		db:        c.DB,
		dialect:   c.Dialect,
		sql:       newStatements(c.Dialect, c.KeysTable, c.UserInfoTable),
		timeout:   c.StatementTimeout,
		late:      lateError(c.StatementTimeout),
		logger:    c.Logger,
		migrating: make(chan struct{}, 1),
	}
	s.migrated.Store(c.DisableMigrations)
	return s, nil
}

// tableName leaves room for the names that are made of a table's: PostgreSQL cuts off silently what is longer than 63 bytes.
var tableName = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]{0,62}\.)?[A-Za-z_][A-Za-z0-9_]{0,54}$`)
