package e2e

import (
	"database/sql"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver/catalogtest"
	"example.com/stagedoor/resolver/sqlcatalog"
	"example.com/stagedoor/tokenissuer/sqlkeystore"
)

// TestSQLCatalog: a host's tables, with the collation that the database has when nobody thinks of it.
func TestSQLCatalog(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *databaseServer) {
		for name, d := range map[string]database{"one": s.database, "other settings": s.other} {
			db := d.open(t)
			t.Run(name, func(t *testing.T) {
				catalogtest.TestUserCatalog(t, catalogtest.Rig{WithoutFilter: true, New: func(t testing.TB, users []authprovider.User) authprovider.UserCatalog {
					tables := newUserTables(t, s, db)
					for id, u := range users {
						tables.insert(t, db, id, u)
					}
					c, err := sqlcatalog.New(tables.config(db))
					require.NoError(t, err)
					return c
				}})
			})
		}
		t.Run("collation", func(t *testing.T) { collation(t, s) })
	})
}

// userTables are tables of users, of their groups and of their annotations.
type userTables struct {
	users, groups, annotations string
	parameter                  func(n int) string
}

var userTableCount atomic.Int64

func newUserTables(t testing.TB, s *databaseServer, db *sql.DB) userTables {
	t.Helper()
	n := userTableCount.Add(1)
	tables := userTables{fmt.Sprintf("people_%d", n), fmt.Sprintf("members_%d", n), fmt.Sprintf("notes_%d", n), func(int) string { return "?" }}
	suffix := ""
	switch s.Dialect {
	case sqlkeystore.PostgreSQL:
		tables.parameter = func(n int) string { return fmt.Sprintf("$%d", n) }
	case sqlkeystore.MySQL:
		suffix = " CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
	}
	for _, statement := range []string{
		"CREATE TABLE " + tables.users + " (id INTEGER PRIMARY KEY, login VARCHAR(200), kind VARCHAR(20), ns VARCHAR(60)," +
			" mail VARCHAR(200), full_name VARCHAR(200), picture VARCHAR(200))" + suffix,
		"CREATE TABLE " + tables.groups + " (person INTEGER, team VARCHAR(200))" + suffix,
		"CREATE TABLE " + tables.annotations + " (person INTEGER, name VARCHAR(300), value VARCHAR(300))" + suffix,
	} {
		_, err := db.Exec(statement)
		require.NoError(t, err, statement)
	}
	return tables
}

func (u userTables) insert(t testing.TB, db *sql.DB, id int, user authprovider.User) {
	t.Helper()
	add := func(table string, values ...any) {
		var parameters []string
		for i := range values {
			parameters = append(parameters, u.parameter(i+1))
		}
		_, err := db.Exec("INSERT INTO "+table+" VALUES ("+strings.Join(parameters, ", ")+")", values...)
		require.NoError(t, err)
	}
	ref, err := authprovider.ParseEntityRef(user.Ref)
	require.NoError(t, err)
	null := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	add(u.users, id, ref.Name, ref.Kind, ref.Namespace, null(user.Email), null(user.DisplayName), null(user.Picture))
	for _, group := range user.MemberOf {
		add(u.groups, id, group)
	}
	for name, value := range user.Annotations {
		add(u.annotations, id, name, value)
	}
}

func (u userTables) config(db *sql.DB) sqlcatalog.Config {
	one, two, three := u.parameter(1), u.parameter(2), u.parameter(3)
	columns := "SELECT id, login, kind, ns, mail, full_name, picture FROM " + u.users + " WHERE "
	return sqlcatalog.Config{
		DB: db,
		Columns: map[string]string{"id": "id", "login": "metadata.name", "kind": "kind", "ns": "metadata.namespace",
			"mail": "spec.profile.email", "full_name": "spec.profile.displayName", "picture": "spec.profile.picture"},
		ByRef:            columns + "lower(login) = " + one + " AND lower(ns) = " + two + " AND lower(kind) = " + three,
		ByEmail:          columns + "lower(mail) = " + one,
		ByAnyAnnotation:  columns + "id IN (SELECT person FROM " + u.annotations + " WHERE name = " + one + " AND value = " + two + ")",
		Groups:           "SELECT team FROM " + u.groups + " WHERE person = " + one,
		Annotations:      "SELECT name, value FROM " + u.annotations + " WHERE person = " + one,
		StatementTimeout: patience,
	}
}

// collation: MariaDB finds "jose" for "josé", and the catalog does not.
func collation(t *testing.T, s *databaseServer) {
	db := s.open(t)
	tables := newUserTables(t, s, db)
	tables.insert(t, db, 1, authprovider.User{Ref: "user:default/jose", Email: "jose@acme.example", Annotations: map[string]string{"example.com/id": "Ab"}})
	var n int
	require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM "+tables.users+" WHERE mail = "+tables.parameter(1), "jos\u00e9@acme.example ").Scan(&n))
	if s.Dialect == sqlkeystore.MySQL {
		require.Equal(t, 1, n, "otherwise this test proves nothing")
	}
	c, err := sqlcatalog.New(tables.config(db))
	require.NoError(t, err)
	for _, q := range []authprovider.UserQuery{
		{Email: "jos\u00e9@acme.example"}, {Email: "jose@acme.example "}, {Annotations: map[string]string{"example.com/id": "AB"}},
		{Annotations: map[string]string{"example.com/id": "Ab "}},
	} {
		found, err := c.FindUsers(t.Context(), q)
		require.NoError(t, err)
		require.Empty(t, found)
	}
	found, err := c.FindUsers(t.Context(), authprovider.UserQuery{Annotations: map[string]string{"example.com/id": "Ab"}})
	require.NoError(t, err)
	require.Len(t, found, 1)
}
