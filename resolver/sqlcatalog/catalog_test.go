package sqlcatalog_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver/catalogtest"
	"example.com/stagedoor/resolver/sqlcatalog"
)

func config(db *sql.DB) sqlcatalog.Config {
	return sqlcatalog.Config{
		DB: db,
		Columns: map[string]string{
			"id": "id", "ref": "ref", "mail": "spec.profile.email", "full_name": "spec.profile.displayName", "picture": "spec.profile.picture",
			"staff_no": "spec.employeeId", "floor": "metadata.labels.floor", "badges": "spec.badges",
		},
		ByRef:           "ref",
		ByEmail:         "mail",
		ByAnyAnnotation: "any",
		ByField: map[string]string{
			"spec.employeeId": "field spec.employeeId", "metadata.labels.floor": "field metadata.labels.floor",
			"relations.memberOf": "field relations.memberOf",
		},
		Groups:      "groups",
		Annotations: "annotations",
	}
}

func open(t testing.TB, f *fakeDB, change ...func(*sqlcatalog.Config)) *sqlcatalog.Catalog {
	t.Helper()
	db := f.db()
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	c := config(db)
	for _, f := range change {
		f(&c)
	}
	catalog, err := sqlcatalog.New(c)
	require.NoError(t, err)
	return catalog
}

// TestContract: on a database that folds case and accents, whose lists of values are in another table. A filter takes a query, so those of
// the suite that ask for other fields are left out.
func TestContract(t *testing.T) {
	rig := catalogtest.Rig{New: func(t testing.TB, users []user) authprovider.UserCatalog {
		return open(t, newFakeDB(users...), func(c *sqlcatalog.Config) {
			c.ByField = nil
			c.DB.SetMaxOpenConns(1) // a statement that ran while a result is open would wait for itself
		})
	}, WithoutFilter: true}
	catalogtest.TestUserCatalog(t, rig)
}

func people() []user {
	return []user{
		{Ref: "user:default/Jane", Email: "Jane@acme.example", DisplayName: "Jane Doe", Picture: "https://acme.example/j.png", Annotations: map[string]string{"example.com/id": "7", "example.com/team": "dev"},
			MemberOf: []string{"devs", "other/ops", "group:default/devs", "role:default/admin",
				""}, Fields: map[string][]string{"spec.employeeId": {"E-1"}, "metadata.labels.floor": {"second"}}},
		{Ref: "user:default/jos\u00e9", Email: "jos\u00e9@acme.example"},
		{Ref: "user:default/bob", Email: "bob@acme.example", Annotations: map[string]string{"example.com/id": "8",
			"example.com/team": "dev"}, Fields: map[string][]string{"metadata.labels.floor": {"second"}}},
		{Ref: "group:default/devs", Email: "devs@acme.example"},
	}
}

func TestUser(t *testing.T) {
	f := newFakeDB(people()...)
	c := open(t, f)
	found, err := c.FindUsers(t.Context(), query{Ref: "User:JANE"})
	require.NoError(t, err)
	require.Equal(t, []user{{
		Ref: "user:default/jane", Email: "Jane@acme.example", DisplayName: "Jane Doe", Picture: "https://acme.example/j.png",
		Annotations: map[string]string{"example.com/id": "7", "example.com/team": "dev"},
		MemberOf:    []string{"group:default/devs", "group:other/ops", "role:default/admin"},
		Fields:      map[string][]string{"spec.employeeId": {"E-1"}, "metadata.labels.floor": {"second"}},
	}}, found)
	require.Equal(t, []string{`ref "user:default/jane"`, `annotations "0"`, `groups "0"`}, f.said())
}

