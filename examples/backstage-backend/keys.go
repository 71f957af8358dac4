package main

import (
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/tokenissuer/sqlkeystore"
)

// openStore opens the database of a URL: postgres://user:password@host/name, or file:auth.db for SQLite. Without one, keys are in memory.
func (b *backend) openStore(address authprovider.Secret, logger *slog.Logger) (*sqlkeystore.Store, error) {
	if address == "" {
		return nil, nil
	}
	u, err := url.Parse(string(address))
	if err != nil {
		return nil, errors.New("stagedoor.database is no URL") // what url.Parse says would show the password
	}
	driver, dialect := "pgx", sqlkeystore.PostgreSQL
	switch u.Scheme {
	case "postgres", "postgresql":
	case "file":
		driver, dialect = "sqlite", sqlkeystore.SQLite
	default:
		return nil, fmt.Errorf("stagedoor.database is a URL of %q, want postgres or file", u.Scheme)
	}
	if b.db, err = sql.Open(driver, string(address)); err != nil {
		return nil, errors.New("stagedoor.database cannot be opened")
	}
	return sqlkeystore.New(sqlkeystore.Config{DB: b.db, Dialect: dialect, Logger: logger})
}
