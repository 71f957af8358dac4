package sqlcatalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/stagedoor/authprovider"
)

// Catalog is a user catalog over the host's tables. It is safe for concurrent use.
type Catalog struct {
	db      *sql.DB
	config  Config
	layout  *layout
	timeout time.Duration
	maxRows int
}

var _ authprovider.UserCatalog = (*Catalog)(nil)

// New returns a catalog. It does not use the database yet.
func New(c Config) (*Catalog, error) {
	if c.DB == nil {
		return nil, errors.New("sqlcatalog: Config.DB is required")
	}
	if c.StatementTimeout < 0 {
		return nil, fmt.Errorf("sqlcatalog: Config.StatementTimeout is %v", c.StatementTimeout)
	}
	if c.MaxRows < 0 {
		return nil, fmt.Errorf("sqlcatalog: Config.MaxRows is %d", c.MaxRows)
	}
	l, err := newLayout(c)
	if err != nil {
		return nil, err
	}
	catalog := &Catalog{db: c.DB, config: c, layout: l, timeout: c.StatementTimeout, maxRows: c.MaxRows}
	if c.StatementTimeout == 0 {
		catalog.timeout = defaultStatementTimeout
	}
	if c.MaxRows == 0 {
		catalog.maxRows = defaultMaxRows
	}
	return catalog, nil
}

// FindUsers implements [authprovider.UserCatalog]. Errors wrap [authprovider.ErrInput] if there is no query for q, and
// [authprovider.ErrUnavailable] if the database cannot answer.
func (c *Catalog) FindUsers(ctx context.Context, q authprovider.UserQuery) ([]authprovider.User, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("sqlcatalog: %w", err)
	}
	s, err := c.choose(q)
	if err != nil || s == nil {
		return nil, err
	}
	rows, err := c.rows(ctx, s)
	if err != nil {
		return nil, err
	}
	var users []authprovider.User
	for _, r := range rows {
		u, err := c.user(ctx, s, r)
		if err != nil {
			return nil, err
		}
		if q.Matches(u) {
			users = append(users, u)
		}
	}
	return users, nil
}

// statement is a query with its parameters.
type statement struct {
	field string // of Config, for errors
	text  string
	args  []any
}

// choose returns the statement for a query, or nil if nobody can match.
func (c *Catalog) choose(q authprovider.UserQuery) (*statement, error) {
	set := 0
	for _, is := range [...]bool{q.Ref != "", q.Email != "", len(q.Annotations) > 0, len(q.Filter) > 0} {
		if is {
			set++
		}
	}
	var s *statement
	var err error
	switch {
	case set == 0:
		return nil, nil
	case set > 1:
		return nil, refused("a query has one of Ref, Email, Annotations and Filter")
	case q.Ref != "":
		s, err = c.byRef(q)
	case q.Email != "":
		s = &statement{"ByEmail", c.config.ByEmail, []any{lowerASCII(q.Email)}}
	case len(q.Annotations) > 0:
		s, err = c.byAnnotations(q.Annotations)
	default:
		s, err = c.byFilter(q.Filter)
	}
	if err != nil || s == nil {
		return nil, err
	}
	if s.text == "" {
		return nil, refused("there is no Config.%s", s.field)
	}
	for _, arg := range s.args {
		// No database has such a text, and PostgreSQL takes it for a failure.
		if text := arg.(string); !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return nil, nil
		}
	}
	return s, nil
}

// refused is a query that the host has not provided for.
func refused(format string, args ...any) error {
	return fmt.Errorf("sqlcatalog: %s: %w", fmt.Sprintf(format, args...), authprovider.ErrInput)
}

func (c *Catalog) byRef(q authprovider.UserQuery) (*statement, error) {
	ref, err := authprovider.ParseEntityRef(q.Ref)
	if err != nil {
		return nil, fmt.Errorf("sqlcatalog: %w", err)
	}
	s := &statement{field: "ByRef", text: c.config.ByRef}
	switch {
	case c.config.ByRef == "": // refused, whoever is looked for
	case !q.AllowsKind(ref.Kind),
		!c.layout.hasRef && !c.layout.columns["metadata.namespace"] && !strings.EqualFold(ref.Namespace, "default"),
		!c.layout.hasRef && !c.layout.columns["kind"] && !strings.EqualFold(ref.Kind, "user"):
		return nil, nil // no row is that
	}
	if c.layout.hasRef {
		s.args = []any{ref.String()}
		return s, nil
	}
	s.args = []any{strings.ToLower(ref.Name)} // ASCII, as it was parsed
	if c.layout.columns["metadata.namespace"] {
		s.args = append(s.args, strings.ToLower(ref.Namespace))
	}
	if c.layout.columns["kind"] {
		s.args = append(s.args, strings.ToLower(ref.Kind))
	}
	return s, nil
}

// byAnnotations chooses one annotation that there is a query for. The others are looked at afterwards.
func (c *Catalog) byAnnotations(want map[string]string) (*statement, error) {
	var s *statement
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if name == "" || want[name] == "" {
			return nil, refused("an annotation without a name or a value") // absent never matches absent
		}
		if c.config.Annotations == "" && !c.layout.hasAnnotation(name) {
			return nil, refused("there is neither a column for the annotation %.300q nor Config.Annotations", name)
		}
		if text := c.config.ByAnnotation[name]; text != "" && (s == nil || s.field == "ByAnyAnnotation") {
			s = &statement{"ByAnnotation", text, []any{want[name]}}
		}
		if s == nil && c.config.ByAnyAnnotation != "" && !c.layout.hasAnnotation(name) {
			s = &statement{"ByAnyAnnotation", c.config.ByAnyAnnotation, []any{name, want[name]}}
		}
	}
	if s == nil {
		return nil, refused("there is no Config.ByAnnotation for %.300q", slices.Sorted(maps.Keys(want)))
	}
	return s, nil
}

// byFilter chooses one condition that there is a query for.
func (c *Catalog) byFilter(want map[string]string) (*statement, error) {
	var s *statement
	for _, path := range slices.Sorted(maps.Keys(want)) {
		key, value := lowerASCII(path), lowerASCII(want[path])
		if path == "" || value == "" {
			return nil, refused("a condition without a path or a value")
		}
		if !c.layout.knows(key, c.config) {
			return nil, refused("there is no column for %.300q", path)
		}
		if s != nil {
			continue
		}
		if text := c.layout.byField[key]; text != "" {
			s = &statement{"ByField", text, []any{value}}
		} else if key == "spec.profile.email" && c.config.ByEmail != "" {
			s = &statement{"ByEmail", c.config.ByEmail, []any{value}}
		}
	}
	if s == nil {
		return nil, refused("there is no Config.ByField for any of %.300q", slices.Sorted(maps.Keys(want)))
	}
	return s, nil
}
