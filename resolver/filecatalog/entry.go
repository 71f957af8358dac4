package filecatalog

import (
	"errors"
	"fmt"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver/internal/entity"
)

// entry is an entity as one file has it.
type entry struct {
	user    authprovider.User // MemberOf is what the entity itself names
	members []string          // references of entities that are members of it
	where   string            // file and line
}

// parse reads the users and groups of a file. Errors begin with file and line.
func parse(name string, data []byte) ([]*entry, error) {
	documents, err := parseYAML(data)
	if err != nil {
		return nil, located(name, err)
	}
	var entries []*entry
	for _, d := range documents {
		e, err := newEntry(d)
		if err != nil {
			return nil, located(name, err)
		}
		if e != nil {
			e.where = fmt.Sprintf("%s:%d", name, d.line)
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// newEntry returns nil for entities of other kinds than User and Group.
func newEntry(d *document) (*entry, error) {
	e, err := entity.New(d.root)
	if err != nil {
		return nil, d.located(err)
	}
	isUser := e.IsKind("user")
	if !isUser && !e.IsKind("group") {
		return nil, nil
	}
	switch e.APIVersion() {
	case "backstage.io/v1alpha1", "backstage.io/v1beta1":
	default:
		return nil, d.located(&entity.Error{Path: "apiVersion", Problem: "is neither backstage.io/v1alpha1 nor backstage.io/v1beta1"})
	}
	user, err := e.User()
	if err != nil {
		return nil, d.located(err)
	}
	result := &entry{user: user}
	read := func(field, kind string, refs *[]string) {
		more, refsErr := e.References(field, kind)
		if refsErr != nil {
			err = errors.Join(err, d.located(refsErr))
		}
		*refs = append(*refs, more...)
	}
	if isUser {
		read("memberOf", "group", &result.user.MemberOf)
	} else {
		read("parent", "group", &result.user.MemberOf)
		read("members", "user", &result.members)
		read("children", "group", &result.members)
	}
	return result, err
}

// lineError is an error at a line of a file.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }
func (e *lineError) Unwrap() error { return e.err }

// located writes file and line as compilers do.
func located(name string, err error) error {
	var at *lineError
	if errors.As(err, &at) {
		return fmt.Errorf("%s:%d: %w", name, at.line, at.err)
	}
	return fmt.Errorf("%s: %w", name, err)
}