// TestStatements: which query is run with what, and that what is looked for stands in no statement.
func TestStatements(t *testing.T) {
	f := newFakeDB(people()...)
	byParts := func(c *sqlcatalog.Config) {
		c.Columns = map[string]string{"login": "metadata.Name", "mail": "spec.profile.Email"}
		c.ByField, c.Annotations, c.ByAnyAnnotation = nil, "", ""
	}
	for _, tt := range []struct {
		change func(*sqlcatalog.Config)
		q      query
		want   string
	}{
		{nil, query{Email: "JANE@acme.example' OR ''='"}, `mail "jane@acme.example' or ''='"`},
		{nil, query{Email: "JOS\u00c9@acme.example"}, "mail \"jos\u00c9@acme.example\""},
		{nil, query{Annotations: map[string]string{"example.com/ID": "A"}}, `any "example.com/ID" "A"`},
		{nil, query{Annotations: map[string]string{"b": "2", "a": "1"}}, `any "a" "1"`},
		{func(c *sqlcatalog.Config) { c.ByAnnotation = map[string]string{"b": "annotation b"} }, query{Annotations: map[string]string{"b": "2",
			"a": "1"}}, `annotation b "2"`},
		{nil, query{Filter: map[string]string{"SPEC.EMPLOYEEID": "E-X", "spec.badges": "x"}}, `field spec.employeeId "e-x"`},
		{nil, query{Filter: map[string]string{"spec.profile.email": "X@acme.example", "kind": "user"}}, `mail "x@acme.example"`},
		{nil, query{Filter: map[string]string{"relations.memberof": "group:default/Devs",
			"metadata.name": "x"}}, `field relations.memberOf "group:default/devs"`},
		{byParts, query{Ref: "User:JANE"}, `ref "jane"`},
		{byParts, query{Ref: "user:other/jane"}, ""},
		{byParts, query{Ref: "group:devs"}, ""},
		{byParts, query{Ref: "group:devs", Kinds: []string{"group"}}, ""},
		{func(c *sqlcatalog.Config) { byParts(c); c.Columns["ns"] = "metadata.namespace" }, query{Ref: "user:Other/jane"}, `ref "jane" "other"`},
		{func(c *sqlcatalog.Config) {
			byParts(c)
			c.Columns["ns"] = "metadata.namespace"
			c.Columns["k"] = "kind"
		}, query{Ref: "Group:Other/Devs", Kinds: []string{"group"}}, `ref "devs" "other" "group"`},
		{nil, query{Ref: "group:devs"}, ""},
		{nil, query{}, ""},
		{nil, query{Kinds: []string{"user"}}, ""},
		{nil, query{Email: "a\x00"}, ""},
		{nil, query{Email: "\xff"}, ""},
	} {
		var changes []func(*sqlcatalog.Config)
		if tt.change != nil {
			changes = append(changes, tt.change)
		}
		found, err := open(t, f, changes...).FindUsers(t.Context(), tt.q)
		if tt.want == "" {
			require.NoError(t, err)
			require.Empty(t, found)
			require.Empty(t, f.said())
			continue
		}
		require.Equal(t, tt.want, f.said()[0])
	}
}

// TestFilter: one condition is asked for, and all are looked at.
func TestFilter(t *testing.T) {
	c := open(t, newFakeDB(people()...))
	for _, tt := range []struct {
		filter map[string]string
		want   []string
	}{
		{map[string]string{"spec.employeeid": "e-1"}, []string{"user:default/jane"}},
		{map[string]string{"spec.employeeId": "\u00e9-1"}, nil},
		{map[string]string{"metadata.labels.floor": "Second"}, []string{"user:default/jane", "user:default/bob"}},
		{map[string]string{"metadata.labels.floor": "second", "metadata.name": "BOB"}, []string{"user:default/bob"}},
		{map[string]string{"metadata.labels.floor": "second", "metadata.annotations.example.com/id": "7"}, []string{"user:default/jane"}},
		{map[string]string{"metadata.labels.floor": "second", "spec.badges": "red"}, nil},
		{map[string]string{"metadata.labels.floor": "second", "relations.memberof": "group:other/ops"}, []string{"user:default/jane"}},
		{map[string]string{"spec.profile.email": "BOB@acme.example", "kind": "USER"}, []string{"user:default/bob"}},
	} {
		found, err := c.FindUsers(t.Context(), query{Filter: tt.filter})
		require.NoError(t, err)
		var refs []string
		for _, u := range found {
			refs = append(refs, u.Ref)
		}
		require.Equal(t, tt.want, refs, tt.filter)
	}
}

