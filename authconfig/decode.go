package authconfig

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"example.com/stagedoor/authprovider"
)

// decoder decodes nodes into Go values by the tags of struct fields:
//
//	ClientID string `key:"clientId,required" example:"${AUTH_CLIENT_ID}" doc:"the client's ID"`
//
// It goes on after a fault, so that all are told at once.
type decoder struct {
	*substituter
	errs     []*Error
	warnings []Warning
}

// values is what a struct of the configuration was decoded from: where each Go field is in the file.
type values struct {
	at     position // of the mapping
	path   string
	fields map[string]decoded // by the name of the Go field
}

type decoded struct {
	key     string
	example string
	value   *node // nil if the key is absent
}

func (d *decoder) fault(at position, path, format string, args ...any) *Error {
	e := &Error{Line: at.line, Column: at.column, Key: path, Message: fmt.Sprintf(format, args...)}
	if at.file != nil {
		e.File, e.order = at.file.name, at.file.order
	}
	d.errs = append(d.errs, e)
	return e
}

func (d *decoder) warn(at position, path, message string) {
	w := Warning{Line: at.line, Key: path, Message: message}
	if at.file != nil {
		w.File = at.file.name
	}
	d.warnings = append(d.warnings, w)
}

// Unsupported is a key that is known and refused. The doc tag says why, and what to do instead.
type Unsupported struct{}

// Ignored is a key that is known and has no effect here. The doc tag says why.
type Ignored struct{}

// keyed is a field of a struct that has a key.
type keyed struct {
	name     string // of the Go field
	key      string
	required bool
	example  string
	doc      string
	value    reflect.Value
}

// keyedFields lists the fields of structs that share one mapping, embedded structs among them.
func keyedFields(structs ...reflect.Value) []keyed {
	var all []keyed
	for _, v := range structs {
		for i := range v.NumField() {
			f := v.Type().Field(i)
			tag, ok := f.Tag.Lookup("key")
			if !ok {
				if f.Anonymous && f.Type.Kind() == reflect.Struct {
					all = append(all, keyedFields(v.Field(i))...)
				}
				continue
			}
			key, option, _ := strings.Cut(tag, ",")
			all = append(all, keyed{f.Name, key, option == "required", f.Tag.Get("example"), f.Tag.Get("doc"), v.Field(i)})
		}
	}
	return all
}

// structs decodes one mapping into the fields of several structs. A nil n is an empty mapping at place at.
func (d *decoder) structs(n *node, at position, path string, into ...reflect.Value) values {
	fields := keyedFields(into...)
	vs := values{at: at, path: path, fields: make(map[string]decoded, len(fields))}
	if n != nil && n.kind != mapping {
		d.fault(n.at, path, "is %s, want a mapping", n.kind)
		return vs
	}
	var names []string
	for _, f := range fields {
		if f.value.Type() != reflect.TypeFor[Unsupported]() {
			names = append(names, f.key)
		}
	}
	if n != nil {
		for _, nf := range n.fields {
			i := slices.IndexFunc(fields, func(f keyed) bool { return f.key == nf.key })
			if i < 0 {
				d.fault(nf.at, path+"."+shortened(nf.key), "unknown key%s", suggest(nf.key, names))
			}
		}
	}
	for _, f := range fields {
		value := n.get(f.key)
		vs.fields[f.name] = decoded{key: f.key, example: f.example, value: value}
		failed := len(d.errs)
		if value != nil {
			d.field(f, value, path+"."+f.key)
		}
		if !f.required || !f.value.IsZero() || len(d.errs) > failed {
			continue
		}
		if value != nil {
			d.fault(value.at, path+"."+f.key, "is empty")
			continue
		}
		d.fault(at, path+"."+f.key, "is required").Paste = paste(f.key, f.example)
	}
	return vs
}

// paste is the line that a required key could have.
func paste(key, example string) string {
	if example == "" {
		example = "..."
	}
	return key + ": " + strings.ReplaceAll(example, `\n`, "\n")
}

func (d *decoder) field(f keyed, n *node, path string) {
	switch f.value.Interface().(type) {
	case Unsupported:
		d.fault(n.at, path, "%s", f.doc)
	case Ignored:
		d.warn(n.at, path, f.doc)
	default:
		d.value(n, path, f.value)
	}
}

