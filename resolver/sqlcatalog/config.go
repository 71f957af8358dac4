package sqlcatalog

import (
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	defaultStatementTimeout = 3 * time.Second
	defaultMaxRows          = 20
	// maxDetails is how many groups and annotations of one user are read.
	maxDetails = 5000
)

// Paths of columns that are no fields of an entity.
const (
	pathID  = "id"
	pathRef = "ref"
)

// Config configures [New]. After it has been passed to New it must not be modified.
type Config struct {
	// DB is required, and stays the host's.
	DB *sql.DB

	// Columns says what each column of a result is, by its name as the database reports it, and is required. Fields are written by their path as in
	// [authprovider.UserQuery.Filter]:
	//
	//	metadata.name, metadata.namespace, kind            the parts of the reference; without a column, namespace is "default" and kind "user"
	//	ref                                                the whole reference, instead of these parts
	//	spec.profile.email, .displayName and .picture      the profile
	//	metadata.annotations.<name>                        an annotation
	//	any other path that begins with metadata. or spec. a field to filter by
	//	id                                                 what Groups and Annotations get, if that is not the name or the reference
	//
	// One column must be metadata.name or ref.
	Columns map[string]string

	// ByRef gets the reference in lower case, if there is a column for it. Otherwise it gets the name in lower case, and then the namespace and
	// the kind, if there are columns for them.
	ByRef string
	// ByEmail gets the address in ASCII lower case.
	ByEmail string
	// ByAnnotation has a query for each annotation that users are looked up by. It gets the value as it is. There must be a column for it, or
	// Annotations.
	ByAnnotation map[string]string
	// ByAnyAnnotation is for tables of annotations, and gets name and value of those that are not in ByAnnotation. It needs Annotations.
	ByAnyAnnotation string
	// ByField has a query for each field that a filter may name, by its path. It gets the value in ASCII lower case. There must be a column for it, or
	// Groups for relations.memberOf. Of a filter with several conditions, one query is run; the others need no query but what they are about.
	ByField map[string]string

	// Groups gets the id, and returns one column: names of groups such as "devs" or "other/devs", or references such as "group:default/devs". If
	// empty, users have no groups.
	Groups string
	// Annotations gets the id, and returns two columns: names and values. They add to those that have columns of their own.
	Annotations string

	// StatementTimeout is the limit of each statement, waiting for a connection included. If zero, it is three seconds.
	StatementTimeout time.Duration
	// MaxRows is how many rows a query may find. If zero, it is 20.
	MaxRows int
}

// layout is what Columns says, checked.
type layout struct {
	paths   map[string]string // by column; those of a user's own members in lower case
	columns map[string]bool   // lower-cased paths that there are columns for
	byField map[string]string // by lower-cased path
	hasRef  bool
}

func newLayout(c Config) (*layout, error) {
	if len(c.Columns) == 0 {
		return nil, errors.New("sqlcatalog: Config.Columns is required")
	}
	l := &layout{paths: make(map[string]string), columns: make(map[string]bool), byField: make(map[string]string)}
	for _, column := range slices.Sorted(maps.Keys(c.Columns)) {
		path := c.Columns[column]
		key := lowerASCII(path)
		switch {
		case column == "":
			return nil, errors.New("sqlcatalog: Config.Columns has a column without a name")
		case l.columns[key]:
			return nil, fmt.Errorf("sqlcatalog: Config.Columns has two columns for %q", path)
		case path == pathID, path == pathRef, path == "kind":
		case (strings.HasPrefix(path, "metadata.") || strings.HasPrefix(path, "spec.")) && !strings.HasSuffix(path, "."):
			switch key {
			case "metadata.annotations", "spec.memberof", "spec.profile":
				return nil, fmt.Errorf("sqlcatalog: Config.Columns[%q] is %q, which is not one text", column, path)
			}
		default:
			return nil, fmt.Errorf("sqlcatalog: Config.Columns[%q] is %q, want ref, id, kind, or a path such as metadata.name or spec.profile.email",
				column, path)
		}
		l.columns[key] = true
		switch key {
		case "metadata.name", "metadata.namespace", "spec.profile.email", "spec.profile.displayname", "spec.profile.picture":
			path = key
		}
		l.paths[column] = path
	}
	l.hasRef = l.columns[pathRef]
	parts := l.columns["metadata.name"] || l.columns["metadata.namespace"] || l.columns["kind"]
	switch {
	case !l.hasRef && !l.columns["metadata.name"]:
		return nil, errors.New("sqlcatalog: Config.Columns needs a column for metadata.name or for ref")
	case l.hasRef && parts:
		return nil, errors.New("sqlcatalog: Config.Columns has a column for ref and others for its parts")
	}
	return l, l.checkQueries(c)
}

// checkQueries wants that a query brings what its hits are compared by: without that they would all be dropped, and everybody be unknown.
func (l *layout) checkQueries(c Config) error {
	if c.ByRef == "" && c.ByEmail == "" && len(c.ByAnnotation) == 0 && c.ByAnyAnnotation == "" && len(c.ByField) == 0 {
		return errors.New("sqlcatalog: Config has no query: set ByRef, ByEmail, ByAnnotation, ByAnyAnnotation or ByField")
	}
	if c.ByEmail != "" && !l.columns["spec.profile.email"] {
		return errors.New("sqlcatalog: Config.ByEmail needs a column for spec.profile.email")
	}
	for _, name := range slices.Sorted(maps.Keys(c.ByAnnotation)) {
		switch {
		case c.ByAnnotation[name] == "":
			return fmt.Errorf("sqlcatalog: Config.ByAnnotation[%q] is empty", name)
		case c.Annotations == "" && !l.hasAnnotation(name):
			return fmt.Errorf("sqlcatalog: Config.ByAnnotation[%q] needs a column for metadata.annotations.%s, or Config.Annotations", name, name)
		}
	}
	if c.ByAnyAnnotation != "" && c.Annotations == "" {
		return errors.New("sqlcatalog: Config.ByAnyAnnotation needs Config.Annotations")
	}
	for _, path := range slices.Sorted(maps.Keys(c.ByField)) {
		key := lowerASCII(path)
		switch {
		case c.ByField[path] == "":
			return fmt.Errorf("sqlcatalog: Config.ByField[%q] is empty", path)
		case l.byField[key] != "":
			return fmt.Errorf("sqlcatalog: Config.ByField has two queries for %q", path)
		case !l.knows(key, c):
			return fmt.Errorf("sqlcatalog: Config.ByField[%q] needs a column for it", path)
		}
		l.byField[key] = c.ByField[path]
	}
	return nil
}

// hasAnnotation reports whether there is a column for the annotation, in exactly this case.
func (l *layout) hasAnnotation(name string) bool {
	for _, path := range l.paths {
		if path == annotationPath+name {
			return true
		}
	}
	return false
}

// knows reports whether a user has the field, if it has a value.
func (l *layout) knows(path string, c Config) bool {
	switch path {
	case pathID, pathRef:
		return false
	case "kind", "metadata.name", "metadata.namespace":
		return true
	case "relations.memberof", "spec.memberof":
		return c.Groups != ""
	}
	return l.columns[path] || strings.HasPrefix(path, annotationPath) && c.Annotations != ""
}

const annotationPath = "metadata.annotations."

// lowerASCII leaves other alphabets alone, as the comparison afterwards does.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