// TestRefused: a query that the host did not provide for is an error that names the field, and never nobody.
func TestRefused(t *testing.T) {
	f := newFakeDB(people()...)
	only := func(c *sqlcatalog.Config) {
		columns := maps.Clone(c.Columns)
		*c = sqlcatalog.Config{DB: c.DB, Columns: columns, ByField: map[string]string{"spec.employeeId": "field spec.employeeId"}}
	}
	columned := func(c *sqlcatalog.Config) {
		only(c)
		c.Columns["github_id"] = "metadata.annotations.github.com/user-id"
	}
	for _, tt := range []struct {
		change func(*sqlcatalog.Config)
		q      query
		want   string
	}{
		{only, query{Ref: "user:jane"}, "there is no Config.ByRef"},
		{only, query{Ref: "user:other/jane"}, "there is no Config.ByRef"},
		{only, query{Email: "x"}, "there is no Config.ByEmail"},
		{only, query{Annotations: map[string]string{"a": "b"}}, `there is neither a column for the annotation "a" nor Config.Annotations`},
		{columned, query{Annotations: map[string]string{"github.com/user-id": "b"}}, `there is no Config.ByAnnotation for ["github.com/user-id"]`},
		{columned, query{Annotations: map[string]string{"github.com/User-ID": "b"}}, `there is neither a column`},
		{only, query{Filter: map[string]string{"spec.badges": "b"}}, `there is no Config.ByField for any of ["spec.badges"]`},
		{only, query{Filter: map[string]string{"spec.employeeId": "b", "spec.manager": "c"}}, `there is no column for "spec.manager"`},
		{only, query{Filter: map[string]string{"spec.employeeId": "b", "relations.memberOf": "c"}}, `there is no column for "relations.memberOf"`},
		{only, query{Filter: map[string]string{"ref": "user:jane"}}, `there is no column for "ref"`},
		{only, query{Filter: map[string]string{"spec.employeeId": ""}}, "a condition without a path or a value"},
		{nil, query{Annotations: map[string]string{"": "x"}}, "an annotation without a name or a value"},
		{nil, query{Annotations: map[string]string{"a": ""}}, "an annotation without a name or a value"},
		{nil, query{Ref: "jane"}, "has no kind"},
		{nil, query{Ref: "user:jane", Email: "x"}, "a query has one of"},
	} {
		if tt.change == nil {
			tt.change = func(*sqlcatalog.Config) {}
		}
		found, err := open(t, f, tt.change).FindUsers(t.Context(), tt.q)
		require.ErrorContains(t, err, "sqlcatalog: ")
		require.ErrorContains(t, err, tt.want)
		require.ErrorIs(t, err, authprovider.ErrInput)
		require.Empty(t, found)
		require.Empty(t, f.said())
	}
}