// fromText is a type that is written as text or in a form of its own.
type fromNode interface {
	decodeNode(d *decoder, n *node, path string)
}

func (d *decoder) value(n *node, path string, v reflect.Value) {
	if own, ok := v.Addr().Interface().(fromNode); ok {
		own.decodeNode(d, n, path)
		return
	}
	switch v.Interface().(type) {
	case *node:
		v.Set(reflect.ValueOf(n))
		return
	case authprovider.Secret:
		if s, ok := d.text(n, path); ok {
			d.secrets = append(d.secrets, s)
			v.SetString(s)
		}
		return
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if s, ok := d.text(n, path); ok {
			if err := u.UnmarshalText([]byte(s)); err != nil {
				d.fault(n.at, path, "%s", withoutSecrets("is not valid: "+err.Error(), d.secrets))
			}
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		if s, ok := d.text(n, path); ok {
			v.SetString(s)
		}
	case reflect.Bool:
		d.boolean(n, path, v)
	case reflect.Int:
		d.integer(n, path, v)
	case reflect.Slice:
		if n.kind != sequence {
			d.fault(n.at, path, "is %s, want a list", n.kind)
			return
		}
		list := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
		for i, item := range n.items {
			d.value(item, fmt.Sprintf("%s[%d]", path, i), list.Index(i))
		}
		v.Set(list)
	case reflect.Map:
		d.mapValue(n, path, v)
	case reflect.Struct:
		d.structs(n, n.at, path, v)
	case reflect.Pointer:
		inner := reflect.New(v.Type().Elem())
		d.value(n, path, inner.Elem())
		v.Set(inner)
	default:
		panic(fmt.Sprintf("authconfig: %s: a field of type %s cannot be configured", path, v.Type()))
	}
}

func (d *decoder) mapValue(n *node, path string, v reflect.Value) {
	if n.kind != mapping {
		d.fault(n.at, path, "is %s, want a mapping", n.kind)
		return
	}
	m := reflect.MakeMapWithSize(v.Type(), len(n.fields))
	for _, f := range n.fields {
		if f.value.kind == null {
			continue
		}
		elem := reflect.New(v.Type().Elem()).Elem()
		d.value(f.value, path+"."+shortened(f.key), elem)
		m.SetMapIndex(reflect.ValueOf(f.key).Convert(v.Type().Key()), elem)
	}
	v.Set(m)
}

// scalar resolves a node that must be a scalar. What is empty only because a variable is, is a fault, as if it were not set: what
// it was to restrict would be open.
func (d *decoder) scalar(n *node, path, want string) (scalar, bool) {
	if n.kind == mapping || n.kind == sequence || n.kind == null {
		d.fault(n.at, path, "is %s, want %s", n.kind, want)
		return scalar{}, false
	}
	s, err := d.resolve(n)
	if err == nil && s.text == "" && s.source != "" {
		err = fmt.Errorf("is empty, since %s is", s.source)
	}
	if err != nil {
		d.fault(n.at, path, "%s", err)
		return scalar{}, false
	}
	return s, true
}

func (d *decoder) text(n *node, path string) (string, bool) {
	s, ok := d.scalar(n, path, "text")
	if ok && s.kind != text {
		d.fault(n.at, path, "is %s, want text: put it into quotes", s.kind)
		return "", false
	}
	return s.text, ok
}

// boolean takes text for what it says only if it came from elsewhere, where there is nothing but text.
func (d *decoder) boolean(n *node, path string, v reflect.Value) {
	s, ok := d.scalar(n, path, "true or false")
	switch {
	case !ok:
	case s.kind != boolean && s.source == "":
		d.fault(n.at, path, "is %s, want true or false", s.kind)
	case s.text == "true" || s.text == "false":
		v.SetBool(s.text == "true")
	default:
		d.fault(n.at, path, "is neither true nor false, by %s", s.source)
	}
}

func (d *decoder) integer(n *node, path string, v reflect.Value) {
	s, ok := d.scalar(n, path, "a number")
	if !ok {
		return
	}
	i, err := strconv.ParseInt(s.text, 10, 0)
	switch {
	case s.kind != number && s.source == "":
		d.fault(n.at, path, "is %s, want a number", s.kind)
	case err != nil:
		d.fault(n.at, path, "is not a whole number")
	default:
		v.SetInt(i)
	}
}
