package sqlkeystore

import (
	"fmt"
	"strings"
)

// Dialect is the SQL that a database understands.
type Dialect int

const (
	// PostgreSQL is PostgreSQL 9.5 or newer.
	PostgreSQL Dialect = iota + 1
	// MySQL is MySQL 5.7 or newer, or MariaDB 10.2 or newer.
	MySQL
	// SQLite is SQLite 3.24 or newer.
	SQLite
)

// String returns the database's name.
func (d Dialect) String() string {
	switch d {
	case PostgreSQL:
		return "PostgreSQL"
	case MySQL:
		return "MySQL"
	case SQLite:
		return "SQLite"
	}
	return fmt.Sprintf("Dialect(%d)", int(d))
}

const (
	// keyGrace and userInfoGrace are how many seconds an expired row is kept: the issuer's clock may be behind the database's.
	keyGrace      = 60 * 60
	userInfoGrace = 5 * 60
	// purgeBatch bounds how many expired userinfo rows one statement deletes, so that it locks few and ends soon.
	purgeBatch = 500
)

// statements are all that a store executes, but for the migrations' locks.
type statements struct {
	listKeys, createKey, deleteKey, deleteExpiredKeys       string
	putUserInfo, userInfo, anyUserInfo, purgeUserInfo       string
	createVersionTable, readVersion, writeVersion, lockText string
	migrations                                              [][]string // what leads from version i to i+1
}

// grammar is how a dialect says it.
type grammar struct {
	quote       string // around a name
	placeholder string // of parameter %d
	now         string // seconds since 1970, by the database's clock
	keyID       string // type of up to 64 bytes of ASCII that are compared byte by byte
	userInfoID  string // type of 32 bytes
	data        string // type of up to 1 MiB
	extra       string // columns
	extraIndex  string // in CREATE TABLE, where CREATE INDEX has no IF NOT EXISTS
	suffix      string // of CREATE TABLE
	keepOld     string // end of an INSERT: a row of the same primary key stays as it is
}

var grammars = map[Dialect]grammar{
	PostgreSQL: {
		quote: `"`, placeholder: "$%d", now: "CAST(EXTRACT(EPOCH FROM now()) AS BIGINT)",
		keyID: `VARCHAR(64) COLLATE "C"`, userInfoID: "BYTEA", data: "BYTEA",
		keepOld: " ON CONFLICT (id) DO NOTHING",
	},
	MySQL: {
		quote: "`", placeholder: "?", now: "UNIX_TIMESTAMP()",
		// Text types ignore spaces at the end, and most collations upper and lower case. A BLOB ends at 64 KiB.
		keyID: "VARBINARY(64)", userInfoID: "BINARY(32)", data: "MEDIUMBLOB",
		// The count of affected rows must tell a new row from an old one. An old row that is set to what it is counts as 0, or as 1
		// like a new one if the driver sets CLIENT_FOUND_ROWS; one that changes is always 2. INSERT IGNORE would tell them apart as
		// well, but swallows other errors.
		extra:      ", collisions BIGINT NOT NULL DEFAULT 0",
		extraIndex: ", INDEX (expires)",
		suffix:     " ENGINE=InnoDB",
		keepOld:    " ON DUPLICATE KEY UPDATE collisions = collisions + 1",
	},
	SQLite: {
		quote: `"`, placeholder: "?", now: "CAST(strftime('%s', 'now') AS INTEGER)",
		keyID: "TEXT", userInfoID: "BLOB", data: "BLOB",
		keepOld: " ON CONFLICT (id) DO NOTHING",
	},
}