func TestConfig(t *testing.T) {
	f := newFakeDB()
	db := f.db()
	defer db.Close()
	with := func(change func(c *sqlcatalog.Config)) sqlcatalog.Config {
		c := config(db)
		change(&c)
		return c
	}
	columns := func(column, path string) sqlcatalog.Config {
		return with(func(c *sqlcatalog.Config) { c.Columns[column] = path })
	}
	for want, c := range map[string]sqlcatalog.Config{
		"Config.DB is required":                             {},
		"Config.Columns is required":                        with(func(c *sqlcatalog.Config) { c.Columns = nil }),
		"Config.Columns has a column without a name":        columns("", "spec.x"),
		`Config.Columns has two columns for "ref"`:          columns("z", "ref"),
		`has two columns for "spec.profile.Email"`:          columns("z", "spec.profile.Email"),
		`Config.Columns["x"] is "email", want ref, id`:      columns("x", "email"),
		`Config.Columns["x"] is "", want`:                   columns("x", ""),
		`Config.Columns["x"] is "spec.", want`:              columns("x", "spec."),
		`Config.Columns["x"] is "Kind", want`:               columns("x", "Kind"),
		`"metadata.annotations", which is not one text`:     columns("x", "metadata.annotations"),
		`"spec.memberOf", which is not one text`:            columns("x", "spec.memberOf"),
		"a column for ref and others for its parts":         columns("x", "kind"),
		"a column for metadata.name or for ref":             with(func(c *sqlcatalog.Config) { c.Columns = map[string]string{"a": "kind"} }),
		"Config has no query: set ByRef":                    {DB: db, Columns: map[string]string{"ref": "ref"}},
		"Config.ByEmail needs a column for":                 {DB: db, Columns: map[string]string{"ref": "ref"}, ByEmail: "x"},
		`Config.ByAnnotation["a"] is empty`:                 with(func(c *sqlcatalog.Config) { c.ByAnnotation = map[string]string{"a": ""} }),
		`needs a column for metadata.annotations.a, or Con`: {DB: db, Columns: map[string]string{"ref": "ref"}, ByAnnotation: map[string]string{"a": "x"}},
		"Config.ByAnyAnnotation needs Config.Annotations":   with(func(c *sqlcatalog.Config) { c.Annotations = "" }),
		`Config.ByField["spec.x"] needs a column for it`:    with(func(c *sqlcatalog.Config) { c.ByField["spec.x"] = "x" }),
		`Config.ByField["relations.memberOf"] needs`:        with(func(c *sqlcatalog.Config) { c.Groups = "" }),
		`Config.ByField["spec.employeeId"] is empty`:        with(func(c *sqlcatalog.Config) { c.ByField["spec.employeeId"] = "" }),
		`two queries for "spec.employeeid"`:                 with(func(c *sqlcatalog.Config) { c.ByField["spec.employeeid"] = "x" }),
		"Config.StatementTimeout is -1ns":                   with(func(c *sqlcatalog.Config) { c.StatementTimeout = -1 }),
		"Config.MaxRows is -1":                              with(func(c *sqlcatalog.Config) { c.MaxRows = -1 }),
	} {
		_, err := sqlcatalog.New(c)
		require.ErrorContains(t, err, "sqlcatalog: ")
		require.ErrorContains(t, err, want)
	}
	require.Empty(t, f.said(), "New uses no network")
}

