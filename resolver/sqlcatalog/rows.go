package sqlcatalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/stagedoor/authprovider"
)

// row is one of a result.
type row struct {
	id     any               // what Groups and Annotations get
	values map[string]string // by path; those that are NULL are not there
}

// rows runs a statement and reads its result. All of it is read before anything else is asked: a database with one connection would wait for itself.
func (c *Catalog) rows(ctx context.Context, s *statement) ([]row, error) {
	var found []row
	err := c.query(ctx, s.field, s.text, s.args, func(result *sql.Rows, columns []string) error {
		if err := c.layout.check(columns); err != nil {
			return err
		}
		for result.Next() {
			if len(found) == c.maxRows {
				return fmt.Errorf("it finds more than %d rows", c.maxRows)
			}
			r, err := c.layout.scan(result, columns)
			if err != nil {
				return err
			}
			found = append(found, r)
		}
		return nil
	})
	return found, err
}

// check wants exactly the columns of the configuration.
func (l *layout) check(columns []string) error {
	for i, column := range columns {
		if _, ok := l.paths[column]; !ok {
			return fmt.Errorf("its result has a column %.100q that Config.Columns does not have", column)
		}
		if slices.Contains(columns[:i], column) {
			return fmt.Errorf("its result has two columns %.100q", column)
		}
	}
	for _, column := range slices.Sorted(maps.Keys(l.paths)) {
		if !slices.Contains(columns, column) {
			return fmt.Errorf("its result has no column %.100q, which Config.Columns has", column)
		}
	}
	return nil
}

func (l *layout) scan(result *sql.Rows, columns []string) (row, error) {
	r := row{values: make(map[string]string, len(columns))}
	texts := make([]sql.NullString, len(columns))
	targets := make([]any, len(columns))
	for i, column := range columns {
		targets[i] = &texts[i]
		if l.paths[column] == pathID {
			targets[i] = &r.id
		}
	}
	if err := result.Scan(targets...); err != nil {
		return row{}, errors.New("its result has a column that is no text") // the error would quote it
	}
	for i, column := range columns {
		if texts[i].Valid && texts[i].String != "" {
			r.values[l.paths[column]] = texts[i].String
		}
	}
	switch {
	case l.columns[pathID]:
	case l.hasRef:
		r.id = r.values[pathRef]
	default:
		r.id = r.values["metadata.name"]
	}
	return r, nil
}

// user makes the user of a row, with its annotations and groups.
func (c *Catalog) user(ctx context.Context, s *statement, r row) (authprovider.User, error) {
	u := authprovider.User{}
	for _, part := range [...]string{pathRef, "kind", "metadata.namespace", "metadata.name"} {
		if c.layout.columns[part] && r.values[part] == "" {
			return u, mistake(s.field, fmt.Errorf("a row has no %s", part)) // and is not of the kind user for that
		}
	}
	ref := authprovider.EntityRef{Kind: "user", Namespace: "default"}
	for path, value := range r.values {
		switch path {
		case pathRef:
			parsed, err := authprovider.ParseEntityRef(value)
			if err != nil {
				return u, mistake(s.field, errors.New("a row has a ref that is no entity reference"))
			}
			ref = parsed
		case "kind":
			ref.Kind = value
		case "metadata.namespace":
			ref.Namespace = value
		case "metadata.name":
			ref.Name = value
		case "spec.profile.email":
			u.Email = value
		case "spec.profile.displayname":
			u.DisplayName = value
		case "spec.profile.picture":
			u.Picture = value
		default:
			if name, ok := strings.CutPrefix(path, annotationPath); ok {
				if u.Annotations == nil {
					u.Annotations = make(map[string]string)
				}
				u.Annotations[name] = value
				continue
			}
			if u.Fields == nil {
				u.Fields = make(map[string][]string)
			}
			u.Fields[path] = []string{value}
		}
	}
	u.Ref = ref.String()
	if _, err := authprovider.ParseEntityRef(u.Ref); err != nil {
		// To pass over it would tell a resolver that there is no such user.
		return u, mistake(s.field, errors.New("a row has a name that cannot stand in an entity reference"))
	}
	if err := c.addAnnotations(ctx, &u, r.id); err != nil {
		return u, err
	}
	return u, c.addGroups(ctx, &u, r.id)
}

