package sqlcatalog_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"example.com/stagedoor/authprovider"
)

type (
	user  = authprovider.User
	query = authprovider.UserQuery
)

// fakeDB is a database of users that understands a few statements, and compares as MySQL does with its usual collation: without regard to
// case, to accents and to spaces at the end.
type fakeDB struct {
	mu         sync.Mutex // guards the fields below
	users      []user
	statements []string // with their parameters
	columns    []string
	rows       [][]driver.Value // instead of users
	fail, hang string           // statements that begin with it
	lateError  error            // after the rows
	open       int              // results
}

var errFake = errors.New("fake: disk full")

func newFakeDB(users ...user) *fakeDB {
	return &fakeDB{users: users, columns: []string{"id", "ref", "mail", "full_name", "picture", "staff_no", "floor", "badges"}}
}

func (f *fakeDB) db() *sql.DB { return sql.OpenDB(f) }

func (f *fakeDB) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// said returns the statements since the last call.
func (f *fakeDB) said() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	said := f.statements
	f.statements = nil
	return said
}

// Connect and Driver make it a driver.Connector.
func (f *fakeDB) Connect(context.Context) (driver.Conn, error) { return fakeConn{f}, nil }
func (f *fakeDB) Driver() driver.Driver                        { return nil }

type fakeConn struct{ *fakeDB }

func (fakeConn) Prepare(string) (driver.Stmt, error) {
	return nil, errors.New("fake: nothing is prepared")
}
func (fakeConn) Close() error              { return nil }
func (fakeConn) Begin() (driver.Tx, error) { return nil, errors.New("fake: no transactions") }

var folding = strings.NewReplacer("\u00e9", "e", "\u00c9", "e", "\u0301", "", "\u00df", "ss", "\u0131", "i", "\u0130", "i", "\u00e8", "e",
	"\u00ed", "i", "\u212a", "k", "\u017f", "s",
	"\u00ad", "", "\u200b", "", "\uff20", "@")

func same(a, b string) bool {
	fold := func(s string) string { return strings.ToLower(folding.Replace(strings.TrimRight(s, " "))) }
	return fold(a) == fold(b)
}

func (c fakeConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	said := text
	for _, a := range args {
		said += fmt.Sprintf(" %q", fmt.Sprint(a.Value))
	}
	c.statements = append(c.statements, said)
	switch {
	case c.fail != "" && strings.HasPrefix(text, c.fail):
		return nil, errFake
	case c.hang != "" && strings.HasPrefix(text, c.hang):
		c.mu.Unlock()
		<-ctx.Done()
		c.mu.Lock()
		return nil, errors.New("fake: interrupted") // as SQLite says it
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	arg := func(i int) string { return fmt.Sprint(args[i].Value) }
	var match func(u user) bool
	switch { // those of the example
	case strings.HasSuffix(text, "WHERE lower(ref) = $1"):
		text = "ref"
	case strings.HasSuffix(text, "WHERE lower(mail) = $1"):
		text = "mail"
	case strings.HasSuffix(text, "WHERE user_id = $1"):
		text = "groups"
	}
	switch command, rest, _ := strings.Cut(text, " "); command {
	case "groups":
		var rows [][]driver.Value
		for i, u := range c.users {
			if arg(0) == fmt.Sprint(i) || arg(0) == u.Ref {
				for _, g := range u.MemberOf {
					rows = append(rows, []driver.Value{g})
				}
			}
		}
		return c.result([]string{"g"}, rows), nil
	case "annotations":
		var rows [][]driver.Value
		for i, u := range c.users {
			if arg(0) == fmt.Sprint(i) || arg(0) == u.Ref {
				for k, v := range u.Annotations {
					rows = append(rows, []driver.Value{k, v})
				}
			}
		}
		return c.result([]string{"k", "v"}, rows), nil
	case "ref":
		match = func(u user) bool { return same(u.Ref, arg(0)) }
	case "mail":
		match = func(u user) bool { return same(u.Email, arg(0)) }
	case "any":
		match = func(u user) bool {
			for k, v := range u.Annotations {
				if same(k, arg(0)) && same(v, arg(1)) {
					return true
				}
			}
			return false
		}
	case "annotation":
		match = func(u user) bool { return same(u.Annotations[rest], arg(0)) }
	case "field":
		match = func(u user) bool {
			return slices.ContainsFunc(u.Values(rest), func(v string) bool { return same(v, arg(0)) })
		}
	default:
		return nil, fmt.Errorf("fake: syntax error in %q", text)
	}
	rows := c.rows
	for i, u := range c.users {
		if !match(u) {
			continue
		}
		field := func(path string) driver.Value {
			if values := u.Values(path); len(values) > 0 {
				return []byte(values[0])
			}
			return nil
		}
		rows = append(rows, []driver.Value{int64(i), u.Ref, field("spec.profile.email"), field("spec.profile.displayName"), field("spec.profile.picture"),
			field("spec.employeeId"), field("metadata.labels.floor"), field("spec.badges")})
	}
	return c.result(c.columns, rows), nil
}

func (f *fakeDB) result(columns []string, rows [][]driver.Value) driver.Rows {
	f.open++
	return &fakeRows{db: f, columns: columns, rows: rows, err: f.lateError}
}

type fakeRows struct {
	db      *fakeDB
	columns []string
	rows    [][]driver.Value
	err     error
}

func (r *fakeRows) Columns() []string { return r.columns }

func (r *fakeRows) Close() error {
	r.db.set(func() { r.db.open-- })
	return nil
}

func (r *fakeRows) Next(dest []driver.Value) error {
	if len(r.rows) == 0 {
		if r.err != nil {
			return r.err
		}
		return io.EOF
	}
	copy(dest, r.rows[0])
	r.rows = r.rows[1:]
	return nil
}