func newStatements(d Dialect, keysName, userInfoName string) statements {
	g := grammars[d]
	keys, userInfo, version := g.quoted(keysName), g.quoted(userInfoName), g.quoted(keysName+"_version")
	id, data, expires := g.parameter(1), g.parameter(2), g.parameter(3)
	createTable := func(table, idType, more string) string {
		return "CREATE TABLE IF NOT EXISTS " + table + " (id " + idType + " NOT NULL PRIMARY KEY, data " + g.data +
			" NOT NULL, expires BIGINT NOT NULL" + more + ")" + g.suffix
	}
	insert := func(table string) string {
		return "INSERT INTO " + table + " (id, data, expires) VALUES (" + id + ", " + data + ", " + expires + ")" + g.keepOld
	}
	// upTo reads no more than the store can have written: whoever writes to a table must not fill the memory of all replicas. The
	// length tells no data from data of no bytes, which a driver may not.
	upTo := func(limit int) string {
		return fmt.Sprintf("LENGTH(data), CASE WHEN LENGTH(data) <= %d THEN data END", limit)
	}
	expiredFor := func(grace int) string { return fmt.Sprintf("(expires < %s - %d)", g.now, grace) }

	s := statements{
		listKeys:          "SELECT id, " + upTo(maxKeyData) + ", expires FROM " + keys,
		createKey:         insert(keys),
		deleteKey:         "DELETE FROM " + keys + " WHERE id = " + id,
		deleteExpiredKeys: "DELETE FROM " + keys + " WHERE " + expiredFor(keyGrace) + " AND id <> " + id,

		putUserInfo: insert(userInfo),
		userInfo:    "SELECT " + upTo(maxUserInfo) + " FROM " + userInfo + " WHERE id = " + id + " AND NOT " + expiredFor(userInfoGrace),
		anyUserInfo: "SELECT " + upTo(maxUserInfo) + " FROM " + userInfo + " WHERE id = " + id,

		createVersionTable: "CREATE TABLE IF NOT EXISTS " + version + " (version INTEGER NOT NULL PRIMARY KEY)" + g.suffix,
		readVersion:        "SELECT MAX(version) FROM " + version,
		writeVersion:       "INSERT INTO " + version + " (version) VALUES (%d)",
	}
	tables := []string{createTable(keys, g.keyID, g.extra), createTable(userInfo, g.userInfoID, g.extra+g.extraIndex)}
	expired := expiredFor(userInfoGrace)
	batch := fmt.Sprintf("SELECT id FROM %s WHERE %s LIMIT %d", userInfo, expired, purgeBatch)
	switch d {
	case PostgreSQL:
		// ARRAY makes it one list, which a join could read again and again; rows that another replica deletes are left to it.
		s.purgeUserInfo = "DELETE FROM " + userInfo + " WHERE id = ANY(ARRAY(" + batch + " FOR UPDATE SKIP LOCKED))"
		tables = append(tables, "CREATE INDEX IF NOT EXISTS "+g.quoted(local(userInfoName)+"_expires")+" ON "+userInfo+" (expires)")
		s.lockText = "stagedoor sqlkeystore " + keysName
		s.writeVersion += " ON CONFLICT (version) DO NOTHING"
	case MySQL:
		s.purgeUserInfo = fmt.Sprintf("DELETE FROM %s WHERE %s ORDER BY expires LIMIT %d", userInfo, expired, purgeBatch)
		s.writeVersion += " ON DUPLICATE KEY UPDATE version = version"
	case SQLite:
		s.purgeUserInfo = "DELETE FROM " + userInfo + " WHERE id IN (" + batch + ")"
		// The schema is said with the index, not with the table.
		tables = append(tables, "CREATE INDEX IF NOT EXISTS "+g.quoted(userInfoName+"_expires")+" ON "+g.quoted(local(userInfoName))+" (expires)")
		s.writeVersion += " ON CONFLICT (version) DO NOTHING"
	}
	s.migrations = [][]string{tables}
	return s
}

// quoted quotes each part of a name that has been checked. Quoted, it may be a reserved word.
func (g grammar) quoted(name string) string {
	return g.quote + strings.ReplaceAll(name, ".", g.quote+"."+g.quote) + g.quote
}

func (g grammar) parameter(n int) string {
	if strings.Contains(g.placeholder, "%") {
		return fmt.Sprintf(g.placeholder, n)
	}
	return g.placeholder
}

// local is a table's name without its schema.
func local(table string) string { return table[strings.LastIndexByte(table, '.')+1:] }