func (c *Catalog) addAnnotations(ctx context.Context, u *authprovider.User, id any) error {
	if c.config.Annotations == "" {
		return nil
	}
	return c.query(ctx, "Annotations", c.config.Annotations, []any{id}, func(result *sql.Rows, columns []string) error {
		if len(columns) != 2 {
			return fmt.Errorf("its result has %d columns, want a name and a value", len(columns))
		}
		for n := 0; result.Next(); n++ {
			var name, value sql.NullString
			if err := result.Scan(&name, &value); err != nil {
				return errors.New("its result has a column that is no text")
			}
			if name.String == "" || value.String == "" {
				continue
			}
			if before, ok := u.Annotations[name.String]; ok && before != value.String {
				return errors.New("a user has two values of one annotation")
			}
			if n == maxDetails {
				return fmt.Errorf("a user has more than %d annotations", maxDetails)
			}
			if u.Annotations == nil {
				u.Annotations = make(map[string]string)
			}
			u.Annotations[name.String] = value.String
		}
		return nil
	})
}

func (c *Catalog) addGroups(ctx context.Context, u *authprovider.User, id any) error {
	if c.config.Groups == "" {
		return nil
	}
	return c.query(ctx, "Groups", c.config.Groups, []any{id}, func(result *sql.Rows, columns []string) error {
		if len(columns) != 1 {
			return fmt.Errorf("its result has %d columns, want one", len(columns))
		}
		for result.Next() {
			var group sql.NullString
			if err := result.Scan(&group); err != nil {
				return errors.New("its result has a column that is no text")
			}
			if group.String == "" {
				continue
			}
			if len(u.MemberOf) == maxDetails {
				return fmt.Errorf("a user has more than %d groups", maxDetails)
			}
			text := group.String
			if !strings.Contains(text, ":") {
				text = "group:" + text
			}
			ref, err := authprovider.ParseEntityRef(text)
			if err != nil {
				return errors.New("a group has a name that cannot stand in an entity reference")
			}
			if name := ref.String(); !slices.Contains(u.MemberOf, name) {
				u.MemberOf = append(u.MemberOf, name)
			}
		}
		return nil
	})
}

// query runs one statement and gives its result to read, which need not look at its error.
func (c *Catalog) query(ctx context.Context, field, text string, args []any, read func(result *sql.Rows, columns []string) error) error {
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	failed := func(err error) error {
		switch {
		case caller.Err() != nil:
			return fmt.Errorf("sqlcatalog: Config.%s: %w", field, caller.Err())
		case ctx.Err() != nil:
			// Drivers have words of their own for it, such as "interrupted".
			return unavailable(field, fmt.Errorf("no answer from the database within %v", c.timeout))
		}
		return unavailable(field, err)
	}
	result, err := c.db.QueryContext(ctx, text, args...)
	if err != nil {
		return failed(err)
	}
	defer func() { _ = result.Close() }() // after Err there is nothing more to learn
	columns, err := result.Columns()
	if err != nil {
		return failed(err)
	}
	if err := read(result, columns); err != nil {
		if ctx.Err() != nil { // then the result may have ended in the middle of a row
			return failed(err)
		}
		return mistake(field, err)
	}
	if err := result.Err(); err != nil {
		return failed(err)
	}
	return nil
}

// mistake is a result that the configuration did not lead to expect: whether there is such a user is open.
func mistake(field string, err error) error {
	return fmt.Errorf("sqlcatalog: Config.%s: %w", field, err)
}

// unavailable is a failure of the database. A driver's error is not wrapped: its classes are not ours.
func unavailable(field string, err error) error {
	return fmt.Errorf("sqlcatalog: Config.%s: %w: %v", field, authprovider.ErrUnavailable, err)
}
