package entity

import (
	"fmt"
	"strings"

	"example.com/stagedoor/authprovider"
)

// Error says which part of an entity is not what it must be.
type Error struct {
	Path    string // such as "metadata.name"
	Problem string // what is said after the path, such as "is missing"
}

// Error returns the path and the problem. It never shows a value.
func (e *Error) Error() string { return fmt.Sprintf("%.300s %s", e.Path, e.Problem) }

// Entity is one that has a kind and a name.
type Entity struct {
	Ref authprovider.EntityRef // as it is written, with the default namespace
	raw map[string]any
}

// New reads the envelope of an entity. Errors are of type [*Error].
func New(raw map[string]any) (*Entity, error) {
	kind, err := requiredText(raw, "kind")
	if err != nil {
		return nil, err
	}
	metadata, err := object(raw, "metadata")
	if err != nil {
		return nil, err
	}
	if metadata == nil {
		return nil, &Error{"metadata", "is missing"}
	}
	name, err := requiredText(metadata, "metadata.name")
	if err != nil {
		return nil, err
	}
	namespace, err := text(metadata, "metadata.namespace")
	if err != nil {
		return nil, err
	}
	if namespace == "" {
		namespace = "default"
	}
	// What a reference could not hold could be read as another one.
	ref, err := authprovider.ParseEntityRef(kind + ":" + namespace + "/" + name)
	if err != nil {
		return nil, &Error{"metadata.name", "cannot stand in a reference together with kind and namespace"}
	}
	return &Entity{Ref: ref, raw: raw}, nil
}

// IsKind compares without regard to case.
func (e *Entity) IsKind(kind string) bool { return strings.EqualFold(e.Ref.Kind, kind) }

// APIVersion returns the version of the entity's format, or "" without one.
func (e *Entity) APIVersion() string {
	version, _ := e.raw["apiVersion"].(string)
	return version
}

// User returns the entity as an entry of a catalog, without MemberOf. Errors are of type [*Error].
func (e *Entity) User() (authprovider.User, error) {
	u := authprovider.User{Ref: e.Ref.String()}
	metadata, err := object(e.raw, "metadata")
	if err != nil {
		return u, err
	}
	annotations, err := object(metadata, "metadata.annotations")
	if err != nil {
		return u, err
	}
	if len(annotations) > 0 {
		u.Annotations = make(map[string]string, len(annotations))
		for name, value := range annotations {
			s, ok := value.(string)
			if !ok {
				// A number would be compared in one of its many spellings.
				return u, &Error{"metadata.annotations." + name, "is not a text: it must be quoted"}
			}
			u.Annotations[name] = s
		}
	}
	spec, err := object(e.raw, "spec")
	if err != nil {
		return u, err
	}
	profile, err := object(spec, "spec.profile")
	if err != nil {
		return u, err
	}
	for path, field := range map[string]*string{"spec.profile.email": &u.Email, "spec.profile.displayName": &u.DisplayName,
		"spec.profile.picture": &u.Picture} {
		if *field, err = text(profile, path); err != nil {
			return u, err
		}
	}
	u.Fields = fields(metadata, spec, e.raw["relations"])
	return u, nil
}

// References returns a field of the entity's spec that holds one reference or several, such as "memberOf". A reference may leave out its kind and
// its namespace, which is then the entity's. Errors are of type [*Error].
func (e *Entity) References(field, kind string) ([]string, error) {
	path := "spec." + field
	spec, err := object(e.raw, "spec")
	if err != nil {
		return nil, err
	}
	var list []any
	switch value := spec[field].(type) {
	case nil:
		return nil, nil
	case string:
		list = []any{value}
	case []any:
		list = value
	default:
		return nil, &Error{path, "is neither a text nor a list of texts"}
	}
	refs := make([]string, 0, len(list))
	for _, item := range list {
		s, ok := item.(string)
		if !ok {
			return nil, &Error{path, "holds something that is not a text"}
		}
		if !strings.Contains(s, ":") {
			if !strings.Contains(s, "/") {
				s = e.Ref.Namespace + "/" + s
			}
			s = kind + ":" + s
		} else if before, name, _ := strings.Cut(s, ":"); !strings.Contains(name, "/") {
			s = before + ":" + e.Ref.Namespace + "/" + name
		}
		ref, err := authprovider.ParseEntityRef(s)
		if err != nil {
			return nil, &Error{path, "holds something that is not a reference of the form [kind:][namespace/]name"}
		}
		refs = append(refs, ref.String())
	}
	return refs, nil
}

// Relations returns the targets of the entity's relations of one type, which Backstage works out from all entities. Errors are of type [*Error].
func (e *Entity) Relations(relationType string) ([]string, error) {
	relations, ok := e.raw["relations"].([]any)
	if !ok {
		if e.raw["relations"] == nil {
			return nil, nil
		}
		return nil, &Error{"relations", "is not a list"}
	}
	var refs []string
	for _, item := range relations {
		relation, ok := item.(map[string]any)
		if !ok {
			return nil, &Error{"relations", "holds something that is not an object"}
		}
		if relation["type"] != relationType {
			continue
		}
		target, _ := relation["targetRef"].(string)
		ref, err := authprovider.ParseEntityRef(target)
		if err != nil {
			return nil, &Error{"relations." + relationType, "has a targetRef that is not a reference"}
		}
		refs = append(refs, ref.String())
	}
	return refs, nil
}

// object returns the object at the last name of path in parent, or nil if there is none.
func object(parent map[string]any, path string) (map[string]any, error) {
	switch value := parent[last(path)].(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return value, nil
	}
	return nil, &Error{path, "is not an object"}
}

// text returns the text at the last name of path in parent, or "" if there is none.
func text(parent map[string]any, path string) (string, error) {
	switch value := parent[last(path)].(type) {
	case nil:
		return "", nil
	case string:
		return value, nil
	}
	return "", &Error{path, "is not a text: it must be quoted"}
}

func requiredText(parent map[string]any, path string) (string, error) {
	s, err := text(parent, path)
	if err == nil && s == "" {
		err = &Error{path, "is missing"}
	}
	return s, err
}

func last(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
