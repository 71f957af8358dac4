package sqlkeystore

import (
	"context"
	"database/sql"
	"fmt"
	"hash/fnv"
	"strings"
)

// Schema returns the statements that [Store.Migrate] executes on an empty database, for hosts that create their tables
// themselves; see [Config.DisableMigrations].
func (s *Store) Schema() string {
	var b strings.Builder
	write := func(statement string) { b.WriteString(statement + ";\n") }
	write(s.sql.createVersionTable)
	for i, migration := range s.sql.migrations {
		for _, statement := range migration {
			write(statement)
		}
		write(fmt.Sprintf(s.sql.writeVersion, i+1))
	}
	return b.String()
}

// Migrate creates or updates the tables. Any number of replicas may do so at once, and again: each finds what it needs, or makes it. It runs
// before the first use of a store unless [Config.DisableMigrations] is set; calling it at the start tells the host early what is wrong.
//
// If the tables are up to date it is one query, which needs no right to create tables. Tables of a newer version are left as they
// are: while a new release is rolled out, the old one goes on.
func (s *Store) Migrate(ctx context.Context) error {
	// Whatever is wrong here, such as no table, is found again below.
	if version, err := s.version(ctx, s.db); err == nil && version >= len(s.sql.migrations) {
		s.migrated.Store(true)
		return nil
	}
	var err error
	if s.dialect == PostgreSQL {
		err = s.migrateInTransaction(ctx)
	} else {
		err = s.migrate(ctx, s.db) // each statement is atomic, and does nothing the second time
	}
	if err == nil {
		s.migrated.Store(true)
	}
	return err
}

// ready migrates before the first use. Others wait for it, each no longer than its own context; if it fails, the next use tries again.
func (s *Store) ready(ctx context.Context) error {
	if s.migrated.Load() {
		return nil
	}
	ctx, cancel := s.limited(ctx)
	defer cancel()
	select {
	case s.migrating <- struct{}{}:
	case <-ctx.Done():
		return failed(ctx, "wait for the migration", ctx.Err())
	}
	defer func() { <-s.migrating }()
	if s.migrated.Load() {
		return nil
	}
	return s.Migrate(ctx)
}

// database is a *sql.DB or a *sql.Tx.
type database interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// migrateInTransaction migrates one replica after the other: of several that execute CREATE TABLE IF NOT EXISTS at once, PostgreSQL fails
// all but one with a unique violation in its catalogue.
func (s *Store) migrateInTransaction(ctx context.Context) error {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	// Each statement must see what was committed while the lock was waited for, whatever the database's default is.
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return failed(ctx, "migrate", err)
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(s.sql.lockText))
	// The lock goes with the transaction, so that it is safe behind a connection pool of transactions.
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", int64(hash.Sum64()))); err != nil {
		return failed(ctx, "migrate", err)
	}
	if err := s.migrate(ctx, tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return failed(ctx, "migrate", err)
	}
	return nil
}

func (s *Store) migrate(ctx context.Context, db database) error {
	if err := s.execute(ctx, db, s.sql.createVersionTable); err != nil {
		return err
	}
	version, err := s.version(ctx, db)
	if err != nil {
		return err
	}
	for i := version; i < len(s.sql.migrations); i++ {
		for _, statement := range s.sql.migrations[i] {
			if err := s.execute(ctx, db, statement); err != nil {
				return err
			}
		}
		if err := s.execute(ctx, db, fmt.Sprintf(s.sql.writeVersion, i+1)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) execute(ctx context.Context, db database, statement string) error {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	if _, err := db.ExecContext(ctx, statement); err != nil {
		return failed(ctx, "migrate", err)
	}
	return nil
}

// version returns how many migrations have been executed.
func (s *Store) version(ctx context.Context, db database) (int, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	var version sql.NullInt64
	if err := db.QueryRowContext(ctx, s.sql.readVersion).Scan(&version); err != nil {
		return 0, failed(ctx, "read the version of the tables", err)
	}
	return int(version.Int64), nil
}
