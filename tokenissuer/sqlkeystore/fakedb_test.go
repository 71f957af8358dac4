package sqlkeystore_test

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// fakeDB is a database that understands what a store says, and nothing else. Its rows live until it does.
type fakeDB struct {
	mu         sync.Mutex // guards the fields below
	tables     map[string]map[string]fakeRow
	statements []string
	clock      time.Duration // ahead of ours
	affected   int64         // of an INSERT that hits an old row
	hang       string        // statements that contain it wait for their context
	fail       string        // statements that contain it fail
	extra      [][]driver.Value
}

type fakeRow struct {
	id      driver.Value
	data    []byte
	expires int64
}

var errFake = errors.New("fake: disk full")

func newFakeDB() *fakeDB { return &fakeDB{tables: make(map[string]map[string]fakeRow)} }

func (f *fakeDB) open() *sql.DB { return sql.OpenDB(f) }

// said returns the statements since the last call that match.
func (f *fakeDB) said(pattern string) (matching []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.statements {
		if regexp.MustCompile(pattern).MatchString(s) {
			matching = append(matching, s)
		}
	}
	f.statements = nil
	return matching
}

func (f *fakeDB) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fakeDB) rows(table string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.tables[table])
}

// Connect and Driver make it a driver.Connector.
func (f *fakeDB) Connect(context.Context) (driver.Conn, error) { return fakeConn{f}, nil }
func (f *fakeDB) Driver() driver.Driver                        { return nil }

type fakeConn struct{ *fakeDB }

func (fakeConn) Prepare(string) (driver.Stmt, error) {
	return nil, errors.New("fake: nothing is prepared")
}
func (fakeConn) Close() error                { return nil }
func (c fakeConn) Begin() (driver.Tx, error) { return fakeTx(c), nil }
func (c fakeConn) BeginTx(_ context.Context, o driver.TxOptions) (driver.Tx, error) {
	if o.Isolation != driver.IsolationLevel(sql.LevelReadCommitted) {
		return nil, errors.New("fake: another isolation level")
	}
	return fakeTx(c), nil
}

type fakeTx fakeConn

func (t fakeTx) Commit() error   { return fakeConn(t).wait(context.Background(), "COMMIT") }
func (t fakeTx) Rollback() error { return fakeConn(t).wait(context.Background(), "ROLLBACK") }

// wait notes a statement, and does to it what the test wants.
func (f *fakeDB) wait(ctx context.Context, statement string) error {
	f.mu.Lock()
	hang := f.hang != "" && strings.Contains(statement, f.hang)
	fail := f.fail != "" && strings.Contains(statement, f.fail)
	f.statements = append(f.statements, statement)
	f.mu.Unlock()
	switch {
	case fail:
		return errFake
	case hang:
		<-ctx.Done()
		return errors.New("fake: interrupted") // as SQLite says it
	}
	return nil
}

var (
	nameIn  = "[\"`]([^ ]+)[\"`]"
	create  = regexp.MustCompile("^CREATE TABLE IF NOT EXISTS " + nameIn + " ")
	insert  = regexp.MustCompile("^INSERT INTO " + nameIn + ` \((id, data, expires|version)\)`)
	list    = regexp.MustCompile("^SELECT id, LENGTH\\(data\\), CASE WHEN .* END, expires FROM " + nameIn + "$")
	read    = regexp.MustCompile("^SELECT LENGTH\\(data\\), CASE WHEN .* END FROM " + nameIn + " WHERE id = (AND NOT)?")
	highest = regexp.MustCompile(`^SELECT MAX\(version\) FROM ` + nameIn + "$")
	remove  = regexp.MustCompile("^DELETE FROM " + nameIn + " WHERE ")
	grace   = regexp.MustCompile(`expires < [^-]+(?:'now'\) AS INTEGER\))? - (\d+)`)
	batch   = regexp.MustCompile(`LIMIT (\d+)`)
)