// TestResults: a result that is not what the configuration says is an error, whoever is in it, and quotes no row.
func TestResults(t *testing.T) {
	row := func(ref driver.Value) []driver.Value {
		return []driver.Value{int64(1), ref, nil, nil, nil, nil, nil, nil}
	}
	for want, change := range map[string]func(f *fakeDB){
		`has a column "MAIL" that Config.Columns does not have`: func(f *fakeDB) { f.columns[2] = "MAIL" },
		`has no column "badges", which Config.Columns has`:      func(f *fakeDB) { f.columns = f.columns[:7] },
		`has two columns "mail"`:                                func(f *fakeDB) { f.columns[7] = "mail" },
		"a row has a ref that is no entity reference":           func(f *fakeDB) { f.rows = [][]driver.Value{row("marker")} },
		"a row has no ref":                                      func(f *fakeDB) { f.rows = [][]driver.Value{row(nil)} },
		"it finds more than 3 rows": func(f *fakeDB) {
			f.rows = [][]driver.Value{row("user:a"), row("user:b"), row("user:c"), row("user:marker")}
		},
	} {
		f := newFakeDB()
		change(f)
		c := open(t, f, func(c *sqlcatalog.Config) { c.MaxRows = 3 })
		found, err := c.FindUsers(t.Context(), query{Email: "jane@acme.example"})
		require.ErrorContains(t, err, "sqlcatalog: Config.ByEmail: ")
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "marker")
		require.Empty(t, found)
		for _, class := range []error{authprovider.ErrUnavailable, authprovider.ErrInput, authprovider.ErrNoMatch, authprovider.ErrNotFound} {
			require.NotErrorIs(t, err, class)
		}
	}

	for want, u := range map[string]user{
		"Config.Groups: a group has a name that cannot stand": {Ref: "user:default/jane", MemberOf: []string{"a b marker"}},
		"Config.Groups: a user has more than 5000 groups":     {Ref: "user:default/jane", MemberOf: many("g", 5001)},
	} {
		_, err := open(t, newFakeDB(u)).FindUsers(t.Context(), query{Ref: "user:jane"})
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "marker")
	}
	parts := newFakeDB()
	parts.columns = []string{"login", "ns", "kind"}
	for want, r := range map[string][]driver.Value{
		"a row has no kind":                  {"jane", "default", nil},
		"a row has no metadata.namespace":    {"jane", "", "user"},
		"a row has no metadata.name":         {nil, "default", "user"},
		"a row has a name that cannot stand": {"jane marker", "default", "user"},
	} {
		parts.rows = [][]driver.Value{r}
		_, err := open(t, parts, func(c *sqlcatalog.Config) {
			*c = sqlcatalog.Config{DB: c.DB, ByRef: "ref", Columns: map[string]string{"login": "metadata.name", "ns": "metadata.namespace", "kind": "kind"}}
		}).FindUsers(t.Context(), query{Ref: "user:jane"})
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "marker")
	}

	f := newFakeDB(user{Ref: "user:default/jane", Annotations: map[string]string{"a": "1"}, Fields: map[string][]string{"spec.badges": {"2"}}})
	f.columns = []string{"id", "ref", "mail", "full_name", "picture", "staff_no", "floor", "a"}
	_, err := open(t, f, func(c *sqlcatalog.Config) {
		delete(c.Columns, "badges")
		c.Columns["a"] = "metadata.annotations.a"
	}).FindUsers(t.Context(), query{Ref: "user:jane"})
	require.ErrorContains(t, err, "Config.Annotations: a user has two values of one annotation")
	many := user{Ref: "user:default/jane", Annotations: make(map[string]string)}
	for i := range 5001 {
		many.Annotations[fmt.Sprint(i)] = "x"
	}
	_, err = open(t, newFakeDB(many)).FindUsers(t.Context(), query{Ref: "user:jane"})
	require.ErrorContains(t, err, "Config.Annotations: a user has more than 5000 annotations")
	_, err = open(t, newFakeDB(people()...), func(c *sqlcatalog.Config) { c.Groups = "annotations" }).FindUsers(t.Context(), query{Ref: "user:jane"})
	require.ErrorContains(t, err, "Config.Groups: its result has 2 columns, want one")
	_, err = open(t, newFakeDB(people()...), func(c *sqlcatalog.Config) { c.Annotations = "groups" }).FindUsers(t.Context(), query{Ref: "user:jane"})
	require.ErrorContains(t, err, "Config.Annotations: its result has 1 columns, want a name and a value")
}

func many(prefix string, n int) (texts []string) {
	for i := range n {
		texts = append(texts, fmt.Sprint(prefix, i))
	}
	return texts
}

// TestOutage: a database that fails or hangs is an outage at every step, and says nothing about users.
func TestOutage(t *testing.T) {
	for _, step := range []string{"ref", "annotations", "groups"} {
		f := newFakeDB(people()...)
		f.fail = step
		_, err := open(t, f).FindUsers(t.Context(), query{Ref: "user:jane"})
		require.ErrorIs(t, err, authprovider.ErrUnavailable)
		require.ErrorContains(t, err, "fake: disk full")
		require.NotErrorIs(t, err, errFake, "its classes are not ours")

		synctest.Test(t, func(t *testing.T) {
			f := newFakeDB(people()...)
			f.hang = step
			c := open(t, f)
			start := time.Now()
			_, err := c.FindUsers(t.Context(), query{Ref: "user:jane"})
			require.ErrorIs(t, err, authprovider.ErrUnavailable)
			require.ErrorContains(t, err, "no answer from the database within 3s")
			require.Equal(t, 3*time.Second, time.Since(start))

			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			_, err = c.FindUsers(ctx, query{Ref: "user:jane"})
			require.ErrorIs(t, err, context.Canceled, "the caller gave up")
			require.NotErrorIs(t, err, authprovider.ErrUnavailable)
		})
	}
	f := newFakeDB(people()...)
	f.lateError = fmt.Errorf("fake: connection lost: %w", sql.ErrNoRows)
	_, err := open(t, f).FindUsers(t.Context(), query{Email: "nobody@acme.example"})
	require.ErrorIs(t, err, authprovider.ErrUnavailable, "a result that ends early is not an empty one")
	require.False(t, errors.Is(err, sql.ErrNoRows))
	f.set(func() { require.Zero(t, f.open, "all results are closed") })
}