func (c fakeConn) ExecContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.wait(ctx, statement); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := create.FindStringSubmatch(statement); m != nil {
		if c.tables[m[1]] == nil {
			c.tables[m[1]] = make(map[string]fakeRow)
		}
		return driver.RowsAffected(0), nil
	}
	if m := insert.FindStringSubmatch(statement); m != nil {
		table, ok := c.tables[m[1]]
		if !ok {
			return nil, fmt.Errorf("fake: no table %s", m[1])
		}
		if m[2] == "version" {
			table["version"] = fakeRow{}
			return driver.RowsAffected(1), nil
		}
		id := text(args[0].Value)
		if _, ok := table[id]; ok {
			return driver.RowsAffected(c.affected), nil
		}
		table[id] = fakeRow{args[0].Value, bytes.Clone(args[1].Value.([]byte)), args[2].Value.(int64)}
		return driver.RowsAffected(1), nil
	}
	if m := remove.FindStringSubmatch(statement); m != nil {
		table := c.tables[m[1]]
		g := grace.FindStringSubmatch(statement)
		if g == nil {
			delete(table, text(args[0].Value))
			return driver.RowsAffected(1), nil
		}
		limit := len(table)
		if b := batch.FindStringSubmatch(statement); b != nil {
			limit, _ = strconv.Atoi(b[1])
		}
		for id, row := range table {
			if limit > 0 && c.expired(row, g[1]) && (len(args) == 0 || text(args[0].Value) != id) {
				delete(table, id)
				limit--
			}
		}
		return driver.RowsAffected(1), nil
	}
	if strings.HasPrefix(statement, "CREATE INDEX ") || strings.HasPrefix(statement, "SELECT pg_advisory_xact_lock(") {
		return driver.RowsAffected(0), nil
	}
	return nil, fmt.Errorf("fake: syntax error in %q", statement)
}

func (f *fakeDB) expired(row fakeRow, grace string) bool {
	seconds, err := strconv.ParseInt(grace, 10, 64)
	if err != nil {
		panic(err)
	}
	return row.expires < time.Now().Add(f.clock).Unix()-seconds
}

func (c fakeConn) QueryContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.wait(ctx, statement); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := highest.FindStringSubmatch(statement); m != nil {
		table, ok := c.tables[m[1]]
		switch {
		case !ok:
			return nil, fmt.Errorf("fake: no table %s", m[1])
		case len(table) == 0:
			return &fakeRows{columns: 1, rows: [][]driver.Value{{nil}}}, nil
		}
		return &fakeRows{columns: 1, rows: [][]driver.Value{{int64(1)}}}, nil
	}
	if m := list.FindStringSubmatch(statement); m != nil {
		table, ok := c.tables[m[1]]
		if !ok {
			return nil, fmt.Errorf("fake: no table %s", m[1])
		}
		rows := &fakeRows{columns: 4, rows: append([][]driver.Value(nil), c.extra...)}
		for _, r := range table {
			rows.rows = append(rows.rows, []driver.Value{r.id, int64(len(r.data)), r.data, r.expires})
		}
		return rows, nil
	}
	if m := read.FindStringSubmatch(statement); m != nil {
		rows := &fakeRows{columns: 2}
		r, ok := c.tables[m[1]][text(args[0].Value)]
		if g := grace.FindStringSubmatch(statement); ok && (g == nil || !c.expired(r, g[1])) {
			rows.rows = [][]driver.Value{{int64(len(r.data)), r.data}}
		}
		return rows, nil
	}
	return nil, fmt.Errorf("fake: syntax error in %q", statement)
}

func text(v driver.Value) string {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return v.(string)
}

type fakeRows struct {
	columns int
	rows    [][]driver.Value
}

func (r *fakeRows) Columns() []string { return make([]string, r.columns) }
func (r *fakeRows) Close() error      { return nil }
func (r *fakeRows) Next(dest []driver.Value) error {
	if len(r.rows) == 0 {
		return io.EOF
	}
	copy(dest, r.rows[0])
	r.rows = r.rows[1:]
	return nil
}
